"""The row of one gain, and how it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.evaluation.gain_status import ENTITIES, GainEvidence, GainStatus, gain_status
from harness.report.model.rows import ResultRow

SYMBOLS: Mapping[GainStatus, str] = {
    GainStatus.BETTER: "▲",
    GainStatus.BETTER_ONCE: "△",
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
    outcome and sample (Holm 1979), `p_best` for picking the best estimator of the protocol. `inference` says
    what interval and p-values allow for.
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
    n_folds: int | None = None
    fold_gain_min: float = math.nan
    fold_gain_max: float = math.nan
    inference: str = ENTITIES

    def status_at(self, level: float) -> GainStatus:
        """Return how the gain stands under intervals of coverage `level`."""
        evidence = GainEvidence(
            conf_low=self.conf_low,
            conf_high=self.conf_high,
            p_holm=self.p_holm,
            p_best=self.p_best,
            p_splits=self.p_splits,
            fold_gain_min=self.fold_gain_min,
            fold_gain_max=self.fold_gain_max,
            inference=self.inference,
        )
        return gain_status(evidence, level=level)
