"""Spatial Durbin panels with effects of entities and periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import (
    CoefficientTable,
    EstimationError,
    Floats,
    Message,
    Panel,
    Statistic,
    Stream,
    marked,
)
from harness_panel import statistics
from harness_panel.diagnostics.effects import Check, Diagnostic, diagnostic_columns, wald
from harness_panel.solver.regression import Dimension, Regression
from harness_panel.spatial.likelihood import MOST, DurbinEquation, DurbinEstimate, Likelihood
from harness_panel.spatial.network import LAG, Neighbours, Network

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
        for matrix, rows in self.estimate.equation.network.groups:
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
        network, right = self._right(panel)
        solved = [network.solve(rho, own[:, None]) for rho, own in zip(self.rho.tolist(), right, strict=True)]
        return np.asarray(np.hstack(solved).T[:, : panel.n_obs])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        network, right = self._right(panel)
        weight = (np.arange(right.shape[1]) < panel.n_obs)[:, None] / panel.n_obs
        shares = np.hstack([network.solve(rho, weight, transposed=True) for rho in self.rho.tolist()]).T
        # Means are linear in the values: found at the first point, and at one unit more of each column.
        corners = points[0] + np.vstack([np.zeros(len(columns)), np.eye(len(columns))])
        moved = [panel.with_columns(dict(zip(columns, corner, strict=True))) for corner in corners.tolist()]
        means = np.stack([np.sum(shares * self._right(rows)[1], axis=1) for rows in moved], axis=1)
        return np.asarray(means[:, :1] + (means[:, 1:] - means[:, :1]) @ (points - points[0]).T)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their period is new."""
        return self.outcome.n_unseen(panel)

    def _right(self, panel: Panel) -> tuple[Network, Floats]:
        """Return the network of the rows and of known rows of their periods, and the right side."""
        labels = self.known.entity.without_absent().labels
        entity = panel.entity.codes_among(labels)
        if np.any(entity < 0):
            new = panel.entity.labels[panel.entity.codes[int(np.argmin(entity))]]
            what = Message("{entity} has no training row, so that its effect is not known", entity=repr(new))
            hint = marked("evaluate it on later periods of known entities, as by the protocol forward")
            raise EstimationError.at("entities", what, hint=hint)
        place = panel.period * len(labels) + entity
        known = self.known.period * len(labels) + self.known.entity.codes_among(labels)
        absent = np.isin(self.known.period, panel.period) & ~np.isin(known, place)
        rows = panel.joined(self.known.take(np.flatnonzero(absent)))
        network = Network.of(rows, self.near)
        extended = network.with_lags(rows)
        right = self.outcome.predict(extended) - self.rho[:, None] * self.neighbours.predict(extended)
        return network, right


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

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the equation."""
        r2 = statistics.squared_correlation(self.regression)
        return (*statistics.equation_statistics(self.regression, rss=self.regression.rss, r2=r2),)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return impacts, statistics, and tests whether a smaller equation would do."""
        tests = reductions(self.estimate, self.coefficients(), self.model.known.columns)
        return {
            "impacts": self.impacts(),
            "statistics": plugin.statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(tests),
        }

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
                rows.append((name, impact, estimate, error, *limits, p_value, given))
        names = ("variable", "impact", "estimate", "std_error", "conf_low", "conf_high", "p_value")
        return statistics.by_columns((*names, "std_error_given_rho"), rows)


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
    known_as: ClassVar[tuple[str, ...]] = ("sdm", "durbin", "spml", "xsmle", "spxtregress", "spatial_panel")
    instead_of: ClassVar[Mapping[str, str]] = {
        "sar sem sac slx spatial_lag spatial_error spatial_autoregressive": (
            "take `spatial_durbin`: the spatial lag and the spatial error are special cases, which it tests"
        )
    }
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanProfile, plugin.CanRunQuick, plugin.HasCoefficients, plugin.HasDetails),
            *(plugin.HasDraws, plugin.HasEffects, plugin.HasNotes),
        }
    )

    nearest: Annotated[int, Field(ge=1, le=1000)] | None = None
    within_km: Annotated[float, Field(gt=0)] | None = None
    effects: Annotated[tuple[Dimension, ...], Field(min_length=1)] = ("entity", "time")
    likelihood: Likelihood = "adjusted"
    draws: Annotated[int, Field(ge=2, le=100_000)] = 200

    def __post_init__(self) -> None:
        object.__setattr__(self, "effects", tuple(self.effects))  # a script gives lists
        if not 1 <= len(set(self.effects)) == len(self.effects):
            message = f"effects: entity, time or both, each once; found {list(self.effects)}"
            raise ValueError(message)

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
        equation = DurbinEquation.of(panel, Network.of(panel, near), self.effects, self.likelihood)
        estimate = equation.estimate()
        model = models_of(estimate, estimate.coefficients[None], panel, near)
        normals = plugin.stream_or_seeded(rng).normal(size=(self.draws, len(estimate.coefficients)))
        return SpatialDurbinFit(estimate.regression, model, estimate, normals)
