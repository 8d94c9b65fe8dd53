"""Least squares on transformed rows: means of entities, first differences, and quasi-demeaned rows.

Reported by ``BetweenOLS``, ``FirstDifferenceOLS`` and ``RandomEffects`` of linearmodels. Clusters that change
between the two rows of a difference, such as periods, ``FirstDifferenceOLS`` does not take; then, and with
entity means, ``PooledOLS`` reports on the transformed rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from harness import plugin
from harness.plugin import Floats, HasEffects, Note, Panel, Statistic, marked, row_weights, stacked
from harness_panel.covariance import (
    Classical,
    Clustered,
    Covariance,
    IndependentCovariance,
    Tested,
    clusters_of,
)
from harness_panel.diagnostics.effects import Check, Diagnostic, breusch_pagan, hausman, means_test
from harness_panel.estimators.linear import LINEAR, EffectsFit, LinearEstimator, LinearFit
from harness_panel.library import LibraryData, LibraryModel, report_of
from harness_panel.solver import equation as solver
from harness_panel.solver.regression import Regression
from harness_panel.solver.within import Absorber
from harness_panel.statistics import squared_correlation

if TYPE_CHECKING:
    from linearmodels.panel.results import RandomEffectsResults


@dataclass(frozen=True, eq=False, repr=False)
class BetweenFit(LinearFit):
    """A fit of the means of entities."""

    title: ClassVar[str] = "Between"


@plugin.checks_options
@dataclass(frozen=True)
class Between(LinearEstimator[BetweenFit]):
    """Least squares on the means of entities and a constant, reported first as ``const``.

    Every entity counts once, whatever its number of rows, as in plm. Predictions are x b of the row itself,
    not of its entity's mean. Dropped and refused columns are those of `PooledOLS`, told by the means.

    Attributes
    ----------
    covariance : classical unless robust is asked for; no key groups the means, so there is no other
    """

    name: ClassVar[str] = "between"
    linear_model: ClassVar[plugin.LinearModel | None] = "between"
    as_learner: ClassVar[plugin.AsLearner] = "refused"
    provides: ClassVar[frozenset[type]] = LINEAR

    covariance: IndependentCovariance = field(default_factory=Classical)

    def __post_init__(self) -> None:
        if self.covariance.use not in ("classical", "robust"):
            raise ValueError(f"covariance: classical or robust; found {self.covariance.use}")

    def _solve(self, panel: Panel) -> BetweenFit:
        regression = _means_equation(*solver.Centring.at_means(panel)).regression()
        return BetweenFit(panel, regression, regression.model())

    def _in_library(self, fit: BetweenFit) -> tuple[LibraryModel, LibraryData]:
        return LibraryModel("BetweenOLS"), LibraryData(fit.rows, fit.regression)

    def _solve_draws(self, panel: Panel, weights: Floats) -> plugin.AbsorbingModels:
        bare, centring = solver.Centring.at_means(panel)
        equations = (_means_equation(solver.drawn_rows(bare, draw), centring) for draw in weights)
        return stacked([equation.model(equation.fit()) for equation in equations])


def _means_equation(bare: Panel, centring: solver.Centring) -> solver.Equation:
    """Return the regression of means of rows without their levels, each in its entity's first period."""
    entities = plugin.Grouping.of(bare.entity.codes)
    means = entities.means(np.column_stack([bare.X, bare.observed]))
    firsts = bare.take(np.unique(entities.codes, return_index=True)[1])
    averaged = replace(firsts, X=means[:, :-1], observed=means[:, -1], derived=())
    return solver.Equation(averaged, centring, Absorber.constant(len(means)), np.ones(len(means)))


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceFit(EffectsFit):
    """A fit by first differences.

    Attributes
    ----------
    levels : predicts, the trend included
    """

    title: ClassVar[str] = marked("First differences")

    levels: solver.ExpandedModels = field(kw_only=True)

    @property
    def predictor(self) -> solver.ExpandedModels:
        """What predicts; one draw."""
        return self.levels

    def level(self) -> None:
        """Return None, since a constant of differences is a trend and no level."""
        return

    def r2(self) -> float:
        """Return the squared correlation of outcome and fitted values of differences, in [0, 1]."""
        return squared_correlation(self.regression)

    def checks(self) -> Mapping[str, Check]:
        """Return tests of correlation over time, and across entities in differences."""
        return {**super().checks(), **self.error_checks()}


