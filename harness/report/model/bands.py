"""A line over a grid with the bands around it: what curves and conditional effects have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.language import marked
from harness.tables.conditional import ConditionalEffectRow
from harness.tables.curves import CurveRow

POINTWISE = marked("pointwise")
SIMULTANEOUS = marked("simultaneous")


BandedRow = CurveRow | ConditionalEffectRow
"""One point of a line with the limits of one of its bands."""


@dataclass(frozen=True, eq=False)
class Band:
    """The limits of a line and how they were made.

    Attributes
    ----------
    kind : such as ``pointwise``
    n_draws : bootstrap draws
    level : in (0, 1), nominal coverage; NaN where the run does not tell
    unit : what a draw resamples, ``entity`` or ``row``; empty where the run does not tell
    low, high : (n_grid,), the line's unit
    """

    kind: str
    n_draws: int | None
    level: float
    unit: str
    low: Floats
    high: Floats

    @property
    def is_drawn(self) -> bool:
        """Whether any point has limits."""
        return bool((np.isfinite(self.low) & np.isfinite(self.high)).any())


@dataclass(frozen=True, eq=False, kw_only=True)
class Banded:
    """A line with its bands.

    Attributes
    ----------
    at : (n_grid,), increasing
    estimate : (n_grid,)
    supported : (n_grid,), whether the data reach there
    bands : at most one of a kind
    """

    at: Floats
    estimate: Floats
    supported: Mask
    bands: tuple[Band, ...]

    def band(self, kind: str) -> Band | None:
        """Return the band of one kind; None where there is none, or where it has no limits."""
        return next((band for band in self.bands if band.kind == kind and band.is_drawn), None)


def banded_from(rows: Sequence[BandedRow]) -> Banded:
    """Return the line that rows make up, at least one, sorted by their place; every band has all places."""
    kinds = tuple(dict.fromkeys(row.band for row in rows))
    points = [row for row in rows if row.band == kinds[0]]
    return Banded(
        at=frozen_floats([row.at for row in points]),
        estimate=frozen_floats([row.estimate for row in points]),
        supported=np.array([row.supported for row in points], dtype=np.bool_),
        bands=tuple(_band([row for row in rows if row.band == kind]) for kind in kinds),
    )


def _band(rows: Sequence[BandedRow]) -> Band:
    first = rows[0]
    low, high = ([getattr(row, side) for row in rows] for side in ("conf_low", "conf_high"))
    return Band(first.band, first.n_draws, first.level, first.unit, frozen_floats(low), frozen_floats(high))
