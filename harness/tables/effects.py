"""Debiased effects, the same under other choices, and tests of the effect's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.language import marked
from harness.tables.decision import UNTESTED, Decision
from harness.tables.table import NAN, STATUS, AnswerRow, ResultRow, typed

# Bands of an effect: of each of its points, and of all of them together.
POINTWISE = marked("pointwise")
SIMULTANEOUS = marked("simultaneous")

# Forms that are one slope, as the mean slope of a net effect curve is.
SLOPES = ("line", "derivative")


@dataclass(frozen=True, kw_only=True)
class DebiasedRow(ResultRow):
    """A number about a debiased effect."""

    LAST = ("scenario", *STATUS)

    outcome: str
    exposure: str
    method: str
    scenario: str


@dataclass(frozen=True, kw_only=True)
class EffectRow(DebiasedRow):
    """One debiased effect with one of its intervals.

    `p_adjusted` is the least of the p-values that allow for all of its points, adjusted (Holm 1979) for the
    `family`, which has its size as ``outcomes:3``: the declared effect on each outcome, or all others on one.
    `decision` is what both say of the effect, the same in all of its rows but for intervals by other tests.
    `df` is what p-value, interval and the least effect that the adjusted test could have found go by.
    """

    form: str
    learner: str
    group: str
    moderator: str
    at: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    band: str
    p_value: float
    residual_share: float
    first_stage_f: float
    robustness_value: float
    robustness_value_limit: float
    n_obs: int | None
    n_entities: int | None
    n_effective: float
    n_repeats: int | None = None
    errors: str = "entity"
    p_common_shocks: float = NAN
    p_methods: float = NAN
    p_learners: float = NAN
    is_exploratory: bool = False
    df: float = NAN
    p_adjusted: float = NAN
    family: str = ""
    decision: Decision = UNTESTED
    assumption: str
    assumption_code: str = ""

    # As points of other lines have them.
    supported: ClassVar[bool] = True
    n_draws: ClassVar[int | None] = None
    level: ClassVar[float] = NAN
    unit: ClassVar[str] = ""


@dataclass(frozen=True, kw_only=True)
class SensitivityRow(DebiasedRow):
    """The debiased slope were a variable omitted that is `multiple` times as strong as a covariate.

    `r2_exposure` is the partial R2 of the omitted variable with the exposure given the controls, `r2_outcome`
    that with the outcome given the exposure too. The others are of the slope: its robustness value, Oster's
    delta, and the share of rows at whose predicted exposure at least 5 % of its variation is left.
    """

    learner: str
    covariate: str
    multiple: float
    r2_exposure: float
    r2_outcome: float
    estimate: float
    conf_low: float
    conf_high: float
    robustness_value: float
    oster_delta: float
    overlap: float


# In the place of a band: the p-value of a test that the effects of bins lie on one line.
LINEAR = "linear"

# Paths of mediation, and the method of the three steps that are usually published.
TOTAL, TO_MEDIATOR, FROM_MEDIATOR = "total", "to_mediator", "from_mediator"
DIRECT, INDIRECT, STEPWISE = "direct", "indirect", "two_way_fixed_effects"


@dataclass(frozen=True, kw_only=True)
class MediationRow(DebiasedRow):
    """One path of a mediator: total, to it, from it, direct or indirect, or a slope of the usual three steps.

    `rho` is the correlation of the errors of mediator and outcome that an indirect effect is given for,
    `rho_zero` that at which it is zero, `share` its part of a total effect that is significantly different
    from zero. `p_adjusted` is of indirect effects without such a correlation, for all on the outcome (Holm
    1979), and so is their `decision`; that of other paths goes by the interval.
    """

    mediator: str
    learner: str
    path: str
    rho: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    share: float
    rho_zero: float
    n_obs: int | None
    n_entities: int | None
    p_adjusted: float = NAN
    family: str = ""
    decision: Decision = UNTESTED

    @property
    def is_indirect(self) -> bool:
        """Whether it is an indirect effect without residual correlation."""
        return self.is_done and (self.path, self.rho) == (INDIRECT, 0.0)


# Tests on which a rule decides: of a straight line, of no effect before a treatment starts, of unit roots,
# that two curves have one shape, and of k thresholds against k - 1.
LINEARITY, PRE_TREND, UNIT_ROOT, EQUAL_CURVES = "linearity", "pre_trend", "unit_root", "equal_curves"
THRESHOLD_TESTS = ("one threshold", "two thresholds", "three thresholds")
DECIDED_TESTS = frozenset({LINEARITY, PRE_TREND, UNIT_ROOT, EQUAL_CURVES, *THRESHOLD_TESTS})


@dataclass(frozen=True, kw_only=True)
class EffectTestRow(ResultRow):
    """A test of the effect's form; `decision` is above where one that a rule decides on rejects."""

    outcome: str
    exposure: str = ""
    test: str
    estimator: str
    against: str
    protocol: str = ""
    statistic: float
    p_value: float
    n_entities: int | None = None
    decision: Decision = UNTESTED


EFFECTS = typed(
    "effects",
    EffectRow,
    ("outcome", "scenario", "exposure", "method", "form", "learner", "group", "moderator", "band", "at"),
    "debiased effects of the exposure with their errors, by method, form and learner",
    measures=("estimate", "std_error"),
    study_wide=("p_adjusted", "family", "decision"),
)
SENSITIVITY = typed(
    "sensitivity",
    SensitivityRow,
    ("outcome", "scenario", "exposure", "method", "learner", "covariate", "multiple"),
    "debiased slopes if a variable a multiple as strong as a covariate were omitted",
    measures=("estimate",),
)
MEDIATION = typed(
    "mediation",
    MediationRow,
    ("outcome", "scenario", "exposure", "mediator", "method", "learner", "path", "rho"),
    "total, direct and indirect effects by mediator, with their sensitivity, and the usual three steps",
    measures=("estimate", "std_error"),
    study_wide=("p_adjusted", "family", "decision"),
)
EFFECT_TESTS = typed(
    "effect_tests",
    EffectTestRow,
    ("outcome", "exposure", "test", "estimator", "against", "protocol"),
    "tests of the effect's form, of spatial errors and of unit roots",
    measures=("statistic",),
)


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


AGREEMENT = typed(
    "agreement",
    AgreementRow,
    ("outcome", "estimator", "scenario", "effect"),
    "how often all specifications agree without an effect, and with one as large as the baseline's",
    measures=("share",),
)
