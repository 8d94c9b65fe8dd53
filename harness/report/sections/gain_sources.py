"""The sections of where gains come from: the steps from one method to another, and groups of columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.blocks import Appendix, Paragraph, ReportBlock, ReportFigure
from harness.report.drawing.palette import Whisker
from harness.report.sections.section import Section, study_words
from harness.study.variation import LADDER
from harness.tables import variations
from harness.tables.accuracy import IMPORTANCE, ImportanceRow
from harness.tables.decision import SIGNIFICANT
from harness.tables.table import grouped
from harness.text.gains import limits
from harness.text.numbers import MISSING, EstimateText, percent, percent_interval, significant
from harness.text.plain_text import file_slug

gettext = topic("report.gain_sources")


# What each quantity is, and whether there is one for every reference.
QUANTITIES = {
    variations.GAIN: marked("Gain over {reference}"),
    variations.GAIN_UNSEEN: marked("Gain over {reference}, {protocol}"),
    variations.CURVE_ERROR: marked("Distance of the curve from the truth"),
}

# A quantity, with the reference where it is a gain.
Measured = tuple[str, str]

# A step with its last change, and what there is of it.
Step = tuple[variations.VariationRow, list[variations.VariationGainRow]]


def method_ladder_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the figure of the gains, and in the appendix the table with a row for each step."""
    steps, study = ladder_steps(run), run.manifest.study
    if not steps:
        return
    yield Paragraph(gettext("Each step changes one option of the method before it and keeps all others."))
    yield ladder_figure(study, steps)
    yield Appendix((ladder_table(study, steps),))


def ladder_steps(run: Run) -> tuple[Step, ...]:
    """Return the steps of every outcome that the ladder is made of, one outcome after another."""
    last = {row.key: row for row in run.rows(variations.VARIATIONS, list=LADDER)}
    of_steps = grouped(run.rows(variations.VARIATION_GAINS, list=LADDER), "outcome", "variation")
    return tuple((last[key], rows) for (_, key), rows in of_steps.items())


def measured_of(rows: Sequence[variations.VariationGainRow]) -> tuple[Measured, ...]:
    """Return what there is of every step: gains over each reference, and the curve's distance."""
    found = dict.fromkeys((row.quantity, row.reference) for row in rows)
    return tuple(sorted(found, key=lambda measured: list(QUANTITIES).index(measured[0])))


def head_of(study: StudyRecord, measured: Measured, rows: Sequence[variations.VariationGainRow]) -> str:
    """Return what a column or a panel is of."""
    quantity, reference = measured
    protocol = next((row.protocol for row in rows if row.quantity == quantity), "")
    words = {"reference": study.estimator_label(reference), "protocol": study.protocol_title(protocol)}
    return rendered(QUANTITIES[quantity]).format(**words)


def step_name(step: variations.VariationRow) -> str:
    """Return how a step is called: its label, or the option with its new value."""
    return step.label or " ".join(filter(None, (step.option, step.value))) or gettext("start")


def ladder_table(study: StudyRecord, steps: Sequence[Step]) -> parts.ReportTable:
    """Return a row for each step of every outcome."""
    rows = [row for _, own in steps for row in own]
    columns = measured_of(rows)

    def cell(row: variations.VariationGainRow | None) -> parts.TableCell:
        if row is None or not math.isfinite(row.estimate):
            return parts.TableCell(MISSING, reason="" if row is None else row.reason)
        if row.quantity == variations.CURVE_ERROR:
            return parts.TableCell(significant(row.estimate, 3))
        return parts.TableCell(percent(row.estimate), (limits(row.conf_low, row.conf_high),))

    def line(step: variations.VariationRow, own: Sequence[variations.VariationGainRow]) -> parts.TableRow:
        taken = next((row for row in own if row.quantity == variations.GAIN), own[0])
        option = " ".join(filter(None, (step.option, step.value)))
        under = gettext("{protocol}, splits: {n}").format(
            protocol=study.protocol_title(taken.protocol), n=taken.n_folds
        )
        shown = (step_name(step), parts.code_cell(option) if option else "", under)
        found = {(row.quantity, row.reference): row for row in own}
        return parts.TableRow((*shown, *map(cell, map(found.get, columns))))

    return parts.ReportTable(
        caption=gettext("From one method to another, one change at a time"),
        columns=(
            parts.TableColumn(gettext("Step")),
            parts.TableColumn(gettext("Option"), "text"),
            parts.TableColumn(gettext("Protocol"), "text"),
            *(parts.TableColumn(head_of(study, measured, rows)) for measured in columns),
        ),
        groups=parts.row_groups(
            (study.axis_label(name), [line(step, own) for step, own in steps if own[0].outcome == name])
            for name in dict.fromkeys(row.outcome for row in rows)
        ),
        notes=(
            gettext(
                "Gains are over test rows, with {level} intervals clustered by {entity}. The distance is the "
                "root mean squared error of the curve over supported rows, in the unit of the outcome."
            ).format(**study_words(study)),
        ),
    )


