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
from harness_fixest.regression import Regression


@dataclass(frozen=True)
class Iid:
    """Independent errors of equal variance, RSS / (n - K - E), with K coefficients and E effects."""

    kind: Literal["iid"] = "iid"

    def request(self, regression: Regression) -> Request:  # noqa: ARG002 - whatever the rows
        """Return what is asked of pyfixest."""
        return Request("iid")

    def table(
        self,
        regression: Regression,
        estimate: Estimate,
        *,
        rng: Generator,  # noqa: ARG002 - nothing is drawn
    ) -> CoefficientTable:
        """Return the coefficient table."""
        n_obs, df = regression.panel.n_obs, df_resid(regression, estimate)
        covariance = (n_obs - 1) / df * estimate.covariance
        n_effects = count_effects(regression.design)
        correction = correction_of(
            regression, estimate, "classical", n_effects=n_effects, factor=n_obs / df, df=df
        )
        return tabulated(regression, estimate, covariance, correction)


@dataclass(frozen=True)
class Hetero:
    """Independent errors of any variance (White 1980) times n / (n - K - E), which is HC1 on dummies."""

    kind: Literal["hetero"] = "hetero"

    def request(self, regression: Regression) -> Request:  # noqa: ARG002 - whatever the rows
        """Return what is asked of pyfixest."""
        return Request("hetero")

    def table(
        self,
        regression: Regression,
        estimate: Estimate,
        *,
        rng: Generator,  # noqa: ARG002 - nothing is drawn
    ) -> CoefficientTable:
        """Return the coefficient table."""
        n_obs, df = regression.panel.n_obs, df_resid(regression, estimate)
        n_effects = count_effects(regression.design)
        correction = correction_of(regression, estimate, "HC1", n_effects=n_effects, factor=n_obs / df, df=df)
        return tabulated(regression, estimate, n_obs / df * estimate.covariance, correction)


def df_resid(regression: Regression, estimate: Estimate) -> int:
    """Return the rows less coefficients less independent effects."""
    return regression.panel.n_obs - estimate.kept.size - count_effects(regression.design)


def correction_of(
    regression: Regression,
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
        n_clusters=tuple(one.n_levels for one in clusters),
        factor=factor,
        df_resid=df,
    )


def tabulated(
    regression: Regression, estimate: Estimate, covariance: Floats, correction: Correction
) -> CoefficientTable:
    """Return the table of the slopes with a covariance, (n_kept, n_kept)."""
    terms = tuple(regression.panel.columns[at] for at in estimate.kept.tolist())
    return CoefficientTable(terms, estimate.slopes, covariance, correction)
