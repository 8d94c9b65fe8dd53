"""The table of gains of one outcome: estimators down, protocols across, refusals as footnotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.reading.results import GainCell, Results, Standing
from harness.report.tables.footnotes import Footnotes
from harness.report.words.digits import p_text, percent, percent_interval, significant
from harness.store.study_record import ProtocolRecord

SYMBOLS: Mapping[Standing, str] = {
    Standing.BETTER: "▲",
    Standing.WORSE: "▼",
    Standing.OPEN: "○",
    Standing.MISSING: "",
}
"""What says the same as the colour of a cell."""


@dataclass(frozen=True)
class GainTableCell:
    """One cell in words.

    Attributes
    ----------
    gain : such as "57.2%"; "reference" for the reference, the status of a cell without result
    beneath : the interval, or the reference's error
    symbol : how the gain stands
    standing : the same as a word
    mark : of the footnote with the reason, or an empty string
    p_adjusted : of equal accuracy, the larger of those that allow for many comparisons
    """

    gain: str
    beneath: str
    symbol: str
    standing: str
    mark: str
    p_adjusted: str = ""


@dataclass(frozen=True)
class GainTableRow:
    """One estimator under every protocol."""

    label: str
    is_reference: bool
    cells: tuple[GainTableCell, ...]


@dataclass(frozen=True)
class GainTable:
    """The gains of one outcome."""

    protocols: tuple[ProtocolRecord, ...]
    rows: tuple[GainTableRow, ...]
    footnotes: tuple[tuple[str, str], ...]


def gain_table(results: Results, outcome: str) -> GainTable:
    """Return the table of gains of one outcome, rows and columns in the order of the study."""
    study = results.run.manifest.study
    footnotes = Footnotes()
    rows = []
    for estimator in study.estimators:
        is_reference = estimator.id == results.reference
        cells = []
        for protocol in study.protocols:
            if is_reference:
                cells.append(_reference_cell(results, outcome, protocol, footnotes))
                continue
            cell = results.gain(outcome, estimator, protocol)
            missing = cell.standing is Standing.MISSING
            cells.append(
                GainTableCell(
                    gain=cell.status if missing else percent(cell.gain),
                    beneath=percent_interval(cell.conf_low, cell.conf_high),
                    symbol=SYMBOLS[cell.standing],
                    standing=cell.standing.value,
                    mark=footnotes.mark(cell.reason),
                    p_adjusted=_adjusted(cell),
                )
            )
        rows.append(GainTableRow(estimator.label, is_reference, tuple(cells)))
    return GainTable(study.protocols, tuple(rows), footnotes.listed())


def _adjusted(cell: GainCell) -> str:
    text = p_text(cell.p_adjusted)
    return f"adjusted {text}" if text else ""


def _reference_cell(
    results: Results, outcome: str, protocol: ProtocolRecord, footnotes: Footnotes
) -> GainTableCell:
    reference = results.reference
    row = results.compared(outcome, reference, protocol.id)
    if row is None:
        status, reason = results.refusal(outcome, reference, protocol.id)
        return GainTableCell(status, "", "", Standing.MISSING.value, footnotes.mark(reason))
    return GainTableCell("reference", f"MSE {significant(row.mse)}", "", "reference", "")
