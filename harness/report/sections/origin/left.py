"""What is left of the gains of one outcome: the table, and what is said of entities never seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.evaluation.tables import LEFT
from harness.findings.gains import Gains
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.blocks import NewSentences, Paragraph, ReportBlock
from harness.report.sections.origin.rows import NEEDED, NEVER_SEEN, GainLeft, gains_left
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows
from harness.tables.gain import PartRow
from harness.text.numbers import percent, percent_interval, significant
from harness.text.plain_text import capitalised, joined

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def outcome_blocks(gains: Gains, outcome: str, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the sentences, the figure and the table of one outcome, or that there are none."""
    from harness.report.sections.origin.figure import left_figure

    study, found = gains.run.manifest.study, gains_left(gains.run, outcome)
    if not found:
        needed = joined([f"“{study.protocol_title(name)}”" for name in NEEDED], "or")
        words = gettext(
            "What is left of the gain is shown where a run has results of the reference and of another "
            "estimator under {needed}; this run has not."
        )
        yield Paragraph(words.format(needed=needed), "soft")
        return
    sentences = " ".join(never_seen(study, found))
    if sentences:
        yield NewSentences(sentences, subject=study.label(outcome), topic="never seen")
    yield left_figure(gains, outcome, renderer)
    yield left_table(gains, outcome)
    known = {left.estimator for left in found}
    left_out = [entry.label for entry in gains.candidates if entry.id not in known]
    if left_out:
        words = gettext("Without a result under any of these protocols: {left_out}.")
        yield Paragraph(words.format(left_out=joined(left_out)), "note")


def left_table(gains: Gains, outcome: str) -> ReportTable:
    """Return what is left of the gains of one outcome: estimators down, what is predicted across."""
    study = gains.run.manifest.study
    found = {left.estimator: left for left in gains_left(gains.run, outcome)}
    errors = {row.part: row.mse_reference for left in found.values() for row in left.parts}
    parts = [name for name in LEFT if name in errors]
    reference = gettext("MSE of {reference_label}").format(reference_label=study.reference_label)
    return ReportTable(
        caption=gettext("What is left of the gain in predicting {label}, with intervals").format(
            label=study.label(outcome)
        ),
        columns=(
            TableColumn(gettext("Estimator")),
            *(TableColumn(capitalised(gettext(name))) for name in parts),
        ),
        groups=plain_rows(
            [
                (reference, *(significant(errors[name], 3) for name in parts)),
                *(
                    (TableCell(entry.label), *(_cell(found[entry.id].part(name)) for name in parts))
                    for entry in gains.candidates
                    if entry.id in found
                ),
            ]
        ),
        most=0,
    )


def _cell(row: PartRow | None) -> TableCell:
    """Return one part; it looks better or worse where its interval excludes zero."""
    if row is None:
        return TableCell(look="none")
    look = "better" if row.conf_low > 0 else "worse" if row.conf_high < 0 else "open"
    return TableCell(percent(row.estimate), (percent_interval(row.conf_low, row.conf_high),), look)


def never_seen(study: StudyRecord, found: Sequence[GainLeft]) -> Iterator[str]:
    """Yield for which estimators anything is left for entities never seen; nothing where none is tested."""
    rows = [row for left in found if (row := left.part(NEVER_SEEN)) is not None]
    if not rows:
        return
    above = [row for row in rows if row.conf_low > 0]
    below = [row for row in rows if row.conf_high < 0]
    if above:
        yield gettext("For entities never seen the interval lies above zero for {labels}.").format(
            labels=_labels(study, above)
        )
    else:
        yield gettext("For entities never seen no estimator has an interval above zero.")
    if below:
        yield gettext("It lies below zero for {labels}.").format(labels=_labels(study, below))


def _labels(study: StudyRecord, rows: Sequence[PartRow]) -> str:
    return joined([study.estimator_label(row.estimator) for row in rows])
