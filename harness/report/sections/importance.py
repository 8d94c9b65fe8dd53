"""The section of importance: what entities held out lose where columns are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Paragraph, ReportBlock, tabs_of
from harness.report.drawing.palette import Whisker
from harness.report.sections.section import Section
from harness.report.table import ReportTable, TableCell, TableColumn, estimate_cell, plain_rows
from harness.tables.accuracy import IMPORTANCE, ImportanceRow
from harness.text.numbers import MISSING, EstimateText, percent, percent_interval
from harness.text.plain_text import Footnotes, file_slug

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure

# Most groups of columns of one estimator in a figure.
SHOWN = 15


def importance_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the importance of every group of columns, by outcome, the largest first."""
    yield Paragraph(
        gettext(
            "Every estimator is fitted anew without each group of columns, and predicts entities that it "
            "was not trained on. The rise of its mean squared error is what only these columns tell it: of "
            "two columns that say the same neither is important by itself. It is no effect: a column can be "
            "important for a prediction and move nothing."
        )
    )
    study = run.manifest.study
    yield tabs_of(
        (study.label(outcome), (*_figures(run, outcome, renderer), importance_table(run, outcome)))
        for outcome in study.outcomes
    )


def ordered(run: Run, outcome: str) -> tuple[ImportanceRow, ...]:
    """Return the rows of one outcome: estimators as in the study, the most important group first."""
    rows = [row for row in run.rows(IMPORTANCE) if row.outcome == outcome]
    place = {name: at for at, name in enumerate(dict.fromkeys(row.estimator for row in rows))}
    return tuple(
        sorted(rows, key=lambda row: (place[row.estimator], not row.is_done, -row.importance, row.group))
    )


def importance_table(run: Run, outcome: str) -> ReportTable:
    """Return the importance of every group of columns for one outcome."""
    study, footnotes = run.manifest.study, Footnotes()
    rows = [
        (
            TableCell(study.label(row.group), mark=footnotes.mark("" if row.is_done else row.reason)),
            study.estimator_label(row.estimator),
            _share(row) if row.is_done else MISSING,
        )
        for row in ordered(run, outcome)
    ]
    return ReportTable(
        caption=gettext(
            "Rise of the error in predicting {label} without a group of columns, share of the outcome's "
            "variance, intervals beneath"
        ).format(label=study.label(outcome)),
        columns=(
            *(TableColumn(gettext("Columns left out")), TableColumn(gettext("Estimator"), "text")),
            TableColumn(gettext("Rise")),
        ),
        groups=plain_rows(rows),
        footnotes=footnotes.listed(),
        notes=(
            gettext("Bold: the interval excludes zero. Intervals are from draws of entities, the fits held."),
        ),
    )


def _share(row: ImportanceRow) -> TableCell:
    excludes_zero = row.conf_low > 0.0 or row.conf_high < 0.0
    limits = percent_interval(row.conf_low, row.conf_high)
    return estimate_cell(EstimateText(percent(row.importance), limits, excludes_zero))


def _figures(run: Run, outcome: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    from harness.report.drawing.forest import plot_forest

    study, rows = run.manifest.study, [row for row in ordered(run, outcome) if row.is_done]
    x_label = gettext("Rise of the mean squared error, % of the outcome's variance")
    for estimator in dict.fromkeys(row.estimator for row in rows):
        own = [row for row in rows if row.estimator == estimator][:SHOWN]
        whiskers = [
            Whisker(study.label(row.group), row.importance, row.conf_low, row.conf_high).in_percent()
            for row in own
        ]
        name, label = study.estimator_label(estimator), study.label(outcome)
        yield renderer.render(
            f"importance-{file_slug(outcome)}-{file_slug(estimator)}",
            plot_forest([("", whiskers)], x_label=x_label),
            alt=gettext(
                "What {name} loses in predicting {label} without each group of columns, with intervals."
            ).format(name=name, label=label),
            caption=gettext(
                "Rise of the error of {name} in predicting {label} for entities held out where columns are "
                "left out, with intervals from draws of entities{value}."
            ).format(
                name=name,
                label=label,
                value=gettext("; the {n} largest").format(n=SHOWN) if len(own) == SHOWN else "",
            ),
        )


IMPORTANCE_SECTION = Section(
    "importance", marked("Importance"), 720, importance_blocks, tables=(IMPORTANCE.name,)
)
