"""The tables for a paper, as files: rows of the report's sections, with errors on lines of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.report import table as parts
from harness.report.blocks import plain_words
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable, rendered
from harness.report.render.text import csv_text, latex_table
from harness.report.sections.accuracy import gain_rows
from harness.report.sections.coefficients import (
    Estimates,
    coefficient_caveat,
    estimates_of,
    terms_in_order,
)
from harness.report.sections.effects.rows import effect_name, effects_of
from harness.report.sections.groups.rows import partitions
from harness.report.sections.groups.section import difference_table, group_table, grouped_by
from harness.report.sections.robustness import check_heading, together
from harness.report.sections.section import ReportFile
from harness.report.sections.variables import MOMENTS, moments, variables_by_role
from harness.study.spec.study import ReportFormat
from harness.tables.accuracy import ACCURACY
from harness.tables.coefficients import COEFFICIENTS, STATISTICS, CoefficientRow
from harness.tables.effects import EFFECTS, ROBUSTNESS, EffectRow, RobustnessRow
from harness.tables.heterogeneity import HETEROGENEITY
from harness.tables.preparation import SUMMARY
from harness.text import numbers
from harness.text.plain_text import Footnotes, file_slug, in_turn, joined, listed, sentences

CONSTANT = "const"
T_DECIMALS = 2

# Statistics beneath the coefficients, with how they are called.
FIT = {"r2_within": marked("Within R²"), "r2_dummies": marked("R², effects included")}


def estimate_cell(
    study: StudyRecord, row: CoefficientRow | EffectRow | RobustnessRow, decimals: int
) -> parts.TableCell:
    """Return an estimate as a paper prints it: stars for its p-value, beneath it what stands in brackets."""
    beneath = bracketed(study, row.estimate, row.std_error, decimals)
    shown = starred(study, numbers.rounded(row.estimate, decimals), row.p_value)
    return parts.TableCell(shown, (beneath,) if beneath else ())


def starred(study: StudyRecord, text: str, p_value: float) -> str:
    """Return an estimate with a star for each of the study's levels that its p-value is below."""
    return text + "*" * sum(p_value < level for level in study.stars)


def bracketed(study: StudyRecord, estimate: float, std_error: float, decimals: int) -> str:
    """Return what stands beneath an estimate: its standard error, or its statistic; empty without one."""
    if not (math.isfinite(std_error) and std_error > 0.0):
        return ""
    if study.brackets == "t":
        return f"({numbers.fixed(estimate / std_error, T_DECIMALS)})"
    return f"({numbers.rounded(std_error, decimals)})"


def estimate_notes(study: StudyRecord) -> Iterator[str]:
    """Yield what stands in brackets, and what stars say where there are any."""
    errors, statistics = gettext("Standard errors in brackets."), gettext("Test statistics in brackets.")
    yield statistics if study.brackets == "t" else errors
    if study.stars:
        marks = (f"{'*' * n} p < {numbers.plain(level)}" for n, level in enumerate(study.stars, start=1))
        levels = listed(marks)
        words = gettext("{levels}, each p-value alone, without regard to how many there are.")
        yield words.format(levels=levels)


