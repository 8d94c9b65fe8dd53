"""A net effect curve of a run, and what claims ask of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.study.expectations.run_tables import NotInRun

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

    def levels_at(self, *exposures: float) -> Floats:
        """Return the levels at exposures, (n,), linear between grid points.

        Raises
        ------
        NotInRun
            Where one lies beyond the grid.
        """
        return np.interp(self._on_grid(*exposures), self.at, self.level)

    def change(self, start: float, end: float) -> float:
        """Return the level at the second exposure minus that at the first."""
        first, last = self.levels_at(start, end)
        return float(last - first)

    def share_going(self, start: float, end: float, *, sign: float) -> float:
        """Return the share of the range between two exposures where the curve rises (1) or falls (-1)."""
        stops = self._stops(start, end)
        goes = sign * np.diff(np.interp(stops, self.at, self.level)) > 0
        return float(np.diff(stops)[goes].sum() / (stops[-1] - stops[0]))

    def share_pacing(self, start: float, end: float, *, sign: float) -> float:
        """Return the share of the range where the curve goes ever faster (1) or ever slower (-1)."""
        stops = self._stops(start, end)
        if stops.size < 4:
            raise NotInRun("the curve of this run has too few points there")
        pace = np.abs(np.diff(np.interp(stops, self.at, self.level)) / np.diff(stops))
        way = np.diff((stops[1:] + stops[:-1]) / 2.0)
        return float(way[sign * np.diff(pace) > 0].sum() / way.sum())

    def share_of_v(self) -> float:
        """Return the share of the grid's range where the curve falls to its least and then rises."""
        least, (first, last) = int(self.level.argmin()), (float(self.at[0]), float(self.at[-1]))
        if least in (0, self.at.size - 1):
            return 0.0
        turn = float(self.at[least])
        falls = self.share_going(first, turn, sign=-1.0) * (turn - first)
        rises = self.share_going(turn, last, sign=1.0) * (last - turn)
        return (falls + rises) / (last - first)

    def bend(self) -> float:
        """Return the grid point where the slope changes fastest, up or down."""
        slopes = np.diff(self.level) / np.diff(self.at)
        if slopes.size < 2:
            raise NotInRun("the curve of this run has too few points for a bend")
        chord = np.interp(self.at, self.at[[0, -1]], self.level[[0, -1]])
        if np.abs(self.level - chord).max() <= STRAIGHT * np.abs(self.level).max():
            raise NotInRun("the curve of this run is a straight line", is_absent=True)
        speed = np.abs(np.diff(slopes)) / (self.at[2:] - self.at[:-2])
        return float(self.at[1 + int(speed.argmax())])

    @property
    def _slack(self) -> float:
        return ROUNDING * float(self.at[-1] - self.at[0])

    def _on_grid(self, *exposures: float) -> Floats:
        first, last = float(self.at[0]), float(self.at[-1])
        if min(exposures) < first - self._slack or max(exposures) > last + self._slack:
            raise NotInRun(f"the curve of this run goes from {first:.4g} to {last:.4g}")
        return np.clip(exposures, first, last)

    def _stops(self, start: float, end: float) -> Floats:
        """Return two exposures on the grid and the grid points between them."""
        start, end = self._on_grid(start, end)
        inside = self.at[(self.at > start + self._slack) & (self.at < end - self._slack)]
        return np.concatenate([[start], inside, [end]])
