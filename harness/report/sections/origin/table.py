"""The table of where the gain comes from: estimators down, parts across."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.model.gains import Gains
from harness.report.sections.origin.rows import ASCENDING, NEEDED, TOTAL, PartRow, decompositions
from harness.report.text.numbers import percent, percent_interval
from harness.report.text.plain_text import capitalised, joined


@dataclass(frozen=True)
class PartCell:
    """One part in words; `status` is better or worse where the interval excludes zero, and open elsewhere."""

    value: str
    interval: str
    status: str


@dataclass(frozen=True)
class DecompositionRow:
    """One estimator."""

    label: str
    cells: tuple[PartCell, ...]


@dataclass(frozen=True)
class DecompositionTable:
    """The in-sample gains of one outcome, taken apart.

    Attributes
    ----------
    heads : of the columns of numbers
    rows : none where the run lacks a protocol that is needed
    left_out : how the estimators are called that lack a result under a protocol that is needed
    needed : titles, or names, of the protocols whose differences the parts are
    """

    heads: tuple[str, ...]
    rows: tuple[DecompositionRow, ...]
    left_out: str
    needed: str


def decomposition_table(gains: Gains, outcome: str) -> DecompositionTable:
    """Return where the gains of one outcome come from, estimators in the order of the study."""
    study = gains.run.manifest.study
    found = {whole.estimator: whole for whole in decompositions(gains.run, outcome)}
    rows = tuple(
        DecompositionRow(
            label=entry.label,
            cells=tuple(_cell(part) for part in (*found[entry.id].parts, found[entry.id].total)),
        )
        for entry in gains.candidates
        if entry.id in found
    )
    return DecompositionTable(
        heads=tuple(capitalised(name) for name in (*ASCENDING, TOTAL)),
        rows=rows,
        left_out=joined([entry.label for entry in gains.candidates if entry.id not in found]),
        needed=joined([f"“{study.protocol_title(name)}”" for name in NEEDED]),
    )


def _cell(row: PartRow) -> PartCell:
    status = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return PartCell(percent(row.estimate), percent_interval(row.conf_low, row.conf_high), status)
