"""Gains over a reference, what was decided on each, and where a gain comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from harness.tables.decision import UNTESTED, Decision, decide, decide_conditionally
from harness.tables.table import NAN, ResultRow, listed, typed

# What the interval and the tests of a gain allow for.
Inference = Literal["entities", "conditional on periods", "entities and periods"]

ENTITIES: Final = "entities"
GIVEN_PERIODS: Final = "conditional on periods"
ENTITIES_AND_PERIODS: Final = "entities and periods"


@dataclass(frozen=True, kw_only=True)
class GainRow(ResultRow):
    """Gain of one estimator over the reference, a fraction, with its interval.

    `p_value` is of equal accuracy, of the same pivot as the interval; `p_holm` is adjusted for all estimators
    of the protocol (Holm 1979); NaN where there is none. `least_detectable` is the least gain that `p_holm`
    would have found with a chance of four in five, 1 where it would find none. `inference` says what all
    of them allow for, and `decision` what they say (`decide_gain`).
    """

    outcome: str
    estimator: str
    reference: str
    protocol: str
    sample: str
    gain: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    p_value: float = NAN
    mse: float = NAN
    mse_reference: float = NAN
    n_entities: int | None = None
    inference: str = ENTITIES
    p_holm: float = NAN
    least_detectable: float = NAN
    n_folds: int | None = None

    decision: Decision = UNTESTED

    @property
    def has_gain(self) -> bool:
        """Whether there is a number."""
        return self.decision != UNTESTED

    @property
    def is_reference(self) -> bool:
        """Whether it stands for the reference itself, of which there is an error and no gain."""
        return self.estimator == self.reference


def decide_gain(
    gain: float, low: float, high: float, p_holm: float, *, inference: str, size: float, least_gain: float
) -> Decision:
    """Return what a gain over the reference says.

    Above and below go by `p_holm` alone, which allows for entities, shared training rows and the number of
    estimators. A gain that is neither is negligible where its interval ends below `least_gain`. Where few
    periods were tested there is no p-value, and a gain whose interval lies above zero is conditional on them.

    Parameters
    ----------
    gain, low, high : fractions
    p_holm : p-value adjusted for the estimators of the protocol; NaN without one
    inference : what the interval allows for
    size : of the test, in (0, 1)
    least_gain : fraction from which on a gain matters; NaN where every one does
    """
    if inference == GIVEN_PERIODS:
        return decide_conditionally(gain, low)
    return decide(gain, low, high, p_holm, by="p", size=size, margin=least_gain, two_sided=False)


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """One estimator's gain over the reference under one protocol, as `GainRow` has it on test rows."""

    outcome: str
    estimator: str
    reference: str
    part: str
    protocol: str
    estimate: float
    conf_low: float
    conf_high: float
    mse: float
    mse_reference: float
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class RecognitionRow(ResultRow):
    """Of one estimator's gain on random rows the share that is gone for entities never seen.

    `estimate` and its limits are 1 - `gain_new` / `gain_known`, above 1 where the latter is a loss; none
    where the gain on random rows is not significantly above zero. `decision` is by the interval.
    """

    outcome: str
    estimator: str
    reference: str
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN
    gain_known: float = NAN
    gain_new: float = NAN
    n_entities: int | None = None
    decision: Decision = UNTESTED


@dataclass(frozen=True, kw_only=True)
class ChoiceRow:
    """What one level of a choice does to the gain.

    `mean_gain` and `mean_mse`, in squared outcome units, are over all `n` combinations with that level;
    `share_of_variance` is of the whole choice.
    """

    outcome: str
    choice: str
    level: str
    n: int | None
    mean_gain: float
    mean_mse: float = NAN
    share_of_variance: float


@dataclass(frozen=True, kw_only=True)
class JointTestRow(ResultRow):
    """One statistic of all combinations on the test rows of a protocol, against chance alone.

    `statistic` is the median gain, the share of gains with the dominant sign, or the larger of the shares
    significantly above and below zero. `decision` is of the median gain, by its p-value.
    """

    outcome: str
    estimator: str
    protocol: str
    statistic: str
    value: float = NAN
    p_value: float = NAN
    n_specifications: int | None
    n_entities: int | None
    decision: Decision = UNTESTED


GAIN = typed(
    "gain",
    GainRow,
    ("outcome", "estimator", "protocol", "reference", "sample"),
    "gains over the reference with intervals and p-values",
    measures=("gain",),
    study_wide=("p_holm", "least_detectable", "decision"),
)
GAIN_PAIRS = typed(
    "gain_pairs",
    GainRow,
    GAIN.key,
    "gains of any estimator over any other on the test rows of the leading protocols",
    measures=GAIN.measures,
    study_wide=GAIN.study_wide,
)
GAIN_WITHIN = listed(
    "gain_within",
    "outcome estimator reference protocol by part gain mse mse_reference n_obs",
    "outcome estimator reference protocol by part",
    "gains on the test rows fold by fold and period by period",
)
DECOMPOSITION = typed(
    "decomposition",
    PartRow,
    ("outcome", "estimator", "reference", "part"),
    "gain that remains for training rows, other rows of the same entities, and entities not used in training",
    measures=("estimate",),
)
RECOGNITION = typed(
    "recognition",
    RecognitionRow,
    ("outcome", "estimator", "reference"),
    "share of the gain on random rows that is lost for entities not used in training",
    measures=("estimate",),
)
MULTIVERSE_CHOICES = typed(
    "multiverse_choices", ChoiceRow, ("outcome", "choice", "level"), "change in the gain by each choice"
)
MULTIVERSE_TESTS = typed(
    "multiverse_tests",
    JointTestRow,
    ("outcome", "protocol", "statistic"),
    "joint tests of the gains under all combinations",
    measures=("value", "p_value"),
)
