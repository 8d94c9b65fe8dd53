"""What the verdict says, and how often such a sentence is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tables.table import NAN, typed


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One sentence of the verdict.

    Attributes
    ----------
    estimator : it is about; empty where it is about all
    is_primary : whether it is the effect that the study declared before anything was seen
    about : what tells it from others of its kind: the reference of a gain, the curve of a turning point, the
        groups of a difference, the values of a contrast, the moderator of a change of sign
    text : the sentence, in English in the table
    is_established : whether it may be taken for something that is there
    estimate, conf_low, conf_high, p_value : what it rests on, in the unit of its kind; NaN where it is about
        many numbers
    p_adjusted : the p-value for the family that it is of (Holm 1979): of the primary effect all outcomes, of
        other debiased effects those on the outcome, of differences between groups all pairs and estimators of
        the question, of a gain all estimators; NaN where there is no family
    least_detectable : least such estimate that the test finds with a chance of four in five
    error_rate : how often such a sentence is wrong on panels of this shape; NaN where that was not measured
    caveats : what a reader should know of it, in sentences
    code, parameters : of the sentence, and what it holds as JSON, the same of its caveats among it; both
        texts are made from these alone, in any language
    """

    outcome: str
    estimator: str
    finding: str
    is_primary: bool = False
    about: str
    text: str
    is_established: bool
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    p_value: float = NAN
    p_adjusted: float = NAN
    least_detectable: float = NAN
    error_rate: float = NAN
    caveats: str = ""
    code: str = ""
    parameters: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorRateRow:
    """How often a kind of finding was made on panels where it is not there, with exact limits.

    Attributes
    ----------
    estimator : empty where any counts
    power : how often it was found where it is there; NaN where that was not measured
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
    ("outcome", "finding", "about", "estimator"),
    "every finding with its numbers, its significance and its caveats",
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
