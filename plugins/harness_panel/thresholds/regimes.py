"""The columns of a threshold model: a slope of the exposure, and a level, in each regime."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from harness.plugin import Floats, Panel, means_at
from harness_panel.resampling.regression import Regression


@dataclass(frozen=True)
class Regimes:
    """Where the slope of the exposure changes.

    Attributes
    ----------
    variable : regressor that the regimes are told by
    places : thresholds, ascending, the variable's unit; a regime includes its upper end
    have_levels : whether each regime has a level of its own beside its slope
    """

    variable: str
    places: tuple[float, ...]
    have_levels: bool

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with what each threshold adds to slope and level as its last controls."""
        exposure, variable = panel.column(panel.exposure), panel.column(self.variable)
        above = [(variable > place).astype(np.float64) for place in self.places]
        ranges = self._ranges()
        columns = {
            f"{panel.exposure} ({where})": exposure * is_above
            for where, is_above in zip(ranges[1:], above, strict=True)
        }
        if self.have_levels:
            columns |= {f"level ({where})": up for where, up in zip(ranges[1:], above, strict=True)}
        return replace(
            panel,
            exposure=f"{panel.exposure} ({ranges[0]})",
            controls=(*panel.controls, *columns),
            X=np.column_stack([panel.X, *columns.values()]),
            derived=(),
        )

    def to_regimes(self, regression: Regression) -> Floats:
        """Return what takes slopes of kept columns to those of regimes, (n_kept, n_kept).

        A column of a threshold holds a change; the slope of a regime is the sum of those before it.

        Parameters
        ----------
        regression : of the expanded panel
        """
        n_columns, n_places = len(regression.panel.columns), len(self.places)
        n_added = n_places * (1 + self.have_levels)
        slopes = [0, *range(n_columns - n_added, n_columns - n_added + n_places)]
        total = np.eye(n_columns)
        for at, column in enumerate(slopes):
            total[column, slopes[:at]] = 1.0
        if self.have_levels:
            levels = list(range(n_columns - n_places, n_columns))
            for at, column in enumerate(levels):
                total[column, levels[:at]] = 1.0
        return total[np.ix_(regression.within.kept, regression.within.kept)]

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows
        points : (n_points, n_moved), units of the columns
        """
        moved = {name: points[:, at, None] for at, name in enumerate(columns)}
        exposure = moved.get(panel.exposure, panel.column(panel.exposure)[None])
        variable = moved.get(self.variable, panel.column(self.variable)[None])
        above = [(variable > place).astype(np.float64) for place in self.places]
        added = [np.mean(exposure * is_above, axis=1) for is_above in above]
        if self.have_levels:
            added += [is_above.mean(axis=1) for is_above in above]
        further = [np.broadcast_to(mean, len(points)) for mean in added]
        return np.column_stack([means_at(panel, columns, points), *further])

    def _ranges(self) -> tuple[str, ...]:
        """Return the regimes in words, such as ``q <= 0.2`` and ``0.2 < q <= 0.5``."""
        said = [f"{place:.6g}" for place in self.places]
        between = [f"{low} < {self.variable} <= {high}" for low, high in pairwise(said)]
        return (f"{self.variable} <= {said[0]}", *between, f"{self.variable} > {said[-1]}")
