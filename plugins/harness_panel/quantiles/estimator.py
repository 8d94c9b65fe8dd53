"""Quantile regression with fixed effects, by moments (Machado & Santos Silva 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness import plugin
from harness_panel import statistics
from harness_panel.diagnostics.effects import Diagnostic, details_of, wald
from harness_panel.solver.regression import Dimension, Regression, regress, require_each_once

# Confidence level of the intervals by quantile.
LEVEL = 0.95

# Distance of two standardised residuals, as a share of them, up to which they are rounding errors apart.
ALIKE = 1e-9

# A probability strictly between 0 and 1.
Probability = Annotated[float, Field(gt=0.0, lt=1.0)]


@dataclass(frozen=True, eq=False)
class LocationScale:
    """Outcome = location + scale x error, both linear in the regressors, with effects of levels.

    Attributes
    ----------
    location, scale : regressions of the outcome, and of the absolute residuals of the former
    """

    location: Regression
    scale: Regression

    @classmethod
    def of(cls, panel: plugin.Panel, effects: tuple[Dimension, ...]) -> LocationScale:
        """Return both regressions.

        Raises
        ------
        EstimationError
            Where rows cannot tell the exposure's effect, or nothing spreads.
        """
        location = regress(panel, effects)
        name = f"absolute residuals of {panel.outcome}"
        spread = replace(panel, outcome=name, observed=np.abs(location.within.residuals))
        return cls(location, regress(spread, effects))

    @cached_property
    def fitted_scale(self) -> plugin.Floats:
        """Fitted scale of each row, (n_obs,), outcome units."""
        return np.asarray(self.scale.panel.observed - self.scale.within.residuals)

    @cached_property
    def _ordered(self) -> tuple[plugin.Floats, plugin.Floats]:
        """Residuals over their scale, ascending, and sums of the scale's size up to each; (n_obs,) both."""
        scale = self.fitted_scale
        residuals = self.location.within.residuals
        standard = np.divide(residuals, scale, out=np.zeros_like(scale), where=scale != 0.0)
        order = np.argsort(standard)
        return standard[order], np.cumsum(np.abs(scale)[order])

    def quantile(self, probability: float) -> float:
        """Return the quantile of the error: where the check loss of residuals less its scale is least."""
        scale, (standard, sums) = self.fitted_scale, self._ordered
        wanted = np.sum(np.abs(scale) * np.where(scale > 0.0, probability, 1.0 - probability))
        at = int(np.searchsorted(sums, wanted * (1.0 - np.finfo(float).eps)))
        return float(standard[min(at, standard.size - 1)])

    def slopes(self, probability: float) -> plugin.Floats:
        """Return the slopes of a quantile, (n_coef,)."""
        return np.asarray(self.location.estimate + self.quantile(probability) * self.scale.estimate)

    def model(self, probability: float) -> plugin.AbsorbingModels:
        """Return what predicts a quantile, as one draw."""
        at, location, scale = self.quantile(probability), self.location.model(), self.scale.model()
        effects = tuple(
            replace(own, deviations=own.deviations + at * spread.deviations)
            for own, spread in zip(location.effects, scale.effects, strict=True)
        )
        return replace(
            location,
            slopes=location.slopes + at * scale.slopes,
            intercepts=location.intercepts + at * scale.intercepts,
            effects=effects,
        )

    def influences(self, probabilities: Sequence[float]) -> tuple[plugin.Floats, plugin.Floats]:
        """Return what each row adds to the slopes of quantiles, and to those of the scale.

        They are (n_obs, n_quantiles, n_coef) and (n_obs, n_coef); theorem 3 of the paper.
        """
        regression, scale = self.location, self.fitted_scale
        rows = regression.basis @ regression.to_coefficients.T
        residuals = regression.within.residuals
        share = float(np.mean(residuals >= 0.0))
        spread = 2.0 * residuals * ((residuals >= 0.0) - share) - scale
        moved = []
        for probability in probabilities:
            at = self.quantile(probability)
            check = scale * (probability - (residuals <= at * scale)) / self._density(probability)
            shift = (check - residuals - at * spread) / scale.sum()
            moved.append(rows * (residuals + at * spread)[:, None] + shift[:, None] * self.scale.estimate)
        return np.stack(moved, axis=1), rows * spread[:, None]

    def _density(self, probability: float) -> float:
        """Return the density of the error at a quantile: a difference quotient (Hall & Sheather 1988)."""
        from scipy import stats

        normal = float(stats.norm.ppf(probability))
        curvature = 1.5 * stats.norm.pdf(normal) ** 2 / (2.0 * normal**2 + 1.0)
        width = self.location.n_obs ** (-1.0 / 3.0) * stats.norm.ppf(0.975) ** (2.0 / 3.0)
        half = min(float(width * curvature ** (1.0 / 3.0)), probability / 2.0, (1.0 - probability) / 2.0)
        high, low = self.quantile(probability + half), self.quantile(probability - half)
        if high - low <= ALIKE * max(abs(high), abs(low)):
            what = plugin.Coded(
                "residuals are alike around the quantile {quantile}", quantile=f"{probability:g}"
            )
            hint = plugin.marked("ask for another quantile: this outcome is not continuous there")
            raise plugin.EstimationError.at("quantiles", what, hint=hint)
        return 2.0 * half / (high - low)


