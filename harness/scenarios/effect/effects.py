"""Effects over all repeats of cross-fitting, with intervals, bands and robustness values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.scenarios.effect.score import Estimated

N_MULTIPLIERS = 1000
"""Multiplier draws of a simultaneous band; a probability of 0.95 has a standard error of 0.007 among them."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects over all repeats of cross-fitting.

    Attributes
    ----------
    estimate, std_error : (n_points,), outcome units
    reach : half the width of the pointwise interval in standard errors
    reach_together : half the width of the simultaneous band in standard errors
    spread : (n_points,), S of each effect
    share_left, n_effective, first_stage_f : the median over repeats
    df : degrees of freedom of p-values
    """

    estimate: Floats
    std_error: Floats
    reach: float
    reach_together: float
    spread: Floats
    share_left: float
    n_effective: float
    first_stage_f: float
    df: int

    @property
    def p_value(self) -> Floats:
        """Of no effect, two-sided, (n_points,)."""
        from scipy.stats import t

        return np.asarray(2.0 * t.sf(np.abs(self.estimate) / self.std_error, self.df))

    @property
    def robustness_value(self) -> Floats:
        """Share of what is left that an omitted variable has to explain to bring the estimate to zero."""
        return robustness_values(np.abs(self.estimate) / self.spread)

    @property
    def robustness_value_limit(self) -> Floats:
        """The same for the limit of the interval that is nearer to zero; zero where it holds zero."""
        nearer = np.maximum(np.abs(self.estimate) - self.reach * self.std_error, 0.0)
        return robustness_values(nearer / self.spread)


def robustness_values(ratio: Floats) -> Floats:
    """Return r with r / sqrt(1 - r) equal to a ratio, the same share explained of outcome and exposure.

    With |t| / sqrt(df) of a regression as ratio it is the robustness value of Cinelli and Hazlett (2020),
    with the effect over S that of Chernozhukov et al. (2022).
    """
    square = np.square(ratio)
    return np.asarray((np.sqrt(np.square(square) + 4.0 * square) - square) / 2.0)


def aggregated(
    repeats: Sequence[Estimated], combinations: Floats, *, level: float, rng: Generator
) -> Effects:
    """Return effects with the median over repeats.

    Their variance is the median of each repeat's plus the squared deviation of its estimate (Chernozhukov et
    al. 2018, definition 3.3). The simultaneous band is a multiplier bootstrap over entities (Semenova and
    Chernozhukov 2021), its draws those of a t distribution, as few entities ask for.

    Parameters
    ----------
    combinations : (n_points, n_terms)
    level : in (0, 1)
    rng : of the multipliers
    """
    from scipy.stats import t

    df = len(repeats[0].influence) - 1
    estimates = np.stack([combinations @ repeat.theta for repeat in repeats])
    influences = [repeat.influence @ combinations.T for repeat in repeats]
    variances = np.stack([np.square(influence).sum(axis=0) for influence in influences])
    estimate = np.median(estimates, axis=0)
    error = np.sqrt(np.median(variances + np.square(estimates - estimate), axis=0))
    spreads = [np.einsum("ij,jk,ik->i", combinations, repeat.spread, combinations) for repeat in repeats]
    multipliers = rng.standard_normal((N_MULTIPLIERS, df + 1))
    multipliers /= np.sqrt(rng.chisquare(df, size=(N_MULTIPLIERS, 1)) / df)
    critical = [
        np.quantile(np.abs(multipliers @ influence / np.sqrt(variance)).max(axis=1), level)
        for influence, variance in zip(influences, variances, strict=True)
    ]
    reach = float(t.ppf((1.0 + level) / 2.0, df))
    return Effects(
        estimate=estimate,
        std_error=error,
        reach=reach,
        reach_together=max(reach, float(np.median(critical))),
        spread=np.sqrt(np.median(np.stack(spreads), axis=0)),
        share_left=float(np.median([repeat.share_left for repeat in repeats])),
        n_effective=float(np.median([repeat.n_effective for repeat in repeats])),
        first_stage_f=float(np.median([repeat.first_stage_f for repeat in repeats])),
        df=df,
    )
