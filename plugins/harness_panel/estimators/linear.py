"""What the linear estimators of panels have in common: our own solver fits, and a library reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness_panel import statistics
from harness_panel.covariance import Covariance, PredictionsAlone, WithCovariance
from harness_panel.diagnostics import effects as tests
from harness_panel.diagnostics.effects import Check, Diagnostic
from harness_panel.library import LibraryData, LibraryModel, LibraryReport, report_of
from harness_panel.solver.equation import LinearModels
from harness_panel.solver.regression import Regression, in_order
from harness_panel.statistics import LevelledFit, ModelFit, only_predicts

_SHOWN = 10

# One less the leverage of a row that has an effect to itself.
_FIXED = 1e-10


def influence(regression: Regression) -> tuple[plugin.Floats, plugin.Floats]:
    """Return Cook's distance (Cook 1977) and the leverage of rows, (n_obs,) each, as the equation has them.

    A distance is how far the coefficients move without the row, in units of their classical covariance, over
    their number; it is zero for a row that has an effect to itself. Leverage is that in the regression on
    columns and dummies, in (0, 1]. ``OLSInfluence`` of statsmodels has what effects leave of the columns, and
    does not know that effects take leverage and degrees of freedom; both are put in.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.outliers_influence import OLSInfluence

    # Residuals regressed on the basis leave themselves, so that the outcome is not needed.
    within = OLSInfluence(OLS(regression.within.residuals, regression.basis).fit())
    leverage = regression.leverage()
    is_free = 1.0 - leverage > _FIXED
    share = (1.0 - within.hat_matrix_diag[is_free]) / (1.0 - leverage[is_free])
    counted = regression.df_resid / (regression.n_obs - regression.n_coef)
    distance = np.zeros(regression.n_obs)
    distance[is_free] = counted * share**2 * within.cooks_distance[0][is_free]
    return distance, leverage


def influence_columns(regression: Regression) -> Mapping[str, Sequence[object]]:
    """Return the rows of greatest influence, up to ten, as a tidy table by columns.

    A row is influential where its distance is above four over the number of rows (Bollen & Jackman 1985).
    A difference is named by its later period, the mean of an entity by its first.
    """
    (distances, leverage), panel = influence(regression), regression.panel
    rows = np.argsort(-distances, kind="stable")[:_SHOWN]
    return {
        "entity": [panel.entity.labels[code] for code in panel.entity.codes[rows].tolist()],
        "period": [panel.time.labels[code] for code in panel.time.codes[rows].tolist()],
        "cooks_distance": distances[rows].tolist(),
        "leverage": leverage[rows].tolist(),
        "is_influential": (distances[rows] > 4.0 / regression.n_obs).tolist(),
    }


@dataclass(frozen=True, eq=False, repr=False)
class LinearFit(ModelFit):
    """One fit of a linear model.

    Attributes
    ----------
    rows : what it was fitted on
    regression : the equation that was estimated
    model : columns and levels; one draw
    report : what a library says of the regression; None where only predictions were asked for
    title : what kind of fit it is, for readers
    """

    title: ClassVar[str] = plugin.marked("Least squares")

    rows: plugin.Panel
    regression: Regression
    model: plugin.AbsorbingModels
    report: LibraryReport | None = None

    @property
    def reported(self) -> LibraryReport:
        """What a library says of the regression.

        Raises
        ------
        EstimationError
            Where only predictions were asked for.
        """
        if self.report is None:
            raise only_predicts()
        return self.report

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped, whether the rest is close to collinear, and whether two solvers disagree."""
        return (*self.regression.notes, *(self.report.notes if self.report else ()))

    def coefficients(self) -> plugin.CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.reported.table

    def statistics(self) -> tuple[plugin.Statistic, ...]:
        """Return what describes the fit, every number with its definition."""
        slopes = self.regression.within.slopes
        return (
            *statistics.equation_statistics(self.regression, rss=self.reported.rss, r2=self.r2()),
            *statistics.panel_statistics(self.rows, slopes, self.level()),
            statistics.agreement_statistic(self.reported),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics and the most influential rows as tidy tables by columns."""
        influence = influence_columns(self.regression)
        return {**tests.details_of(self.statistics(), self.checks()), "influence": influence}

    def remarks(self) -> Sequence[str]:
        """Return effects and weights, in words."""
        effects = "no effects absorbed"
        if self.absorbed:
            keys = [plugin.key_of(self.rows, effect).name for effect in in_order(self.regression.effects)]
            effects = (
                f"effects of {' and '.join(keys)} absorbed, {self.regression.n_effects} of them independent"
            )
        return (effects, "rows weighted") if self.is_weighted else (effects,)

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return self.regression.is_weighted

    def checks(self) -> Mapping[str, Check]:
        """Return the tests that go with the estimator by name, not yet computed."""
        return {"slopes": self.test_slopes}

    def error_checks(self) -> Mapping[str, Check]:
        """Return tests of correlation over time, and across entities in the rows of the equation."""
        residuals = self.regression.within.residuals
        return {
            "serial_correlation": partial(tests.wooldridge, self.rows),
            "cross_section_dependence": partial(tests.pesaran, self.regression.panel, residuals),
        }

    def r2(self) -> float:
        """Return the library's share of the equation's variance that its columns explain, in [0, 1]."""
        return float(self.reported.results.rsquared)

    def level(self) -> float | None:
        """Return the constant of the outcome's level; None for an equation without one."""
        within = self.regression.within
        return within.level_at(np.zeros(within.centre.size)) if self.regression.has_constant else None

    def test_slopes(self) -> Diagnostic:
        """Test that all slopes are zero, with the table's own covariance."""
        table = self.coefficients()
        return tests.wald_of_slopes(table, range(self.regression.has_constant, len(table.terms)))


