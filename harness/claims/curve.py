"""A net effect curve of a run, and what claims ask of it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.arrays import Floats
from harness.claims.kind import C, ClaimKind, RunTables
from harness.claims.run_value import RunValue, refusal, rows_of
from harness.spec.claim import Claim
from harness.tables import CURVES, ResultTable

if TYPE_CHECKING:
    import pandas as pd

STRAIGHT = 1e-10
"""Share of its level by which a straight line may be off through rounding."""

ROUNDING = 1e-9
"""Share of a grid's range by which its points may be off through rounding."""


@dataclass(frozen=True, eq=False)
class RunCurve:
    """Levels of a curve on a grid.

    Attributes
    ----------
    at : (n_grid,), exposures, increasing; at least two
    level : (n_grid,), outcome units
    """

    at: Floats
    level: Floats

    @property
    def _slack(self) -> float:
        return ROUNDING * float(self.at[-1] - self.at[0])

    def _on_grid(self, *exposures: float) -> Floats | RunValue:
        """Return exposures, (n,), none of them beyond the grid, or that one is."""
        first, last = float(self.at[0]), float(self.at[-1])
        if min(exposures) < first - self._slack or max(exposures) > last + self._slack:
            return RunValue(math.nan, f"the curve of this run goes from {first:.4g} to {last:.4g}")
        return np.clip(exposures, first, last)

    def _stops(self, start: float, end: float) -> Floats:
        """Return the ends of a way and the grid points between them."""
        inside = self.at[(self.at > start + self._slack) & (self.at < end - self._slack)]
        return np.concatenate([[start], inside, [end]])

    def level_at(self, exposure: float) -> RunValue:
        """Return the level at an exposure, linear between grid points."""
        place = self._on_grid(exposure)
        if isinstance(place, RunValue):
            return place
        return RunValue(float(np.interp(place[0], self.at, self.level)))

    def change(self, start: float, end: float) -> RunValue:
        """Return the level at the second exposure minus that at the first."""
        ends = self._on_grid(start, end)
        if isinstance(ends, RunValue):
            return ends
        first, last = np.interp(ends, self.at, self.level)
        return RunValue(float(last - first))

    def share_going(self, start: float, end: float, *, sign: float) -> RunValue:
        """Return the share of the way between two exposures on which the curve rises (1) or falls (-1)."""
        ends = self._on_grid(start, end)
        if isinstance(ends, RunValue):
            return ends
        stops = self._stops(*ends)
        goes = sign * np.diff(np.interp(stops, self.at, self.level)) > 0
        return RunValue(float(np.diff(stops)[goes].sum() / (stops[-1] - stops[0])))

    def share_pacing(self, start: float, end: float, *, sign: float) -> RunValue:
        """Return the share of the way on which the curve goes ever faster (1) or ever slower (-1)."""
        ends = self._on_grid(start, end)
        if isinstance(ends, RunValue):
            return ends
        stops = self._stops(*ends)
        if stops.size < 4:
            return RunValue(math.nan, "the curve of this run has too few points there")
        pace = np.abs(np.diff(np.interp(stops, self.at, self.level)) / np.diff(stops))
        way = np.diff((stops[1:] + stops[:-1]) / 2.0)
        return RunValue(float(way[sign * np.diff(pace) > 0].sum() / way.sum()))

    def bend(self) -> RunValue:
        """Return the grid point where the slope changes fastest, up or down."""
        slopes = np.diff(self.level) / np.diff(self.at)
        if slopes.size < 2:
            return RunValue(math.nan, "the curve of this run has too few points for a bend")
        chord = np.interp(self.at, self.at[[0, -1]], self.level[[0, -1]])
        if np.abs(self.level - chord).max() <= STRAIGHT * np.abs(self.level).max():
            return RunValue(math.nan, "the curve of this run is a straight line", is_absent=True)
        speed = np.abs(np.diff(slopes)) / (self.at[2:] - self.at[:-2])
        return RunValue(float(self.at[1 + int(speed.argmax())]))


class CurveKind(ClaimKind[C]):
    """A kind of claim about the level curve of the first scenario that draws one."""

    source: ClassVar[ResultTable] = CURVES

    @abstractmethod
    def on_curve(self, claim: C, curve: RunCurve) -> RunValue:
        """Return what the curve of a run gives for a claim."""

    def look_up(self, claim: C, run: RunTables) -> RunValue:
        """Return what the curve of this run gives, or why there is none."""
        points = curve_points(claim, run, {"kind": "level"})
        if isinstance(points, RunValue):
            return points
        at, level = (points[name].to_numpy(dtype=float) for name in ("at", "estimate"))
        return self.on_curve(claim, RunCurve(at, level))


def curve_points(claim: Claim, run: RunTables, place: Mapping[str, str]) -> pd.DataFrame | RunValue:
    """Return the rows of one curve of the first scenario that draws it, by exposure, or why there are none.

    Parameters
    ----------
    place : kind of the curve, and band where its limits are asked for
    """
    rows = run.rows(CURVES, claim, {})
    own = rows_of(rows, place)
    if not len(own):
        return RunValue(math.nan, refusal(rows, absent="this run draws no such curve"))
    first: pd.DataFrame = own[own["scenario"] == own["scenario"].iloc[0]]
    return first.drop_duplicates("at").sort_values("at")
