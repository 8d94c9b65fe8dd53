"""What the verdict says, and how often such a sentence is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from harness.tables.decision import UNTESTED
from harness.tables.table import NAN, typed

# Family of the effect that a study declares; that of all others is of one outcome.
OF_OUTCOMES: Final = "outcomes"


def is_of_outcomes(family: str) -> bool:
    """Return whether a family is that of the effect that a study declares."""
    return family.startswith(f"{OF_OUTCOMES}:")


# Where on the first screen a sentence stands.
Screen = Literal["prediction", "effect", "trust", "caution", "none"]


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One sentence that a run says of an outcome, or of the study where `outcome` is empty.

    Attributes
    ----------
    key : unique: the finding, the outcome and the ids of what it is about; no label, number or decision, so
        that other labels, languages and further estimators leave it as it is
    estimator : it is about; empty where it is about all
    finding : its kind
    code : of the sentence, which has the fields of `params`
    about : what tells it from others of its kind: the reference of a gain, the curve of a turning point, the
        groups of a difference, the values of a contrast, the moderator of a change of sign
    params : what the sentence holds, as JSON; texts in any language are made from it alone
    screen, rank : where on the first screen it stands, and in which order there; the rank is of the code
    decision : one of the words of `harness.tables.decision`
    is_established : whether it may be taken for something that is there: above or below zero, with nothing
        against it that blocks, under every protocol that keeps test rows apart and has a p-value
    estimate, conf_low, conf_high, p_value : what it rests on, in the unit of its kind; NaN where it is about
        many numbers
    p_adjusted : the p-value for the family that it is of (Holm 1979): of a headline effect all outcomes, of
        other debiased effects those on the outcome, of differences between groups all pairs and estimators of
        the question, of a gain all estimators, of what else is said of the exposure all of that, see
        `harness.findings.families`; NaN where there is no family
    df : degrees of freedom of its test; NaN where its table has none
    least_detectable : least such estimate that the test finds with a chance of four in five
    family : what the p-value is adjusted for and how many that are, such as ``outcomes:3``
    error_rate : how often such a sentence is wrong on panels of this shape; NaN where that was not measured
    rate_of : which rate of the table of error rates that is: its key, with slashes between
    caveats : what a reader should know of it, as JSON: code and params of each sentence, and whether it
        blocks
    text, caveats_text : both in English
    """

    key: str
    outcome: str
    estimator: str
    finding: str
    code: str
    about: str = ""
    params: str = "{}"
    screen: str = "none"
    rank: int | None = None
    decision: str = UNTESTED
    is_established: bool = False
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    p_value: float = NAN
    p_adjusted: float = NAN
    df: float = NAN
    least_detectable: float = NAN
    family: str = ""
    error_rate: float = NAN
    rate_of: str = ""
    caveats: str = "[]"
    text: str = ""
    caveats_text: str = ""

    @property
    def is_primary(self) -> bool:
        """Whether it is the effect that the study declared before anything was seen."""
        return is_of_outcomes(self.family)


@dataclass(frozen=True, kw_only=True)
class ErrorRateRow:
    """How often a kind of finding was made on panels where it is not there, with exact limits.

    Attributes
    ----------
    estimator : empty where any counts
    power : how often it was found where it is there; NaN where that was not measured
    effect : size of what was there: of a slope standard deviations of the error for one of the exposure
        within entities, of a treatment such deviations, of a bend or an interaction that of its part, of a
        gain a share of the reference's error; NaN without `power`
    nearest, distance : the nearest of the simulated shapes that a rate is interpolated from, and how far it
        is, the range of a feature being one; none of a calibration of the study itself
    outside : features of the panel that no simulated shape has; there is no rate then
    """

    outcome: str
    estimator: str
    finding: str
    error_rate: float
    conf_low: float
    conf_high: float
    n_found: int | None
    n_panels: int | None
    power: float = NAN
    effect: float = NAN
    nearest: str = ""
    distance: float = NAN
    outside: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckRateRow:
    """How often all robustness checks passed on panels with one true effect, with exact limits.

    `finding` is whether they agree with the slope, or confirm it as well; `estimator` the learner.
    """

    outcome: str
    estimator: str
    finding: str
    effect: float
    share: float
    conf_low: float
    conf_high: float
    n_panels: int | None


FINDINGS = typed(
    "findings",
    FindingRow,
    ("key",),
    "every sentence on an outcome with its numbers, its decision, its caveats and its error rate",
    measures=("is_established", "estimate"),
)
ERROR_RATES = typed(
    "error_rates",
    ErrorRateRow,
    ("outcome", "estimator", "finding"),
    "false-finding rates by kind, on simulated panels of the study's shape",
    measures=("error_rate",),
)
CHECK_RATES = typed(
    "check_rates",
    CheckRateRow,
    ("outcome", "estimator", "finding", "effect"),
    "how often all robustness checks pass with and without an effect, on simulated panels of the "
    "study's shape",
    measures=("share",),
)
