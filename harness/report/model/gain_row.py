"""The row of one gain, and how it stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.report.model.rows import ResultRow


class GainStatus(Enum):
    """What interval and adjusted p-values say about a gain."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "not established"
    MISSING = "no result"
    REFERENCE = "reference"


SYMBOLS: Mapping[GainStatus, str] = {
    GainStatus.BETTER: "▲",
    GainStatus.WORSE: "▼",
    GainStatus.OPEN: "○",
    GainStatus.MISSING: "",
    GainStatus.REFERENCE: "",
}
"""What says the same as the colour of a cell."""


@dataclass(frozen=True)
class GainRow(ResultRow):
    """Gain of one estimator over the reference, a fraction, with its interval.

    `p_value` is of equal accuracy; `p_splits` allows for the overlap of splits, `p_holm` for all gains of the
    outcome and sample (Holm 1979), `p_best` for picking the best estimator of the protocol.
    """

    outcome: str
    estimator: str
    reference: str
    protocol: str
    sample: str
    gain: float
    conf_low: float
    conf_high: float
    p_value: float
    mse: float
    mse_reference: float
    n_entities: int | None
    status: str
    reason: str
    p_splits: float = math.nan
    p_holm: float = math.nan
    p_best: float = math.nan

    def status_at(self, level: float) -> GainStatus:
        """Return how the gain stands under intervals of coverage `level`."""
        return gain_status(self.conf_low, self.conf_high, adjusted=(self.p_holm, self.p_best), level=level)


def size_of(level: float) -> float:
    """Return the size of the tests that go with intervals of coverage `level`, its last bits rounded off."""
    return round(1.0 - level, 12)


def gain_status(conf_low: float, conf_high: float, *, adjusted: Iterable[float], level: float) -> GainStatus:
    """Return how a gain stands: established where interval and adjusted p-values agree.

    Parameters
    ----------
    conf_low, conf_high : limits of the interval, which has to exclude zero
    adjusted : p-values that allow for many comparisons, which have to lie below 1 - `level`; one that is
        missing is passed over
    """
    if any(p_value >= size_of(level) for p_value in adjusted):
        return GainStatus.OPEN
    if conf_low > 0:
        return GainStatus.BETTER
    if conf_high < 0:
        return GainStatus.WORSE
    return GainStatus.OPEN