@plugin.checks_options
@dataclass(frozen=True)
class FirstDifference(LinearEstimator[DifferenceFit]):
    """Least squares on differences between adjacent periods of an entity.

    A row counts if its entity has a row one period before; a gap in time gives no difference (plm instead
    differences adjacent rows, whatever lies between them). Predictions are in levels: x b, plus a constant's
    trend, plus the mean of what these leave of the entity's outcome. An entity that no training row has gets
    the mean of it over all training rows; `n_unseen` of the fit counts its rows. Controls and moderators that
    do not change are dropped and noted.

    Attributes
    ----------
    constant : whether the differences have a constant, which is a trend common to all entities
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to; the variance of a difference is the sum of that of its two rows
    """

    name: ClassVar[str] = "first_difference"
    identifies: ClassVar[plugin.Identified] = "within"
    as_learner: ClassVar[plugin.AsLearner] = "refused"
    known_as: ClassVar[tuple[str, ...]] = ("fd", "first_differences")
    instead_of: ClassVar[Mapping[str, str]] = {
        "pmg mean_group panel_var ardl ecm cointegration": (
            "take `first_difference`, with lags of regressors by the step `lag`"
        ),
        "cce common_correlated_effects interactive_effects": (
            "ask for the scenario `robustness`, one of whose checks is by common correlated effects"
        ),
    }
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    constant: bool = False
    covariance: Covariance = field(default_factory=Tested)
    weighted: bool = False

    def _solve(self, panel: Panel) -> DifferenceFit:
        pairs, rows = solver.Pairs.of(panel), row_weights(panel, weighted=self.weighted)
        weights = pairs.weights(rows) if self.weighted else np.ones(pairs.later.size)
        regression = self._equation(panel, pairs, weights).regression()
        trend = regression.within.level_at(np.zeros(panel.X.shape[1]))
        slopes, everyone = regression.within.slopes[None], np.ones((1, panel.n_obs))
        levels = solver.difference_models(panel, slopes, np.array([trend]), everyone, row_weights=rows)
        return DifferenceFit(panel, regression, levels.draws, levels=levels)

    def _in_library(self, fit: DifferenceFit) -> tuple[LibraryModel, LibraryData]:
        panel, regression, pairs = fit.rows, fit.regression, solver.Pairs.of(fit.rows)
        codes = [
            plugin.key_of(panel, plugin.effect_named(name)).codes for name in clusters_of(self.covariance)
        ]
        if any(np.any(own[pairs.later] != own[pairs.earlier]) for own in codes):
            weights = regression.weights if self.weighted else None
            return DIFFERENCES, LibraryData(regression.panel, regression, weights)
        # A constant of differences is the slope of a trend.
        data = LibraryData(
            solver.Centring.at_means(panel)[0],
            regression,
            row_weights(panel, weighted=True) if self.weighted else None,
            trend=panel.period - panel.period.mean(),
            runs=pairs.runs,
        )
        return LibraryModel("FirstDifferenceOLS"), data

    def _solve_draws(self, panel: Panel, weights: Floats) -> solver.ExpandedModels:
        pairs, rows = solver.Pairs.of(panel), row_weights(panel, weighted=self.weighted)
        counts = np.minimum(weights[:, pairs.later], weights[:, pairs.earlier]) * pairs.weights(rows)
        if not counts.any(axis=1).all():
            what, hint = marked("a draw has no two adjacent rows"), marked("resample entities")
            raise plugin.EstimationError.at("draws", what, hint=hint)
        equation = self._equation(panel, pairs, counts[0])
        fits = [replace(equation, weights=draw).fit() for draw in counts]
        slopes = np.stack([fit.slopes for fit in fits])
        trends = np.array([fit.level_at(np.zeros(fit.centre.size)) for fit in fits])
        return solver.difference_models(panel, slopes, trends, weights, row_weights=rows)

    def _equation(self, panel: Panel, pairs: solver.Pairs, weights: Floats) -> solver.Equation:
        absorber = Absorber.constant(pairs.later.size) if self.constant else Absorber(())
        return solver.Equation(pairs.differenced(panel), solver.Centring.at_zero(panel), absorber, weights)


