"""The covariances that `feols` offers, as a spec names them under ``covariance:``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import (
    ClusteredRegression,
    Correction,
    EffectSet,
    EstimationError,
    Floats,
    Problem,
    WildClusters,
    WildInference,
    effect_named,
    read_effect_set,
    wild_cluster_inference,
)
from harness_panel.feols.design import count_effects, count_outside
from harness_panel.feols.regression import Estimate, FeolsRegression, Request

MOST_CLUSTERS = 1_000
"""Clusters up to which a fit for each, or a bootstrap of them, is worth its time."""

_GROUP_FACTORS: Final[Mapping[str, Literal["conventional", "min", "none"]]] = {
    "fixest": "min",
    "plm": "conventional",
    "none": "none",
}


@dataclass(frozen=True)
class Iid:
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    use: Literal["iid"] = "iid"

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest."""
        return Request("iid")

    def corrected(self, regression: FeolsRegression, estimate: Estimate) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed."""
        return _independent(regression, estimate, "classical", n_divided=regression.panel.n_obs - 1)


@dataclass(frozen=True)
class Hetero:
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    use: Literal["hetero"] = "hetero"

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest."""
        return Request("hetero")

    def corrected(self, regression: FeolsRegression, estimate: Estimate) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed."""
        return _independent(regression, estimate, "HC1", n_divided=regression.panel.n_obs)


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
        clusters = tuple(read_clusters(regression, part) for part in self.by)
        return Request("CRV1", clusters, _GROUP_FACTORS[self.correction])

    def corrected(self, regression: FeolsRegression, estimate: Estimate) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters = self.request(regression).clusters
        n_effects = count_outside(regression.design, clusters) if self.correction == "fixest" else 0
        n_obs, counted = regression.panel.n_obs, estimate.kept.size + n_effects
        common = 1.0 if self.correction == "none" else (n_obs - 1) / (n_obs - counted)
        covariance, mended = _without_negative_variances(common * estimate.covariance, estimate.units)
        _refuse_cancelled(regression, estimate, covariance, self.by)
        smallest = min(levels.n_levels for levels in clusters)
        has_one_factor = self.correction == "fixest" or (self.correction == "plm" and len(clusters) == 1)
        return covariance, _correction(
            regression,
            estimate,
            f"CRV1 clustered by {' and '.join(self.by)}, correction {self.correction}{mended}",
            factor=common * smallest / (smallest - 1) if has_one_factor else common,
            n_effects=n_effects,
            clusters=clusters,
        )


@dataclass(frozen=True)
class CRV3:
    """Errors dependent within clusters, by the jackknife: (G - 1) / G times the sum of squared changes.

    A change is that of the coefficients once a cluster is left out, and the equation fitted anew with its
    effects (CV3 of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods").
    Statistics have G - 1 degrees of freedom. pyfixest's own CRV3 knows no trends, and takes effects out to
    six digits; it is this one without the factor.

    Attributes
    ----------
    by : ``entity``, ``time`` or a column of the data, of at most 1,000 levels
    """

    by: str = "entity"
    use: Literal["crv3"] = "crv3"

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or too many.
        """
        self._clusters(regression)
        return Request("iid")

    def corrected(self, regression: FeolsRegression, estimate: Estimate) -> tuple[Floats, Correction]:
        """Return the covariance, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where a cluster alone tells a coefficient.
        """
        clusters = self._clusters(regression)
        size = clusters.n_levels
        changes = np.array([self._change(regression, clusters, at, estimate) for at in range(size)])
        factor, kind = (size - 1) / size, f"CRV3 clustered by {self.by}"
        correction = _correction(regression, estimate, kind, factor=factor, clusters=(clusters,))
        return factor * changes.T @ changes, correction

    def _clusters(self, regression: FeolsRegression) -> EffectSet:
        return read_clusters(regression, self.by, cost="CRV3 fits once for each")

    def _change(
        self, regression: FeolsRegression, clusters: EffectSet, at: int, estimate: Estimate
    ) -> Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        others = regression.take(np.flatnonzero(clusters.codes != at)).estimate(Request("iid"))
        if not np.array_equal(others.kept, estimate.kept):
            differ = np.setxor1d(estimate.kept, others.kept).tolist()
            names = ", ".join(repr(regression.panel.columns[column]) for column in differ)
            what = (
                f"CRV3 is undefined: without {self.by} {clusters.labels[at]} "
                f"the effects and other columns determine {names}"
            )
            hint = "choose another covariance, or leave the column out"
            raise EstimationError(Problem("covariance", what, expected="crv1, or wild_cluster", hint=hint))
        return others.slopes - estimate.slopes


@dataclass(frozen=True)
class WildBootstrap(WildClusters):
    """Errors of ``crv1`` with p-values and limits of a bootstrap, as `WildClusters` has them."""

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        cost = "a wild bootstrap solves for effects once for each column and cluster"
        read_clusters(regression, self.by, cost=cost)
        return CRV1((self.by,)).request(regression)

    def corrected(self, regression: FeolsRegression, estimate: Estimate) -> tuple[Floats, Correction]:
        """Return the covariance of ``crv1``, (n_kept, n_kept), and how it was computed.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        matrix, correction = CRV1((self.by,)).corrected(regression, estimate)
        number = self.number(*correction.n_clusters)
        how = f"wild cluster bootstrap by {self.by}, {number} {self.weights} draws"
        return matrix, replace(correction, kind=how)

    def bootstrap(
        self, regression: FeolsRegression, estimate: Estimate, *, factor: float, rng: Generator
    ) -> WildInference:
        """Return p-values and limits of the coefficients; `factor` is that of the clustered variance."""
        design, clusters = regression.design, read_clusters(regression, self.by)
        root = np.sqrt(design.weights)[:, None]

        def without_effects(columns: Floats) -> Floats:
            return root * np.column_stack([design.residuals(column) for column in (columns / root).T])

        basis, triangle = np.linalg.qr(estimate.basis)
        are_nested = all(levels.is_within(clusters) for levels in design.sets)
        clustered = ClusteredRegression(
            basis=basis,
            to_coefficients=estimate.units[:, None] * np.linalg.inv(triangle),
            estimate=estimate.slopes,
            residuals=estimate.residuals,
            clusters=clusters,
            without_effects=None if are_nested else without_effects,
        )
        return wild_cluster_inference(clustered, self, factor=factor, rng=rng)


FeolsCovariance = Annotated[CRV1 | CRV3 | Hetero | Iid | WildBootstrap, Field(discriminator="use")]
"""Any of them, told apart by ``use``; an option that belongs to another kind is refused."""


def read_clusters(regression: FeolsRegression, part: str, *, cost: str = "") -> EffectSet:
    """Return the cluster of every row.

    Parameters
    ----------
    cost : what more than `MOST_CLUSTERS` would cost; empty where any number is fine

    Raises
    ------
    EstimationError
        Where there are fewer than two, or too many.
    """
    known = {levels.effect: levels for levels in regression.design.sets}
    clusters = known.get(effect_named(part)) or read_effect_set(regression.panel, effect_named(part))
    if clusters.n_levels < 2:
        what = f"clustered by {part} needs two clusters; there is {clusters.n_levels}"
        hint = "choose iid or hetero, or estimate on more rows"
        raise EstimationError(Problem("covariance", what, hint=hint))
    if cost and clusters.n_levels > MOST_CLUSTERS:
        what = f"{cost} of {clusters.n_levels} clusters"
        hint = "choose crv1, which is as good with that many"
        raise EstimationError(Problem("covariance", what, expected=f"at most {MOST_CLUSTERS}", hint=hint))
    return clusters


def _independent(
    regression: FeolsRegression, estimate: Estimate, kind: str, *, n_divided: int
) -> tuple[Floats, Correction]:
    """Return pyfixest's covariance, which divides by `n_divided`, divided by the degrees of freedom."""
    n_effects = count_effects(regression.design)
    df = regression.panel.n_obs - estimate.kept.size - n_effects
    factor = regression.panel.n_obs / df
    correction = _correction(regression, estimate, kind, factor=factor, n_effects=n_effects)
    return n_divided / df * estimate.covariance, correction


def _correction(
    regression: FeolsRegression,
    estimate: Estimate,
    kind: str,
    *,
    factor: float,
    n_effects: int = 0,
    clusters: Sequence[EffectSet] = (),
) -> Correction:
    """Describe a covariance; with clusters, their least number minus one is the degrees of freedom."""
    n_obs, n_coef = regression.panel.n_obs, estimate.kept.size
    n_clusters = tuple(levels.n_levels for levels in clusters)
    df = min(n_clusters) - 1 if n_clusters else n_obs - n_coef - n_effects
    return Correction(kind, n_obs, n_coef, n_effects, n_clusters, factor, df)


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
        what = (
            f"clustered by {' and '.join(by)} gives standard errors of zero whatever the data: "
            "effects make the errors of every cluster cancel"
        )
        hint = "cluster by something else, or choose hetero"
        raise EstimationError(Problem("covariance", what, hint=hint))
