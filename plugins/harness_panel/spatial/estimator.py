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
    AbsorbingModels,
    CoefficientTable,
    Correction,
    EstimationError,
    Floats,
    Message,
    Panel,
    Statistic,
    Stream,
    marked,
)
from harness_panel import statistics
from harness_panel.diagnostics.effects import Check, diagnostic_columns
from harness_panel.solver.regression import Dimension
from harness_panel.spatial.impacts import IMPACTS, Impacts, reduces_to_error, reduces_to_lag
from harness_panel.spatial.likelihood import MOST, DurbinEquation, DurbinEstimate, Likelihood
from harness_panel.spatial.network import LAG, Neighbours, Network

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

    outcome: AbsorbingModels
    neighbours: AbsorbingModels
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
        network, _, right = self._right(panel)
        solved = [network.solve(rho, own[:, None]) for rho, own in zip(self.rho.tolist(), right, strict=True)]
        return np.asarray(np.hstack(solved).T[:, : panel.n_obs])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        network, X, right = self._right(panel)
        weight = np.zeros((len(X), 1))
        weight[: panel.n_obs] = 1.0 / panel.n_obs
        lasting = [network.solve(rho, weight, transposed=True) for rho in self.rho.tolist()]
        shares = np.hstack(lasting).T
        means = np.sum(shares * right, axis=1)[:, None].repeat(len(points), axis=1)
        at = [panel.columns.index(name) for name in columns]
        is_moved = (np.arange(len(X)) < panel.n_obs).astype(np.float64)[:, None]
        slopes = self.outcome.slopes - self.rho[:, None] * self.neighbours.slopes
        for which, first in ((is_moved, 0), (network.lag(is_moved), len(panel.columns))):
            own = slopes[:, [first + position for position in at]]
            before = is_moved * X[:, at] if first == 0 else network.lag(is_moved * X[:, at])
            means += (shares @ which) * (own @ points.T) - np.sum((shares @ before) * own, axis=1)[:, None]
        return np.asarray(means)

    def _right(self, panel: Panel) -> tuple[Network, Floats, Floats]:
        """Return the network of the rows and of known rows of their periods, columns, and the right side."""
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
        return network, rows.X, right


@dataclass(frozen=True, eq=False, repr=False)
class SpatialDurbinFit(plugin.ShownFit):
    """A spatial Durbin panel.

    Attributes
    ----------
    panel : training rows
    estimate : of the equation
    near : which rows are neighbours
    normals : (n_draws, n_coef + 1), standard normal, of the draws
    """

    title: ClassVar[str] = marked("Spatial Durbin")

    panel: Panel
    estimate: DurbinEstimate
    near: Neighbours
    normals: Floats

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.panel.outcome

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys whose effects are absorbed."""
        return tuple(map(str, self.estimate.regression.effects))

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped."""
        return self.estimate.regression.notes

    @cached_property
    def model(self) -> SpatialModels:
        """What the estimate predicts; one draw."""
        return self._reduced(self.estimate.coefficients[None])

    @cached_property
    def draws(self) -> SpatialModels:
        """What draws of slopes and rho from their joint normal distribution predict."""
        values, vectors = np.linalg.eigh(self.estimate.covariance)
        half = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = self.estimate.coefficients + self.normals @ half.T
        drawn[:, -1] = np.clip(drawn[:, -1], -MOST, MOST)
        return self._reduced(drawn)

    def _reduced(self, coefficients: Floats) -> SpatialModels:
        equation, rho = self.estimate.equation, coefficients[:, -1]
        outcome, neighbours = equation.outcome, equation.neighbours
        slopes = np.zeros((len(rho), outcome.panel.X.shape[1]))
        slopes[:, outcome.within.kept] = coefficients[:, :-1]
        slopes += rho[:, None] * neighbours.within.slopes
        models = outcome.models(slopes, outcome.weights[:, None])
        return SpatialModels(models, neighbours.model(), rho, self.panel, self.near)

    def predict(self, panel: Panel) -> Floats:
        """Return predictions by the reduced form, (n_obs,), outcome units.

        Raises
        ------
        EstimationError
            Where an entity has no training row.
        """
        return np.asarray(self.model.predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        return np.asarray(self.model.profile(panel, columns, points)[0])

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their period is new."""
        return self.model.outcome.n_unseen(panel)

    @cached_property
    def table(self) -> CoefficientTable:
        """Coefficients; rho is that of the neighbours' mean outcome."""
        estimate, regression = self.estimate, self.estimate.regression
        kind = marked("information matrix, errors independent and of equal variance")
        n_coef, n_effects = regression.n_coef + 1, regression.n_effects
        df = regression.df_resid - 1
        correction = Correction(kind, regression.n_obs, n_coef, n_effects, (), 1.0, df)
        terms = (*regression.terms, f"{LAG}{self.panel.outcome}")
        return CoefficientTable(terms, estimate.coefficients, estimate.covariance, correction)

    def coefficients(self) -> CoefficientTable:
        """Return slopes of columns, of neighbours' columns, and rho, with their covariance."""
        return self.table

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the equation."""
        regression = self.estimate.regression
        r2 = statistics.squared_correlation(regression)
        periods = Statistic("n_weights", len(self.estimate.equation.network.groups), "matrices of weights")
        return (*statistics.equation_statistics(regression, rss=regression.rss, r2=r2), periods)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return impacts, statistics, and tests whether a smaller equation would do."""
        tested = self.estimate, self.table, self.panel.columns
        checks: dict[str, Check] = {
            "durbin_to_lag": partial(reduces_to_lag, *tested),
            "durbin_to_error": partial(reduces_to_error, *tested),
        }
        return {
            "impacts": self.impacts(),
            "statistics": plugin.statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(checks),
        }

    def impacts(self) -> Mapping[str, Sequence[object]]:
        """Return direct, indirect and total impacts of every regressor, as a tidy table by columns."""
        from scipy import stats

        impacts, df = Impacts(self.estimate), self.table.correction.df_resid
        half, rows = float(stats.t.ppf(0.5 + LEVEL / 2.0, df)), list[tuple[object, ...]]()
        for name in self.panel.columns:
            for impact, numbers in zip(IMPACTS, np.column_stack(impacts.of(name)).tolist(), strict=True):
                estimate, error, given = numbers
                p_value = float(2.0 * stats.t.sf(abs(estimate) / error, df)) if error else None
                limits = estimate - half * error, estimate + half * error
                rows.append((name, impact, estimate, error, *limits, p_value, given))
        names = ("variable", "impact", "estimate", "std_error", "conf_low", "conf_high", "p_value")
        return statistics.by_columns((*names, "std_error_given_rho"), rows)


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
        do; ``direct`` does not, and is
        biased by about one over the number of entities with effects of periods
    draws : of slopes and rho
    """

    name: ClassVar[str] = "spatial_durbin"
    known_as: ClassVar[tuple[str, ...]] = (
        *("sdm", "durbin", "spml", "xsmle", "spxtregress", "spatial_panel", "sar_panel"),
    )
    instead_of: ClassVar[Mapping[str, str]] = {
        "sar sem sac slx spatial_lag spatial_error spatial_autoregressive": (
            "take `spatial_durbin`: the spatial lag and the spatial error are special cases, which it tests"
        ),
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
        network = Network.of(panel, near)
        estimate = DurbinEquation.of(panel, network, self.effects, self.likelihood).estimate()
        size = self.draws, len(estimate.coefficients)
        normals = plugin.stream_or_seeded(rng).normal(size=size)
        return SpatialDurbinFit(panel, estimate, near, normals)
