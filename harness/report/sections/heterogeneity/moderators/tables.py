"""The section of conditions of the effect, with a page of surfaces that can be turned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.findings.lines import POINTWISE, ConditionalEffect
from harness.findings.run import Run
from harness.language import gettext
from harness.report.blocks import Phrase
from harness.report.sections.section import featured
from harness.report.table import Given, ReportTable, RowGroup, TableCell, TableColumn, TableRow, estimate_cell
from harness.tables.conditional import CONDITIONAL_EFFECTS, INTERACTIONS, SurfaceKey
from harness.text.numbers import MISSING, EstimateText, estimated, fixed, interval, plain
from harness.text.plain_text import Footnotes

if TYPE_CHECKING:
    pass

# A scenario, with its moderator.
Question = tuple[str, str]

# Draws what can be turned; whoever has no use for that need not install it.
LIBRARY = "plotly"
# Of measures of interaction, which are shares.
MEASURE_DECIMALS = 3


def conditional_table(run: Run, question: Question) -> ReportTable:
    """Return the table of one moderator, of every outcome and featured estimator."""
    from harness.report.sections.heterogeneity.moderators.surfaces import (
        effect_along,
        threshold_text,
        thresholds_of,
    )

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
