"""The table of p-values of equal accuracy, alone and allowing for more: a group of rows for each protocol."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.results import Results, Standing
from harness.report.words.digits import p_value
from harness.store.study_record import ProtocolRecord


@dataclass(frozen=True)
class PValueRow:
    """The p-values of one gain in words."""

    label: str
    alone: str
    splits: str
    holm: str
    best: str


@dataclass(frozen=True)
class PValueGroup:
    """The gains under one protocol."""

    protocol: ProtocolRecord
    rows: tuple[PValueRow, ...]


def p_value_table(results: Results, outcome: str) -> tuple[PValueGroup, ...]:
    """Return the p-values of the gains of one outcome; gains without a result are left out."""
    groups = []
    for protocol in results.run.manifest.study.protocols:
        cells = (results.gain(outcome, one, protocol) for one in results.rivals)
        rows = tuple(
            PValueRow(
                label=cell.estimator.label,
                alone=p_value(cell.p_value),
                splits=p_value(cell.p_splits),
                holm=p_value(cell.p_holm),
                best=p_value(cell.p_best),
            )
            for cell in cells
            if cell.standing is not Standing.MISSING
        )
        if rows:
            groups.append(PValueGroup(protocol, rows))
    return tuple(groups)
