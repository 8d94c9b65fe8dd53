"""The section of importance: what entities held out lose where columns are left out."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Appendix, ReportBlock, ReportFigure
from harness.report.drawing.palette import Whisker
from harness.report.sections.section import Section
from harness.report.table import Given, RecordColumn, ReportTable, TableCell, estimate_cell, record_table
from harness.tables.accuracy import IMPORTANCE, ImportanceRow
from harness.text.numbers import MISSING, EstimateText, percent, percent_interval
from harness.text.plain_text import Footnotes, file_slug

# Most groups of columns of one estimator in a figure.
SHOWN = 15


def importance_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the importance of every group of columns, by outcome: a figure, and to the appendix the table."""
    study = run.manifest.study
    for outcome in study.outcomes:
        yield from _figures(run, outcome)
    yield Appendix(tuple(importance_table(run, outcome) for outcome in study.outcomes))


def ordered(run: Run, outcome: str) -> tuple[ImportanceRow, ...]:
    """Return the rows of one outcome: estimators as in the study, the most important group first."""
    rows = [row for row in run.rows(IMPORTANCE) if row.outcome == outcome]
    place = {name: at for at, name in enumerate(dict.fromkeys(row.estimator for row in rows))}
    rows.sort(key=lambda row: (place[row.estimator], not row.is_done, -row.importance, row.group))
    return tuple(rows)


def importance_table(run: Run, outcome: str) -> ReportTable:
    """Return the importance of every group of columns for one outcome."""
    study, footnotes = run.manifest.study, Footnotes()
    columns: list[RecordColumn[ImportanceRow]] = [
        RecordColumn(
            gettext("Columns left out"),
            cell=lambda row: TableCell(
                study.label(row.group), mark=footnotes.mark("" if row.is_done else row.reason)
            ),
        ),
        RecordColumn(gettext("Estimator"), "text", cell=lambda row: study.estimator_label(row.estimator)),
        RecordColumn(gettext("Rise"), cell=_share),
    ]
    caption = gettext(
        "Rise of the error in predicting {label} without a group of columns, share of the outcome's "
        "variance, intervals beneath"
    ).format(label=study.label(outcome))
    note = gettext("Bold: the interval excludes zero. Intervals are from draws of entities, the fits held.")
    return record_table(caption, columns, ordered(run, outcome), footnotes=footnotes, notes=(note,))


def _share(row: ImportanceRow) -> Given:
    if not row.is_done:
        return MISSING
    excludes_zero = row.conf_low > 0.0 or row.conf_high < 0.0
    limits = percent_interval(row.conf_low, row.conf_high)
    return estimate_cell(EstimateText(percent(row.importance), limits, excludes_zero))


def _figures(run: Run, outcome: str) -> Iterator[ReportFigure]:
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
