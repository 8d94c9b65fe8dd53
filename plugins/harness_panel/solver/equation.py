"""Rows made of those of a panel: means, differences and quasi-demeaned rows; their regression."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from harness import plugin
from harness.plugin import AbsorbingModels, Floats, Grouping, Ints, Panel, Problem, marked, read_effect_set
from harness_panel.solver.regression import Regression, judged, level_models
from harness_panel.solver.within import ROUNDING, Absorber, WithinFit, divide, fit_within, without_effects


@dataclass(frozen=True, eq=False)
class Centring:
    """Levels of columns and outcome that an equation is written without.

    A mean of numbers of size 1e9 is off by 1e-7, a mean of their deviations is not. Equations in means of
    entities are therefore made of deviations from these levels, which only move their constant.

    Attributes
    ----------
    columns : (n_columns,), units of the columns
    outcome : outcome units
    largest : (n_columns + 1,), largest size of columns and outcome with their levels, to which rounding is in
        proportion whatever becomes of the rows
    """

    columns: Floats
    outcome: float
    largest: Floats

    @classmethod
    def at_means(cls, panel: Panel) -> tuple[Panel, Centring]:
        """Return the panel without the means of columns and outcome over the rows, and these."""
        levels = cls(panel.X.mean(axis=0), float(panel.observed.mean()), _largest(panel))
        X, observed = panel.X - levels.columns, panel.observed - levels.outcome
        return replace(panel, X=X, observed=observed, derived=()), levels

    @classmethod
    def at_zero(cls, panel: Panel) -> Centring:
        """Return levels of zero, for rows that are differenced."""
        return cls(np.zeros(panel.X.shape[1]), 0.0, _largest(panel))

    def with_means(self, columns: Ints) -> Centring:
        """Return the levels of the columns and, after them, of the entity means of some of them."""
        largest, outcome = self.largest[:-1], self.largest[-1:]
        both = np.concatenate([self.columns, self.columns[columns]])
        return Centring(both, self.outcome, np.concatenate([largest, largest[columns], outcome]))

    def put_back(self, panel: Panel) -> Panel:
        """Return a panel that was made of rows without the levels with them."""
        return replace(panel, X=panel.X + self.columns, observed=panel.observed + self.outcome, derived=())


def _largest(panel: Panel) -> Floats:
    return np.append(np.abs(panel.X).max(axis=0), np.abs(panel.observed).max())


class LinearModels(plugin.FittedDraws, plugin.CanProfile, Protocol):
    """Models whose predictions are linear in their columns, one a draw."""


class FurtherColumns(ABC):
    """Further columns that follow from those of a panel, such as powers of the exposure, or a trend."""

    @abstractmethod
    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the columns as its last controls."""

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows
        points : (n_points, n_moved), units of the columns
        """
        moved = (panel.with_columns(dict(zip(columns, point, strict=True))) for point in points.tolist())
        return np.stack([self.expand(rows).X.mean(axis=0) for rows in moved])


@dataclass(frozen=True, eq=False)
class ExpandedModels:
    """Linear models, one a draw.

    Attributes
    ----------
    terms : added to a panel before it is predicted
    draws : of the expanded panel
    """

    terms: FurtherColumns
    draws: AbsorbingModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.draws.predict(self.terms.expand(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self.draws.mean_predictions(panel, self.terms.means_at(panel, columns, points))


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Models of draws that share neither columns nor levels."""

    models: Sequence[LinearModels]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.concatenate([model.predict(panel) for model in self.models])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return np.concatenate([model.profile(panel, columns, points) for model in self.models])


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
        # With the levels again, only the constant moves.
        levels = self.centring
        return replace(bare, centre=bare.centre + levels.columns, intercept=bare.intercept + levels.outcome)

    def regression(self) -> Regression:
        """Return the fit of rows that all have weight.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        return judged(self.centring.put_back(self.panel), self.absorber, self.fit(), self.weights)

    def model(self, fit: WithinFit) -> AbsorbingModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw."""
        centre = self.centring.columns
        return AbsorbingModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of one entity in adjacent periods.

    Attributes
    ----------
    later, earlier : (n_pairs,), positions of the rows
    runs : (n_obs,), which run of adjacent periods of an entity each row is in
    """

    later: Ints
    earlier: Ints
    runs: Ints

    @classmethod
    def of(cls, panel: Panel) -> Pairs:
        """Return the rows that have a row of the same entity one period before.

        Raises
        ------
        EstimationError
            Where no row has one.
        """
        order = np.lexsort((panel.period, panel.entity.codes))
        is_pair = (np.diff(panel.entity.codes[order]) == 0) & (np.diff(panel.period[order]) == 1)
        if not is_pair.any():
            what = marked("no entity has rows in two adjacent periods")
            hint = marked("choose another estimator, or a coarser time step")
            raise plugin.EstimationError(Problem(marked("first differences"), what, hint=hint))
        runs = np.empty(panel.n_obs, dtype=np.int64)
        runs[order] = np.concatenate([[0], np.cumsum(~is_pair)])
        return cls(later=order[1:][is_pair], earlier=order[:-1][is_pair], runs=runs)

    def difference(self, values: Floats) -> Floats:
        """Return later less earlier, (n_pairs, n_columns), of values, (n_obs, n_columns).

        Differences of a column that are alike up to the rounding of its level are made equal, so that a
        steady trend is one.
        """
        difference = values[self.later] - values[self.earlier]
        is_steady = np.ptp(difference, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
        return np.asarray(np.where(is_steady, difference[0], difference))

    def differenced(self, panel: Panel) -> Panel:
        """Return the panel of differences, each in its later period."""
        values = self.difference(np.column_stack([panel.X, panel.observed]))
        return replace(panel.take(self.later), X=values[:, :-1], observed=values[:, -1], derived=())

    def weights(self, of_rows: Floats) -> Floats:
        """Return the weights of differences, (n_pairs,), from those of rows, (n_obs,), > 0.

        A row's error has a variance of one over its weight, so that of a difference is the sum of both.
        """
        return 1.0 / (1.0 / of_rows[self.later] + 1.0 / of_rows[self.earlier])


@dataclass(frozen=True)
class TrendColumn(FurtherColumns):
    """A column that grows by one a period; its slope is the constant of differences.

    Attributes
    ----------
    start : period where it is zero
    """

    start: float

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the trend as its last control."""
        X = np.column_stack([panel.X, panel.period - self.start])
        return replace(panel, controls=(*panel.controls, "(trend)"), X=X)


