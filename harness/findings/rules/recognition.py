"""Findings on gains that come from recognising entities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import SourceNumbers, finding
from harness.findings.run import Run
from harness.findings.sentence import Estimate, EstimatorId, Sentence, WholeShare
from harness.tables.decision import ABOVE
from harness.tables.findings import FindingRow
from harness.tables.gain import RECOGNITION


@dataclass(frozen=True)
class Recognised(Sentence):
    """A gain on random rows, for entities that the estimator has seen, and that for others."""

    reference: EstimatorId
    gain: WholeShare
    gain_new: WholeShare


def recognition_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield how much comes from recognising entities, of the largest gain without effects of entities."""
    study = run.manifest.study
    without = {entry.id for entry in study.estimators if not entry.has_entity_effects}
    candidates = (row for row in run.rows(RECOGNITION, outcome=outcome) if row.estimator in without)
    rows = [row for row in candidates if row.decision == ABOVE]
    if rows:
        row = max(rows, key=lambda row: row.gain_known)
        yield finding(
            "recognition",
            Recognised(row.reference, row.gain_known, row.gain_new),
            outcome=outcome,
            subject={"estimator": row.estimator, "reference": row.reference},
            estimator=row.estimator,
            about=row.reference,
            decision=ABOVE,
            numbers=SourceNumbers(Estimate(row.estimate, row.conf_low, row.conf_high)),
            screen="trust",
        )
