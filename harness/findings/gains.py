"""Errors and gains of a study by estimator and protocol, and the findings on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.findings.run import Run
from harness.language import marked, rendered
from harness.record.manifest import EstimatorRecord, ProtocolRecord
from harness.tables.accuracy import ACCURACY, AccuracyRow
from harness.tables.decision import ABOVE, UNTESTED
from harness.tables.gain import GAIN, GAIN_WITHIN, GIVEN_PERIODS, GainRow
from harness.text.gains import REFERENCE, SYMBOLS
from harness.text.numbers import p_text, percent, percent_interval, significant

# Samples in the order in which they are preferred for comparing estimators.
SAMPLES = ("test", "all", "train")

# Status and reason of a cell that no table has.
NOT_RUN = (marked("no result"), marked("the run holds no such cell"))


@dataclass(frozen=True)
class GainCell:
    """One estimator under one protocol: its gain, or why there is none, or that it is the reference.

    Attributes
    ----------
    row : of the table ``gain``; without a gain its numbers are NaN and its status says why. For the
        reference, which no row is about, it holds the error alone
    """

    estimator: EstimatorRecord
    protocol: ProtocolRecord
    row: GainRow

    @property
    def has_gain(self) -> bool:
        """Whether there is a number."""
        return self.row.decision != UNTESTED

    @property
    def reason(self) -> str:
        """Why there is no result, or an empty string."""
        return self.row.reason

    @property
    def text(self) -> str:
        """Return "57.2%", "reference", or the status of a cell without result."""
        if self.row.is_reference and self.row.is_done:
            return rendered(REFERENCE)
        return percent(self.row.gain) if self.has_gain else rendered(self.row.status)

    @property
    def beneath(self) -> str:
        """Return the interval, "[50.1, 63.0]", or the reference's error."""
        if self.row.is_reference and self.row.is_done:
            return f"MSE {significant(self.row.mse)}"
        return percent_interval(self.row.conf_low, self.row.conf_high)

    @property
    def p_adjusted_text(self) -> str:
        """Return "p = 0.012", adjusted for the estimators of the protocol, or an empty string."""
        return p_text(self.row.p_holm)

    @property
    def symbol(self) -> str:
        """Return what says the same as the colour of the cell."""
        return SYMBOLS[self.row.decision]


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

    def cell(self, outcome: str, estimator: EstimatorRecord, protocol: ProtocolRecord) -> GainCell:
        """Return the gain on the evaluation sample, or the reason why there is none."""
        place = outcome, estimator.id, protocol.id
        own: dict[str, Any] = dict(zip(("outcome", "estimator", "protocol"), place, strict=True))
        own["reference"] = self.reference
        if estimator.id == self.reference:
            error = compared_error(self.run, *place)
            if error is not None:
                row = GainRow(**own, sample="", mse=error.mse, status=error.status, reason="")
                return GainCell(estimator, protocol, row)
            status, reason = refusal(self.run, *place)
        else:
            rows = self.run.rows(GAIN, **own)
            done = {row.sample: row for row in rows if row.is_done and math.isfinite(row.gain)}
            if found := next((done[sample] for sample in SAMPLES if sample in done), None):
                return GainCell(estimator, protocol, found)
            status, reason = _why_none(rows)
        empty = GainRow(**own, sample="", status=status, reason=reason)
        return GainCell(estimator, protocol, empty)

    def cells(self, outcome: str) -> tuple[GainCell, ...]:
        """Return the gains of one outcome by estimator and protocol, in the order of the study."""
        return tuple(
            self.cell(outcome, estimator, protocol)
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


def established(cells: Sequence[GainCell]) -> tuple[str, ...]:
    """Return the estimators whose gain is significant, in the order in which they first appear.

    It is where the estimator is better under at least one protocol that keeps test rows apart and, of these,
    under every one that has a p-value, and where no interval given few periods lies below zero. A protocol
    without a result contradicts.
    """
    own: dict[str, list[GainCell]] = {}
    for cell in cells:
        if cell.protocol.keeps_test_rows_apart:
            own.setdefault(cell.estimator.id, []).append(cell)
    return tuple(name for name, same in own.items() if _agree(same))


def _agree(cells: Sequence[GainCell]) -> bool:
    tested = [cell for cell in cells if cell.row.inference != GIVEN_PERIODS]
    return (
        bool(tested)
        and all(cell.row.decision == ABOVE for cell in tested)
        and not any(cell.row.conf_high < 0.0 for cell in cells)
    )
