"""Gains over a reference, when one counts as established, and where a gain comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from harness.language import marked
from harness.tables.table import NAN, ResultRow, listed, typed

# What the interval and the tests of a gain allow for.
Inference = Literal["entities", "given these periods", "entities and periods"]

ENTITIES: Final = "entities"
GIVEN_PERIODS: Final = "given these periods"
ENTITIES_AND_PERIODS: Final = "entities and periods"


class GainStatus(Enum):
    """What interval, p-values and folds say about a gain."""

    BETTER = marked("better")
    BETTER_ONCE = marked("better, given these periods")
    WORSE = marked("worse")
    OPEN = marked("not established")
    MISSING = marked("no result")
    REFERENCE = marked("reference")


def size_of(level: float) -> float:
    """Return the size of the tests that go with intervals of coverage `level`, its last bits rounded off."""
    return round(1.0 - level, 12)


@dataclass(frozen=True, kw_only=True)
class GainRow(ResultRow):
    """Gain of one estimator over the reference, a fraction, with its interval.

    `p_value` is of equal accuracy; `p_splits` allows for the overlap of splits, `p_holm` for all gains of the
    outcome and sample (Holm 1979), `p_best` for picking the best estimator of the protocol; NaN where there
    is none. `inference` says what interval and p-values allow for; `fold_gain_min` and `fold_gain_max` are
    the least and greatest gain of any fold.
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
    p_splits: float = NAN
    p_holm: float = NAN
    p_best: float = NAN
    n_folds: int | None = None
    fold_gain_min: float = NAN
    fold_gain_max: float = NAN

    @property
    def p_adjusted(self) -> float:
        """The larger of the p-values that allow for many comparisons; NaN where there is none."""
        return max((p for p in (self.p_holm, self.p_best) if math.isfinite(p)), default=NAN)

    def status_at(self, level: float) -> GainStatus:
        """Return how the gain stands: one rule, for the report, the findings and the calibration.

        It is established where the interval excludes zero, no p-value contradicts, the one corrected for the
        overlap of splits among them, and the gain of every fold has the same sign: a gain that one split
        carries is not. Where time was seen once there is no p-value, and a gain above zero is one given these
        periods.

        Parameters
        ----------
        level : in (0, 1), nominal coverage of the interval; p-values have to lie below 1 - `level`, and one
            that is missing is passed over
        """
        if not self.is_done or not math.isfinite(self.gain):
            return GainStatus.MISSING
        if any(p_value >= size_of(level) for p_value in (self.p_holm, self.p_best, self.p_splits)):
            return GainStatus.OPEN
        if self.conf_low > 0 and not self.fold_gain_min <= 0:
            return GainStatus.BETTER_ONCE if self.inference == GIVEN_PERIODS else GainStatus.BETTER
        is_worse = self.conf_high < 0 and not self.fold_gain_max >= 0
        return GainStatus.WORSE if is_worse and self.inference != GIVEN_PERIODS else GainStatus.OPEN


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
    study_wide=("p_holm", "p_best"),
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
    "what is left of the gain for rows at hand, other rows of the same entities, entities never seen",
    measures=("estimate",),
)
RECOGNITION = typed(
    "recognition",
    RecognitionRow,
    ("outcome", "estimator", "reference"),
    "of the gain on random rows, the share that is gone for entities never seen",
    measures=("estimate",),
)
MULTIVERSE = listed(
    "multiverse",
    "outcome estimator universe reference protocol sample gain conf_low conf_high",
    "outcome universe reference protocol sample",
    "the gain under every combination of choices; a column for each choice follows",
)
MULTIVERSE_CHOICES = typed(
    "multiverse_choices",
    ChoiceRow,
    ("outcome", "choice", "level"),
    "what each choice does to the gain",
)
MULTIVERSE_TESTS = typed(
    "multiverse_tests",
    JointTestRow,
    ("outcome", "protocol", "statistic"),
    "whether the gains under all combinations together are more than chance",
    measures=("value", "p_value"),
)
