"""Spatial Durbin panels with effects: y = rho W y + X b + W X t + effects + errors.

Our own, since spreg needs Python 3.12 and libpysal, which needs geopandas, and its panels are balanced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, CoefficientTable, EstimationError, Floats, Ints, Panel, Stream, marked
from harness_panel import statistics
from harness_panel.diagnostics.effects import Check, Diagnostic, details_of, wald, weight_matrix
from harness_panel.solver.regression import Dimension, Regression, regress, require_each_once
from harness_panel.solver.within import without_effects

# Names of the lagged columns, and of the lagged outcome, whose coefficient is rho.
LAG = "W × "

# A matrix of so many entities is inverted in some seconds, a dozen times a fit.
MOST_ENTITIES = 3_000


@dataclass(frozen=True)
class Neighbours:
    """Which rows of a period are neighbours; without options those that the panel knows.

    Attributes
    ----------
    nearest : how many of the nearest rows at most; None without such a limit
    within_km : > 0, how far they may be; None without such a limit
    """

    nearest: int | None = None
    within_km: float | None = None

    def matrices(self, panel: Panel) -> Iterator[tuple[Ints, Floats]]:
        """Yield the rows of each period, sorted by entity, and their weights, (n, n).

        Raises
        ------
        EstimationError
            Where nothing tells neighbours, an entity has two rows in a period, or there are too many.
        """
        if panel.n_entities > MOST_ENTITIES:
            words = marked("there are {n_entities} entities; weights are formed for up to {most}")
            raise EstimationError.at(
                "entities", Coded(words, n_entities=panel.n_entities, most=MOST_ENTITIES)
            )
        by_distance = self.nearest is not None or self.within_km is not None
        links = None if by_distance else panel.links()
        known = None if links is None else weight_matrix(links, panel.n_obs)
        if known is None and panel.coordinates is None:
            what = marked("nothing says which entities are neighbours")
            hint = marked(
                "name the columns of coordinates as roles.latitude and roles.longitude, or a file of pairs "
                "as data.contiguity"
            )
            raise EstimationError.at("neighbours", what, hint=hint)
        for period in plugin.rows_by_period(panel.period):
            rows = period[np.argsort(panel.entity.codes[period], kind="stable")]
            if np.any(np.diff(panel.entity.codes[rows]) == 0):
                raise EstimationError.at("rows", marked("an entity has two rows in one period"))
            yield rows, self._by_distance(panel, rows) if known is None else known[rows][:, rows].toarray()

    def _by_distance(self, panel: Panel, rows: Ints) -> Floats:
        assert panel.coordinates is not None  # noqa: S101 - refused by `matrices`
        distance = plugin.great_circle_km(panel.coordinates[rows], panel.coordinates[rows])
        np.fill_diagonal(distance, np.inf)
        rank = np.argsort(np.argsort(distance, axis=1, kind="stable"), axis=1)
        is_near = rank < min(self.nearest or rows.size, rows.size - 1)
        is_near &= distance <= (self.within_km or np.inf)
        counts = is_near.sum(axis=1, keepdims=True)
        return np.asarray(is_near / np.maximum(counts, 1))


@dataclass(frozen=True, eq=False)
class SpatialWeights:
    """The weights of neighbours by period, equal matrices once.

    Attributes
    ----------
    groups : (n, n) weights, and the rows, (n_periods, n), of the periods that have them
    """

    groups: tuple[tuple[Floats, Ints], ...]

    @classmethod
    def of(cls, panel: Panel, neighbours: Neighbours) -> SpatialWeights:
        """Return the weights of a panel's periods.

        Raises
        ------
        EstimationError
            As by `Neighbours.matrices`.
        """
        found: dict[bytes, tuple[Floats, list[Ints]]] = {}
        for rows, matrix in neighbours.matrices(panel):
            found.setdefault(matrix.tobytes(), (matrix, []))[1].append(rows)
        return cls(tuple((matrix, np.stack(rows)) for matrix, rows in found.values()))

    def lag(self, values: Floats) -> Floats:
        """Return the neighbours' means of columns, (n_obs, n); zero without neighbours."""
        lagged = np.zeros_like(values)
        for matrix, rows in self.groups:
            lagged[rows] = matrix @ values[rows]
        return lagged

    def solve(self, rho: float, values: Floats, *, transposed: bool = False) -> Floats:
        """Return (I - rho W)^-1 values, (n_obs, n), or that of the transposed matrix."""
        solved = np.empty_like(values)
        for matrix, rows in self.groups:
            own = matrix.T if transposed else matrix
            solved[rows] = np.linalg.solve(np.eye(len(own)) - rho * own, values[rows])
        return solved

    def with_lags(self, panel: Panel) -> Panel:
        """Return the panel with the neighbours' mean of every column among its controls."""
        names = tuple(f"{LAG}{name}" for name in panel.columns)
        X = np.column_stack([panel.X, self.lag(panel.X)])
        return replace(panel, controls=(*panel.controls, *names), X=X, derived=())