# Reports on the differences themselves.
DIFFERENCES = LibraryModel("PooledOLS")


@dataclass(frozen=True, eq=False, repr=False)
class RandomEffectsFit(EffectsFit):
    """A fit by random effects.

    Attributes
    ----------
    equation : with the variances of the error
    """

    title: ClassVar[str] = marked("Random effects")

    equation: solver.RandomEquation = field(kw_only=True)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the variance of the entities came out below zero."""
        notes = super().notes
        if not self.equation.components.is_truncated:
            return notes
        message = marked(
            "The estimated variance between entities was negative and set to zero: the fit is pooled OLS."
        )
        return (*notes, Note("W-VARIANCE", "", message))

    def variances(self) -> solver.VarianceComponents:
        """Return the variances of the error, as the library has them."""
        results = cast("RandomEffectsResults", self.reported.results)
        parts, unit = results.variance_decomposition, self.reported.data.scale**2
        return replace(
            self.equation.components,
            idiosyncratic=unit * float(parts["Residual"]),
            entity=unit * float(parts["Effects"]),
            theta=np.asarray(results.theta).ravel(),
        )

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, the variances of the error included."""
        variances = self.variances()
        share = "share of an entity's mean that is taken out of its rows"
        theta = variances.theta[np.unique(self.rows.entity.codes, return_inverse=True)[1]]
        between = "Swamy & Arora 1972, Baltagi & Chang 1994"
        return (
            *super().statistics(),
            Statistic("variance_idiosyncratic", variances.idiosyncratic, "Swamy & Arora 1972"),
            Statistic("variance_entity", variances.entity, between),
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

    def checks(self) -> Mapping[str, Check]:
        """Return tests of random effects, and of correlation over time and across entities."""
        return {
            **super().checks(),
            "hausman": partial(hausman, self.rows),
            "mundlak": partial(mundlak_test, self.rows),
            "breusch_pagan": partial(breusch_pagan, self.rows),
            **self.error_checks(),
        }


@plugin.checks_options
@dataclass(frozen=True)
class RandomEffects(LinearEstimator[RandomEffectsFit]):
    """Generalised least squares with a random level for each entity, reported with a constant, ``const``.

    Variances are those of Swamy & Arora, on unbalanced panels with the correction of Baltagi & Chang, as plm
    has them. Predictions are x b plus the best linear unbiased prediction of the entity's effect; an entity
    that no training row has gets the mean effect, zero, and `n_unseen` of the fit counts its rows. Dropped
    and refused columns are those of `PooledOLS`.

    Attributes
    ----------
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    """

    name: ClassVar[str] = "random_effects"
    identifies: ClassVar[plugin.Identified] = "pooled"
    known_as: ClassVar[tuple[str, ...]] = ("re", "mixed", "multilevel", "hlm", "lme")
    linear_model: ClassVar[plugin.LinearModel | None] = "random"
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    covariance: Covariance = field(default_factory=Tested)

    def _solve(self, panel: Panel) -> RandomEffectsFit:
        equation = solver.random_equation(panel)
        regression = equation.regression()
        model = equation.random_model(regression.within, equation.bare)
        return RandomEffectsFit(panel, regression, model, equation=equation)

    def _in_library(self, fit: RandomEffectsFit) -> tuple[LibraryModel, LibraryData]:
        model = LibraryModel("RandomEffects", fitting={"small_sample": True})
        return model, LibraryData(fit.rows, fit.regression)

    def _solve_draws(self, panel: Panel, weights: Floats) -> plugin.AbsorbingModels:
        (bare, centring), models = solver.Centring.at_means(panel), []
        for draw in weights:
            equation = solver.RandomEquation.of(solver.drawn_rows(bare, draw), centring)
            models.append(equation.random_model(equation.fit(), solver.level_rows(bare, draw)))
        return stacked(models)


def reported_correlated(
    equation: solver.RandomEquation, regression: Regression
) -> tuple[LibraryModel, LibraryData]:
    """Return ``PooledOLS`` and the quasi-demeaned rows of an equation with entity means.

    ``RandomEffects`` would take its variances from a regression of entity means in which every mean stands
    twice, and its pseudo-inverse tells the copies apart or not by their last digit.
    """
    data = LibraryData(equation.panel, regression, equation.weights, levels=equation.centring)
    return LibraryModel("PooledOLS"), data


def mundlak_test(panel: Panel) -> Diagnostic:
    """Test that entity means have no slopes of their own, errors clustered by entity.

    Raises
    ------
    EstimationError
        Where correlated random effects cannot be estimated.
    """
    equation = solver.random_equation(panel, solver.varying_columns(panel))
    model, data = reported_correlated(equation, equation.regression())
    return means_test(report_of(model, data, Clustered(), rng=np.random.default_rng(0)).table)


@dataclass(frozen=True, eq=False, repr=False)
class MundlakFit(RandomEffectsFit):
    """A fit by correlated random effects.

    Attributes
    ----------
    means : of the entities
    """

    title: ClassVar[str] = marked("Correlated random effects")

    means: solver.EntityMeans = field(kw_only=True)

    @property
    def predictor(self) -> solver.ExpandedModels:
        """What predicts; one draw."""
        return solver.ExpandedModels(self.means, self.model)

    def variances(self) -> solver.VarianceComponents:
        """Return the variances of the error that the rows are quasi-demeaned by."""
        return self.equation.components

    def checks(self) -> Mapping[str, Check]:
        """Return tests of random effects by the fit's own entity means, and those of its residuals."""
        return {
            "slopes": self.test_slopes,
            "mundlak": partial(means_test, self.coefficients()),
            "cross_section_dependence": self.error_checks()["cross_section_dependence"],
        }


@plugin.checks_options
@dataclass(frozen=True)
class Mundlak(LinearEstimator[MundlakFit]):
    """Correlated random effects: random effects with the entity means of all time-varying columns added.

    The slopes of time-varying columns are those of fixed effects (Mundlak 1978; on unbalanced panels,
    Wooldridge 2019), columns that never vary keep a slope, and the slopes of the means say how entities
    differ: all zero if random effects hold. Means have the suffix ``(entity mean)`` in the table.

    Predictions are x b, plus the means times their slopes, plus the predicted effect of the entity. An
    entity of the training rows, or of the rows to select on, keeps the means it has there, so that a
    counterfactual column changes predictions by its slope alone. An entity of neither has the means of its
    rows to predict, and no effect beyond them; `n_unseen` counts entities without training rows.

    Attributes
    ----------
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    """

    name: ClassVar[str] = "mundlak"
    linear_model: ClassVar[plugin.LinearModel | None] = "random"
    identifies: ClassVar[plugin.Identified] = "within"
    known_as: ClassVar[tuple[str, ...]] = ("cre", "correlated_random_effects")
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (
        plugin.LadderEntry(140, marked("Correlated random effects")),
    )
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (
        plugin.SimpleRival(50, marked("Correlated random effects")),
    )
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    covariance: Covariance = field(default_factory=Tested)

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> MundlakFit:
        """Fit on all rows of a panel; rows to select on only tell the means of further entities.

        Raises
        ------
        EstimationError
            As by `RandomEffects`.
        """
        fit = super().fit(panel, rng=rng)
        return fit if selection is None else replace(fit, means=fit.means.knowing(selection))

    def _solve(self, panel: Panel) -> MundlakFit:
        columns = solver.varying_columns(panel)
        equation = solver.random_equation(panel, columns)
        regression = equation.regression()
        return MundlakFit(
            equation.centring.put_back(equation.bare),
            regression,
            equation.random_model(regression.within, equation.bare),
            equation=equation,
            means=solver.EntityMeans.of(panel, columns),
        )

    def _in_library(self, fit: MundlakFit) -> tuple[LibraryModel, LibraryData]:
        return reported_correlated(fit.equation, fit.regression)

    def _solve_draws(self, panel: Panel, weights: Floats) -> solver.OneByOne:
        columns = solver.varying_columns(panel.take(np.flatnonzero(weights.any(axis=0))))
        (bare, centring), models = solver.Centring.at_means(panel), []
        for draw in weights:
            equation = solver.RandomEquation.of(solver.drawn_rows(bare, draw), centring, columns)
            rows = solver.level_rows(bare, draw)
            means = solver.EntityMeans.of(rows, columns)
            model = equation.random_model(equation.fit(), means.expand(rows))
            models.append(solver.ExpandedModels(means.shifted(centring.columns[columns]), model))
        return solver.OneByOne(models)
