"""Powers of the exposure and its products with the moderators, as further controls of a panel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Panel


@dataclass(frozen=True)
class CurveTerms:
    """Terms that let a linear model bend in the exposure.

    Attributes
    ----------
    degree : highest power of the exposure, >= 1
    with_moderators : whether the exposure's first power is multiplied with each moderator as well
    centre, spread : of the exposure on the training rows; powers are taken of (x - centre) / spread, so that
        they are of one size and hardly collinear
    """

    degree: int
    with_moderators: bool
    centre: float
    spread: float

    @classmethod
    def of(cls, panel: Panel, *, degree: int, with_moderators: bool) -> CurveTerms:
        """Return the terms for a training panel; a constant exposure is left to the estimator to refuse."""
        exposure = panel.column(panel.exposure)
        spread = float(exposure.std())
        return cls(degree, with_moderators, float(exposure.mean()), spread if spread > 0 else 1.0)

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the terms as its last controls."""
        scaled = (panel.column(panel.exposure) - self.centre) / self.spread
        powers = range(2, self.degree + 1)
        columns = {f"{panel.exposure}^{power}": scaled**power for power in powers}
        if self.with_moderators:
            columns |= {
                f"{panel.exposure} x {name}": scaled * panel.column(name) for name in panel.moderators
            }
        return replace(
            panel, controls=(*panel.controls, *columns), X=np.column_stack([panel.X, *columns.values()])
        )

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows; those that follow from them are among them
        points : (n_points, n_moved), units of the columns
        """
        own = replace(panel, derived=())
        means = []
        for point in points.tolist():
            moved = own
            for name, value in zip(columns, point, strict=True):
                moved = moved.with_column(name, value)
            means.append(self.expand(moved).X.mean(axis=0))
        return np.stack(means)
