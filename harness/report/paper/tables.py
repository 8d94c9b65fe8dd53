"""The tables for a paper, as files: rows of the report's sections, with errors on lines of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, translated
from harness.record.study import ProtocolRecord, StudyRecord
from harness.report.blocks import plain_words
from harness.report.paper.regressions import estimate_cell, estimate_notes, regression_tables
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable, rendered
from harness.report.render.text import csv_text, latex_table
from harness.report.sections.accuracy import gain_table
from harness.report.sections.effects.rows import effect_name, effects_of
from harness.report.sections.groups.rows import partitions
from harness.report.sections.groups.section import difference_table, group_table, grouped_by
from harness.report.sections.robustness import check_heading, checks_together
from harness.report.sections.section import ReportFile
from harness.report.sections.variables import moments, variables_by_role
from harness.report.table import Given, ReportTable, RowGroup, TableColumn, TableRow, cell_of, rows_of
from harness.study.spec.study import ReportFormat
from harness.tables.accuracy import ACCURACY
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.effects import EFFECTS, ROBUSTNESS, EffectRow, RobustnessRow
from harness.tables.heterogeneity import HETEROGENEITY
from harness.tables.preparation import SUMMARY
from harness.text.numbers import MISSING, count, decimals_for, interval, p_value, percent, plain
from harness.text.plain_text import file_slug, in_turn, sentences

PAPER = "tables/paper"

# What stands at gains that are established, by the look of their cells.
MARKS = {"better": "†", "worse": "‡"}


def paper_tables(run: Run) -> tuple[ReportTable, ...]:
    """Return the tables that a run has, in the order of a paper."""
    made = (table for name, make in TABLES.items() if len(run.frame(name)) for table in make(run))
    return tuple(
        replace(
            table,
            groups=tuple(
                replace(group, rows=tuple(line for row in group.rows for line in _lines(row)))
                for group in table.groups
            ),
            notes=(*table.notes, *_run_notes(run)),
        )
        for table in made
    )


def _lines(row: TableRow) -> Iterator[TableRow]:
    """Yield the words of a row, and on further lines what stands beneath them."""
    cells = [cell_of(given) for given in row.cells]
    yield TableRow(tuple(plain_words(cell.words) + MARKS.get(cell.look, "") for cell in cells))
    for depth in range(max(len(cell.beneath) for cell in cells)):
        yield TableRow(tuple(cell.beneath[depth] if depth < len(cell.beneath) else "" for cell in cells))


def _run_notes(run: Run) -> Iterator[str]:
    """Yield what a reader must know of all numbers of a run."""
    if run.manifest.data.simulated:
        yield gettext("Simulated data: no number says anything about the world.")
    if run.manifest.study.quick:
        yield gettext("A quick run with few draws; not for publication.")


def descriptive_tables(run: Run) -> Iterator[ReportTable]:
    """Yield descriptive statistics of all variables, by role."""
    study = run.manifest.study
    heads = (
        *(gettext("Variable"), gettext("N"), gettext("Mean"), gettext("SD")),
        *(gettext("SD within"), gettext("SD between"), gettext("Min"), gettext("Max")),
    )
    note = gettext("SD within: of deviations from an entity's own mean; SD between: of the entities' means.")
    yield ReportTable(
        caption=gettext("Descriptive statistics"),
        columns=tuple(map(TableColumn, heads)),
        groups=tuple(
            RowGroup(rows_of([(study.axis_label(row.variable), *moments(row)) for row in rows]), heading)
            for heading, rows in variables_by_role(run)
        ),
        notes=(note,),
        name="descriptive",
    )


def gain_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the gains of all estimators under all protocols over each reference, a panel for each outcome."""
    gains, study = Gains(run), run.manifest.study
    words = gettext(
        "Gain: one less the mean squared error over that of {reference}, on the test rows. In brackets "
        "{level} intervals from {draws} bootstrap draws of whole entities."
    )
    marks = gettext(
        "† better, ‡ worse: the interval excludes zero, and the p-values that allow for many "
        "comparisons are below {level}."
    ).format(level=plain(1.0 - study.level))
    for over in (gains, *gains.further):
        shown = {outcome: gain_table(over, outcome) for outcome in study.outcomes}
        reasons = dict.fromkeys(reason for table in shown.values() for _, reason in table.footnotes)
        label, level = over.reference_label, percent(study.level, 0)
        yield ReportTable(
            caption=gettext("Gains over {reference}").format(reference=label),
            columns=(TableColumn(), *(TableColumn(protocol.title) for protocol in study.honest_first)),
            groups=tuple(
                replace(table.groups[0], heading=study.label(outcome)) for outcome, table in shown.items()
            ),
            notes=(
                words.format(reference=label, level=level, draws=count(study.draws)),
                marks,
                *map(_protocol_note, study.honest_first),
                *(gettext("No result: {reason}").format(reason=reason) for reason in reasons),
            ),
            name=f"gains-over-{file_slug(over.over)}" if over.over else "gains",
        )


def _protocol_note(protocol: ProtocolRecord) -> str:
    """Return what a protocol does, and what the training rows know of the test rows."""
    leaks = in_turn(leak.text for leak in protocol.leaks) or gettext("nothing known")
    return gettext("{title}: {how} What it leaks: {leaks}.").format(
        title=protocol.title, how=protocol.how, leaks=leaks
    )