def ladder_figure(study: StudyRecord, steps: Sequence[Step]) -> ReportFigure:
    """Return the gains at every step: a row of panels for each outcome, a panel for each kind of gain."""
    from harness.report.drawing.forest import plot_forest
    from harness.report.drawing.palette import Whisker

    panels, rows = [], [row for _, own in steps for row in own]
    kept = [
        (quantity, reference)
        for quantity, reference in measured_of(rows)
        if quantity == variations.GAIN
        or (quantity == variations.GAIN_UNSEEN and reference == study.reference)
    ]
    outcomes = dict.fromkeys(row.outcome for row in rows)
    titled = gettext("{outcome}: {what}") if len(outcomes) > 1 else "{what}"
    for outcome in outcomes:
        for measured in kept:
            whiskers = [
                Whisker(
                    f"{step.position}. {step_name(step)}",
                    *(row.estimate, row.conf_low, row.conf_high),
                    note="" if row.is_done else rendered(row.status),
                ).in_percent()
                for step, own in steps
                for row in own
                if (row.outcome, row.quantity, row.reference) == (outcome, *measured)
            ]
            title = titled.format(outcome=study.label(outcome), what=head_of(study, measured, rows))
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
    tables=(variations.VARIATION_GAINS.name,),
)


# Most groups of columns of one estimator in a figure.
SHOWN = 15


def importance_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the importance of every group of columns, by outcome: a figure, and to the appendix the table."""
    study = run.manifest.study
    for outcome in study.outcomes:
        yield from _importance_figures(run, outcome)
    yield Appendix(tuple(importance_table(run, outcome) for outcome in study.outcomes))


def ordered(run: Run, outcome: str) -> tuple[ImportanceRow, ...]:
    """Return the rows of one outcome: estimators as in the study, the most important group first."""
    own = grouped(run.rows(IMPORTANCE, outcome=outcome), "estimator").values()
    ranked = (sorted(rows, key=lambda row: (not row.is_done, -row.importance, row.group)) for rows in own)
    return tuple(row for rows in ranked for row in rows)


def importance_table(run: Run, outcome: str) -> parts.ReportTable:
    """Return the importance of every group of columns for one outcome."""
    study = run.manifest.study
    return parts.record_table(
        gettext(
            "Rise of the error in predicting {label} without a group of columns, share of the outcome's "
            "variance, intervals beneath"
        ).format(label=study.label(outcome)),
        [("", ordered(run, outcome))],
        (gettext("Columns left out"), lambda row: parts.reason_cell(study.label(row.group), row)),
        (parts.text_column(gettext("Estimator")), lambda row: study.estimator_label(row.estimator)),
        (gettext("Rise"), _rise),
        notes=(
            gettext("Bold: the interval excludes zero. Intervals are from draws of entities, the fits held."),
        ),
    )


def _rise(row: ImportanceRow) -> parts.Given:
    if not row.is_done:
        return MISSING
    limits = percent_interval(row.conf_low, row.conf_high)
    return parts.estimate_cell(EstimateText(percent(row.importance), limits, row.decision in SIGNIFICANT))


def _importance_figures(run: Run, outcome: str) -> Iterator[ReportFigure]:
    """Yield the most important groups of columns of every estimator, a panel an estimator."""
    from harness.report.drawing.forest import plot_forest

    study, panels = run.manifest.study, dict[str, list[Whisker]]()
    for row in ordered(run, outcome):
        own = panels.setdefault(row.estimator, [])
        if row.is_done and len(own) < SHOWN:
            whisker = Whisker(study.label(row.group), row.importance, row.conf_low, row.conf_high)
            own.append(whisker.in_percent())
    for name, whiskers in panels.items():
        if whiskers:
            words = {"name": study.estimator_label(name), "label": study.label(outcome)}
            yield ReportFigure(
                f"importance-{file_slug(outcome)}-{file_slug(name)}",
                plot_forest(
                    [("", whiskers)], x_label=gettext("Rise of the mean squared error, % of the variance")
                ),
                alt=gettext("{name}, {label}: rise of the error without each group of columns.").format(
                    **words
                ),
                caption=gettext(
                    "{name}, {label}: rise of the mean squared error for entities not used in training when "
                    "columns are left out. It is no effect, and zero where other columns say the same."
                ).format(**words),
            )


IMPORTANCE_SECTION = Section(
    "importance", marked("Importance"), 720, importance_blocks, tables=(IMPORTANCE.name,)
)
