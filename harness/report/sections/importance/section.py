"""The section of importance: what entities held out lose where columns are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import NOTHING, EstimateText, percent, percent_interval
from harness.report.text.plain_text import file_slug
from harness.tables.accuracy import IMPORTANCE, ImportanceRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure

SHOWN = 15
"""Most groups of columns of one estimator in a figure."""


@dataclass(frozen=True)
class ImportanceTableRow:
    """One group in words; `mark` is of the footnote with the reason where there is no number."""

    group: str
    estimator: str
    importance: EstimateText
    mark: str = ""


@dataclass(frozen=True, eq=False)
class ShownImportance:
    """What columns do for the prediction of one outcome."""

    label: str
    figures: tuple[RenderedFigure, ...]
    rows: tuple[ImportanceTableRow, ...]
    footnotes: tuple[tuple[str, str], ...]


class ImportanceSection(PackagedSection):
    """How much worse entities held out are predicted without some columns."""

    name: ClassVar[str] = "importance"
    title: ClassVar[str] = marked("Importance")
    place: ClassVar[int] = 720

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run asks for importance."""
        return bool(run.rows(IMPORTANCE))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the importance of every group of columns, by outcome, the largest first."""
        shown = tuple(_shown(run, outcome, renderer) for outcome in run.manifest.study.outcomes)
        return SectionContent(shown, figures=tuple(figure for one in shown for figure in one.figures))


def ordered(run: Run, outcome: str) -> tuple[ImportanceRow, ...]:
    """Return the rows of one outcome: estimators as in the study, the most important group first."""
    rows = [row for row in run.rows(IMPORTANCE) if row.outcome == outcome]
    place = {name: at for at, name in enumerate(dict.fromkeys(row.estimator for row in rows))}
    return tuple(
        sorted(rows, key=lambda row: (place[row.estimator], not row.is_done, -row.importance, row.group))
    )


def _shown(run: Run, outcome: str, renderer: FigureRenderer) -> ShownImportance:
    study, rows, footnotes = run.manifest.study, ordered(run, outcome), Footnotes()
    return ShownImportance(
        label=study.label(outcome),
        figures=tuple(_figures(run, outcome, rows, renderer)),
        rows=tuple(
            ImportanceTableRow(
                study.label(row.group),
                study.estimator_label(row.estimator),
                _share(row) if row.is_done else NOTHING,
                "" if row.is_done else footnotes.mark(row.reason),
            )
            for row in rows
        ),
        footnotes=footnotes.listed(),
    )


def _share(row: ImportanceRow) -> EstimateText:
    excludes_zero = row.conf_low > 0.0 or row.conf_high < 0.0
    return EstimateText(percent(row.importance), percent_interval(row.conf_low, row.conf_high), excludes_zero)


def _figures(
    run: Run, outcome: str, rows: tuple[ImportanceRow, ...], renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    from harness.report.sections.effects.figure import Whisker, draw_forest

    study = run.manifest.study
    for estimator in dict.fromkeys(row.estimator for row in rows if row.is_done):
        own = [row for row in rows if row.estimator == estimator and row.is_done][:SHOWN]
        whiskers = [
            Whisker(study.label(row.group), "", *(100.0 * share for share in _numbers(row))) for row in own
        ]
        name, label = study.estimator_label(estimator), study.label(outcome)
        yield renderer.render(
            f"importance-{file_slug(outcome)}-{file_slug(estimator)}",
            draw_forest(
                whiskers, x_label=gettext("Rise of the mean squared error, % of the outcome's variance")
            ),
            alt=gettext(
                "What {name} loses in predicting {label} without each group of columns, with intervals."
            ).format(name=name, label=label),
            caption=(
                gettext(
                    "Rise of the error of {name} in predicting {label} for entities held out where "
                    "columns are left out, with intervals from draws of entities{value}."
                ).format(
                    name=name,
                    label=label,
                    value=gettext("; the {n} largest").format(n=SHOWN) if len(own) == SHOWN else "",
                )
            ),
        )


def _numbers(row: ImportanceRow) -> tuple[float, float, float]:
    return row.importance, row.conf_low, row.conf_high
