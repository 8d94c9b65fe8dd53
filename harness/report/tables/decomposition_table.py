"""The table of where the gain comes from: estimators down, parts across."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.decomposition import ASCENDING, NEEDED, TOTAL, PartRow, decompositions
from harness.report.reading.results import Results
from harness.report.words.digits import percent, percent_interval
from harness.report.words.text import capitalised, joined


@dataclass(frozen=True)
class PartCell:
    """One part in words; `symbol` says the same as the colour where the interval excludes zero."""

    value: str
    interval: str
    standing: str


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


def decomposition_table(results: Results, outcome: str) -> DecompositionTable:
    """Return where the gains of one outcome come from, estimators in the order of the study."""
    study = results.run.manifest.study
    found = {one.estimator: one for one in decompositions(results.run.decomposition, outcome)}
    rows = tuple(
        DecompositionRow(
            label=one.label,
            cells=tuple(_cell(part) for part in (*found[one.id].parts, found[one.id].total)),
        )
        for one in results.rivals
        if one.id in found
    )
    return DecompositionTable(
        heads=tuple(capitalised(name) for name in (*ASCENDING, TOTAL)),
        rows=rows,
        left_out=joined([one.label for one in results.rivals if one.id not in found]),
        needed=joined([f"“{study.protocol_title(name)}”" for name in NEEDED]),
    )


def _cell(row: PartRow) -> PartCell:
    standing = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return PartCell(percent(row.estimate), percent_interval(row.conf_low, row.conf_high), standing)
