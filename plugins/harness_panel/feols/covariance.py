"""Covariances that `feols` offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    ClusteredRegression,
    CoefficientTable,
    Correction,
    EffectSet,
    EstimationError,
    Floats,
    Problem,
    WildClusters,
    effect_named,
    read_effect_set,
    wild_cluster_inference,
)
from harness_panel.feols.design import count_effects, count_outside
from harness_panel.feols.regression import Estimate, FeolsRegression, GroupFactor, Request


@dataclass(frozen=True)
class _Independent:
    """Independent errors; variances are divided by n - K - E, with K coefficients and E effects.

    Attributes
    ----------
    asked : what pyfixest calls them
    known_as : what tables call them
    n_lost : rows less than all that pyfixest has divided by
    """

    asked: ClassVar[Literal["iid", "hetero"]]
    known_as: ClassVar[str]
    n_lost: ClassVar[int]

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest."""
        return Request(self.asked)

    def table(
        self,
        regression: FeolsRegression,
        estimate: Estimate,
        *,
        rng: Generator,
    ) -> CoefficientTable:
        """Return the coefficient table."""
        n_obs, n_effects = regression.panel.n_obs, count_effects(regression.design)
        df = n_obs - estimate.kept.size - n_effects
        correction = correction_of(
            regression, estimate, self.known_as, n_effects=n_effects, factor=n_obs / df, df=df
        )
        return tabulated(regression, estimate, (n_obs - self.n_lost) / df * estimate.covariance, correction)


@dataclass(frozen=True)
class Iid(_Independent):
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    asked: ClassVar[Literal["iid", "hetero"]] = "iid"
    known_as: ClassVar[str] = "classical"
    n_lost: ClassVar[int] = 1

    use: Literal["iid"] = "iid"


@dataclass(frozen=True)
class Hetero(_Independent):
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    asked: ClassVar[Literal["iid", "hetero"]] = "hetero"
    known_as: ClassVar[str] = "HC1"
    n_lost: ClassVar[int] = 0

    use: Literal["hetero"] = "hetero"


def correction_of(
    regression: FeolsRegression,
    estimate: Estimate,
    kind: str,
    *,
    n_effects: int,
    factor: float,
    df: int,
    clusters: Sequence[EffectSet] = (),
) -> Correction:
    """Return the record of how a covariance was computed, as `harness.plugin.Correction` has it."""
    return Correction(
        kind=kind,
        n_obs=regression.panel.n_obs,
        n_coef=estimate.kept.size,
        n_effects=n_effects,
        n_clusters=tuple(levels.n_levels for levels in clusters),
        factor=factor,
        df_resid=df,
    )


def tabulated(
    regression: FeolsRegression, estimate: Estimate, covariance: Floats, correction: Correction
) -> CoefficientTable:
    """Return the table of the slopes with a covariance, (n_kept, n_kept)."""
    terms = tuple(regression.panel.columns[at] for at in estimate.kept.tolist())
    return CoefficientTable(terms, estimate.slopes, covariance, correction)


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
            Where a cluster alone tells a coefficient.
        """
        clusters = self._clusters(regression)
        changes = np.array(
            [self._change(regression, clusters, at, estimate) for at in range(clusters.n_levels)]
        )
        factor = (clusters.n_levels - 1) / clusters.n_levels
        correction = correction_of(
            regression,
            estimate,
            f"CRV3 clustered by {self.by}",
            n_effects=0,
            factor=factor,
            df=clusters.n_levels - 1,
            clusters=(clusters,),
        )
        return tabulated(regression, estimate, factor * changes.T @ changes, correction)

    def _clusters(self, regression: FeolsRegression) -> EffectSet:
        return read_few_clusters(regression, self.by, cost="CRV3 fits once for each")

    def _change(
        self, regression: FeolsRegression, clusters: EffectSet, at: int, estimate: Estimate
    ) -> Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        others = regression.take(np.flatnonzero(clusters.codes != at)).estimate(Request("iid"))
        if not np.array_equal(others.kept, estimate.kept):
            differ = np.setxor1d(estimate.kept, others.kept).tolist()
            names = ", ".join(repr(regression.panel.columns[column]) for column in differ)
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"CRV3 is undefined: without {self.by} {clusters.labels[at]} "
                    f"the effects and other columns determine {names}",
                    expected="crv1, or wild_cluster",
                    hint="choose another covariance, or leave the column out",
                )
            )
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
        self._clusters(regression)
        return self._errors.request(regression)

    def table(self, regression: FeolsRegression, estimate: Estimate, *, rng: Generator) -> CoefficientTable:
        """Return the coefficient table.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters = self._clusters(regression)
        table = self._errors.table(regression, estimate, rng=rng)
        inference = wild_cluster_inference(
            _clustered(regression, estimate, clusters), self, factor=table.correction.factor, rng=rng
        )
        how = f"wild cluster bootstrap by {self.by}, {self.number(clusters.n_levels)} {self.weights} draws"
        return replace(table, correction=replace(table.correction, kind=how), inference=inference)

    @property
    def _errors(self) -> CRV1:
        return CRV1(by=(self.by,))

    def _clusters(self, regression: FeolsRegression) -> EffectSet:
        cost = "a wild bootstrap solves for effects once for each column and cluster"
        return read_few_clusters(regression, self.by, cost=cost)


def _clustered(regression: FeolsRegression, estimate: Estimate, clusters: EffectSet) -> ClusteredRegression:
    design = regression.design
    root = np.sqrt(design.weights)[:, None]

    def without_effects(columns: Floats) -> Floats:
        return root * np.column_stack([design.residuals(column) for column in (columns / root).T])

    basis, triangle = np.linalg.qr(estimate.basis)
    are_nested = all(levels.is_within(clusters) for levels in design.sets)
    return ClusteredRegression(
        basis=basis,
        to_coefficients=estimate.units[:, None] * np.linalg.inv(triangle),
        estimate=estimate.slopes,
        residuals=estimate.residuals,
        clusters=clusters,
        without_effects=None if are_nested else without_effects,
    )
