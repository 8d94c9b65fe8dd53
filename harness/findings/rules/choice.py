"""Findings on estimators that choose among candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import finding
from harness.findings.run import Run
from harness.findings.sentence import EstimatorId, ProtocolId, Sentence, Word
from harness.tables.accuracy import CHOSEN, ChosenRow
from harness.tables.findings import FindingRow


@dataclass(frozen=True)
class ChosenCandidate(Sentence):
    """Which candidate an estimator chose in most folds of a protocol."""

    estimator: EstimatorId
    protocol: ProtocolId
    candidate: Word
    n_chosen: int
    n_folds: int


def chosen_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield which candidate each estimator that chooses took most often, under each protocol."""
    first: dict[tuple[str, str], ChosenRow] = {}
    for row in run.rows(CHOSEN, outcome=outcome):
        first.setdefault((row.estimator, row.protocol), row)
    for (estimator, protocol), row in first.items():
        sentence = ChosenCandidate(estimator, protocol, row.candidate, row.n_chosen or 0, row.n_folds or 0)
        subject = {"estimator": estimator, "protocol": protocol}
        yield finding(
            "chosen", sentence, outcome=outcome, subject=subject, about=protocol, estimator=estimator
        )
