"""When a single gain counts as established: one rule, for the report, the findings and the calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from harness.language import marked

Inference = Literal["entities", "given these periods", "entities and periods"]
"""What the interval and the tests of a gain allow for."""

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


@dataclass(frozen=True)
class GainEvidence:
    """What a single gain is judged by.

    Attributes
    ----------
    conf_low, conf_high : limits of the interval
    p_holm, p_best : p-values that allow for many comparisons, for the best of many; NaN where unknown
    p_splits : p-value that allows for the overlap of splits; NaN with one split
    fold_gain_min, fold_gain_max : least and greatest gain of any fold; NaN where they are not known
    inference : what interval and tests allow for
    """

    conf_low: float
    conf_high: float
    p_holm: float
    p_best: float
    p_splits: float
    fold_gain_min: float
    fold_gain_max: float
    inference: str


def size_of(level: float) -> float:
    """Return the size of the tests that go with intervals of coverage `level`, its last bits rounded off."""
    return round(1.0 - level, 12)


def gain_status(evidence: GainEvidence, *, level: float) -> GainStatus:
    """Return how a gain stands.

    It is established where the interval excludes zero, no p-value contradicts, the one corrected for the
    overlap of splits among them, and the gain of every fold has the same sign: a gain that one split carries
    is not. Where time was seen once there is no p-value, and a gain above zero is one given these periods.

    Parameters
    ----------
    level : in (0, 1), nominal coverage of the interval; p-values have to lie below 1 - `level`, and one that
        is missing is passed over
    """
    p_values = (evidence.p_holm, evidence.p_best, evidence.p_splits)
    if any(p_value >= size_of(level) for p_value in p_values):
        return GainStatus.OPEN
    if evidence.conf_low > 0 and not evidence.fold_gain_min <= 0:
        return GainStatus.BETTER_ONCE if evidence.inference == GIVEN_PERIODS else GainStatus.BETTER
    is_worse = evidence.conf_high < 0 and not evidence.fold_gain_max >= 0
    return GainStatus.WORSE if is_worse and evidence.inference != GIVEN_PERIODS else GainStatus.OPEN


def adjusted_p_value(p_holm: float, p_best: float) -> float:
    """Return the larger of the p-values that allow for many comparisons; NaN where there is none."""
    return max((p_value for p_value in (p_holm, p_best) if math.isfinite(p_value)), default=math.nan)
