"""Covariances of independent errors, and what every covariance is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from numpy.random import Generator

from harness.plugin import CoefficientTable, Correction, EffectSet, Floats
from harness_fixest.estimate import Estimate, Request
from harness_fixest.independent_effects import count_effects
from harness_fixest.regression import FeolsRegression


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
