"""The tables for a paper, as files: rows of the report's sections, with errors on lines of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, Self, get_args

from harness.errors import ArtifactError
from harness.findings.run import Gains, Run
from harness.language import Coded, marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report import blocks as parts
from harness.report.blocks import plain_words
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable, from_template, paper_table_in_html
from harness.report.render.text import latex_document, latex_table, markdown_of, plain_table
from harness.report.sections import coefficients
from harness.report.sections.accuracy import gain_rows
from harness.report.sections.coefficients import specification_tables
from harness.report.sections.effect_rows import effect_name, effects_of
from harness.report.sections.heterogeneity_tables import difference_table, group_table, grouped_by, partitions
from harness.report.sections.record import MOMENTS, variables_by_role
from harness.report.sections.robustness import check_heading, check_text, mediation_tables, together
from harness.report.sections.section import ReportFile
from harness.study.spec.study import ReportFormat
from harness.study.variation import REGRESSIONS, ROBUST_REGRESSIONS, ROBUSTNESS
from harness.tables.accuracy import ACCURACY
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.csv_table import csv_for_readers
from harness.tables.effects import EFFECTS, MEDIATION, EffectRow
from harness.tables.heterogeneity import HETEROGENEITY
from harness.tables.preparation import SUMMARY
from harness.tables.variations import VARIATION_EFFECTS, VariationEffectRow
from harness.text import numbers
from harness.text.plain_text import file_slug

gettext = topic("report.tables")


def regression_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield a table for each outcome with coefficients."""
    for outcome in run.manifest.study.outcomes:
        if coefficients.estimates_of(run, outcome):
            yield coefficients.regression_table(run, outcome)


PAPER = "tables/paper"

# What stands at gains that are significant, by the look of their cells.
MARKS = {"better": "†", "worse": "‡"}


def paper_tables(run: Run) -> tuple[parts.ReportTable, ...]:
    """Return the tables that a run has, in the order of a paper."""
    made = (table for name, make in TABLES if len(run.frame(name)) for table in make(run))
    return tuple(paper_table(run, table) for table in made)


def paper_table(run: Run, table: parts.ReportTable) -> parts.ReportTable:
    """Return a table of the report as a paper prints it: errors on lines of their own, notes on the run."""
    groups = tuple(
        replace(group, rows=tuple(line for row in group.rows for line in _lines(row)))
        for group in table.groups
    )
    return replace(table, groups=groups, notes=(*table.notes, *_run_notes(run)))


def _lines(row: parts.TableRow) -> Iterator[parts.TableRow]:
    """Yield the words of a row, and on further lines what stands beneath them."""
    cells = [parts.cell_of(given) for given in row.cells]
    yield parts.TableRow(tuple(plain_words(cell.words) + MARKS.get(cell.look, "") for cell in cells))
    for depth in range(max(len(cell.beneath) for cell in cells)):
        yield parts.TableRow(
            tuple(cell.beneath[depth] if depth < len(cell.beneath) else "" for cell in cells)
        )


def _run_notes(run: Run) -> Iterator[str]:
    """Yield what a reader must know of all numbers of a run."""
    if run.manifest.data.simulated:
        yield gettext("Simulated data.")
    if run.manifest.study.quick:
        yield gettext("A quick run; not for publication.")


def descriptive_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield descriptive statistics of all variables, by role."""
    study = run.manifest.study
    note = gettext("SD within: of deviations from an entity's own mean; SD between: of the entities' means.")
    yield parts.record_table(
        gettext("Descriptive statistics"),
        variables_by_role(run),
        (gettext("Variable"), lambda row: study.axis_label(row.variable)),
        (gettext("N"), lambda row: numbers.count(row.n)),
        *((rendered(str(head)), cell) for head, cell in MOMENTS[1:]),
        notes=(note,),
        name="descriptive",
    )


def gain_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield the gains of all estimators under all protocols over each reference, a panel for each outcome."""
    gains, study = Gains(run), run.manifest.study
    words = gettext(
        "Share of the mean squared error of {reference} on the test rows that is saved; {level} intervals in "
        "brackets, clustered by entity."
    )
    marks = gettext(
        "† better, ‡ worse: p < {level}, adjusted for the number of estimators (Holm 1979)."
    ).format(level=numbers.plain(1.0 - study.level))
    for over in (gains, *gains.further):
        label, level = over.reference_label, numbers.percent(study.level, 0)
        table = parts.ReportTable(
            caption=gettext("Gains over {reference}").format(reference=label),
            columns=parts.columns_of("", *(protocol.title for protocol in study.honest_first)),
            groups=parts.row_groups(
                (study.label(outcome), [(entry.label, *cells) for entry, cells in gain_rows(over, outcome)])
                for outcome in study.outcomes
            ),
            notes=(words.format(reference=label, level=level), marks),
            name=f"gains-over-{file_slug(over.over)}" if over.over else "gains",
        )
        missing = (gettext("No result: {reason}").format(reason=reason) for reason in table.marks)
        yield replace(table, notes=(*table.notes, *missing))


