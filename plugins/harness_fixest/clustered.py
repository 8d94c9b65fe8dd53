"""The covariance of errors that are dependent within clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    CoefficientTable,
    EffectSet,
    EstimationError,
    Floats,
    Problem,
    effect_named,
    read_effect_set,
)
from harness_fixest.covariance import correction_of, tabulated
from harness_fixest.estimate import Estimate, GroupFactor, Request
from harness_fixest.independent_effects import count_outside
from harness_fixest.regression import FeolsRegression

MOST_CLUSTERS = 1_000
"""Clusters up to which a fit for each, or a bootstrap of them, is worth its time."""

_GROUP_FACTORS: Final[Mapping[str, GroupFactor]] = {"fixest": "min", "plm": "conventional", "none": "none"}


@dataclass(frozen=True)
class CRV1:
    """Errors dependent within clusters, of one kind (Liang & Zeger 1986) or two (Cameron et al. 2011).

    Attributes
    ----------
    by : one or two of ``entity``, ``time`` and columns of the data
    correction : ``fixest``, as reghdfe and xtreg of Stata, multiplies by G / (G - 1) times
        (n - 1) / (n - K'), where K' counts the coefficients, the effects whose levels are not within clusters
        and one for those that are; with two kinds of clusters G is the smaller. ``plm`` counts no effects,
        and gives each of the three terms of two kinds its own G. ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, of the smaller G. Where a variance of two kinds is negative,
    negative eigenvalues are set to zero and the correction says so.
    """

    by: tuple[str, ...] = ("entity",)
    correction: Literal["fixest", "plm", "none"] = "fixest"
    use: Literal["crv1"] = "crv1"

    def __post_init__(self) -> None:
        if not 1 <= len(self.by) <= 2 or len(set(self.by)) < len(self.by):
            message = f"by: one or two of entity, time and columns, each once; found {list(self.by)}"
            raise ValueError(message)

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters.
        """
        return Request("CRV1", self._clusters(regression), _GROUP_FACTORS[self.correction])

    def table(
        self,
        regression: FeolsRegression,
        estimate: Estimate,
        *,
        rng: Generator,
    ) -> CoefficientTable:
        """Return the coefficient table.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters = self._clusters(regression)
        n_effects = count_outside(regression.design, clusters) if self.correction == "fixest" else 0
        n_obs = regression.panel.n_obs
        counted = estimate.kept.size + n_effects
        common = 1.0 if self.correction == "none" else (n_obs - 1) / (n_obs - counted)
        covariance, mended = _without_negative_variances(common * estimate.covariance, estimate.units)
        _refuse_cancelled(regression, estimate, covariance, self.by)
        smallest = min(levels.n_levels for levels in clusters)
        has_one_group_factor = self.correction == "fixest" or (
            self.correction == "plm" and len(clusters) == 1
        )
        correction = correction_of(
            regression,
            estimate,
            f"CRV1 clustered by {' and '.join(self.by)}, correction {self.correction}{mended}",
            n_effects=n_effects,
            factor=common * smallest / (smallest - 1) if has_one_group_factor else common,
            df=smallest - 1,
            clusters=clusters,
        )
        return tabulated(regression, estimate, covariance, correction)

    def _clusters(self, regression: FeolsRegression) -> tuple[EffectSet, ...]:
        return tuple(read_clusters(regression, part) for part in self.by)


def read_clusters(regression: FeolsRegression, part: str) -> EffectSet:
    """Return the cluster of every row.

    Raises
    ------
    EstimationError
        Where there are fewer than two.
    """
    known = {levels.effect: levels for levels in regression.design.sets}
    clusters = known.get(effect_named(part)) or read_effect_set(regression.panel, effect_named(part))
    if clusters.n_levels < 2:
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"clustered by {part} needs two clusters; there is {clusters.n_levels}",
                hint="choose iid or hetero, or estimate on more rows",
            )
        )
    return clusters


def read_few_clusters(regression: FeolsRegression, part: str, *, cost: str) -> EffectSet:
    """Return the cluster of every row, where there are no more than `MOST_CLUSTERS`.

    Raises
    ------
    EstimationError
        Where there are more, which says what they would `cost`, or fewer than two.
    """
    clusters = read_clusters(regression, part)
    if clusters.n_levels > MOST_CLUSTERS:
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"{cost} of {clusters.n_levels} clusters",
                expected=f"at most {MOST_CLUSTERS}",
                hint="choose crv1, which is as good with that many",
            )
        )
    return clusters


def _without_negative_variances(covariance: Floats, units: Floats) -> tuple[Floats, str]:
    """Return the nearest covariance without negative variances, and what was done to it, in words.

    Parameters
    ----------
    units : (n_coef,), in which variances are compared
    """
    scaled = covariance / np.outer(units, units)
    if np.diag(scaled).min() >= 0.0:
        return covariance, ""
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    nearest = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return nearest * np.outer(units, units), ", negative eigenvalues set to zero"


def _refuse_cancelled(
    regression: FeolsRegression, estimate: Estimate, covariance: Floats, by: Sequence[str]
) -> None:
    """Refuse variances that are rounding, since scores cancel within every cluster whatever the data."""
    bread = np.linalg.inv(estimate.basis.T @ estimate.basis)
    classical = np.diag(bread) * estimate.units**2 * float(estimate.residuals @ estimate.residuals)
    if np.any(np.diag(covariance) <= 1e-20 * classical / regression.panel.n_obs):
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"clustered by {' and '.join(by)} gives standard errors of zero whatever the data: "
                "effects make the errors of every cluster cancel",
                hint="cluster by something else, or choose hetero",
            )
        )