def regression_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield a table for each outcome with coefficients, its columns in the order of the study."""
    study = run.manifest.study
    for outcome in study.outcomes:
        columns = estimates_of(run, outcome)
        if columns:
            yield parts.ReportTable(
                caption=gettext("Regressions of {outcome}").format(outcome=study.axis_label(outcome)),
                over=(
                    parts.TableCell(),
                    *(parts.TableCell(f"({number})") for number in range(1, 1 + len(columns))),
                ),
                columns=parts.columns_of("", *map(study.estimator_label, columns)),
                groups=parts.plain_rows(_rows(run, outcome, columns)),
                notes=(*estimate_notes(study), *_notes(run, outcome, columns)),
                name=f"regressions-{file_slug(outcome)}",
            )


def _rows(run: Run, outcome: str, columns: Estimates) -> Iterator[Sequence[parts.Given]]:
    study = run.manifest.study
    terms = terms_in_order(study, (term for column in columns.values() for term in column))
    for term in sorted(terms, key=lambda term: term == CONSTANT):
        rows = [column.get(term) for column in columns.values()]
        decimals = numbers.decimals_for([row.std_error for row in rows if row is not None] or [1.0])
        label = gettext("Constant") if term == CONSTANT else study.label(term)
        yield (label, *("" if row is None else estimate_cell(study, row, decimals) for row in rows))
    entries = [entry for entry in study.estimators if entry.id in columns]
    for key in dict.fromkeys(key for entry in entries for key in entry.effects):
        column = study.label({"entity": study.entity, "time": study.time}.get(key, key))
        yield (gettext("Effects of {column}").format(column=column), *(_has(one, key) for one in entries))
    yield (gettext("N"), *(numbers.count(next(iter(column.values())).n_obs) for column in columns.values()))
    found = {(row.outcome, row.estimator, row.statistic): row.value for row in run.rows(STATISTICS)}
    for name, label in FIT.items():
        values = [found.get((outcome, entry.id, name), math.nan) for entry in entries]
        if any(map(math.isfinite, values)):
            yield (gettext(label), *(numbers.fixed(value, 3) for value in values))


def _has(entry: EstimatorRecord, key: str) -> str:
    return gettext("Yes") if key in entry.effects else gettext("No")


def _notes(run: Run, outcome: str, columns: Estimates) -> Iterator[str]:
    """Yield what standard errors rest on, columns with the same together, and what biases coefficients."""
    same: dict[str, list[str]] = {}
    for number, column in enumerate(columns.values(), start=1):
        same.setdefault(_covariance(next(iter(column.values()))), []).append(f"({number})")
    words = gettext("Covariance of {columns}: {covariance}.")
    for covariance, own in same.items():
        yield words.format(columns=listed(own), covariance=covariance)
    if caveat := coefficient_caveat(run, outcome):
        yield caveat


def _covariance(row: CoefficientRow) -> str:
    """Return how errors are computed: "clustered by entity (545 clusters and small-sample factor 1.0037)"."""
    known = []
    has_periods = math.isfinite(row.bandwidth)
    if row.n_clusters:
        # Those of two keys have `` x `` between them.
        counts = joined([numbers.count(int(float(number))) for number in row.n_clusters.split(" x ")])
        words = gettext("{numbers} periods") if has_periods else gettext("{numbers} clusters")
        known.append(words.format(numbers=counts))
    if has_periods:
        known.append(gettext("bandwidth {bandwidth}").format(bandwidth=numbers.count(int(row.bandwidth))))
    if math.isfinite(row.factor):
        known.append(gettext("small-sample factor {factor}").format(factor=numbers.fixed(row.factor, 4)))
    how = translated(row.covariance) or numbers.MISSING
    return gettext("{how} ({details})").format(how=how, details=joined(known)) if known else how


PAPER = "tables/paper"

# What stands at gains that are established, by the look of their cells.
MARKS = {"better": "†", "worse": "‡"}


def paper_tables(run: Run) -> tuple[parts.ReportTable, ...]:
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
        yield gettext("Simulated data: no number says anything about the world.")
    if run.manifest.study.quick:
        yield gettext("A quick run with few draws; not for publication.")


def descriptive_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield descriptive statistics of all variables, by role."""
    study = run.manifest.study
    note = gettext("SD within: of deviations from an entity's own mean; SD between: of the entities' means.")
    yield parts.ReportTable(
        caption=gettext("Descriptive statistics"),
        columns=parts.columns_of(gettext("Variable"), gettext("N"), *map(gettext, MOMENTS[1:])),
        groups=tuple(
            parts.RowGroup(
                parts.rows_of((study.axis_label(row.variable), *moments(row)) for row in rows), heading
            )
            for heading, rows in variables_by_role(run)
        ),
        notes=(note,),
        name="descriptive",
    )


