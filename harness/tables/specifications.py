"""The coefficient of the exposure by regressions under the columns that a paper prints."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.table import AnswerRow, typed


@dataclass(frozen=True, kw_only=True)
class SpecificationRow(AnswerRow):
    """One coefficient of the exposure.

    `part` is the table of a paper that it belongs to, ``baseline`` or ``robustness``; `r_squared` is NaN
    where the estimator states none.
    """

    part: str
    specification: str
    term: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    n_obs: int | None
    n_entities: int | None
    n_controls: int | None
    r_squared: float


@dataclass(frozen=True, kw_only=True)
class AgreementRow(AnswerRow):
    """How often all specifications are significant with one sign where the effect is known, exact limits.

    The exposure is that of another entity, drawn at random, and `effect` times it is added to the outcome.
    """

    effect: float
    n_draws: int | None
    n_agree: int | None
    share: float
    conf_low: float
    conf_high: float


SPECIFICATIONS = typed(
    "specifications",
    SpecificationRow,
    ("outcome", "estimator", "scenario", "part", "specification", "term"),
    "coefficients of the exposure with and without controls, and under the usual robustness checks",
    measures=("estimate", "std_error"),
)
AGREEMENT = typed(
    "agreement",
    AgreementRow,
    ("outcome", "estimator", "scenario", "effect"),
    "how often all specifications agree without an effect, and with one as large as the baseline's",
    measures=("share",),
)
