"""Fixed effects: entities, periods and the levels of other columns have a level of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanProfile,
    Floats,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    NeedsGroups,
    Panel,
    Rung,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.effects import f_test_of_effects
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.diagnostics.specification import hausman
from harness_panel.resampling.checks import count_singletons
from harness_panel.resampling.effect import Dimension, Effect, GroupColumn
from harness_panel.resampling.levels import LevelModels
from harness_panel.resampling.weighting import row_weights
from harness_panel.results.diagnostic import Check, Diagnostic, Statistic, unweighted
from harness_panel.results.linear_fit import EffectsFit
from harness_panel.results.statistics import intercept_statistics, likelihood_statistics
from harness_panel.results.tabulate import fit_linear, fit_linear_draws


@dataclass(frozen=True, eq=False, repr=False)
class FixedEffectsFit(EffectsFit):
    """A fit with fixed effects."""

    title: ClassVar[str] = "Fixed effects"

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, the likelihood with effects as coefficients included."""
        absorber = self.regression.absorber
        return (
            *super().statistics(),
            *intercept_statistics(self.regression),
            *likelihood_statistics(self.regression),
            Statistic(
                "n_effects", self.regression.n_effects, "independent effects, as degrees of freedom count"
            ),
            Statistic(
                "n_singleton_rows",
                count_singletons(absorber.groupings),
                "rows that are the only one of a level, or are so once such rows are left out; "
                "no slope depends on them",
            ),
            Statistic(
                "effects_tolerance",
                absorber.tolerance,
                "relative error that effects are solved to; zero where they are solved for exactly",
            ),
        )

    def checks(self) -> tuple[Check, ...]:
        """Return tests of the effects, and of correlation over time and across entities."""
        regression, residuals = self.regression, self.regression.within.residuals
        hausman_s = Check("hausman", lambda: hausman(self.rows))
        against_random = (unweighted(hausman_s, is_weighted=regression.is_weighted),)
        return (
            *super().checks(),
            Check("f_effects", self._test_effects),
            *(against_random if regression.effects == ("entity",) else ()),
            Check("serial_correlation", lambda: wooldridge(self.rows)),
            Check("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )

    def _test_effects(self) -> Diagnostic:
        return f_test_of_effects(self.rows, self.regression.effects, weights=self.regression.weights)


@dataclass(frozen=True)
class FixedEffects:
    """Least squares on the panel's columns and an effect for each entity, each period and each further level.

    The table has no constant, since the effects hold it; predictions are in levels all the same: the mean
    outcome, plus (x - mean x) b, plus the deviation of each of the row's levels from the mean effect over
    the training rows. A level that no training row has gets the mean effect; `n_unseen` of the fit counts
    such rows. Levels are matched by label.

    Controls and moderators that are constant, absorbed by the effects or collinear with columns before them
    are dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that the
    effects or several other columns determine is refused.

    Attributes
    ----------
    effects : keys whose levels have effects: ``entity``, ``time``, both, or none beside `absorb`
    covariance : clustered by entity unless another is asked for
    absorb : further columns of the data whose levels have effects, such as an industry
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    """

    name: ClassVar[str] = "fixed_effects"
    rungs: ClassVar[tuple[Rung, ...]] = (
        Rung(110, "Fixed effects (entity)", id="fe", options={"effects": ["entity"]}),
        Rung(120, "Fixed effects (entity, time)", id="twfe", options={"effects": ["entity", "time"]}),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasEffects, HasNotes, NeedsGroups}
    )

    effects: tuple[Dimension, ...] = ("entity",)
    covariance: Covariance = field(default_factory=Clustered)
    absorb: tuple[str, ...] = ()
    weighted: bool = False

    def __post_init__(self) -> None:
        refuse_repeated(self.effects, self.absorb)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns whose levels have effects."""
        return self.absorb

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
            Where the outcome does not vary, rows are too few, a key or column with effects has one level,
            or the exposure is constant, absorbed by the effects or determined by other columns; where
            columns or weights are asked for that the panel lacks.
        """
        weights = row_weights(panel, weighted=self.weighted)
        fit = fit_linear(panel, self._levels, self.covariance, rng=rng, row_weights=weights)
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

        They multiply the weights of the rows, if these have any. A level without weight in a draw gets that
        draw's mean effect, and a column that a draw cannot tell apart has slope zero in it.
        """
        own = row_weights(panel, weighted=self.weighted)
        return fit_linear_draws(panel, self._levels, weights, row_weights=own)

    @property
    def _levels(self) -> tuple[Effect, ...]:
        return (*self.effects, *(GroupColumn(name) for name in self.absorb))


def refuse_repeated(effects: Sequence[str], absorb: Sequence[str]) -> None:
    """Refuse options that name a key or a column twice, or nothing at all.

    Raises
    ------
    ValueError
        Which the reader of specs reports at the estimator's line.
    """
    if len(set(effects)) < len(effects) or not (effects or absorb):
        message = f"effects: entity, time or both, each once; found {list(effects)}"
        raise ValueError(message)
    if len(set(absorb)) < len(absorb):
        message = f"absorb: columns, each once; found {list(absorb)}"
        raise ValueError(message)