def gain_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield the gains of all estimators under all protocols over each reference, a panel for each outcome."""
    gains, study = Gains(run), run.manifest.study
    words = gettext(
        "Gain: one less the mean squared error over that of {reference}, on the test rows. In brackets "
        "{level} intervals, clustered by entity."
    )
    marks = gettext(
        "† better, ‡ worse: the p-value, adjusted for the number of estimators (Holm 1979), is below {level}."
    ).format(level=numbers.plain(1.0 - study.level))
    for over in (gains, *gains.further):
        footnotes = Footnotes()
        groups = tuple(
            parts.RowGroup(
                parts.rows_of((entry.label, *cells) for entry, cells in gain_rows(over, outcome, footnotes)),
                study.label(outcome),
            )
            for outcome in study.outcomes
        )
        label, level = over.reference_label, numbers.percent(study.level, 0)
        yield parts.ReportTable(
            caption=gettext("Gains over {reference}").format(reference=label),
            columns=parts.columns_of("", *(protocol.title for protocol in study.honest_first)),
            groups=groups,
            notes=(
                words.format(reference=label, level=level),
                marks,
                *map(_protocol_note, study.honest_first),
                *(gettext("No result: {reason}").format(reason=reason) for _, reason in footnotes.listed()),
            ),
            name=f"gains-over-{file_slug(over.over)}" if over.over else "gains",
        )


def _protocol_note(protocol: ProtocolRecord) -> str:
    """Return what a protocol does, and what the training rows know of the test rows."""
    leaks = in_turn(leak.text for leak in protocol.leaks) or gettext("nothing known")
    words = gettext("{title}: {how} What it leaks: {leaks}.")
    return words.format(title=protocol.title, how=protocol.how, leaks=leaks)


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
    columns: list[parts.RecordColumn[EffectRow]] = [
        parts.RecordColumn(gettext("Effect"), cell=lambda row: effect_name(study, row)),
        parts.RecordColumn(gettext("Learner"), cell=lambda row: study.estimator_label(row.learner)),
        parts.RecordColumn(gettext("Estimate"), cell=lambda row: _estimate(study, row)[0]),
        parts.RecordColumn(gettext("Interval"), cell=lambda row: _estimate(study, row)[1]),
        parts.RecordColumn(gettext("N"), cell=lambda row: numbers.count(row.n_obs)),
        parts.RecordColumn(gettext("Entities"), cell=lambda row: numbers.count(row.n_entities)),
    ]
    groups: list[parts.RowGroup] = []
    assumed: dict[str, None] = {}
    words = gettext("{method}: {assumption}")
    for subject in run.view(effects_of):
        rows = parts.record_rows(columns, (row for row in subject.numbers if row.is_done))
        if rows:
            heading = gettext("{exposure} on {outcome}").format(
                exposure=study.label(subject.exposure), outcome=study.axis_label(subject.outcome)
            )
            groups.append(parts.RowGroup(rows, heading))
            assumed |= {words.format(method=one, assumption=own): None for one, own in subject.assumptions}
    if groups:
        yield parts.ReportTable(
            caption=gettext("Debiased effects"),
            columns=tuple(columns),
            groups=tuple(groups),
            notes=(*estimate_notes(study), *(" ".join(sentences(text)) for text in assumed)),
            name="effects",
        )


def robustness_tables(run: Run) -> Iterator[parts.ReportTable]:
    """Yield the debiased slope under other choices."""
    study = run.manifest.study
    columns: list[parts.RecordColumn[RobustnessRow]] = [
        parts.RecordColumn(gettext("Check"), cell=lambda row: translated(row.check)),
        parts.RecordColumn(gettext("Slope"), cell=lambda row: _estimate(study, row)[0]),
        parts.RecordColumn(gettext("Interval"), cell=lambda row: _estimate(study, row)[1]),
        parts.RecordColumn(
            gettext("p of the difference"), cell=lambda row: numbers.p_value(row.p_difference)
        ),
        parts.RecordColumn(gettext("N"), cell=lambda row: numbers.count(row.n_obs)),
    ]
    yield parts.ReportTable(
        caption=gettext("Robustness"),
        columns=tuple(columns),
        groups=tuple(
            parts.RowGroup(parts.record_rows(columns, checks), check_heading(study, checks[0]))
            for checks in together(run.rows(ROBUSTNESS))
        ),
        notes=tuple(estimate_notes(study)),
        name="robustness",
    )


def _estimate(study: StudyRecord, row: EffectRow | RobustnessRow) -> tuple[parts.Given, parts.Given]:
    """Return an estimate and its interval, with decimals by its error, or by the interval without one."""
    if not math.isfinite(row.estimate):
        return numbers.MISSING, numbers.MISSING
    error, width = row.std_error, row.conf_high - row.conf_low
    decimals = numbers.decimals_for([error], 3) if math.isfinite(error) else numbers.decimals_for([width], 2)
    limits = numbers.interval(row.conf_low, row.conf_high, decimals) or numbers.MISSING
    return estimate_cell(study, row, decimals), limits


# What makes tables, by the result table that it takes them from.
TABLES: dict[str, Callable[[Run], Iterable[parts.ReportTable]]] = {
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
            shown = ShownTable(table)
            page = rendered("paper.html.j2", study=run.manifest.study, shown=shown, note=gettext("Notes:"))
            yield ReportFile(f"{path}.html", page, caption)
