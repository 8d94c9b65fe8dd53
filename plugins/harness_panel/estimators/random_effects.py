"""Random effects: entities differ by a level that is independent of the columns.

Reported by ``linearmodels.panel.RandomEffects`` with its corrections for small samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.random import Generator

from harness import DrawSelection, Floats, HasEffects, Note, Panel
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.diagnostic import Diagnostic, PendingTest
from harness_panel.diagnostics.effects import breusch_pagan
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.diagnostics.specification import hausman, means_test
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.mundlak_models import correlated_equation
from harness_panel.resampling.random_equation import fit_random_draws, random_equation
from harness_panel.resampling.regression import Regression
from harness_panel.resampling.variance_components import VarianceComponents
from harness_panel.results.library import LibraryData, LibraryFit, LibraryReport, report_of
from harness_panel.results.linear_fit import EffectsFit
from harness_panel.results.statistics import Statistic, squared_correlation

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from linearmodels.panel.results import RandomEffectsResults


@dataclass(frozen=True, eq=False, repr=False)
class RandomEffectsFit(EffectsFit):
    """A fit by random effects.

    Attributes
    ----------
    components : variances of the error
    """

    title: ClassVar[str] = "Random effects"

    components: VarianceComponents

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the variance of the entities came out below zero."""
        notes = super().notes
        if not self.components.is_truncated:
            return notes
        message = (
            "The variance between entities was estimated below zero and set to zero; the fit is pooled OLS."
        )
        return (*notes, Note("W-VARIANCE", "random effects", message))

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, the variances of the error included."""
        results = cast("RandomEffectsResults", self.reported.results)
        parts, unit = results.variance_decomposition, self.reported.data.scale**2
        share = "share of an entity's mean that is taken out of its rows"
        theta = np.asarray(results.theta)[np.unique(self.rows.entity.codes, return_inverse=True)[1]]
        between = "Swamy & Arora 1972, Baltagi & Chang 1994"
        return (
            *super().statistics(),
            Statistic("variance_idiosyncratic", unit * float(parts["Residual"]), "Swamy & Arora 1972"),
            Statistic("variance_entity", unit * float(parts["Effects"]), between),
            Statistic("theta_min", float(theta.min()), f"{share}, least of the rows"),
            Statistic("theta_mean", float(theta.mean()), f"{share}, mean over the rows"),
            Statistic("theta_max", float(theta.max()), f"{share}, greatest of the rows"),
        )

    @property
    def is_weighted(self) -> bool:
        """No: the weights of its equation are its variances."""
        return False

    def r2(self) -> float:
        """Return the squared correlation of outcome and fitted values of quasi-demeaned rows, in [0, 1]."""
        return squared_correlation(self.regression)

    def checks(self) -> tuple[PendingTest, ...]:
        """Return tests of random effects, and of correlation over time and across entities."""
        residuals = self.regression.within.residuals
        return (
            *super().checks(),
            PendingTest("hausman", lambda: hausman(self.rows)),
            PendingTest("mundlak", lambda: mundlak_test(self.rows)),
            PendingTest("breusch_pagan", lambda: breusch_pagan(self.rows)),
            PendingTest("serial_correlation", lambda: wooldridge(self.rows)),
            PendingTest("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )


@dataclass(frozen=True)
class RandomEffects(LinearEstimator):
    """Generalised least squares with a random level for each entity, reported with a constant, ``const``.

    Variances are those of Swamy & Arora, on unbalanced panels with the correction of Baltagi & Chang, as plm
    has them. Predictions are x b plus the best linear unbiased prediction of the entity's effect; an entity
    that no training row has gets the mean effect, zero, and `n_unseen` of the fit counts its rows. Dropped
    and refused columns are those of `PooledOLS`.

    Attributes
    ----------
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "random_effects"
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    covariance: Covariance = field(default_factory=Clustered)

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> RandomEffectsFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            As by `PooledOLS`, and where a variance has no degrees of freedom: no entity has two rows, or
            there are hardly more entities than columns.
        """
        equation = random_equation(panel, EntityRows.all_of(panel))
        regression = equation.regression()
        model = equation.model(panel, regression.within, centre=regression.within.centre)
        report = None if self.predicts_alone else random_report(panel, regression, self.covariance, rng=rng)
        return RandomEffectsFit(panel, regression, model, report, equation.components)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit once a draw, variances included; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows counts as k entities. The effect of one that a draw
        leaves out is predicted from all its rows, given the draw; a column that a draw cannot tell apart has
        slope zero.
        """
        return stack(fit_random_draws(panel, weights))


def random_report(
    panel: Panel,
    regression: Regression,
    covariance: Covariance,
    *,
    rng: Generator,
    levels: Centring | None = None,
) -> LibraryReport:
    """Return what linearmodels says of random effects on the columns of a panel.

    Parameters
    ----------
    levels : that the panel is without; None where it is as it is
    """
    data = LibraryData.centred(panel, regression, leading=np.ones(panel.n_obs), levels=levels)
    return report_of("linearmodels RandomEffects", _library, data, covariance, rng=rng)


def _library(data: LibraryData) -> LibraryFit:
    from linearmodels.panel import RandomEffects as Library

    return partial(Library(data.outcome, data.columns, check_rank=False).fit, small_sample=True)


def mundlak_test(panel: Panel) -> Diagnostic:
    """Test that entity means have no slopes of their own, errors clustered by entity.

    Raises
    ------
    EstimationError
        Where correlated random effects cannot be estimated.
    """
    correlated, undrawn = correlated_equation(panel), np.random.default_rng(0)
    regression = correlated.equation.regression()
    return means_test(random_report(correlated.bare, regression, Clustered(), rng=undrawn).table)
