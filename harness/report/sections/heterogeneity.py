"""The section of heterogeneity: for whom the effect is, by group and along moderators."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import marked, topic
from harness.report.blocks import Appendix, Bullets, Heading, Paragraph, ReportBlock, SmallPrint, rich
from harness.report.sections import heterogeneity_tables as tables
from harness.report.sections.section import ReportFile, Section, featured, outcome_text, study_words
from harness.tables import heterogeneity
from harness.tables.findings import FINDINGS
from harness.text.numbers import percent

if TYPE_CHECKING:
    from harness.study.spec.study import ReportFormat

gettext = topic("report.heterogeneity")


# Draws what can be turned; whoever has no use for that need not install it.
LIBRARY = "plotly"


def heterogeneity_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield effects by group and along moderators of the leading estimator; to the appendix all tables."""
    from harness.report.figures.effects import group_figures, group_forest
    from harness.report.figures.moderators import conditional_figures, surface_figures

    leading = featured(run)[0]
    if tables.partitions(run):
        yield from group_forest(run, leading)
    study, rows = run.manifest.study, run.rows(FINDINGS, finding="for_whom")
    yield Bullets(tuple(outcome_text(study, row.outcome, row.text) for row in rows))
    if rows:
        yield tables.estimator_table(run)
    yield from conditional_figures(run, leading)
    yield from _turned(run)
    more: list[ReportBlock] = []
    for partition in tables.partitions(run):
        grouped = tables.grouped_by(run, partition)
        more += [Heading(gettext("By {by}").format(by=grouped.by)), *group_figures(run, partition, leading)]
        more += [tables.group_table(grouped), *map(SmallPrint, grouped.left_out)]
        more += [tables.difference_table(grouped)]
    if more:
        more.append(SmallPrint(_groups_note(run)))
    along = run.rows(heterogeneity.CONDITIONAL_EFFECTS)
    questions = dict.fromkeys((row.scenario, row.moderator) for row in along)
    for question in questions:
        more += [*surface_figures(run, question, leading), tables.conditional_table(run, question)]
    if questions:
        more.append(SmallPrint(_moderators_note(run)))
    yield Appendix(tuple(more))


def _groups_note(run: Run) -> str:
    return gettext(
        "Effect: mean change of the outcome per unit of {exposure} over the group's rows; bold where its "
        "{level} interval excludes zero; differences are bold by one model for all groups alone, and where "
        "the p-value adjusted for all pairs and estimators is small too. Level: the median of the net effect "
        "curve at the {exposure} of the group's rows, not the level of its outcome."
    ).format(**study_words(run.manifest.study))


def _moderators_note(run: Run) -> str:
    return gettext(
        "Before each effect: the value of the moderator. Bold: the pointwise {level} interval excludes zero. "
        "A change of sign is significant where the simultaneous band excludes zero on both sides of it. "
        "Friedman's H and the share of variance are zero without interaction; noise raises them."
    ).format(level=percent(run.manifest.study.level, 0))


def _turned(run: Run) -> Iterator[Paragraph]:
    """Yield where the surfaces can be turned, or what is missing for that."""
    if not run.view(tables.surfaces):
        return
    if can_turn():
        yield Paragraph(rich(gettext("All surfaces can be turned in [surfaces.html](surfaces.html).")))
    else:
        missing = gettext(
            "Surfaces that can be turned need plotly: `pip install 'panel-harness[surfaces]'`, then "
            "`harness report` on the run folder."
        )
        yield Paragraph(rich(missing), "note")


def surface_files(run: Run, report_format: ReportFormat) -> Iterator[ReportFile]:
    """Yield the page of surfaces that can be turned, where there are surfaces and what draws them."""
    from harness.report.figures.moderators import surface_page

    if report_format == "html" and can_turn() and run.view(tables.surfaces):
        holds = gettext("surfaces that can be turned, offline as well")
        yield ReportFile("surfaces.html", surface_page(run), holds)


def can_turn() -> bool:
    """Return whether what draws surfaces to turn is installed; it is not imported."""
    return importlib.util.find_spec(LIBRARY) is not None


def group_names(run: Run) -> Iterable[str]:
    """Return the names of all groups."""
    return dict.fromkeys(row.group for row in run.rows(heterogeneity.HETEROGENEITY))


HETEROGENEITY_SECTION = Section(
    *("heterogeneity", marked("Heterogeneity"), 800, heterogeneity_blocks),
    drawn_names=group_names,
    files=surface_files,
    tables=(heterogeneity.HETEROGENEITY.name, heterogeneity.CONDITIONAL_EFFECTS.name),
)
