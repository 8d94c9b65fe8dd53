"""Coefficients, and details of fits: tests of what they assume, statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, ResultRow, typed


@dataclass(frozen=True, kw_only=True)
class CoefficientRow(ResultRow):
    """One coefficient, in outcome units per unit of the term; the term is empty where it is not done.

    `p_common_shocks` is of the test that chose between errors by entity and those of common shocks, and
    `decision` by the interval of the coefficient alone.
    """

    outcome: str
    estimator: str
    term: str
    estimate: float
    std_error: float
    statistic: float = NAN
    p_value: float = NAN
    conf_low: float
    conf_high: float
    covariance: str
    covariance_code: str = ""
    n_obs: int | None
    n_coef: int | None = None
    n_effects: int | None = None
    n_clusters: str = ""
    factor: float = NAN
    df_resid: float
    bandwidth: float = NAN
    p_common_shocks: float = NAN
    decision: Decision = UNTESTED


@dataclass(frozen=True)
class TransformedRow:
    """One slope of a transformed outcome; in per cent and as an elasticity that of a logarithm alone.

    Its interval has the level `LEVEL`; `p_common_shocks` is as of `CoefficientRow`.
    """

    LEVEL: ClassVar[float] = 0.95

    outcome: str
    estimator: str
    term: str
    estimate: float
    conf_low: float
    conf_high: float
    percent: float = NAN
    elasticity_at_mean: float = NAN
    std_error: float = NAN
    p_value: float = NAN
    df_resid: float = NAN
    p_common_shocks: float = NAN

    @property
    def is_of_log(self) -> bool:
        """Whether it is of a logarithm, so that its exponential is a factor of the outcome."""
        return math.isfinite(self.percent)

    def limits(self, level: float) -> tuple[float, float]:
        """Return the limits of its interval at a level, by the t distribution where that is another one."""
        from scipy.special import stdtrit

        if level == self.LEVEL:
            return self.conf_low, self.conf_high
        half = float(stdtrit(self.df_resid, 0.5 + level / 2.0)) * self.std_error
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True, kw_only=True)
class DiagnosticRow(ResultRow):
    """A test of what an estimator assumes, or why it could not be made; `decision` is above if it rejects."""

    outcome: str
    estimator: str
    test: str
    null_hypothesis: str
    null_hypothesis_code: str = ""
    statistic: float
    distribution: str
    df1: float
    df2: float
    p_value: float
    source: str
    caution: str
    caution_code: str = ""
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class StatisticRow:
    """A number that describes a fit, with its definition."""

    outcome: str
    estimator: str
    statistic: str
    value: float
    definition: str


COEFFICIENTS = typed(
    "coefficients",
    CoefficientRow,
    ("outcome", "estimator", "term"),
    "coefficient tables with the corrections of their covariance",
    measures=("estimate", "std_error"),
)
TRANSFORMED = typed("details/transformed_coefficients", TransformedRow, ("outcome", "estimator", "term"))
DIAGNOSTICS = typed("details/diagnostics", DiagnosticRow)
STATISTICS = typed("details/statistics", StatisticRow)