def heterogeneity_tables(run: Run) -> Iterator[ReportTable]:
    """Yield effects by group and differences between groups for each column that groups are by."""
    study = run.manifest.study
    for scenario, by in partitions(run):
        grouped = grouped_by(run, (scenario, by))
        if not grouped.has_effects:
            continue
        differences = {group.heading: group.rows for group in difference_table(grouped).groups}
        # Of the two measures, effects and levels of the curve, only the former are printed.
        groups = [
            RowGroup(
                rows_of(
                    [(*row.cells[:3], *row.cells[3::2]) for row in group.rows]
                    + [(row.cells[0], "", "", *row.cells[1::2]) for row in differences.get(group.heading, ())]
                ),
                group.heading,
            )
            for group in group_table(grouped).groups
        ]
        heads = (gettext("Group"), gettext("N"), gettext("Entities"), *grouped.heads)
        note = gettext(
            "Mean change of the outcome per unit of {exposure} over the rows of each group, and "
            "differences between groups. In brackets {level} bootstrap intervals."
        ).format(exposure=study.label(study.exposure_of(scenario)), level=percent(study.level, 0))
        yield ReportTable(
            caption=gettext("Effects by {by}").format(by=grouped.by),
            columns=tuple(map(TableColumn, heads)),
            groups=tuple(groups),
            notes=(note,),
            name=f"heterogeneity-{file_slug(scenario or by)}",
        )


def effect_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the debiased effects that are numbers, those of one exposure on one outcome together."""
    study = run.manifest.study
    groups: list[RowGroup] = []
    assumed: dict[str, None] = {}
    for subject in run.view(effects_of):
        rows = [
            (
                *(effect_name(study, row), study.estimator_label(row.learner)),
                *_estimate(study, row),
                *(count(row.n_obs), count(row.n_entities)),
            )
            for row in subject.numbers
            if row.is_done
        ]
        if rows:
            exposure, outcome = subject.exposure, subject.outcome
            heading = gettext("{exposure} on {outcome}").format(
                exposure=study.label(exposure), outcome=study.axis_label(outcome)
            )
            groups.append(RowGroup(rows_of(rows), heading))
            words = gettext("{method}: {assumption}")
            assumed |= dict.fromkeys(
                words.format(method=one, assumption=own) for one, own in subject.assumptions
            )
    heads = (
        *(gettext("Effect"), gettext("Learner"), gettext("Estimate"), gettext("Interval")),
        *(gettext("N"), gettext("Entities")),
    )
    if groups:
        yield ReportTable(
            caption=gettext("Debiased effects"),
            columns=tuple(map(TableColumn, heads)),
            groups=tuple(groups),
            notes=(*estimate_notes(study), *(" ".join(sentences(text)) for text in assumed)),
            name="effects",
        )


def robustness_tables(run: Run) -> Iterator[ReportTable]:
    """Yield the debiased slope under other choices."""
    study = run.manifest.study
    heads = (
        *(gettext("Check"), gettext("Slope"), gettext("Interval")),
        *(gettext("p of the difference"), gettext("N")),
    )
    yield ReportTable(
        caption=gettext("Robustness"),
        columns=tuple(map(TableColumn, heads)),
        groups=tuple(
            RowGroup(
                rows_of(
                    [
                        (
                            *(translated(row.check), *_estimate(study, row)),
                            *(p_value(row.p_difference), count(row.n_obs)),
                        )
                        for row in checks
                    ]
                ),
                check_heading(study, checks[0]),
            )
            for checks in checks_together(run)
        ),
        notes=tuple(estimate_notes(study)),
        name="robustness",
    )


def _estimate(study: StudyRecord, row: EffectRow | RobustnessRow) -> tuple[Given, Given]:
    """Return an estimate and its interval, with decimals by its error, or by the interval without one."""
    if not math.isfinite(row.estimate):
        return MISSING, MISSING
    error, width = row.std_error, row.conf_high - row.conf_low
    decimals = decimals_for([error], 3) if math.isfinite(error) else decimals_for([width], 2)
    limits = interval(row.conf_low, row.conf_high, decimals) or MISSING
    return estimate_cell(study, row, decimals), limits


# What makes tables, by the result table that it takes them from.
TABLES: dict[str, Callable[[Run], Iterable[ReportTable]]] = {
    SUMMARY.name: descriptive_tables,
    COEFFICIENTS.name: regression_tables,
    ACCURACY.name: gain_tables,
    HETEROGENEITY.name: heterogeneity_tables,
    EFFECTS.name: effect_tables,
    ROBUSTNESS.name: robustness_tables,
}


def paper_files(run: Run, formats: Sequence[ReportFormat]) -> Iterator[ReportFile]:
    """Yield every table in the formats that are requested, and with them as CSV."""
    requested = {"html", "latex", "docx"} & set(formats)
    for table in paper_tables(run) if requested else ():
        path, caption = f"{PAPER}/{table.name}", plain_words(table.caption)
        yield ReportFile(f"{path}.csv", csv_text(table.texts), caption)
        if "latex" in requested:
            yield ReportFile(f"{path}.tex", latex_table(table, run.manifest.study), caption)
        if "docx" in requested:
            yield ReportFile(f"{path}.docx", word_tables([table]), caption)
        if "html" in requested:
            page = rendered(
                "paper.html.j2", study=run.manifest.study, shown=ShownTable(table), note=gettext("Notes:")
            )
            yield ReportFile(f"{path}.html", page, caption)
