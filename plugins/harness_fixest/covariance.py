"""Covariances of independent errors, and what every covariance is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

from harness import CoefficientTable, Correction, Floats
from harness_fixest.effect_set import EffectSet
from harness_fixest.estimate import Estimate, Request
from harness_fixest.independent_effects import count_effects
from harness_fixest.regression import FeolsRegression


@dataclass(frozen=True)
class Iid:
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    use: Literal["iid"] = "iid"

    def request(self, regression: FeolsRegression) -> Request:  # noqa: ARG002 - whatever the rows
        """Return what is asked of pyfixest."""
        return Request("iid")

    def table(
        self,
        regression: FeolsRegression,
        estimate: Estimate,
        *,
        rng: Generator,  # noqa: ARG002 - nothing is drawn
    ) -> CoefficientTable:
        """Return the coefficient table."""
        # The variance that was asked for is RSS / (n - 1).
        return _with_degrees_of_freedom(
            regression, estimate, "classical", n_counted=regression.panel.n_obs - 1
        )


@dataclass(frozen=True)
class Hetero:
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    use: Literal["hetero"] = "hetero"

    def request(self, regression: FeolsRegression) -> Request:  # noqa: ARG002 - whatever the rows
        """Return what is asked of pyfixest."""
        return Request("hetero")

    def table(
        self,
        regression: FeolsRegression,
        estimate: Estimate,
        *,
        rng: Generator,  # noqa: ARG002 - nothing is drawn
    ) -> CoefficientTable:
        """Return the coefficient table."""
        return _with_degrees_of_freedom(regression, estimate, "HC1", n_counted=regression.panel.n_obs)


def _with_degrees_of_freedom(
    regression: FeolsRegression, estimate: Estimate, kind: str, *, n_counted: int
) -> CoefficientTable:
    """Return the table with variances times `n_counted`, by which they were divided, over n - K - E."""
    n_obs, n_effects = regression.panel.n_obs, count_effects(regression.design)
    df = n_obs - estimate.kept.size - n_effects
    correction = correction_of(regression, estimate, kind, n_effects=n_effects, factor=n_obs / df, df=df)
    return tabulated(regression, estimate, n_counted / df * estimate.covariance, correction)


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
    """Return the record of how a covariance was computed, as `harness.Correction` has it."""
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
