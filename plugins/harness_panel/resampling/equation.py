"""Rows made of those of a panel, such as means or differences, and their regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, LevelModels, Panel
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.regression import Regression, judged
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Equation:
    """Rows made of those of a panel, such as means or differences, to be regressed on their columns.

    Attributes
    ----------
    panel : the rows, without their levels
    centring : the levels, which the fit has again
    absorber : takes out a constant, or nothing
    weights : (n_rows,), >= 0, not all zero
    """

    panel: Panel
    centring: Centring
    absorber: Absorber
    weights: Floats

    def fit(self) -> WithinFit:
        """Return the fit, unjudged."""
        bare = fit_within(
            self.panel.X, self.panel.observed, self.weights, self.absorber, largest=self.centring.largest
        )
        return self.centring.put_back_into(bare)

    def regression(self) -> Regression:
        """Return the fit of rows that all have weight.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        return judged(self.centring.put_back(self.panel), self.absorber, self.fit(), self.weights)

    def model(self, fit: WithinFit) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw."""
        centre = self.centring.columns
        return LevelModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))
