"""Random effects: entities differ by a level that is independent of the columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanProfile,
    Floats,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    Note,
    Panel,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.effects import breusch_pagan
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.diagnostics.specification import hausman, mundlak_test
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.random_equation import fit_random_draws, random_equation
from harness_panel.resampling.variance_components import VarianceComponents
from harness_panel.results.diagnostic import Check, Statistic
from harness_panel.results.linear_fit import EffectsFit
from harness_panel.results.statistics import squared_correlation
from harness_panel.results.tabulate import tabulate


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
        parts = self.components
        theta = parts.theta[np.unique(self.rows.entity.codes, return_inverse=True)[1]]
        share = "share of an entity's mean that is taken out of its rows"
        return (
            *super().statistics(),
            Statistic("variance_idiosyncratic", parts.idiosyncratic, "Swamy & Arora 1972"),
            Statistic("variance_entity", parts.entity, "Swamy & Arora 1972, Baltagi & Chang 1994"),
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

    def checks(self) -> tuple[Check, ...]:
        """Return tests of random effects, and of correlation over time and across entities."""
        residuals = self.regression.within.residuals
        return (
            *super().checks(),
            Check("hausman", lambda: hausman(self.rows)),
            Check("mundlak", lambda: mundlak_test(self.rows)),
            Check("breusch_pagan", lambda: breusch_pagan(self.rows)),
            Check("serial_correlation", lambda: wooldridge(self.rows)),
            Check("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )


@dataclass(frozen=True)
class RandomEffects:
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
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasEffects, HasNotes}
    )

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
        table = tabulate(regression, self.covariance, rng=rng)
        return RandomEffectsFit(panel, regression, model, table, equation.components)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: Floats | None,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit once a draw, variances included; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows counts as k entities. One without weight in a draw has no
        effect in it, and a column that a draw cannot tell apart has slope zero.
        """
        return stack(fit_random_draws(panel, weights))
