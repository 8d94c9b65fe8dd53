"""Pooled OLS: all rows alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from numpy.random import Generator

from harness import CanFitDraws, Floats, HasCoefficients, HasNotes, Panel
from harness_panel.clustered import Clustered
from harness_panel.covariance import Covariance
from harness_panel.levels import LevelModels
from harness_panel.linear_fit import LinearFit, fit_linear, fit_linear_draws


@dataclass(frozen=True)
class PooledOLS:
    """Least squares on the panel's columns and a constant, which is reported first as ``const``.

    Predictions are x b. Controls and moderators that are constant or collinear with columns before them are
    dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that several
    other columns determine is refused.

    Attributes
    ----------
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "pooled_ols"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, HasCoefficients, HasNotes})

    covariance: Covariance = field(default_factory=Clustered)

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> LinearFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, or the exposure is constant or determined by
            other columns.
        """
        return fit_linear(panel, (), self.covariance, rng=rng)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: Floats | None,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        A column that a draw cannot tell apart has slope zero in that draw.
        """
        return fit_linear_draws(panel, (), weights)