def heterogeneity_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield effects by group and differences between groups for each column that groups are by."""
    study = run.manifest.study
    for scenario, by in partitions(run):
        grouped = grouped_by(run, (scenario, by))
        if not grouped.has_effects:
            continue
        differences = {group.heading: group.rows for group in difference_table(grouped).groups}
        # Of the two measures, effects and levels of the curve, only the former are printed.
        groups = [
            parts.RowGroup(
                parts.rows_of(
                    [(*row.cells[:3], *row.cells[3::2]) for row in group.rows]
                    + [(row.cells[0], "", "", *row.cells[1::2]) for row in differences.get(group.heading, ())]
                ),
                group.heading,
            )
            for group in group_table(grouped).groups
        ]
        note = gettext(
            "Mean change of the outcome per unit of {exposure} over the rows of each group, and "
            "differences between groups. In brackets {level} bootstrap intervals."
        ).format(exposure=study.label(study.exposure_of(scenario)), level=numbers.percent(study.level, 0))
        yield parts.ReportTable(
            caption=gettext("Effects by {by}").format(by=grouped.by),
            columns=parts.columns_of(gettext("Group"), gettext("N"), gettext("Entities"), *grouped.heads),
            groups=tuple(groups),
            notes=(note,),
            name=f"heterogeneity-{file_slug(scenario or by)}",
        )


def effect_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield the debiased effects that are numbers, those of one exposure on one outcome together."""
    study = run.manifest.study
    words = gettext("{exposure} on {outcome}")
    table = parts.record_table(
        gettext("Debiased effects"),
        (
            (
                words.format(
                    exposure=study.label(subject.exposure), outcome=study.axis_label(subject.outcome)
                ),
                [row for row in subject.numbers if row.is_done],
            )
            for subject in run.view(effects_of)
        ),
        (gettext("Effect"), lambda row: effect_name(study, row)),
        (gettext("Learner"), lambda row: study.estimator_label(row.learner)),
        (gettext("Estimate"), lambda row: _estimate(study, row)[0]),
        (gettext("Interval"), lambda row: _estimate(study, row)[1]),
        (gettext("N"), lambda row: numbers.count(row.n_obs)),
        (gettext("Entities"), lambda row: numbers.count(row.n_entities)),
        notes=(
            *coefficients.estimate_notes(study),
            gettext("Double machine learning, cross-fitted over entities."),
        ),
        name="effects",
    )
    if table.groups:
        yield table