# What the effects cost: ``adjusted`` counts what they take of the score, ``direct`` leaves it in.
Likelihood = Literal["adjusted", "direct"]

# Largest size of rho that is looked for; the matrix is singular at one.
MOST = 0.9999


@dataclass(frozen=True, eq=False)
class DurbinEquation:
    """Outcome and neighbours' outcome regressed on columns, neighbours' columns and effects.

    Attributes
    ----------
    spatial_weights : weights of neighbours
    panel : rows with neighbours' columns
    outcome, neighbours : regressions of the outcome and of the neighbours' mean outcome
    free : (n, n) for each group of weights, the sum over its periods of the blocks of the projection
        that takes effects out; only identities where the likelihood is direct
    df : rows less independent effects; rows where it is direct
    """

    spatial_weights: SpatialWeights
    panel: Panel
    outcome: Regression
    neighbours: Regression
    free: tuple[Floats, ...]
    df: int

    @classmethod
    def of(
        cls,
        panel: Panel,
        spatial_weights: SpatialWeights,
        effects: tuple[Dimension, ...],
        likelihood: Likelihood,
    ) -> Self:
        """Return the equation of a panel.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        extended = spatial_weights.with_lags(panel)
        outcome = regress(extended, effects)
        lagged = replace(extended, observed=spatial_weights.lag(panel.observed[:, None])[:, 0])
        neighbours = regress(lagged, effects)
        if likelihood == "direct":
            free = tuple(len(rows) * np.eye(len(matrix)) for matrix, rows in spatial_weights.groups)
            return cls(spatial_weights, extended, outcome, neighbours, free, panel.n_obs)
        free = tuple(free_blocks(outcome, rows) for _, rows in spatial_weights.groups)
        return cls(spatial_weights, extended, outcome, neighbours, free, panel.n_obs - outcome.n_effects)

    def estimate(self) -> DurbinEstimate:
        """Return the estimate where the score of rho is zero (Lee & Yu 2010, on any panel).

        With effects, the expected score of direct maximum likelihood is not zero at the true rho: of
        ``tr G``, ``G = W (I - rho W)^-1``, only ``tr M G`` is left once M takes effects out. With weights
        that do not change and all entities in all periods this is their transformation approach.

        Raises
        ------
        EstimationError
            Where the score has no zero between -1 and 1.
        """
        from scipy.optimize import brentq

        own, other = self.outcome.within.residuals, self.neighbours.within.residuals

        def score(rho: float) -> float:
            left = own - rho * other
            return self.df * float(left @ other) / float(left @ left) - self.traces(rho)[0]

        if not score(-MOST) > 0.0 > score(MOST):
            what = marked("the likelihood has no maximum for a spatial coefficient between -1 and 1")
            raise EstimationError.at("rho", what, hint=marked("take fewer neighbours, or more rows"))
        rho = float(brentq(score, -MOST, MOST, xtol=1e-13, rtol=1e-14))
        filtered = self.outcome.panel.observed - rho * self.neighbours.panel.observed
        regression = regress(replace(self.panel, observed=filtered), self.outcome.effects)
        return DurbinEstimate(self, rho, regression)

    def traces(self, rho: float) -> tuple[float, float]:
        """Return tr M G, and tr M G G + tr M G G', of all periods."""
        first = second = 0.0
        for (matrix, _), free in zip(self.spatial_weights.groups, self.free, strict=True):
            spread = np.linalg.solve((np.eye(len(matrix)) - rho * matrix).T, matrix.T).T
            first += float(np.sum(free * spread.T))
            second += float(np.sum(free * (spread @ (spread + spread.T)).T))
        return first, second


