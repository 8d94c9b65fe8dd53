"""The section of the ladder of methods: what each change, made alone, does to gains and to the curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import StudyRecord
from harness.report.blocks import Appendix, Paragraph, ReportBlock, ReportFigure
from harness.report.sections.section import Section, study_words
from harness.report.table import ReportTable, TableCell, TableColumn, TableRow, code_cell, row_groups
from harness.tables.gain import METHOD_LADDER, LadderStepRow
from harness.text.numbers import MISSING, percent, percent_interval, significant
from harness.text.plain_text import Footnotes

GAIN, UNSEEN, CURVE = "gain", "gain_unseen", "curve_error"

# What each quantity is, and whether there is one for every reference.
QUANTITIES = {
    GAIN: marked("Gain over {reference}"),
    UNSEEN: marked("Gain over {reference}, {protocol}"),
    CURVE: marked("Distance of the curve from the truth"),
}

# What a quantity, over a reference where it is a gain, stands in.
Place = tuple[str, str]


def method_ladder_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the figure of the gains, and in the appendix the table with a row for each step."""
    rows, study = run.rows(METHOD_LADDER), run.manifest.study
    yield Paragraph(gettext("Each step changes one option of the method before it and keeps all others."))
    yield ladder_figure(study, rows)
    yield Appendix((ladder_table(study, rows),))


def places_of(rows: Sequence[LadderStepRow]) -> tuple[Place, ...]:
    """Return what there is of every step: gains over each reference, and the curve's distance."""
    found = dict.fromkeys((row.quantity, row.reference) for row in rows)
    return tuple(sorted(found, key=lambda place: list(QUANTITIES).index(place[0])))


def head_of(study: StudyRecord, place: Place, rows: Sequence[LadderStepRow]) -> str:
    """Return what a column or a panel is of."""
    quantity, reference = place
    protocol = next((row.protocol for row in rows if row.quantity == quantity), "")
    words = {"reference": study.estimator_label(reference), "protocol": study.protocol_title(protocol)}
    return gettext(QUANTITIES[quantity]).format(**words)


def step_name(row: LadderStepRow) -> str:
    """Return how a step is called: its label, or the option with its new value."""
    return row.label or " ".join(filter(None, (row.change, row.to))) or gettext("start")


def ladder_table(study: StudyRecord, rows: Sequence[LadderStepRow]) -> ReportTable:
    """Return a row for each step of every outcome that the ladder is made of, one outcome after another."""
    places, footnotes = places_of(rows), Footnotes()
    by_step: dict[tuple[str, int | None], dict[Place, LadderStepRow]] = {}
    for row in rows:
        by_step.setdefault((row.outcome, row.step), {})[row.quantity, row.reference] = row

    def cell(row: LadderStepRow | None) -> TableCell:
        if row is None or not math.isfinite(row.estimate):
            return TableCell(MISSING, mark=footnotes.mark("" if row is None else row.reason))
        if row.quantity == CURVE:
            return TableCell(significant(row.estimate, 3))
        limits = percent_interval(row.conf_low, row.conf_high)
        return TableCell(percent(row.estimate), (limits,) if limits else ())

    def line(own: dict[Place, LadderStepRow]) -> TableRow:
        first = next(iter(own.values()))
        taken = next((row for row in own.values() if row.quantity == GAIN), first)
        option = " ".join(filter(None, (first.change, first.to)))
        under = gettext("{protocol}, splits: {n}").format(
            protocol=study.protocol_title(taken.protocol), n=taken.splits
        )
        shown = (step_name(first), code_cell(option) if option else "", under)
        return TableRow((*shown, *(cell(own.get(place)) for place in places)))

    return ReportTable(
        caption=gettext("From one method to another, one change at a time"),
        columns=(
            TableColumn(gettext("Step")),
            TableColumn(gettext("Option"), "text"),
            TableColumn(gettext("Protocol"), "text"),
            *(TableColumn(head_of(study, place, rows)) for place in places),
        ),
        groups=row_groups(
            (study.axis_label(name), [line(own) for key, own in by_step.items() if key[0] == name])
            for name in dict.fromkeys(row.outcome for row in rows)
        ),
        notes=(
            gettext(
                "Gains are over test rows, with {level} intervals clustered by {entity}. The distance is the "
                "root mean squared error of the curve over supported rows, in the unit of the outcome."
            ).format(**study_words(study)),
        ),
        footnotes=footnotes.listed(),
    )


def ladder_figure(study: StudyRecord, rows: Sequence[LadderStepRow]) -> ReportFigure:
    """Return the gains at every step: a row of panels for each outcome, a panel for each kind of gain."""
    from harness.report.drawing.forest import plot_forest
    from harness.report.drawing.palette import Whisker

    panels = []
    places = [place for place in places_of(rows) if place[0] != CURVE]
    kept = [place for place in places if place[0] == GAIN or place[1] == study.reference]
    outcomes = dict.fromkeys(row.outcome for row in rows)
    titled = gettext("{outcome}: {what}") if len(outcomes) > 1 else "{what}"
    for outcome in outcomes:
        for place in kept:
            own = [row for row in rows if (row.outcome, row.quantity, row.reference) == (outcome, *place)]
            whiskers = [
                Whisker(
                    f"{row.step}. {step_name(row)}",
                    *(row.estimate, row.conf_low, row.conf_high),
                    note="" if row.is_done else gettext(row.status),
                ).in_percent()
                for row in own
            ]
            title = titled.format(outcome=study.label(outcome), what=head_of(study, place, rows))
            panels.append((title, whiskers))
    return ReportFigure(
        "method-ladder",
        plot_forest(panels, x_label=gettext("Gain (%)"), is_gain=True, most_columns=len(kept)),
        alt=gettext("Dots with intervals: the gains of the method at every step, in the table of the steps."),
        caption=gettext(
            "Gain of the method at every step, from top to bottom, with {level} intervals clustered by "
            "{entity}."
        ).format(**study_words(study)),
    )


METHOD_LADDER_SECTION = Section(
    *("method_ladder", marked("Ladder of methods"), 610, method_ladder_blocks),
    heading=marked("From one method to another, one change at a time"),
    tables=(METHOD_LADDER.name,),
)