def robustness_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield the debiased slope under other choices."""
    study, slopes = run.manifest.study, together(run.rows(VARIATION_EFFECTS, list=ROBUSTNESS))
    if not slopes:
        return
    yield parts.record_table(
        gettext("The debiased slope under robustness checks"),
        ((check_heading(study, checks[0]), checks) for checks in slopes),
        (gettext("Check"), lambda row: check_text(study, row.variation)),
        (gettext("Slope"), lambda row: _estimate(study, row)[0]),
        (gettext("Interval"), lambda row: _estimate(study, row)[1]),
        (gettext("p of the difference"), lambda row: numbers.p_value(row.p_difference)),
        (gettext("N"), lambda row: numbers.count(row.n_obs)),
        notes=tuple(coefficients.estimate_notes(study)),
        name="robustness",
    )


def _estimate(study: StudyRecord, row: EffectRow | VariationEffectRow) -> tuple[parts.Given, parts.Given]:
    """Return an estimate and its interval."""
    if not math.isfinite(row.estimate):
        return numbers.MISSING, numbers.MISSING
    in_powers = coefficients.is_tiny([row.std_error, row.conf_high - row.conf_low])
    low, high = (coefficients.decimal(limit, in_powers=in_powers) for limit in (row.conf_low, row.conf_high))
    limits = f"[{low},{numbers.NO_BREAK}{high}]" if math.isfinite(row.conf_low) else numbers.MISSING
    return coefficients.paper_cell(study, row, in_powers=in_powers), limits


# What makes tables, with the result table that it takes them from, in the order of a paper.
TABLES: tuple[tuple[str, Callable[[Run], Iterable[parts.ReportTable]]], ...] = (
    (SUMMARY.name, descriptive_tables),
    (VARIATION_EFFECTS.name, partial(specification_tables, of=REGRESSIONS)),
    (COEFFICIENTS.name, regression_tables),
    (VARIATION_EFFECTS.name, partial(specification_tables, of=ROBUST_REGRESSIONS)),
    (EFFECTS.name, effect_tables),
    (VARIATION_EFFECTS.name, robustness_tables),
    (MEDIATION.name, mediation_tables),
    (HETEROGENEITY.name, heterogeneity_tables),
    (ACCURACY.name, gain_tables),
)


def paper_files(run: Run, formats: Sequence[ReportFormat]) -> Iterator[ReportFile]:
    """Yield every table in the formats that are requested, and with them as CSV."""
    requested, study = {"html", "latex", "docx"} & set(formats), run.manifest.study
    tables = paper_tables(run) if requested else ()
    holds = gettext("all tables, in the order of a paper")
    if "docx" in requested:
        words = gettext("Table {number}. {caption}")
        numbered = [
            replace(table, caption=words.format(number=number, caption=plain_words(table.caption)))
            for number, table in enumerate(tables, start=1)
        ]
        yield ReportFile(f"{PAPER}/paper.docx", word_tables(numbered), holds)
    if "latex" in requested:
        names = [table.name for table in tables]
        yield ReportFile(f"{PAPER}/paper.tex", latex_document(names), holds)
    for table in tables:
        path, caption = f"{PAPER}/{table.name}", plain_words(table.caption)
        yield ReportFile(f"{path}.csv", csv_for_readers(table.texts), caption)
        if "latex" in requested:
            yield ReportFile(f"{path}.tex", latex_table(table, study), caption)
        if "docx" in requested:
            yield ReportFile(f"{path}.docx", word_tables([table]), caption)
        if "html" in requested:
            shown = ShownTable(table)
            page = from_template("paper.html.j2", study=study, shown=shown)
            yield ReportFile(f"{path}.html", page, caption)


TableType = Literal["text", "tex", "md", "html", "docx"]


class TableText(str):
    """A table as the text that was asked for; a notebook shows it as a table.

    Attributes
    ----------
    html : the same table
    """

    __slots__ = ("html",)

    html: str

    def __new__(cls, text: str, html: str) -> Self:
        """Return a text that is shown as HTML in a notebook."""
        made = super().__new__(cls, text)
        made.html = html
        return made

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.html


def etable(
    run: Run, outcome: str, choice: coefficients.TableChoice, kind: TableType, file: Path | None
) -> TableText:
    """Return the regressions of one outcome, and write them to a file where one is named.

    Parameters
    ----------
    kind : of the file and of the text; that of a Word file is plain text

    Raises
    ------
    ArtifactError
        Where there is no such kind, or no file for a Word table.
    """
    if kind not in get_args(TableType):
        what = Coded("there is no table of the type {kind}", kind=repr(kind))
        raise ArtifactError.at("etable", what, ", ".join(get_args(TableType)))
    if kind == "docx" and file is None:
        raise ArtifactError.at(
            "etable", marked("a Word table is a file"), hint=marked('say file="table.docx"')
        )
    study, table = run.manifest.study, paper_table(run, coefficients.regression_table(run, outcome, choice))
    html = paper_table_in_html(ShownTable(table))
    text = html
    if kind == "tex":
        text = latex_table(table, study)
    elif kind == "md":
        text = markdown_of(table)
    elif kind != "html":
        text = plain_table(table)
    if file is not None:
        file.write_bytes(word_tables([table]) if kind == "docx" else text.encode())
    return TableText(text, html)
