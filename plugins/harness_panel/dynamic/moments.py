"""Moments of dynamic panels: instruments and weights, GMM of one and two steps, and its tests.

Linear algebra of our own, checked against plm's ``pgmm``: pydynpd 0.2.2 does not run on numpy 2 and takes the
model as a text to be parsed, and the GMM of linearmodels knows neither the first step's weights nor
Windmeijer's errors. Arrays are by entity and period, (n_entities, n_periods, ...); nan where there is no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from harness.plugin import EstimationError, Floats, Mask, Message, marked
from harness_panel.diagnostics.effects import Diagnostic

# What takes the entity effects out.
Transformation = Literal["differences", "orthogonal_deviations"]

# Numbers of a matrix of all rows up to which moments are computed, 0.5 GB.
_MOST_NUMBERS = 2**26

# Eigenvalues of a scaled weight matrix that count as zero, as a share of the largest.
_NOTHING = 1e-10


def lagged(values: Floats, lag: int) -> Floats:
    """Return values so many periods before, nan where there are none."""
    shifted = np.full_like(values, np.nan)
    shifted[:, lag:] = values[:, : values.shape[1] - lag]
    return shifted


def transformer(is_row: Mask, transformation: Transformation) -> Floats:
    """Return what transforms each entity's rows, (n_entities, n_periods, n_periods); zero where none is made.

    The transformed row of a period is its difference from the period before, or the deviation of the period
    before from the mean of the rows that follow (Arellano & Bover 1995), in units of its error.
    """
    n_periods = is_row.shape[1]
    _refuse_large(is_row.size * n_periods)
    made = np.zeros((*is_row.shape, n_periods))
    for at in range(1, n_periods):
        later = is_row[:, at:].astype(float)
        if transformation == "differences":
            later[:, 1:] = 0.0
        n_later = later.sum(axis=1)
        share = np.where(is_row[:, at - 1] & (n_later > 0), 1.0 / np.maximum(n_later, 1.0), 0.0)
        scale = (share > 0.0).astype(float)
        if transformation == "orthogonal_deviations":
            scale *= -np.sqrt(n_later / (n_later + 1.0))
        made[:, at, at - 1] = -scale
        made[:, at, at:] = (scale * share)[:, None] * later
    return made


def lag_columns(values: Floats, is_row: Mask, lags: Iterable[int], *, collapsed: bool) -> Floats:
    """Return lags as instruments, (n_entities, n_periods, n): one a lag and period, or one a lag collapsed.

    What is missing counts as zero; instruments that are zero everywhere are left out.
    """
    n_periods, columns = is_row.shape[1], [np.zeros((*is_row.shape, 0))]
    for lag in lags:
        own = np.where(is_row, np.nan_to_num(lagged(values, lag)), 0.0)[:, :, None]
        columns.append(own if collapsed else own * np.eye(n_periods)[:, lag:])
        _refuse_large(sum(column.size for column in columns))
    found = np.concatenate(columns, axis=2)
    return np.asarray(found[:, :, np.any(found != 0.0, axis=(0, 1))])


def _refuse_large(n_numbers: int) -> None:
    if n_numbers > _MOST_NUMBERS:
        what = marked("the moments of all rows take more than {most} numbers")
        hint = marked("use fewer periods, `collapsed: true`, or a lower `last_lag`")
        raise EstimationError.at("instruments", Message(what, most=f"{_MOST_NUMBERS:,}"), hint=hint)


def _inverse(matrix: Floats) -> tuple[Floats, int]:
    """Return the pseudo-inverse of a covariance of moments whatever their units, and its rank."""
    sizes = np.sqrt(np.diag(matrix))
    unit = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0.0)
    values, vectors = np.linalg.eigh(matrix * np.outer(unit, unit))
    kept = values > _NOTHING * values.max(initial=0.0)
    scaled = unit[:, None] * vectors[:, kept]
    return np.asarray(scaled / values[kept] @ scaled.T), int(kept.sum())


@dataclass(frozen=True, eq=False)
class Equations:
    """Rows of a dynamic panel, transformed and, for a system, in levels, with their instruments.

    Attributes
    ----------
    outcome, columns : (n_entities, n_periods) and (n_entities, n_periods, n_coef), zero without a whole row
    is_row : where there is a whole row
    transform : of the transformed equation, by `transformer`
    transformed, in_levels : (n_entities, n_periods, n), instruments of each equation
    """

    outcome: Floats
    columns: Floats
    is_row: Mask
    transform: Floats
    transformed: Floats
    in_levels: Floats

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Products of each entity's instruments with columns and outcome, (n_entities, n, n_coef + 1)."""
        both = np.concatenate([self.columns, self.outcome[:, :, None]], axis=2)
        products = [
            self.transformed.transpose(0, 2, 1) @ (self.transform @ both),
            self.in_levels.transpose(0, 2, 1) @ both,
        ]
        found = np.concatenate(products, axis=1)
        return found[:, :, :-1], found[:, :, -1]

    def first_weights(self) -> tuple[Floats, int]:
        """Return the weights for independent errors of equal variance in levels, and the moments' rank."""
        spread = np.concatenate(
            [self.transform.transpose(0, 2, 1) @ self.transformed, self.in_levels], axis=2
        )
        flat = spread.reshape(-1, spread.shape[2])
        return _inverse(flat.T @ flat)


