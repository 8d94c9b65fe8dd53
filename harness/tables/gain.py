"""Gains over a reference, when one counts as established, and where a gain comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from harness.language import marked
from harness.tables.decision import size_of
from harness.tables.table import NAN, ResultRow, listed, typed

# What the interval and the tests of a gain allow for.
Inference = Literal["entities", "given these periods", "entities and periods"]

ENTITIES: Final = "entities"
GIVEN_PERIODS: Final = "given these periods"
ENTITIES_AND_PERIODS: Final = "entities and periods"


class GainStatus(Enum):
    """What interval, p-values and folds say about a gain."""

    BETTER = marked("better")
    BETTER_ONCE = marked("better, conditional on these periods")
    NOT_BETTER = marked("not better by more than the least gain that matters")
    WORSE = marked("worse")
    OPEN = marked("cannot tell")
    MISSING = marked("no result")
    REFERENCE = marked("reference")


@dataclass(frozen=True, kw_only=True)
class GainRow(ResultRow):
    """Gain of one estimator over the reference, a fraction, with its interval.

    `p_value` is of equal accuracy, of the same pivot as the interval; `p_holm` is adjusted for all estimators
    of the protocol (Holm 1979); NaN where there is none. `least_detectable` is the least gain that `p_holm`
    would have found with a chance of four in five. `inference` says what all of them allow for.
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

    def status_at(self, level: float, least_gain: float) -> GainStatus:
        """Return how the gain stands: one rule, for the report, the findings and the calibration.

        Better and worse go by `p_holm` alone, which allows for entities, shared training rows and the number
        of estimators. A gain that is neither is none by more than `least_gain` where its interval ends below.
        Where time was seen once there is no p-value, and a gain whose interval excludes zero is one given
        these periods.

        Parameters
        ----------
        level : in (0, 1), nominal coverage of the interval
        least_gain : fraction from which on a gain matters
        """
        if not self.is_done or not math.isfinite(self.gain):
            return GainStatus.MISSING
        if self.inference == GIVEN_PERIODS:
            return GainStatus.BETTER_ONCE if self.conf_low > 0 else GainStatus.OPEN
        if self.p_holm < size_of(level):
            return GainStatus.BETTER if self.gain > 0 else GainStatus.WORSE
        return GainStatus.NOT_BETTER if self.conf_high < least_gain else GainStatus.OPEN


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """One estimator's gain over the reference under one protocol, a fraction, with interval and errors."""

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


@dataclass(frozen=True, kw_only=True)
class RecognitionRow(ResultRow):
    """Of one estimator's gain on random rows the share that is gone for entities never seen.

    `estimate` and its limits are 1 - `gain_new` / `gain_known`, above 1 where the latter is a loss; none
    where the gain on random rows is not significantly above zero.
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


@dataclass(frozen=True, kw_only=True)
class ChoiceRow:
    """What one level of a choice does to the gain.

    `mean_gain` is over all `n` combinations with that level; `share_of_variance` is of the whole choice.
    """

    outcome: str
    choice: str
    level: str
    n: int | None
    mean_gain: float
    share_of_variance: float


@dataclass(frozen=True, kw_only=True)
class JointTestRow(ResultRow):
    """One statistic of all combinations on the test rows of a protocol, against chance alone.

    `statistic` is the median gain, the share of gains with the dominant sign, or the larger of the shares
    significantly above and below zero.
    """

    outcome: str
    estimator: str
    protocol: str
    statistic: str
    value: float = NAN
    p_value: float = NAN
    n_specifications: int | None
    n_entities: int | None


GAIN = typed(
    "gain",
    GainRow,
    ("outcome", "estimator", "protocol", "reference", "sample"),
    "gains over the reference with intervals and p-values",
    measures=("gain",),
    study_wide=("p_holm", "least_detectable"),
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
MULTIVERSE = listed(
    "multiverse",
    "outcome estimator universe reference protocol sample gain conf_low conf_high",
    "outcome universe reference protocol sample",
    "the gain under every combination of choices; a column for each choice follows",
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


@dataclass(frozen=True, kw_only=True)
class LadderStepRow(ResultRow):
    """One number of one step.

    `step` counts from 0, which is the start; `change` and `to` are the option and its new value. `quantity`
    is ``gain``, under the protocol of the step, ``gain_unseen``, under the ladder's other one, both fractions
    over `reference` on test rows, or ``curve_error``, root mean square distance of the net effect curve from
    the truth over supported rows, outcome units. `splits` is how many splits of the protocol there are.
    """

    outcome: str
    step: int | None
    change: str
    to: str
    label: str
    quantity: str
    protocol: str = ""
    splits: int | None = None
    reference: str = ""
    estimate: float = NAN
    conf_low: float = NAN
    conf_high: float = NAN


METHOD_LADDER = typed(
    "method_ladder",
    LadderStepRow,
    ("outcome", "step", "quantity", "reference"),
    "gains, and distance of the curve from the truth, as one method is changed into another step by step",
    measures=("estimate",),
)