def free_blocks(regression: Regression, rows: Ints) -> Floats:
    """Return the sum over periods of what the projection that takes effects out is within each, (n, n).

    Parameters
    ----------
    rows : (n_periods, n), of the periods
    """
    starts = np.cumsum([0, *(own.n_levels for own in regression.sets)])
    codes = np.stack([start + own.codes for start, own in zip(starts, regression.sets, strict=False)])
    counts = np.zeros((starts[-1], starts[-1]))
    np.add.at(counts, (codes[:, None], codes[None]), 1.0)
    inverse = np.linalg.pinv(counts, hermitian=True)
    total = len(rows) * np.eye(rows.shape[1])
    for own in np.moveaxis(codes[:, rows], 1, 0):
        total -= inverse[own[:, None, :, None], own[None, :, None, :]].sum(axis=(0, 1))
    return total


@dataclass(frozen=True, eq=False)
class DurbinEstimate:
    """The estimated equation.

    Attributes
    ----------
    equation : that was estimated
    rho : coefficient of the neighbours' mean outcome, in (-1, 1)
    regression : of the outcome less rho times the neighbours' mean
    """

    equation: DurbinEquation
    rho: float
    regression: Regression

    @property
    def coefficients(self) -> Floats:
        """Slopes of the kept columns and, last, rho."""
        return np.append(self.regression.estimate, self.rho)

    @property
    def variance(self) -> float:
        """Variance of the errors."""
        return self.regression.rss / self.equation.df

    @cached_property
    def given_rho(self) -> Floats:
        """Covariance of the slopes if rho were known, (n_coef, n_coef)."""
        turn = self.regression.to_coefficients
        return np.asarray(self.variance * turn @ turn.T)

    @cached_property
    def covariance(self) -> Floats:
        """Inverse information of slopes and rho, (n_coef + 1, n_coef + 1); errors independent and alike."""
        equation, regression = self.equation, self.regression
        fitted = regression.panel.observed - regression.within.residuals
        spread = equation.spatial_weights.lag(equation.spatial_weights.solve(self.rho, fitted[:, None]))
        moved = without_effects(regression.absorber, spread, regression.weights)[:, 0]
        along = regression.basis.T @ moved
        first, second = equation.traces(self.rho)
        beyond = float(moved @ moved) - float(along @ along)
        of_rho = 1.0 / (beyond / self.variance + second - 2.0 * first**2 / equation.df)
        turn = np.append(-regression.to_coefficients @ along, 1.0)
        matrix = of_rho * np.outer(turn, turn)
        matrix[:-1, :-1] += self.given_rho
        return matrix

    def slopes_of(self, name: str) -> Floats:
        """Return what picks a column's slope and that of its neighbours' mean, (2, n_coef + 1).

        A row is zero where the column was dropped.
        """
        terms = [*self.regression.terms, ""]
        return np.array([[float(term == wanted) for term in terms] for wanted in (name, f"{LAG}{name}")])


IMPACTS = ("direct", "indirect", "total")