def difference_models(
    panel: Panel, slopes: Floats, trends: Floats, weights: Floats, *, row_weights: Floats
) -> ExpandedModels:
    """Return models in levels from slopes of differences.

    An entity's effect is the weighted mean over its rows of outcome less x b less trend; of one that a draw
    left out, over all its rows.

    Parameters
    ----------
    slopes : (n_draws, n_columns)
    trends : (n_draws,)
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time
    """
    entities, trend = plugin.read_effect_set(panel, "entity"), TrendColumn(float(panel.period.mean()))
    expanded, counts = trend.expand(panel), (weights * row_weights).T
    centre, slopes = np.append(panel.X.mean(axis=0), 0.0), np.column_stack([slopes, trends])
    residual = panel.observed[:, None] - (expanded.X - centre) @ slopes.T
    means = divide(entities.sums(counts * residual), entities.sums(counts)).T
    model = level_models([entities], [means], centre=centre, intercept=0.0, slopes=slopes, weights=counts)
    known = model.knowing_omitted(expanded, panel.observed, weights=weights, row_weights=row_weights)
    return ExpandedModels(trend, known)


def drawn_rows(panel: Panel, counts: Floats) -> Panel:
    """Return the rows of one draw, (n_obs,) counts.

    An entity that a draw holds k times with all its rows is k entities, of which the first keeps its name.
    Where a draw is of rows, a row that it holds k times is k rows of one entity.
    """
    times = counts.astype(np.int64)
    drawn = panel.take(np.repeat(np.arange(panel.n_obs), times))
    if not _is_of_entities(panel, counts):
        return drawn
    names, n_labels = panel.entity.labels, len(panel.entity.labels)
    copy = np.arange(drawn.n_obs) - np.repeat(np.cumsum(times) - times, times)
    levels, codes = plugin.numbered(drawn.entity.codes + copy * n_labels)
    further = (names[level % n_labels] + "\0" * (level // n_labels) for level in levels.tolist())
    return replace(drawn, entity=plugin.Key(panel.entity.name, tuple(further), codes))


def level_rows(panel: Panel, counts: Floats) -> Panel:
    """Return the rows that tell the entity effects: those drawn, once, and all of entities left out."""
    once = np.minimum(counts, 1.0) if _is_of_entities(panel, counts) else counts
    is_left_out = np.bincount(panel.entity.codes, counts)[panel.entity.codes] == 0.0
    return panel.take(np.repeat(np.arange(panel.n_obs), np.where(is_left_out, 1.0, once).astype(np.int64)))


def _is_of_entities(panel: Panel, counts: Floats) -> bool:
    """Say whether all rows of an entity are drawn equally often."""
    entity = Grouping.of(panel.entity.codes).codes
    return np.array_equal(counts[np.unique(entity, return_index=True)[1]][entity], counts)


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = Absorber((Grouping.of(panel.entity.codes),))
    within = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity)
    fixed = {*within.constant, *within.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class EntityMeans(FurtherColumns):
    """Entity means of some columns; entities that are not among those known have the means of their rows.

    Attributes
    ----------
    columns : (n_means,), positions of the columns
    labels : (n_entities,), known entities
    means : (n_entities, n_means)
    """

    columns: Ints
    labels: tuple[str, ...]
    means: Floats

    @classmethod
    def of(cls, panel: Panel, columns: Ints) -> EntityMeans:
        """Return the means of a panel's entities."""
        entities = read_effect_set(panel, "entity")
        return cls(columns, entities.labels, entities.means(panel.X[:, columns]))

    def shifted(self, by: Floats) -> EntityMeans:
        """Return the means of columns that are larger by constants, (n_means,)."""
        return replace(self, means=self.means + by)

    def knowing(self, panel: Panel) -> EntityMeans:
        """Return means to which further entities, those of these rows, are known."""
        is_new = panel.entity.codes_among(self.labels) < 0
        if not is_new.any():
            return self
        new = EntityMeans.of(panel.take(np.flatnonzero(is_new)), self.columns)
        return replace(self, labels=(*self.labels, *new.labels), means=np.vstack([self.means, new.means]))

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the means of its entities as last controls."""
        known = self.knowing(panel)
        means = known.means[panel.entity.codes_among(known.labels)]
        names = [plugin.mean_term(panel.columns[at]) for at in self.columns.tolist()]
        return replace(panel, controls=(*panel.controls, *names), X=np.hstack([panel.X, means]))


@dataclass(frozen=True, eq=False)
class VarianceComponents:
    """Variances of the two parts of the error.

    Attributes
    ----------
    idiosyncratic : > 0, squared outcome units
    entity : >= 0, squared outcome units
    theta : (n_entities,), in [0, 1), the share of an entity's mean that is taken out of its rows,
        1 - sqrt(idiosyncratic / (idiosyncratic + T entity)) with T the entity's rows
    is_truncated : whether the variance of the entities was estimated below zero and set to zero
    """

    idiosyncratic: float
    entity: float
    theta: Floats
    is_truncated: bool


def variance_components(bare: Panel, entities: Grouping, *, largest: Floats) -> VarianceComponents:
    """Return the components of Swamy & Arora 1972 as Baltagi & Chang 1994 extend them to unbalanced panels.

    The idiosyncratic variance is that of the within regression. The variance of the entities is
    ``(RSS - (N - k) s2) / (n - tr)``, with RSS and k from the regression of entity means on a constant and
    the means of the columns, each entity weighted by its rows T, and tr the trace of
    ``(M'TM)^-1 M'T^2M``, M those columns. Regressions count the coefficients that they can estimate.

    Parameters
    ----------
    bare : rows without the levels of columns and outcome
    entities : of the rows
    largest : (n_columns + 1,), largest size of columns and outcome with their levels

    Raises
    ------
    EstimationError
        Where the outcome does not vary within entities, or either regression has no degrees of freedom left.
    """
    sizes, n_obs = entities.sizes, bare.n_obs
    within = fit_within(bare.X, bare.observed, np.ones(n_obs), Absorber((entities,)), largest=largest)
    df_within = n_obs - sizes.size - len(within.kept)
    means = entities.means(np.column_stack([bare.X, bare.observed]))
    between = fit_within(means[:, :-1], means[:, -1], sizes, Absorber.constant(sizes.size), largest=largest)
    df_between = sizes.size - 1 - len(between.kept)
    _refuse(within, df_within, df_between, sizes.size)
    idiosyncratic = float(within.residuals @ within.residuals) / df_within
    trace = float(sizes @ sizes) / n_obs + float(sizes @ np.sum(between.basis**2, axis=1))
    surplus = float(between.residuals @ between.residuals) - df_between * idiosyncratic
    variance = max(0.0, surplus / (n_obs - trace))
    theta = 1.0 - np.sqrt(idiosyncratic / (idiosyncratic + sizes * variance))
    return VarianceComponents(idiosyncratic, variance, theta, is_truncated=surplus < 0)


def _refuse(within: WithinFit, df_within: int, df_between: int, n_entities: int) -> None:
    if df_within <= 0:
        what = marked("no degrees of freedom within entities: the idiosyncratic variance is not identified")
        hint = marked("use entities with more rows, or pooled_ols")
    elif df_between <= 0:
        words = marked("{n_entities} entities are too few for a regression of their means on these columns")
        what = plugin.Coded(words, n_entities=n_entities)
        hint = marked("use more entities, fewer columns, or pooled_ols")
    elif within.is_outcome_constant or within.is_outcome_absorbed:
        what = marked("the outcome does not vary within entities: the idiosyncratic variance is zero")
        hint = marked("use rows in which the outcome varies over time, or between")
    else:
        return
    raise plugin.EstimationError(Problem(marked("random effects"), what, hint=hint))


@dataclass(frozen=True, eq=False)
class RandomEquation(Equation):
    """A weighted regression on a constant and quasi-demeaned columns.

    A row is its entity's mean plus its deviation times 1 / (1 - theta). With weights (1 - theta)^2 a
    regression on such columns and a constant is that of Fuller & Battese 1974 on columns less theta times
    their entity means, written so that a constant stays one.

    Attributes
    ----------
    bare : rows that are not quasi-demeaned, without their levels
    components : variances of the error and what they take out of entity means
    """

    bare: Panel
    components: VarianceComponents

    @classmethod
    def of(
        cls,
        bare: Panel,
        centring: Centring,
        means_of: Ints | None = None,
        *,
        components: Callable[..., VarianceComponents] = variance_components,
    ) -> RandomEquation:
        """Return the equation of rows without their levels.

        Parameters
        ----------
        means_of : (n_means,), positions of columns whose entity means are further controls, the last ones
        components : estimates the variances, called as `variance_components`

        Raises
        ------
        EstimationError
            Where the variances cannot be estimated.
        """
        if means_of is not None:
            bare, centring = EntityMeans.of(bare, means_of).expand(bare), centring.with_means(means_of)
        entities = Grouping.of(bare.entity.codes)
        estimated = components(bare, entities, largest=centring.largest)
        theta, values = estimated.theta[entities.codes], np.column_stack([bare.X, bare.observed])
        within = without_effects(Absorber((entities,)), values, np.ones(bare.n_obs))
        values += (theta / (1.0 - theta))[:, None] * within
        panel = replace(bare, X=values[:, :-1], observed=values[:, -1], derived=())
        return cls(panel, centring, Absorber.constant(panel.n_obs), (1.0 - theta) ** 2, bare, estimated)

    def random_model(self, fit: WithinFit, bare: Panel) -> plugin.AbsorbingModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw.

        Effects are best linear unbiased predictions (Goldberger 1962): the mean error of an entity of T rows,
        times ``T entity / (idiosyncratic + T entity)`` with the two variances.

        Parameters
        ----------
        bare : rows without their levels, whose entities have effects
        """
        model, entities = self.model(fit), read_effect_set(bare, "entity")
        errors = bare.observed - (model.intercepts[0] - self.centring.outcome) - bare.X @ fit.slopes
        variances = entities.sizes * self.components.entity
        shares: Floats = variances / (self.components.idiosyncratic + variances)
        effects = shares * entities.means(errors[:, None])[:, 0]
        return replace(model, effects=(plugin.AbsorbedEffects("entity", entities.labels, effects[None]),))


def random_equation(panel: Panel, means_of: Ints | None = None) -> RandomEquation:
    """Return the equation of a panel; `means_of` as of `RandomEquation.of`.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    return RandomEquation.of(*Centring.at_means(panel), means_of)