@dataclass(frozen=True, eq=False)
class Solution:
    """An estimate by GMM.

    Attributes
    ----------
    equations : what was estimated
    n_instruments : independent ones
    estimate, covariance : (n_coef,) and (n_coef, n_coef); Windmeijer's of two steps
    scores : (n_entities, n), moments of residuals
    to_estimate : (n_coef, n), what changes of the sums of moments change in the estimate
    hansen_j : sum of squared moments of two steps, by their weights
    """

    equations: Equations
    n_instruments: int
    estimate: Floats
    covariance: Floats
    scores: Floats
    to_estimate: Floats
    hansen_j: float

    @classmethod
    def of(cls, equations: Equations, *, steps: Literal[1, 2]) -> Solution:
        """Return the estimate of one or two steps.

        Raises
        ------
        EstimationError
            Where the instruments do not identify the coefficients.
        """
        of_columns, of_outcome = equations.moments
        slopes, level = of_columns.sum(axis=0), of_outcome.sum(axis=0)
        first, n_instruments = equations.first_weights()
        one, inverse = _to_estimate(slopes, first, n_instruments)
        estimate = one @ level
        scores = of_outcome - of_columns @ estimate
        spread = scores.T @ scores
        robust = one @ spread @ one.T
        second, _ = _inverse(spread)
        two, inverse = _to_estimate(slopes, second, n_instruments)
        final = two @ level
        rest = level - slopes @ final
        hansen_j = float(rest @ second @ rest)
        if steps == 1:
            return cls(equations, n_instruments, estimate, robust, scores, one, hansen_j)
        # Windmeijer 2005: how the weights move with the first step's estimate, and the second's with them.
        weighted = second @ rest
        crossed = np.stack([own.T @ scores for own in of_columns.transpose(2, 0, 1)])
        moves = two @ ((crossed + crossed.transpose(0, 2, 1)) @ weighted).T
        covariance = inverse + moves @ inverse + inverse @ moves.T + moves @ robust @ moves.T
        scores = of_outcome - of_columns @ final
        return cls(equations, n_instruments, final, covariance, scores, two, hansen_j)

    def overidentification(self) -> Diagnostic:
        """Test whether all instruments agree, by the moments of two steps.

        Raises
        ------
        EstimationError
            Where there are as many instruments as coefficients.
        """
        df, n_entities = self.n_instruments - self.estimate.size, len(self.scores)
        if not df:
            what = marked("there are as many instruments as coefficients")
            raise EstimationError.at("overidentification", what)
        caution = ""
        if self.n_instruments > n_entities:
            words = marked(
                "there are {n_instruments} instruments and {n_entities} entities: the test hardly ever "
                "rejects"
            )
            caution = Message(words, n_instruments=self.n_instruments, n_entities=n_entities)
        null = marked("all instruments are uncorrelated with the errors")
        source = "Hansen 1982, J of two steps"
        return Diagnostic("overidentification", null, self.hansen_j, "chi2", (df,), source, caution)

    def autocorrelation(self, order: int) -> Diagnostic:
        """Test differenced residuals for correlation with those some periods before.

        Raises
        ------
        EstimationError
            Where no entity has residuals so far apart.
        """
        own = self.equations
        difference = transformer(own.is_row, "differences")
        columns = difference @ own.columns
        residuals = (difference @ own.outcome[:, :, None])[:, :, 0] - columns @ self.estimate
        before = np.nan_to_num(lagged(residuals, order))
        products = np.sum(before * residuals, axis=1)
        if not products.any():
            what = marked("no entity has differences that are {order} periods apart")
            raise EstimationError.at("autocorrelation", Message(what, order=order))
        slopes = np.einsum("it,itk->k", before, columns)
        variance = products @ products - 2.0 * slopes @ self.to_estimate @ (self.scores.T @ products)
        variance += slopes @ self.covariance @ slopes
        null: str = Message("differenced errors have no autocorrelation of order {order}", order=order)
        if order == 1:
            null = marked("differenced errors have no autocorrelation of order 1, which they should have")
        statistic = float(products.sum() / np.sqrt(variance))
        return Diagnostic(f"autocorrelation_{order}", null, statistic, "normal", (), "Arellano & Bond 1991")


def _to_estimate(slopes: Floats, weights: Floats, n_instruments: int) -> tuple[Floats, Floats]:
    """Return what takes sums of moments to coefficients, and the inverse of the coefficients' information."""
    information = slopes.T @ weights @ slopes
    unit = 1.0 / np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    scaled = information * np.outer(unit, unit)
    if not np.linalg.eigvalsh(scaled)[0] > _NOTHING:
        what = marked("{n_instruments} instruments do not identify {n_coef} coefficients")
        hint = marked("use more lags, fewer controls, or more periods")
        counts = {"n_instruments": n_instruments, "n_coef": len(unit)}
        raise EstimationError.at("instruments", Message(what, **counts), hint=hint)
    inverse = np.linalg.inv(scaled) * np.outer(unit, unit)
    return inverse @ slopes.T @ weights, inverse
