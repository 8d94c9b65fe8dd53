"""Net effect curves, their slopes, accumulated local effects, and where the data support them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.report.reading.banded import Banded, BandedRow, banded_from


@dataclass(frozen=True, kw_only=True)
class CurveRow(BandedRow):
    """One point of a curve with the limits of one of its bands.

    `mean_level` is what to add to an accumulated local effect to set it beside levels.
    """

    outcome: str
    estimator: str
    kind: str
    scenario: str = ""
    mean_level: float = float("nan")


@dataclass(frozen=True)
class SupportRow:
    """How many rows and entities are near one exposure."""

    at: float
    n_obs: int | None
    n_entities: int | None
    supported: bool
    scenario: str = ""


@dataclass(frozen=True)
class RugRow:
    """One quantile of the exposure as observed."""

    exposure: float
    scenario: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve(Banded):
    """One estimator's curve for one outcome.

    Attributes
    ----------
    scenario : id of the scenario that asked for it
    kind : ``level``, mean predicted outcome; ``slope``, its derivative; ``ale``, accumulated local effects
    mean_level : what to add to an accumulated local effect to set it beside levels, outcome units
    """

    scenario: str
    outcome: str
    estimator: str
    kind: str
    mean_level: float = float("nan")


def curves_from(rows: Iterable[CurveRow]) -> tuple[Curve, ...]:
    """Return the curves that rows which are done make up, in the order in which they first appear."""
    done = [row for row in rows if row.is_done]
    order = {key: place for place, key in enumerate(dict.fromkeys(_key(row) for row in done))}
    done.sort(key=lambda row: (order[_key(row)], row.at))
    return tuple(_curve(list(points)) for _, points in groupby(done, key=_key))


def _key(row: CurveRow) -> tuple[str, str, str, str]:
    return row.scenario, row.outcome, row.estimator, row.kind


def _curve(points: list[CurveRow]) -> Curve:
    first, line = points[0], banded_from(points)
    return Curve(
        at=line.at,
        estimate=line.estimate,
        supported=line.supported,
        bands=line.bands,
        scenario=first.scenario,
        outcome=first.outcome,
        estimator=first.estimator,
        kind=first.kind,
        mean_level=first.mean_level,
    )


def unsupported_spans(at: Floats, supported: Mask) -> tuple[tuple[float, float], ...]:
    """Return the stretches of a grid without support, each reaching halfway to its supported neighbours.

    Parameters
    ----------
    at : (n_grid,), increasing
    supported : (n_grid,)
    """
    if at.size == 0:
        return ()
    halfway = (at[1:] + at[:-1]) / 2.0
    left = np.concatenate([at[:1], halfway])
    right = np.concatenate([halfway, at[-1:]])
    spans = []
    for is_supported, places in groupby(range(at.size), key=lambda place: bool(supported[place])):
        if not is_supported:
            stretch = list(places)
            spans.append((float(left[stretch[0]]), float(right[stretch[-1]])))
    return tuple(spans)


def spans_of(rows: Iterable[SupportRow]) -> tuple[tuple[float, float], ...]:
    """Return the stretches of one scenario's grid that the data do not support."""
    own = sorted(rows, key=lambda row: row.at)
    at = frozen_floats([row.at for row in own])
    return unsupported_spans(at, np.array([row.supported for row in own], dtype=np.bool_))