@dataclass(frozen=True, eq=False, repr=False)
class QuantileFit(statistics.LevelledFit):
    """Quantiles of an outcome.

    Attributes
    ----------
    options : how
    equations : location and scale
    regression : the location's
    model : predicts the quantile `predicted`; one draw
    slopes : (n_quantiles, n_coef)
    covariance : (n_quantiles * n_coef, n_quantiles * n_coef), clustered by entity
    scale_covariance : (n_coef, n_coef), of the scale's slopes
    """

    title: ClassVar[str] = plugin.marked("Quantile regression")

    options: QuantileEffects
    equations: LocationScale
    regression: Regression
    model: plugin.AbsorbingModels
    slopes: plugin.Floats
    covariance: plugin.Floats
    scale_covariance: plugin.Floats

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped, and rows whose fitted scale is negative."""
        n_negative = int(np.sum(self.equations.fitted_scale <= 0.0))
        if not n_negative:
            return self.regression.notes
        words = plugin.marked(
            "The fitted scale of {n} of {n_obs} rows is not positive: quantiles may cross. Transform skewed "
            "regressors, or drop some."
        )
        message = plugin.Coded(words, n=n_negative, n_obs=self.regression.n_obs)
        return (*self.regression.notes, plugin.Note("W-SCALE", self.outcome, message))

    def coefficients(self) -> plugin.CoefficientTable:
        """Return the slopes of the quantile that is predicted, clustered by entity."""
        return self._table(self.options.quantiles.index(self.options.predicted))

    def statistics(self) -> Sequence[plugin.Statistic]:
        """Return what describes the equation of the location."""
        r2 = statistics.squared_correlation(self.regression)
        return (*statistics.equation_statistics(self.regression, rss=self.regression.rss, r2=r2),)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return slopes by quantile, statistics, and a test that slopes are the same at all quantiles."""
        checks = {"equal_slopes": self.equal_slopes}
        return {"slopes_by_quantile": self.by_quantile(), **details_of(self.statistics(), checks)}

    def by_quantile(self) -> Mapping[str, Sequence[object]]:
        """Return the slopes of every term at every quantile, as a tidy table by columns."""
        import pandas as pd

        frames = [
            self._table(at).frame(LEVEL).assign(quantile=quantile)
            for at, quantile in enumerate(self.options.quantiles)
        ]
        return {str(name): column.tolist() for name, column in pd.concat(frames).items()}

    def equal_slopes(self) -> Diagnostic:
        """Test whether the exposure leaves the scale alone: its slope is the same at all quantiles."""
        terms, columns = self.regression.terms, self.regression.panel.exposure_columns
        own = [at for at, name in enumerate(terms) if name in columns]
        statistic = wald(self._clustered(self.equations.scale.estimate, self.scale_covariance), own)
        null = plugin.marked("the exposure has the same slope at all quantiles")
        return Diagnostic("equal_slopes", null, statistic, "chi2", (len(own),), "Machado & Santos Silva 2019")

    def _table(self, at: int) -> plugin.CoefficientTable:
        """Return the slopes of a quantile, by its position."""
        own = slice(at * self.slopes.shape[1], (at + 1) * self.slopes.shape[1])
        return self._clustered(self.slopes[at], self.covariance[own, own])

    def _clustered(self, estimate: plugin.Floats, covariance: plugin.Floats) -> plugin.CoefficientTable:
        regression, n_entities = self.regression, self.regression.panel.n_entities
        counts, factor = (regression.n_obs, len(estimate), 0, (n_entities,)), _small_sample(n_entities)
        correction = plugin.Correction(plugin.marked("clustered by entity"), *counts, factor, n_entities - 1)
        return plugin.CoefficientTable(regression.terms, estimate, covariance, correction)


