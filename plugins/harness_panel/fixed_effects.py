"""Fixed effects: every entity, every period, or both have a level of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from numpy.random import Generator

from harness import CanFitDraws, Floats, HasCoefficients, HasDetails, HasEffects, HasNotes, Panel
from harness_panel.clustered import Clustered
from harness_panel.covariance import Covariance
from harness_panel.diagnosis import Check, Statistic
from harness_panel.effect_tests import f_test_of_effects
from harness_panel.effects_fit import EffectsFit
from harness_panel.fit_statistics import likelihood_statistics
from harness_panel.levels import Dimension, LevelModels
from harness_panel.linear_fit import fit_linear, fit_linear_draws
from harness_panel.residual_tests import pesaran, wooldridge
from harness_panel.specification_tests import hausman


@dataclass(frozen=True, eq=False)
class FixedEffectsFit(EffectsFit):
    """A fit with fixed effects."""

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, the likelihood with effects as coefficients included."""
        return (*super().statistics(), *likelihood_statistics(self.regression))

    def checks(self) -> tuple[Check, ...]:
        """Return tests of the effects, and of correlation over time and across entities."""
        residuals = self.regression.within.residuals
        against_random = (Check("hausman", lambda: hausman(self.rows)),)
        return (
            *super().checks(),
            Check("f_effects", lambda: f_test_of_effects(self.rows, self.regression.effects)),
            *(against_random if self.regression.effects == ("entity",) else ()),
            Check("serial_correlation", lambda: wooldridge(self.rows)),
            Check("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )


@dataclass(frozen=True)
class FixedEffects:
    """Least squares on the panel's columns and an effect for each entity, each period, or both.

    The table has no constant, since the effects hold it; predictions are in levels all the same: the mean
    outcome, plus (x - mean x) b, plus the deviation of the row's entity or period from the mean effect over
    the training rows. An entity or period that no training row has gets the mean effect; `n_unseen` of the
    fit counts such rows. Levels are matched by label.

    Controls and moderators that are constant, absorbed by the effects or collinear with columns before them
    are dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that the
    effects or several other columns determine is refused.

    Attributes
    ----------
    effects : keys whose levels have effects: ``entity``, ``time`` or both
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "fixed_effects"
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, HasCoefficients, HasDetails, HasEffects, HasNotes}
    )

    effects: tuple[Dimension, ...] = ("entity",)
    covariance: Covariance = field(default_factory=Clustered)

    def __post_init__(self) -> None:
        if not self.effects or len(set(self.effects)) < len(self.effects):
            message = f"effects: entity, time or both, each once; found {list(self.effects)}"
            raise ValueError(message)

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> FixedEffectsFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, a key with effects has one level, or the
            exposure is constant, absorbed by the effects or determined by other columns.
        """
        fit = fit_linear(panel, self.effects, self.covariance, rng=rng)
        return FixedEffectsFit(fit.rows, fit.regression, fit.model, fit.table)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: Floats | None,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        An entity or period without weight in a draw gets that draw's mean effect, and a column that a draw
        cannot tell apart has slope zero in it.
        """
        return fit_linear_draws(panel, self.effects, weights)
