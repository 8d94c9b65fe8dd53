"""Findings on the estimators with the lowest errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import finding
from harness.findings.run import Run, compared_error
from harness.findings.sentence import EstimatorId, ProtocolId, Sentence, WholeShare
from harness.tables.findings import FindingRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class LowestError(Sentence):
    """Which estimator has the lowest mean squared error under one protocol; none without a result."""

    protocol: ProtocolId
    estimator: EstimatorId = ""
    mse: float = NAN
    next_mse: float = NAN


@dataclass(frozen=True)
class LowestErrors(Sentence):
    """Which estimators have the lowest error for entities used in training, and for others.

    Attributes
    ----------
    reference : that they are measured by
    known, unseen : the estimators
    known_less, unseen_less : share of the reference's error that theirs is less; 0 for the reference itself
    """

    reference: EstimatorId
    known: EstimatorId
    known_less: WholeShare
    unseen: EstimatorId
    unseen_less: WholeShare


def error_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield which estimator has the lowest error under each protocol; it says nothing of differences.

    The first screen names both where a study has test rows of entities used in training, and of others.
    """
    study = run.manifest.study
    lowest: dict[bool, tuple[str, float]] = {}
    for protocol in study.protocols:
        errors = sorted(
            (
                (row.mse, estimator.id)
                for estimator in study.estimators
                if (row := compared_error(run, outcome, estimator.id, protocol.id)) is not None
            ),
            key=lambda pair: pair[0],
        )
        base = next((mse for mse, name in errors if name == study.reference), NAN)
        if protocol.keeps_test_rows_apart and len(errors) > 2 and base > 0.0:
            lowest.setdefault(protocol.knows_entities, (errors[0][1], 1.0 - errors[0][0] / base))
        sentence = LowestError(protocol.id)
        if errors:
            mse, estimator = errors[0]
            sentence = LowestError(protocol.id, estimator, mse, errors[1][0] if errors[1:] else NAN)
        yield finding(
            "lowest_error", sentence, outcome=outcome, subject={"protocol": protocol.id}, about=protocol.id
        )
    if len(lowest) > 1:
        both = LowestErrors(study.reference, *lowest[True], *lowest[False])
        yield finding("lowest_error", both, outcome=outcome, subject={}, screen="prediction")
