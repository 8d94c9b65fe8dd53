"""The cells of a study by outcome, estimator and protocol, and how each gain stands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from harness.report.reading.rows import AccuracyRow, GainRow
from harness.report.reading.run import Run
from harness.store.study_record import EstimatorRecord, ProtocolRecord

SAMPLES = ("test", "all", "train")
"""Samples in the order in which they are preferred for comparing estimators."""

NOT_RUN = ("no result", "the run holds no such cell")
"""Status and reason of a cell that no table has."""


class Standing(Enum):
    """What interval and adjusted p-values say about a gain."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "not established"
    MISSING = "no result"


def size_of(level: float) -> float:
    """Return the size of the tests that go with intervals of coverage `level`, its last bits rounded off."""
    return round(1.0 - level, 12)


def standing_of(conf_low: float, conf_high: float, *, adjusted: Iterable[float], level: float) -> Standing:
    """Return how a gain stands: established where interval and adjusted p-values agree.

    Parameters
    ----------
    conf_low, conf_high : limits of the interval, which has to exclude zero
    adjusted : p-values that allow for many comparisons, which have to lie below 1 - `level`; one that is
        missing is passed over
    """
    if any(one >= size_of(level) for one in adjusted):
        return Standing.OPEN
    if conf_low > 0:
        return Standing.BETTER
    if conf_high < 0:
        return Standing.WORSE
    return Standing.OPEN


def standing_of_row(row: GainRow, *, level: float) -> Standing:
    """Return how the gain of a row of the table ``gain`` stands."""
    return standing_of(row.conf_low, row.conf_high, adjusted=(row.p_holm, row.p_best), level=level)


@dataclass(frozen=True)
class GainCell:
    """The gain of one estimator under one protocol, or why there is none.

    Attributes
    ----------
    gain, conf_low, conf_high : fractions; NaN where there is none
    p_value : of equal accuracy, of this gain alone; NaN where there is none, as the others
    p_splits : allowing for the overlap of repeated splits
    p_holm, p_best : allowing for all gains of the outcome, and for picking the best of the protocol
    status : of the cell, such as ``refused`` where there is none
    reason : why there is none, or an empty string
    """

    estimator: EstimatorRecord
    protocol: ProtocolRecord
    gain: float
    conf_low: float
    conf_high: float
    standing: Standing
    status: str
    reason: str
    p_value: float = math.nan
    p_splits: float = math.nan
    p_holm: float = math.nan
    p_best: float = math.nan

    @property
    def p_adjusted(self) -> float:
        """The larger of the p-values that allow for many comparisons; NaN where there is none."""
        return max((one for one in (self.p_holm, self.p_best) if math.isfinite(one)), default=math.nan)


@dataclass(frozen=True, eq=False)
class Results:
    """Look-up of a run's cells.

    Attributes
    ----------
    run : whose cells are looked up
    over : id of the estimator that gains are over; the study's reference where it is empty
    """

    run: Run
    over: str = ""

    @property
    def reference(self) -> str:
        """Id of the estimator that gains are over."""
        return self.over or self.run.manifest.study.reference

    @property
    def reference_label(self) -> str:
        """How it is called."""
        return self.run.manifest.study.estimator_label(self.reference)

    @property
    def further(self) -> tuple[Results, ...]:
        """The same cells with gains over each of the study's further references."""
        return tuple(replace(self, over=one) for one in self.run.manifest.study.further_references)

    @property
    def rivals(self) -> tuple[EstimatorRecord, ...]:
        """Every estimator but the reference."""
        return tuple(one for one in self.run.manifest.study.estimators if one.id != self.reference)

    def accuracy(self, outcome: str, estimator: str, protocol: str) -> dict[str, AccuracyRow]:
        """Return the rows of one cell by sample."""
        key = (outcome, estimator, protocol)
        return {
            row.sample: row for row in self.run.accuracy if (row.outcome, row.estimator, row.protocol) == key
        }

    def compared(self, outcome: str, estimator: str, protocol: str) -> AccuracyRow | None:
        """Return the row that estimators are compared by: the test sample's where there is one."""
        rows = {
            sample: row
            for sample, row in self.accuracy(outcome, estimator, protocol).items()
            if row.is_done and math.isfinite(row.mse)
        }
        return next((rows[sample] for sample in SAMPLES if sample in rows), None)

    def gain(self, outcome: str, estimator: EstimatorRecord, protocol: ProtocolRecord) -> GainCell:
        """Return the gain on the sample that estimators are compared by, or why there is none."""
        key = (outcome, self.reference, estimator.id, protocol.id)
        rows = [
            row for row in self.run.gains if (row.outcome, row.reference, row.estimator, row.protocol) == key
        ]
        done = {row.sample: row for row in rows if row.is_done and math.isfinite(row.gain)}
        best = next((done[sample] for sample in SAMPLES if sample in done), None)
        if best is None:
            status, reason = next(((row.status, row.reason) for row in rows if row.reason), NOT_RUN)
            nan = float("nan")
            return GainCell(estimator, protocol, nan, nan, nan, Standing.MISSING, status, reason)
        standing = standing_of_row(best, level=self.run.manifest.study.level)
        return _cell(best, estimator, protocol, standing)

    def gains(self, outcome: str) -> tuple[GainCell, ...]:
        """Return the gains of one outcome, estimator by estimator, protocols in the order of the study."""
        return tuple(
            self.gain(outcome, estimator, protocol)
            for estimator in self.rivals
            for protocol in self.run.manifest.study.protocols
        )

    def refusal(self, outcome: str, estimator: str, protocol: str) -> tuple[str, str]:
        """Return the status of a cell without errors, and why it has none."""
        rows = self.accuracy(outcome, estimator, protocol).values()
        return next(((row.status, row.reason) for row in rows if row.reason), NOT_RUN)


def _cell(row: GainRow, estimator: EstimatorRecord, protocol: ProtocolRecord, standing: Standing) -> GainCell:
    return GainCell(
        estimator=estimator,
        protocol=protocol,
        gain=row.gain,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
        standing=standing,
        status=row.status,
        reason="",
        p_value=row.p_value,
        p_splits=row.p_splits,
        p_holm=row.p_holm,
        p_best=row.p_best,
    )
