"""The section of conditions of the effect, with a page of surfaces that can be turned."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.findings.lines import POINTWISE, ConditionalEffect
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Heading, Paragraph, Phrase, ReportBlock, SmallPrint, rich
from harness.report.sections.section import ReportFile, Section, featured
from harness.report.table import Given, ReportTable, RowGroup, TableCell, TableColumn, TableRow, estimate_cell
from harness.tables.conditional import CONDITIONAL_EFFECTS, INTERACTIONS, SurfaceKey
from harness.text.numbers import MISSING, EstimateText, estimated, fixed, interval, percent, plain
from harness.text.plain_text import Footnotes

if TYPE_CHECKING:
    from harness.study.spec.study import ReportFormat

# A scenario, with its moderator.
Question = tuple[str, str]

# Draws what can be turned; whoever has no use for that need not install it.
LIBRARY = "plotly"
# Of measures of interaction, which are shares.
MEASURE_DECIMALS = 3


def moderator_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the effect along every moderator."""
    from harness.report.sections.moderators.figures import surface_figures
    from harness.report.sections.moderators.surfaces import surfaces

    study = run.manifest.study
    has_surfaces = bool(run.view(surfaces))
    if has_surfaces and can_turn():
        turned = gettext(
            "The surfaces can be turned, and those of every estimator compared, in "
            "[surfaces.html](surfaces.html) beside this report."
        )
        yield Paragraph(rich(turned))
    elif has_surfaces:
        missing = gettext(
            "There is no page on which the surfaces can be turned: it is drawn with plotly, which was not "
            "installed. `pip install 'panel-harness[surfaces]'`, then `harness report` on the run folder."
        )
        yield Paragraph(rich(missing), "note")
    for question in dict.fromkeys((row.scenario, row.moderator) for row in run.rows(CONDITIONAL_EFFECTS)):
        yield Heading(study.axis_label(question[1]))
        yield from surface_figures(run, question)
        yield conditional_table(run, question)
    text = gettext(
        "Before each effect: the value of the moderator, lowest and highest of those that the data "
        "support; a middle one is in the CSV. Bold: the pointwise {level} interval excludes zero. A "
        "change of sign is established where the simultaneous band excludes zero on both sides of it. "
        "The CSV of each table has Friedman's H and the interaction's share of variance, zero without "
        "interaction; of noisy predictions H is above zero even then."
    ).format(level=percent(study.level, 0))
    yield SmallPrint(text)


def conditional_table(run: Run, question: Question) -> ReportTable:
    """Return the table of one moderator, of every outcome and featured estimator."""
    from harness.report.sections.moderators.surfaces import effect_along, threshold_text, thresholds_of

    study, footnotes = run.manifest.study, Footnotes()

    def named(key: SurfaceKey) -> TableCell:
        rows = [row for row in run.rows(CONDITIONAL_EFFECTS) if row.key == key and not row.is_done]
        mark = footnotes.mark(rows[0].reason if rows else "")
        return TableCell(study.estimator_label(key.estimator), mark=mark)

    def rows_of(outcome: str) -> Iterator[TableRow]:
        for entry in featured(run):
            key = SurfaceKey(*question, outcome, entry.id)
            effect = effect_along(run, key)
            yield TableRow(
                (
                    named(key),
                    *(effects_at(effect) if effect is not None else ("", "", "")),
                    "\n".join(map(threshold_text, thresholds_of(run, key))),
                    *(_measure(run, key, name) for name in ("friedman_h", "ale_interaction_share")),
                )
            )

    return ReportTable(
        caption=gettext("Effect by {moderator}").format(moderator=study.axis_label(question[1])),
        columns=(
            *(TableColumn(gettext("Estimator")), TableColumn(gettext("Effect at the\nlowest value"))),
            TableColumn(gettext("at a middle\nvalue"), is_for_files=True),
            TableColumn(gettext("at the\nhighest value")),
            TableColumn(gettext("Changes its sign at"), "text"),
            TableColumn(gettext("Friedman's H"), is_for_files=True),
            TableColumn(gettext("Interaction's share\nof variance (ALE)"), is_for_files=True),
        ),
        groups=tuple(
            RowGroup(tuple(rows_of(outcome)), study.axis_label(outcome)) for outcome in study.outcomes
        ),
        footnotes=footnotes.listed(),
    )


def effects_at(line: ConditionalEffect) -> tuple[Given, ...]:
    """Return the effect at the lowest, a middle and the highest supported value, with pointwise intervals.

    With fewer supported values the last cells are empty, with two that in the middle.
    """
    positions = np.flatnonzero(line.supported & np.isfinite(line.estimate)).tolist()
    n = len(positions)
    chosen = (0 if n else None, n // 2 if n > 2 else None, n - 1 if n > 1 else None)
    return tuple("" if at is None else _effect(line, positions[at]) for at in chosen)


def _effect(line: ConditionalEffect, place: int) -> TableCell:
    band = line.band(POINTWISE)
    low, high = (float(band.low[place]), float(band.high[place])) if band else (float("nan"), float("nan"))
    number = estimated(float(line.estimate[place]), low, high)
    at = Phrase(f"{plain(float(line.at[place]))}:", look="soft")
    shown = Phrase(number.value, look="lowest") if number.excludes_zero else number.value
    return TableCell((at, " ", shown), (number.interval,) if number.interval else ())


def _measure(run: Run, key: SurfaceKey, name: str) -> TableCell:
    """Return a measure of interaction of one surface with its interval."""
    for row in run.rows(INTERACTIONS):
        if row.is_done and row.key == key and row.measure == name:
            limits = interval(row.conf_low, row.conf_high, MEASURE_DECIMALS)
            return estimate_cell(EstimateText(fixed(row.estimate, MEASURE_DECIMALS), limits))
    return TableCell(MISSING)


def surface_files(run: Run, report_format: ReportFormat) -> Iterator[ReportFile]:
    """Yield the page of surfaces that can be turned, where there are surfaces and what draws them."""
    from harness.report.sections.moderators.page import surface_page
    from harness.report.sections.moderators.surfaces import surfaces

    if report_format == "html" and can_turn() and run.view(surfaces):
        holds = gettext("surfaces that can be turned, offline as well")
        yield ReportFile("surfaces.html", surface_page(run), holds)


def can_turn() -> bool:
    """Return whether what draws surfaces to turn is installed; it is not imported."""
    return importlib.util.find_spec(LIBRARY) is not None


MODERATORS_SECTION = Section(
    *("moderators", marked("Conditions"), 900, moderator_blocks, marked("Conditions of the effect")),
    files=surface_files,
    tables=("conditional_effects",),
)
