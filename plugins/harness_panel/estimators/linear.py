"""What the linear estimators of panels have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from harness import CanFitDraws, CanFitFolds, CanProfile, HasCoefficients, HasDetails, HasNotes, NeedsGroups
from harness_panel.covariance.kinds import Covariance, columns_of
from harness_panel.covariance.robust import PredictionsAlone

LINEAR: frozenset[type] = frozenset(
    {CanFitDraws, CanFitFolds, CanProfile, HasCoefficients, HasDetails, HasNotes, NeedsGroups}
)
"""Capabilities of every linear estimator."""


class LinearEstimator:
    """An estimator that a library reports, and that our own solver repeats on draws and folds.

    Attributes
    ----------
    covariance : how uncertain the coefficients are
    """

    covariance: Covariance

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns of the data, beside the keys, whose levels are clusters."""
        return columns_of(self.covariance)

    @property
    def predicts_alone(self) -> bool:
        """Whether fits come without a table."""
        return isinstance(self.covariance, PredictionsAlone)

    def for_folds(self) -> Self:
        """Return a copy whose fits only predict, so that no library is asked for a table nobody reads."""
        return replace(self, covariance=PredictionsAlone())  # type: ignore[type-var]
