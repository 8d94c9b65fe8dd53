"""Gains of all estimators under all protocols, a panel for each outcome."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.record.study import ProtocolRecord
from harness.report.model.gains import GainCell, Gains
from harness.report.model.run import Run
from harness.report.paper.estimates import run_notes
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.gains.table import gain_table
from harness.report.text.numbers import count, percent, plain
from harness.report.text.plain_text import file_slug, in_turn
from harness.tables.gain import GainStatus

MARKS = {GainStatus.BETTER: "†", GainStatus.WORSE: "‡"}
"""What stands at gains that are established."""


def gain_tables(run: Run) -> Iterator[PaperTable]:
    """Yield a table for each reference."""
    gains = Gains(run)
    for over in (gains, *gains.further):
        yield _table(over)


def _table(gains: Gains) -> PaperTable:
    study = gains.run.manifest.study
    rows = []
    reasons: dict[str, None] = {}
    for outcome in study.outcomes:
        rows.append(PaperRow(study.label(outcome)))
        table = gain_table(gains, outcome)
        reasons |= dict.fromkeys(reason for _, reason in table.footnotes)
        for row in table.rows:
            if not row.is_reference:
                rows.append(PaperRow(row.estimator.label, tuple(map(_gain, row.cells))))
                rows.append(PaperRow("", tuple(cell.beneath for cell in row.cells)))
    notes = (
        gettext(
            "Gain: one less the mean squared error over that of {reference}, on the test rows. In brackets "
            "{level} intervals from {draws} bootstrap draws of whole entities."
        ).format(reference=gains.reference_label, level=percent(study.level, 0), draws=count(study.draws)),
        gettext(
            "† better, ‡ worse: the interval excludes zero, and the p-values that allow for many "
            "comparisons are below {level}."
        ).format(level=plain(1.0 - study.level)),
        *(_protocol_note(protocol) for protocol in study.honest_first),
        *(gettext("No result: {reason}").format(reason=reason) for reason in reasons),
        *run_notes(gains.run),
    )
    name = "gains" if not gains.over else f"gains-over-{file_slug(gains.over)}"
    caption = gettext("Gains over {reference}").format(reference=gains.reference_label)
    heads = ("", *(protocol.title for protocol in study.honest_first))
    return PaperTable(name, caption, (heads,), tuple(rows), notes)


def _gain(cell: GainCell) -> str:
    return cell.text + MARKS.get(cell.status, "")


def _protocol_note(protocol: ProtocolRecord) -> str:
    """Return what a protocol does, and what the training rows know of the test rows."""
    leaks = in_turn(leak.text for leak in protocol.leaks) or gettext("nothing known")
    return gettext("{title}: {how} What it leaks: {leaks}.").format(
        title=protocol.title, how=protocol.how, leaks=leaks
    )