@dataclass(frozen=True, eq=False)
class Impacts:
    """Mean derivatives of the outcome by a regressor (LeSage & Pace 2009, section 2.7).

    Direct is by the row's own value, total by those of all rows of a period, indirect the difference. Errors
    are by the delta method, of slopes and rho together, by the exact derivatives.
    """

    estimate: DurbinEstimate

    @cached_property
    def _means(self) -> Floats:
        """Mean diagonal, and mean row sum less it, of S, G, GS and GG, (2, 4), over all rows.

        S is (I - rho W)^-1, G is WS; GS and GG are their derivatives by rho.
        """
        sums = np.zeros((2, 4))
        for matrix, rows in self.estimate.equation.spatial_weights.groups:
            inverse = np.linalg.inv(np.eye(len(matrix)) - self.estimate.rho * matrix)
            spread = matrix @ inverse
            found = (inverse, spread, spread @ inverse, spread @ spread)
            own = np.array([np.trace(one) for one in found])
            sums += len(rows) * np.array([own, [one.sum() for one in found] - own])
        return np.asarray(sums / self.estimate.regression.n_obs)

    def of(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Return a regressor's impacts, their standard errors, and those if rho were known, (3,) each."""
        estimate, picks = self.estimate, self.estimate.slopes_of(name)
        means = np.vstack([self._means, self._means.sum(axis=0)])
        level, gradient = means[:, :2] @ picks, means[:, :2] @ picks
        gradient[:, -1] = means[:, 2:] @ picks @ estimate.coefficients
        errors = _errors(gradient, estimate.covariance), _errors(level[:, :-1], estimate.given_rho)
        return level @ estimate.coefficients, *errors


def _errors(gradient: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient)))


NULLS = {
    "durbin_to_lag": marked("the neighbours' regressors have no slopes: a spatial lag is enough"),
    "durbin_to_error": marked("the neighbours' regressors act only through spatially correlated errors"),
}


def reductions(
    estimate: DurbinEstimate, table: CoefficientTable, names: tuple[str, ...]
) -> Mapping[str, Check]:
    """Return the tests, not computed, of the spatial lag and of the spatial error, as special cases.

    With a lag neighbours' regressors have no slopes; with spatial errors -rho times those of one's own.
    """
    own, near = np.stack([estimate.slopes_of(name) for name in names], axis=1)
    slope = own @ estimate.coefficients
    common = near + estimate.rho * own
    gradient = common + slope[:, None] * (np.arange(len(table.terms)) == len(table.terms) - 1)
    rows = {"durbin_to_lag": (near, near), "durbin_to_error": (common, gradient)}
    return {name: partial(_tested, name, *found, table) for name, found in rows.items()}


def _tested(name: str, picks: Floats, gradient: Floats, table: CoefficientTable) -> Diagnostic:
    """Return the Wald test that some combinations of coefficients, (n, n_coef), are zero."""
    kept = np.abs(picks).max(axis=1) > 0.0
    picks, gradient = picks[kept], gradient[kept]
    covariance = gradient @ table.covariance @ gradient.T
    combined = replace(table, estimate=picks @ table.estimate, covariance=covariance)
    source = "Wald test, delta method; LeSage & Pace 2009, section 6.1; Elhorst 2014, section 2.3"
    statistic = wald(combined, range(len(picks)))
    return Diagnostic(name, NULLS[name], statistic, "chi2", (len(picks),), source)


