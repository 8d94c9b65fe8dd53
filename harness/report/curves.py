"""Net effect curves, their slopes, and where the data support them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.report.rows import Cell


@dataclass(frozen=True)
class CurveRow(Cell):
    """One point of a curve; `level` and `unit` say how its band was made, where the run tells."""

    outcome: str
    estimator: str
    kind: str
    at: float
    estimate: float
    conf_low: float
    conf_high: float
    band: str
    n_draws: int | None
    supported: bool
    status: str
    reason: str
    scenario: str = ""
    level: float = float("nan")
    unit: str = ""


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


@dataclass(frozen=True, eq=False)
class Band:
    """How the limits of a curve were made.

    Attributes
    ----------
    kind : such as ``pointwise``
    n_draws : bootstrap draws
    level : in (0, 1), nominal coverage; NaN where the run does not tell
    unit : what a draw resamples, ``entity`` or ``row``; empty where the run does not tell
    """

    kind: str
    n_draws: int | None
    level: float
    unit: str


@dataclass(frozen=True, eq=False)
class Curve:
    """One estimator's curve for one outcome.

    Attributes
    ----------
    scenario : id of the scenario that asked for it
    kind : ``level``, mean predicted outcome, or ``slope``, its derivative
    at : (n_grid,), increasing, the exposure's unit
    estimate, conf_low, conf_high : (n_grid,), outcome units, or those per unit of exposure
    supported : (n_grid,), whether the data reach there
    """

    scenario: str
    outcome: str
    estimator: str
    kind: str
    at: Floats
    estimate: Floats
    conf_low: Floats
    conf_high: Floats
    supported: Mask
    band: Band

    @property
    def has_band(self) -> bool:
        """Whether any point has limits."""
        return bool((np.isfinite(self.conf_low) & np.isfinite(self.conf_high)).any())


def curves_from(rows: Iterable[CurveRow]) -> tuple[Curve, ...]:
    """Return the curves that rows which are done make up, in the order in which they first appear."""
    done = [row for row in rows if row.is_done]
    order = {key: place for place, key in enumerate(dict.fromkeys(_key(row) for row in done))}
    done.sort(key=lambda row: (order[_key(row)], row.at))
    return tuple(_curve(list(points)) for _, points in groupby(done, key=_key))


def _key(row: CurveRow) -> tuple[str, str, str, str]:
    return row.scenario, row.outcome, row.estimator, row.kind


def _curve(points: list[CurveRow]) -> Curve:
    first = points[0]
    return Curve(
        scenario=first.scenario,
        outcome=first.outcome,
        estimator=first.estimator,
        kind=first.kind,
        at=frozen_floats([row.at for row in points]),
        estimate=frozen_floats([row.estimate for row in points]),
        conf_low=frozen_floats([row.conf_low for row in points]),
        conf_high=frozen_floats([row.conf_high for row in points]),
        supported=np.array([row.supported for row in points], dtype=np.bool_),
        band=Band(first.band, first.n_draws, first.level, first.unit),
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
