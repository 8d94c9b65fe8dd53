"""The section of robustness: the debiased slope under other choices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked, reworded
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.sections.effects.rows import METHODS
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import MISSING, NOTHING, EstimateText, count, estimated, p_value, percent
from harness.report.text.plain_text import file_slug, listed
from harness.scenarios.robustness.scenario import JOINT
from harness.tables.effects import ROBUSTNESS, RobustnessRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure

LOGS = marked("outcome in logs")
"""The check whose slope is in other units, and so in no figure."""


@dataclass(frozen=True)
class RobustnessTableRow:
    """One check in words; `mark` is of the footnote with the reason where there is no number."""

    check: str
    slope: EstimateText
    p_value: str
    p_difference: str
    n_obs: str
    mark: str = ""


@dataclass(frozen=True, eq=False)
class ShownRobustness:
    """One method and learner for one outcome."""

    heading: str
    sentence: str
    figures: tuple[RenderedFigure, ...]
    rows: tuple[RobustnessTableRow, ...]
    footnotes: tuple[tuple[str, str], ...]


class RobustnessSection(PackagedSection):
    """The debiased slope under other choices, beside placebos and a joint test."""

    name: ClassVar[str] = "robustness"
    title: ClassVar[str] = marked("Robustness")
    place: ClassVar[int] = 775

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run asks for robustness."""
        return bool(run.rows(ROBUSTNESS))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the checks by outcome, method and learner."""
        shown = tuple(_shown(run, rows, renderer) for rows in checks_together(run))
        return SectionContent(shown, figures=tuple(figure for one in shown for figure in one.figures))


def checks_together(run: Run) -> Iterator[tuple[RobustnessRow, ...]]:
    """Yield the checks of one outcome, exposure, method, learner and scenario after the other."""
    rows = run.rows(ROBUSTNESS)
    for key in dict.fromkeys(map(_subject, rows)):
        yield tuple(row for row in rows if _subject(row) == key)


def _subject(row: RobustnessRow) -> tuple[str, ...]:
    return row.outcome, row.exposure, row.method, row.learner, row.scenario


def _shown(run: Run, rows: tuple[RobustnessRow, ...], renderer: FigureRenderer) -> ShownRobustness:
    study, first, footnotes = run.manifest.study, rows[0], Footnotes()
    what, how = _what(study, first), _how(study, first)
    return ShownRobustness(
        heading=check_heading(study, first),
        sentence=joint_sentence(study, rows),
        figures=tuple(_figures(run, rows, gettext("{what} ({how})").format(what=what, how=how), renderer)),
        rows=tuple(
            RobustnessTableRow(
                check=reworded(row.check),
                slope=_slope(row),
                p_value=p_value(row.p_value),
                p_difference=p_value(row.p_difference),
                n_obs=count(row.n_obs) if row.n_obs is not None else MISSING,
                mark="" if row.is_done else footnotes.mark(row.reason),
            )
            for row in rows
        ),
        footnotes=footnotes.listed(),
    )


def check_heading(study: StudyRecord, row: RobustnessRow) -> str:
    """Return what a check is of: exposure, outcome, method and learner."""
    return gettext("{what}: {how}").format(what=_what(study, row), how=_how(study, row))


def _what(study: StudyRecord, row: RobustnessRow) -> str:
    return gettext("{exposure} on {outcome}").format(
        exposure=study.label(row.exposure), outcome=study.label(row.outcome)
    )


def _how(study: StudyRecord, row: RobustnessRow) -> str:
    return listed([gettext(METHODS.get(row.method, row.method)), study.estimator_label(row.learner)])


def _slope(row: RobustnessRow) -> EstimateText:
    if not row.is_done or math.isnan(row.estimate):
        return NOTHING
    return estimated(row.estimate, row.conf_low, row.conf_high)


def joint_sentence(study: StudyRecord, rows: tuple[RobustnessRow, ...]) -> str:
    """Return what the joint test says; empty where there is none."""
    joint = next((row for row in rows if row.check == JOINT and row.is_done), None)
    if joint is None:
        return ""
    level = 1.0 - study.level
    said = (
        gettext("some differ from what they should be by more than chance")
        if joint.p_difference < level
        else gettext("none is told from what it should be")
    )
    return gettext("All checks together: {said} at {level} (p {with_sign}).").format(
        said=said, level=percent(level, 0), with_sign=_with_sign(joint.p_difference)
    )


def _with_sign(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _figures(
    run: Run, rows: tuple[RobustnessRow, ...], what: str, renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    from harness.report.sections.effects.figure import Whisker, draw_forest

    study, first = run.manifest.study, rows[0]
    drawn = [row for row in rows if row.is_done and math.isfinite(row.conf_low) and row.check != LOGS]
    if not drawn:
        return
    whiskers = [
        Whisker(reworded(row.check), row.method, row.estimate, row.conf_low, row.conf_high)
        for row in sorted(drawn[1:], key=lambda row: row.estimate)
    ]
    head = drawn[0]
    baseline = Whisker(reworded(head.check), head.method, head.estimate, head.conf_low, head.conf_high)
    slug = "-".join(map(file_slug, (first.outcome, first.exposure, first.method, first.learner)))
    yield renderer.render(
        f"robustness-{slug}",
        draw_forest(
            [baseline, *whiskers],
            x_label=gettext("Effect on {outcome}").format(outcome=study.axis_label(first.outcome)),
        ),
        alt=gettext("The debiased slope of {what} under each check, with intervals.").format(what=what),
        caption=(
            gettext(
                "The debiased slope of {what} as it is, and beneath it under every check in its "
                "unit, the smallest first, with {level} intervals."
            ).format(what=what, level=percent(study.level, 0))
        ),
    )