# Confidence level of the intervals of impacts.
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class SpatialModels:
    """What spatial Durbin equations predict, one a draw: (I - rho W)^-1 (X b + W X t + effects).

    Attributes
    ----------
    outcome, neighbours : models of the outcome, one a draw, and of the neighbours' mean outcome, one in all;
        their difference, rho times the latter, is the right side
    rho : (n_draws,), in (-1, 1)
    known : the training rows
    near : which rows are neighbours
    """

    outcome: plugin.AbsorbingModels
    neighbours: plugin.AbsorbingModels
    rho: Floats
    known: Panel
    near: Neighbours

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units.

        Neighbours that are not among the rows have the regressors of the training rows of the same period,
        or in a period that is new are left out of the weights.

        Raises
        ------
        EstimationError
            Where an entity has no training row.
        """
        spatial_weights, right = self._right(panel)
        solved = [
            spatial_weights.solve(rho, own[:, None])
            for rho, own in zip(self.rho.tolist(), right, strict=True)
        ]
        return np.asarray(np.hstack(solved).T[:, : panel.n_obs])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        spatial_weights, right = self._right(panel)
        weight = (np.arange(right.shape[1]) < panel.n_obs)[:, None] / panel.n_obs
        shares = np.hstack(
            [spatial_weights.solve(rho, weight, transposed=True) for rho in self.rho.tolist()]
        ).T
        # Means are linear in the values: found at the first point, and at one unit more of each column.
        corners = points[0] + np.vstack([np.zeros(len(columns)), np.eye(len(columns))])
        moved = [panel.with_columns(dict(zip(columns, corner, strict=True))) for corner in corners.tolist()]
        means = np.stack([np.sum(shares * self._right(rows)[1], axis=1) for rows in moved], axis=1)
        return np.asarray(means[:, :1] + (means[:, 1:] - means[:, :1]) @ (points - points[0]).T)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their period is new."""
        return self.outcome.n_unseen(panel)

    def _right(self, panel: Panel) -> tuple[SpatialWeights, Floats]:
        """Return the spatial weights of the rows and of known rows of their periods, and the right side."""
        labels = self.known.entity.without_absent().labels
        entity = panel.entity.codes_among(labels)
        if np.any(entity < 0):
            new = panel.entity.labels[panel.entity.codes[int(np.argmin(entity))]]
            what = Coded("{entity} has no training row, so that its effect is not known", entity=repr(new))
            hint = marked("evaluate it on later periods of known entities, as by the protocol forward")
            raise EstimationError.at("entities", what, hint=hint)
        place = panel.period * len(labels) + entity
        known = self.known.period * len(labels) + self.known.entity.codes_among(labels)
        absent = np.isin(self.known.period, panel.period) & ~np.isin(known, place)
        rows = panel.joined(self.known.take(np.flatnonzero(absent)))
        spatial_weights = SpatialWeights.of(rows, self.near)
        extended = spatial_weights.with_lags(rows)
        right = self.outcome.predict(extended) - self.rho[:, None] * self.neighbours.predict(extended)
        return spatial_weights, right


@dataclass(frozen=True, eq=False, repr=False)
class SpatialDurbinFit(statistics.LevelledFit):
    """A spatial Durbin panel.

    Attributes
    ----------
    regression : of the outcome less rho times the neighbours' mean
    model : predicts; one draw
    estimate : of the equation
    normals : (n_draws, n_coef + 1), standard normal, of the draws
    """

    title: ClassVar[str] = marked("Spatial Durbin")

    regression: Regression
    model: SpatialModels
    estimate: DurbinEstimate
    normals: Floats

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped."""
        return self.regression.notes

    @cached_property
    def draws(self) -> SpatialModels:
        """What draws of slopes and rho from their joint normal distribution predict."""
        values, vectors = np.linalg.eigh(self.estimate.covariance)
        half = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = self.estimate.coefficients + self.normals @ half.T
        drawn[:, -1] = np.clip(drawn[:, -1], -MOST, MOST)
        return models_of(self.estimate, drawn, self.model.known, self.model.near)

    def coefficients(self) -> CoefficientTable:
        """Return slopes of columns, of neighbours' columns, and of the neighbours' mean outcome, rho."""
        estimate, regression = self.estimate, self.regression
        kind = marked("information matrix, errors independent and of equal variance")
        counts = regression.n_obs, regression.n_coef + 1, regression.n_effects
        correction = plugin.Correction(kind, *counts, (), 1.0, regression.df_resid - 1)
        terms = (*regression.terms, f"{LAG}{self.outcome}")
        return CoefficientTable(terms, estimate.coefficients, estimate.covariance, correction)

    def statistics(self) -> Sequence[plugin.Statistic]:
        """Return what describes the equation."""
        r2 = statistics.squared_correlation(self.regression)
        return (*statistics.equation_statistics(self.regression, rss=self.regression.rss, r2=r2),)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return impacts, statistics, and tests whether a smaller equation would do."""
        tests = reductions(self.estimate, self.coefficients(), self.model.known.columns)
        return {"impacts": self.impacts(), **details_of(self.statistics(), tests)}

    def impacts(self) -> Mapping[str, Sequence[object]]:
        """Return direct, indirect and total impacts of every regressor, as a tidy table by columns."""
        from scipy import stats

        impacts, df = Impacts(self.estimate), self.regression.df_resid - 1
        half, rows = float(stats.t.ppf(0.5 + LEVEL / 2.0, df)), list[tuple[object, ...]]()
        for name in self.model.known.columns:
            for impact, numbers in zip(IMPACTS, np.column_stack(impacts.of(name)).tolist(), strict=True):
                estimate, error, given = numbers
                p_value = float(2.0 * stats.t.sf(abs(estimate) / error, df)) if error else None
                limits = estimate - half * error, estimate + half * error
                decision = plugin.decide(estimate, *limits, by="interval")
                rows.append((name, impact, estimate, error, *limits, p_value, given, df, decision))
        names = ("variable", "impact", "estimate", "std_error", "conf_low", "conf_high", "p_value")
        return statistics.by_columns((*names, "std_error_given_rho", "df", "decision"), rows)