@dataclass(frozen=True, eq=False, repr=False)
class EffectsFit(LinearFit, LevelledFit):
    """A fit with effects of entities, periods or other levels."""


# Capabilities of every linear estimator.
LINEAR = statistics.REPORTED | {plugin.CanFitDraws, plugin.CanFitFolds, plugin.NeedsGroups}

FitT = TypeVar("FitT", bound=LinearFit)


class LinearEstimator(WithCovariance, ABC, Generic[FitT]):
    """An estimator that a library reports, and that our own solver repeats on draws and folds."""

    covariance: Covariance

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> FitT:
        """Fit on all rows of a panel.

        Parameters
        ----------
        rng : of covariances that draw; the others leave it alone

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, or the exposure is constant, absorbed by
            effects or determined by other columns; where a variance of random effects has no degrees of
            freedom, or no rows are adjacent; where columns or weights are asked for that the panel lacks.
        """
        fit = self._solve(panel)
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        model, data = self._in_library(fit)
        return replace(fit, report=report_of(model, data, self.covariance, rng=rng))

    def fit_draws(
        self, panel: plugin.Panel, *, weights: plugin.Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> LinearModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        They multiply the weights of the rows, if these have any. Where entities are averaged or have random
        effects, one drawn k times with all its rows counts as k; a difference counts as often as the less
        frequent of its two rows. The effect of a level without weight in a draw is that of all its rows,
        given the draw's slopes and its other levels; a column that a draw cannot tell apart has slope zero.

        Raises
        ------
        EstimationError
            Where a draw has no row, no two adjacent ones for differences, or no degrees of freedom.
        """
        return self._solve_draws(panel, weights)

    @abstractmethod
    def _solve(self, panel: plugin.Panel) -> FitT:
        """Return the fit by our own solver, without a report."""

    @abstractmethod
    def _in_library(self, fit: FitT) -> tuple[LibraryModel, LibraryData]:
        """Return the library's class that reports a fit by `_solve`, and the rows that it is handed."""

    @abstractmethod
    def _solve_draws(self, panel: plugin.Panel, weights: plugin.Floats) -> LinearModels:
        """Return fits of draws, which `fit_draws` describes."""


@dataclass(frozen=True, eq=False, repr=False)
class MeanFit(plugin.LearnedFit):
    """Predicts by levels alone.

    Attributes
    ----------
    model : one draw, whose slopes are zero
    """

    model: plugin.AbsorbingModels

    def predict(self, panel: plugin.Panel) -> plugin.Floats:
        """Return the mean of each row's level, (n_obs,), outcome units."""
        return np.asarray(self.model.predict(panel)[0])


class EntityMeanFit(MeanFit):
    """Predicts by the entity effects."""

    def n_unseen(self, panel: plugin.Panel) -> int:
        """Return the number of rows whose level was not trained on, which have the mean of all rows."""
        return self.model.n_unseen(panel)


@plugin.checks_options
@dataclass(frozen=True)
class Mean:
    """The mean outcome of the training rows: what an R2 compares with."""

    name: ClassVar[str] = "mean"
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (plugin.LadderEntry(0, plugin.marked("Mean")),)
    provides: ClassVar[frozenset[type]] = frozenset({plugin.CanFitDraws, plugin.CanProfile})

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> MeanFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        return MeanFit(_means(panel, np.ones((1, panel.n_obs))))

    def fit_draws(
        self, panel: plugin.Panel, *, weights: plugin.Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> plugin.AbsorbingModels:
        """Return weighted means, one a draw; nothing is selected."""
        return _means(panel, weights)


@plugin.checks_options
@dataclass(frozen=True)
class EntityMean:
    """The mean outcome of each entity: what knowing who it is, and nothing else, is worth."""

    name: ClassVar[str] = "entity_mean"
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (plugin.LadderEntry(10, plugin.marked("Entity mean")),)
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (plugin.SimpleRival(60, plugin.marked("Entity mean")),)
    provides: ClassVar[frozenset[type]] = frozenset({plugin.HasEffects})

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> EntityMeanFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        entities, overall = plugin.read_effect_set(panel, "entity"), _means(panel, np.ones((1, panel.n_obs)))
        deviations = entities.means(panel.observed[:, None]).T - overall.intercepts
        effects = (plugin.AbsorbedEffects("entity", entities.labels, deviations),)
        return EntityMeanFit(replace(overall, effects=effects))


def _means(panel: plugin.Panel, weights: plugin.Floats) -> plugin.AbsorbingModels:
    """Return the weighted mean of all rows, one a draw of weights, (n_draws, n_obs)."""
    n_columns = panel.X.shape[1]
    means = weights @ panel.observed / weights.sum(axis=1)
    return plugin.AbsorbingModels(np.zeros(n_columns), np.zeros((len(weights), n_columns)), means)


@dataclass(frozen=True, eq=False, repr=False)
class LastValueFit(plugin.LearnedFit):
    """Remembers what was observed of each entity, period by period.

    Attributes
    ----------
    labels : (n_entities,), entities trained on
    codes, period, observed : (n_train,), training rows, sorted by entity and period
    mean : where an entity has no earlier value: the mean of the training rows
    """

    labels: tuple[str, ...]
    codes: plugin.Ints
    period: plugin.Ints
    observed: plugin.Floats
    mean: float

    def predict(self, panel: plugin.Panel) -> plugin.Floats:
        """Return the entity's value in the latest period trained on before the row's own, (n_obs,)."""
        at, has_earlier = self.earlier(panel)
        return np.where(has_earlier, self.observed[at], self.mean)

    def n_unseen(self, panel: plugin.Panel) -> int:
        """Return the number of rows without an earlier value of their entity."""
        return int((~self.earlier(panel)[1]).sum())

    def earlier(self, panel: plugin.Panel) -> tuple[plugin.Ints, plugin.Mask]:
        """Return the position of the latest training row before each row, and whether there is one."""
        codes = panel.entity.codes_among(self.labels)
        lowest = min(int(self.period.min()), int(panel.period.min()))
        span = max(int(self.period.max()), int(panel.period.max())) - lowest + 1
        known = self.codes * span + self.period - lowest
        at = np.searchsorted(known, codes * span + panel.period - lowest, side="left") - 1
        return at, (at >= 0) & (codes >= 0) & (self.codes[at] == codes)


@plugin.checks_options
@dataclass(frozen=True)
class LastValue:
    """The entity's value in the latest earlier period: what persistence alone is worth.

    A row's own value is never used, so a training row is predicted by its predecessor.
    """

    name: ClassVar[str] = "last_value"
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (plugin.LadderEntry(20, plugin.marked("Last value")),)
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (plugin.SimpleRival(61, plugin.marked("Last value")),)
    provides: ClassVar[frozenset[type]] = frozenset({plugin.HasEffects})

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> LastValueFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        order = np.lexsort((panel.period, panel.entity.codes))
        entity, observed = panel.entity, panel.observed
        mean = float(observed.mean())
        return LastValueFit(entity.labels, entity.codes[order], panel.period[order], observed[order], mean)
