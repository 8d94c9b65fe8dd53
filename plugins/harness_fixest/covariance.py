"""The covariances that `feols` offers, as written in a spec under ``covariance:``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, Correction, EstimationError, Floats, Problem
from harness_fixest.effect_design import EffectDesign
from harness_fixest.effect_set import KEYS, EffectSet, read_effect_set
from harness_fixest.independent_effects import count_effects, count_within, is_nested
from harness_fixest.regression import Estimate, Regression, Request

MOST_CLUSTERS = 1_000
"""Clusters up to which a fit for each, or a bootstrap of them, is worth its time."""


@dataclass(frozen=True, eq=False)
class Estimated:
    """An estimate with its coefficient table."""

    estimate: Estimate
    table: CoefficientTable


@dataclass(frozen=True)
class Iid:
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    kind: Literal["iid"] = "iid"

    def estimate(self, regression: Regression, *, rng: Generator) -> Estimated:  # noqa: ARG002 - nothing is drawn
        """Return estimates with their table."""
        estimate = regression.estimate(Request("iid"))
        n_obs, df = regression.panel.n_obs, _df_resid(regression, estimate)
        correction = _correction(regression, estimate, "classical", factor=n_obs / df, df_resid=df)
        return _tabulated(regression, estimate, (n_obs - 1) / df * estimate.covariance, correction)


@dataclass(frozen=True)
class Hetero:
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    kind: Literal["hetero"] = "hetero"

    def estimate(self, regression: Regression, *, rng: Generator) -> Estimated:  # noqa: ARG002 - nothing is drawn
        """Return estimates with their table."""
        estimate = regression.estimate(Request("hetero"))
        n_obs, df = regression.panel.n_obs, _df_resid(regression, estimate)
        correction = _correction(regression, estimate, "HC1", factor=n_obs / df, df_resid=df)
        return _tabulated(regression, estimate, n_obs / df * estimate.covariance, correction)


@dataclass(frozen=True)
class CRV1:
    """Errors dependent within clusters, of one kind (Liang & Zeger 1986) or two (Cameron et al. 2011).

    Attributes
    ----------
    by : one or two of ``entity``, ``time`` and columns of the data
    correction : ``fixest``, as reghdfe and xtreg of Stata, multiplies by G / (G - 1) times
        (n - 1) / (n - K'), where K' counts the coefficients, the effects whose levels are not within clusters
        and one for those that are; with two kinds of clusters G is the smaller. ``plm`` counts no effects, and
        gives each of the three terms of two kinds its own G. ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, of the smaller G.
    """

    by: tuple[str, ...] = ("entity",)
    correction: Literal["fixest", "plm", "none"] = "fixest"
    kind: Literal["crv1"] = "crv1"

    def __post_init__(self) -> None:
        if not 1 <= len(self.by) <= 2 or len(set(self.by)) < len(self.by):
            message = f"by: one or two of entity, time and columns, each once; found {list(self.by)}"
            raise ValueError(message)

    def estimate(self, regression: Regression, *, rng: Generator) -> Estimated:  # noqa: ARG002 - nothing is drawn
        """Return estimates with their table.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or errors that cancel within all of them.
        """
        clusters = tuple(read_clusters(regression, part) for part in self.by)
        factors: dict[str, Literal["min", "conventional", "none"]]
        factors = {"fixest": "min", "plm": "conventional", "none": "none"}
        estimate = regression.estimate(Request("CRV1", clusters, factors[self.correction]))
        common = self._common_factor(regression, estimate, clusters)
        covariance, mended = without_negative_variances(common * estimate.covariance, estimate.units)
        _refuse_cancelled(regression, estimate, covariance, self.by)
        smallest = min(one.n_levels for one in clusters)
        has_one = self.correction == "fixest" or (self.correction == "plm" and len(clusters) == 1)
        correction = _correction(
            regression,
            estimate,
            f"CRV1 clustered by {' and '.join(self.by)}, correction {self.correction}{mended}",
            factor=common * smallest / (smallest - 1) if has_one else common,
            df_resid=smallest - 1,
            clusters=clusters,
            n_effects=self._n_counted(regression.design, clusters),
        )
        return _tabulated(regression, estimate, covariance, correction)

    def _common_factor(
        self, regression: Regression, estimate: Estimate, clusters: Sequence[EffectSet]
    ) -> float:
        n_obs = regression.panel.n_obs
        counted = estimate.kept.size + self._n_counted(regression.design, clusters)
        return 1.0 if self.correction == "none" else (n_obs - 1) / (n_obs - counted)

    def _n_counted(self, design: EffectDesign, clusters: Sequence[EffectSet]) -> int:
        """Return the number of effects that count as coefficients."""
        if self.correction != "fixest":
            return 0
        outside = [one for one in design.sets if not any(is_nested(one, cluster) for cluster in clusters)]
        if len(outside) == len(design.sets):
            return count_effects(design)
        within = max(count_within(design, cluster) for cluster in clusters)
        return count_effects(design) - within + 1


@dataclass(frozen=True)
class CRV3:
    """Errors dependent within clusters, by the jackknife: (G - 1) / G times the sum of squared changes.

    A change is that of the coefficients once a cluster is left out, and the equation fitted anew with its
    effects (CV3 of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods").
    Statistics have G - 1 degrees of freedom.

    Attributes
    ----------
    by : ``entity``, ``time`` or a column of the data, of at most 1,000 levels
    """

    by: str = "entity"
    kind: Literal["crv3"] = "crv3"

    def estimate(self, regression: Regression, *, rng: Generator) -> Estimated:  # noqa: ARG002 - nothing is drawn
        """Return estimates with their table.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters or too many, or a cluster alone tells a coefficient.
        """
        clusters = read_clusters(regression, self.by)
        refuse_many(clusters, what="CRV3 fits once for each")
        estimate = regression.estimate(Request("iid"))
        changes = np.array(
            [self._without(regression, clusters, at, estimate) for at in range(clusters.n_levels)]
        )
        factor = (clusters.n_levels - 1) / clusters.n_levels
        correction = _correction(
            regression,
            estimate,
            f"CRV3 clustered by {self.by}",
            factor=factor,
            df_resid=clusters.n_levels - 1,
            clusters=(clusters,),
            n_effects=0,
        )
        return _tabulated(regression, estimate, factor * changes.T @ changes, correction)

    def _without(self, regression: Regression, clusters: EffectSet, at: int, estimate: Estimate) -> Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        others = regression.take(np.flatnonzero(clusters.codes != at)).estimate(Request("iid"))
        if not np.array_equal(others.kept, estimate.kept):
            lost = set(estimate.kept.tolist()) - set(others.kept.tolist())
            names = ", ".join(repr(regression.panel.columns[column]) for column in sorted(lost))
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"CRV3 is undefined: without {self.by} {'^'.join(clusters.labels[at])} the effects and "
                    f"other columns determine {names or 'other columns than with it'}",
                    expected="crv1, or wild_cluster",
                    hint="choose another covariance, or leave the column out",
                )
            )
        return others.slopes - estimate.slopes


def read_clusters(regression: Regression, part: str) -> EffectSet:
    """Return the cluster of every row.

    Raises
    ------
    EstimationError
        Where there are fewer than two.
    """
    clusters = read_effect_set(regression.panel, (part,))
    if clusters.n_levels < 2:
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"clustered by {part} needs two clusters; there is {clusters.n_levels}",
                hint="choose iid or hetero, or estimate on more rows",
            )
        )
    return clusters


def refuse_many(clusters: EffectSet, *, what: str) -> None:
    """Refuse more clusters than `MOST_CLUSTERS`.

    Raises
    ------
    EstimationError
        Which says `what` they would cost.
    """
    if clusters.n_levels > MOST_CLUSTERS:
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"{what} of {clusters.n_levels} clusters",
                expected=f"at most {MOST_CLUSTERS}",
                hint="choose crv1, which is as good with that many",
            )
        )


def columns_of(by: Sequence[str]) -> tuple[str, ...]:
    """Return those that are columns of the data, and no keys."""
    return tuple(part for part in by if part not in KEYS)


def without_negative_variances(covariance: Floats, units: Floats) -> tuple[Floats, str]:
    """Return the nearest covariance without negative variances, and what was done to it, in words.

    Parameters
    ----------
    units : (n_coef,), in which variances are compared
    """
    scaled = covariance / np.outer(units, units)
    if scaled.size == 0 or np.diag(scaled).min() >= 0.0:
        return covariance, ""
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    nearest = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return nearest * np.outer(units, units), ", negative eigenvalues set to zero"


def _refuse_cancelled(
    regression: Regression, estimate: Estimate, covariance: Floats, by: Sequence[str]
) -> None:
    """Refuse variances that are rounding, since scores cancel within every cluster whatever the data."""
    if estimate.kept.size == 0:
        return
    bread = np.linalg.inv(estimate.basis.T @ estimate.basis)
    classical = np.diag(bread) * estimate.units**2 * float(estimate.residuals @ estimate.residuals)
    if np.any(np.diag(covariance) <= 1e-20 * classical / regression.panel.n_obs):
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"clustered by {' and '.join(by)} gives standard errors of zero whatever the data: effects "
                "make the errors of every cluster cancel",
                hint="cluster by something else, or choose hetero",
            )
        )


def _df_resid(regression: Regression, estimate: Estimate) -> int:
    return regression.panel.n_obs - estimate.kept.size - count_effects(regression.design)


def _correction(
    regression: Regression,
    estimate: Estimate,
    kind: str,
    *,
    factor: float,
    df_resid: float,
    clusters: Sequence[EffectSet] = (),
    n_effects: int | None = None,
) -> Correction:
    """Return the record of a covariance; effects are all counted unless told how many."""
    return Correction(
        kind=kind,
        n_obs=regression.panel.n_obs,
        n_coef=estimate.kept.size,
        n_effects=count_effects(regression.design) if n_effects is None else n_effects,
        n_clusters=tuple(one.n_levels for one in clusters),
        factor=factor,
        df_resid=df_resid,
    )


def _tabulated(
    regression: Regression, estimate: Estimate, covariance: Floats, correction: Correction
) -> Estimated:
    terms = tuple(regression.panel.columns[at] for at in estimate.kept.tolist())
    return Estimated(estimate, CoefficientTable(terms, estimate.slopes, covariance, correction))