def models_of(
    estimate: DurbinEstimate, coefficients: Floats, known: Panel, near: Neighbours
) -> SpatialModels:
    """Return what slopes and rho predict, (n_draws, n_coef + 1), with the effects that fit best."""
    outcome, neighbours = estimate.equation.outcome, estimate.equation.neighbours
    rho = coefficients[:, -1]
    slopes = rho[:, None] * neighbours.within.slopes
    slopes[:, outcome.within.kept] += coefficients[:, :-1]
    models = outcome.models(slopes, outcome.weights[:, None])
    return SpatialModels(models, neighbours.model(), rho, known, near)


@plugin.checks_options
@dataclass(frozen=True)
class SpatialDurbin:
    """Outcome on regressors, the neighbours' outcome and their regressors, and effects (LeSage & Pace 2009).

    Neighbours are those of ``data.contiguity``, or else the five nearest of the period by
    ``roles.latitude`` and ``roles.longitude``; weights of a row sum to one. Errors are independent and of
    equal variance. Predictions are those of the reduced form, with the effects of the training rows; an
    entity without a training row is refused. Draws, of which bands of curves are made, are of slopes and rho
    from their joint normal distribution.

    Attributes
    ----------
    nearest : how many of the nearest rows of a period are neighbours, instead of those of the data
    within_km : how far neighbours may be, great-circle distance; together with `nearest` both count
    effects : keys whose levels have effects
    likelihood : ``adjusted`` corrects the score of the spatial coefficient for the effects, as Lee & Yu 2010
        do; ``direct`` does not, and with effects of periods is biased by about one over the entities
    draws : of slopes and rho
    """

    name: ClassVar[str] = "spatial_durbin"
    linear_model: ClassVar[plugin.LinearModel | None] = "spatial"
    identifies: ClassVar[plugin.Identified] = "spatial_impacts"
    known_as: ClassVar[tuple[str, ...]] = ("sdm", "durbin", "spml", "xsmle", "spxtregress", "spatial_panel")
    instead_of: ClassVar[Mapping[str, str]] = {
        "sar sem sac slx spatial_lag spatial_error spatial_autoregressive": (
            "take `spatial_durbin`: the spatial lag and the spatial error are special cases, which it tests"
        )
    }
    provides: ClassVar[frozenset[type]] = statistics.REPORTED | {
        plugin.CanRunQuick,
        plugin.HasDraws,
        plugin.HasEffects,
    }

    nearest: Annotated[int, Field(ge=1, le=1000)] | None = None
    within_km: Annotated[float, Field(gt=0)] | None = None
    effects: Annotated[tuple[Dimension, ...], Field(min_length=1)] = ("entity", "time")
    likelihood: Likelihood = "adjusted"
    draws: Annotated[int, Field(ge=2, le=100_000)] = 200

    def __post_init__(self) -> None:
        require_each_once(self.effects, least=1)

    def quick(self) -> Self:
        """Return a copy with at most 40 draws."""
        return replace(self, draws=min(self.draws, 40))

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> SpatialDurbinFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where nothing tells neighbours, an entity has two rows in a period, rows cannot tell the
            exposure's effect, or the likelihood has no maximum.
        """
        near = Neighbours(self.nearest, self.within_km)
        equation = DurbinEquation.of(panel, SpatialWeights.of(panel, near), self.effects, self.likelihood)
        estimate = equation.estimate()
        model = models_of(estimate, estimate.coefficients[None], panel, near)
        normals = plugin.stream_or_seeded(rng).normal(size=(self.draws, len(estimate.coefficients)))
        return SpatialDurbinFit(estimate.regression, model, estimate, normals)
