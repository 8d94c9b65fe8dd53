"""Errors and gains of a study by estimator and protocol, and the findings on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.findings.run import Run
from harness.language import marked
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.tables.accuracy import ACCURACY, AccuracyRow
from harness.tables.gain import GAIN, GAIN_WITHIN, GainRow

# Samples in the order in which they are preferred for comparing estimators.
SAMPLES = ("test", "all", "train")

# Status and reason of a cell that no table has.
NOT_RUN = (marked("no result"), marked("the run holds no such cell"))


@dataclass(frozen=True, eq=False)
class Gains:
    """Look-up of a run's gains over one reference.

    Attributes
    ----------
    run : the run
    over : id of the reference; empty for that of the study
    """

    run: Run
    over: str = ""

    @property
    def reference(self) -> str:
        """Id of the reference."""
        return self.over or self.run.manifest.study.reference

    @property
    def reference_label(self) -> str:
        """Label of the reference."""
        return self.run.manifest.study.estimator_label(self.reference)

    @property
    def further(self) -> tuple[Gains, ...]:
        """Gains over each further reference of the study."""
        return tuple(replace(self, over=name) for name in self.run.manifest.study.further_references)

    @property
    def candidates(self) -> tuple[EstimatorRecord, ...]:
        """Every estimator but the reference."""
        estimators = self.run.manifest.study.estimators
        return tuple(estimator for estimator in estimators if estimator.id != self.reference)

    def row(self, outcome: str, estimator: str, protocol: str) -> GainRow:
        """Return the gain on the evaluation sample, or a row with the reason why there is none.

        For the reference itself, which no gain is about, the row holds its error.
        """
        key: dict[str, Any] = {"outcome": outcome, "estimator": estimator, "protocol": protocol}
        if estimator == self.reference:
            error = compared_error(self.run, outcome, estimator, protocol)
            if error is not None:
                return GainRow(
                    **key, reference=self.reference, sample="", mse=error.mse, status=error.status, reason=""
                )
            status, reason = refusal(self.run, outcome, estimator, protocol)
        else:
            rows = self.run.rows(GAIN, **key, reference=self.reference)
            done = {row.sample: row for row in rows if row.is_done and math.isfinite(row.gain)}
            if any(sample in done for sample in SAMPLES):
                return next(done[sample] for sample in SAMPLES if sample in done)
            status, reason = _why_none(rows)
        return GainRow(**key, reference=self.reference, sample="", status=status, reason=reason)

    def rows(self, outcome: str) -> tuple[GainRow, ...]:
        """Return the gains of one outcome by estimator and protocol, in the order of the study."""
        return tuple(
            self.row(outcome, estimator.id, protocol.id)
            for estimator in self.candidates
            for protocol in self.run.manifest.study.protocols
        )


def tested_periods(run: Run) -> Mapping[str, list[str]]:
    """Return the periods that each protocol tests."""
    frame = run.frame(GAIN_WITHIN.name)
    if frame.empty:
        return {}
    own = frame[frame["by"] == "period"].groupby("protocol")["part"].unique()
    return {str(protocol): list(map(str, parts)) for protocol, parts in own.items()}


def _why_none(rows: Iterable[GainRow | AccuracyRow]) -> tuple[str, str]:
    """Return the status and the reason that rows of a cell without numbers give first."""
    return next(((row.status, row.reason) for row in rows if row.reason), NOT_RUN)


def errors_of(run: Run, outcome: str, estimator: str, protocol: str) -> dict[str, AccuracyRow]:
    """Return the rows of one cell by sample."""
    rows = run.rows(ACCURACY, outcome=outcome, estimator=estimator, protocol=protocol)
    return {row.sample: row for row in rows}


def compared_error(run: Run, outcome: str, estimator: str, protocol: str) -> AccuracyRow | None:
    """Return the row that estimators are compared by: the test sample's where there is one."""
    rows = {
        sample: row
        for sample, row in errors_of(run, outcome, estimator, protocol).items()
        if row.is_done and math.isfinite(row.mse)
    }
    return next((rows[sample] for sample in SAMPLES if sample in rows), None)


def refusal(run: Run, outcome: str, estimator: str, protocol: str) -> tuple[str, str]:
    """Return the status of a cell without errors, and why it has none."""
    return _why_none(errors_of(run, outcome, estimator, protocol).values())


MOST_LEADING = 2


def leading_protocols(study: StudyRecord) -> tuple[ProtocolRecord, ...]:
    """Return the protocols that tell most: of entities not used in training, then of later periods.

    Where the study has neither they are the first honest ones, and where none is honest the first of all.
    """
    honest = tuple(protocol for protocol in study.protocols if protocol.keeps_test_rows_apart)
    new = tuple(protocol for protocol in honest if not protocol.knows_entities)
    later = tuple(one for one in honest if one.knows_entities and one.tested_periods == "later")
    return (new[:1] + later[:1] or honest or study.protocols)[:MOST_LEADING]