def _small_sample(n_entities: int) -> float:
    """Return the factor of a covariance clustered by entity."""
    return n_entities / (n_entities - 1)


@plugin.checks_options
@dataclass(frozen=True)
class QuantileEffects:
    """Quantiles of the outcome given regressors and effects, by moments (Machado & Santos Silva 2019).

    Regressors and effects move the location of the outcome and its scale: a quantile's slope is that of the
    location, which fixed effects estimate, plus the error's quantile times that of the scale, which fixed
    effects of the absolute residuals estimate. Standard errors are clustered by entity. Where entities have
    few periods, slopes of outer quantiles are pulled towards the middle, by an order of one over the periods.

    Predictions are of the quantile ``predicted``, with its effects; a new entity or period gets the mean
    effect. Squared errors ask for means: where the outcome is skewed given its regressors, the median loses.

    Attributes
    ----------
    quantiles : in increasing order
    predicted : the one of them that is predicted, and that tables of coefficients show
    effects : keys whose levels move location and scale
    """

    name: ClassVar[str] = "quantile_effects"
    known_as: ClassVar[tuple[str, ...]] = (
        *("quantile_regression", "panel_quantile", "mmqr", "mm_qr", "xtqreg", "qreg", "rqpd", "qregpd"),
    )
    provides: ClassVar[frozenset[type]] = statistics.REPORTED | {plugin.CanFitFolds, plugin.HasEffects}

    quantiles: tuple[Probability, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    predicted: Probability = 0.5
    effects: tuple[Dimension, ...] = ("entity", "time")

    def __post_init__(self) -> None:
        if list(self.quantiles) != sorted(set(self.quantiles)) or not self.quantiles:
            raise ValueError(f"quantiles: in increasing order, each once; found {list(self.quantiles)}")
        if self.predicted not in self.quantiles:
            raise ValueError(f"predicted: one of quantiles {list(self.quantiles)}; found {self.predicted}")
        require_each_once(self.effects, least=1)

    def for_folds(self) -> Self:
        """Return the estimator: standard errors cost it next to nothing."""
        return self

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> QuantileFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where least squares refuse the rows, or residuals are alike around a quantile.
        """
        equations = LocationScale.of(panel, self.effects)
        slopes = np.stack([equations.slopes(quantile) for quantile in self.quantiles])
        of_slopes, of_scale = equations.influences(self.quantiles)
        clusters = plugin.Grouping.of(panel.entity.codes)
        factor = _small_sample(panel.n_entities)
        sums = [clusters.sums(rows.reshape(panel.n_obs, -1)) for rows in (of_slopes, of_scale)]
        covariances = [factor * own.T @ own for own in sums]
        model = equations.model(self.predicted)
        return QuantileFit(self, equations, equations.location, model, slopes, *covariances)
