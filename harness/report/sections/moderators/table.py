"""The table of one moderator: effects at three of its values, changes of sign, and how far both interact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.language import gettext, marked
from harness.report.model.bands import POINTWISE
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import NONE, ConditionalEffect, Question, conditional
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import (
    NOTHING,
    EstimateText,
    estimate,
    estimated,
    fixed,
    interval,
    percent,
    plain,
)
from harness.tables.conditional import InteractionRow, SurfaceKey, ThresholdRow

MEASURE_DECIMALS = 3
"""Of measures of interaction, which are shares."""

NO_CHANGE = marked("none established")
SIGNS = {"negative_to_positive": marked("from − to +"), "positive_to_negative": marked("from + to −")}


@dataclass(frozen=True)
class EffectAt:
    """The effect at one moderator value."""

    at: str
    effect: EstimateText


@dataclass(frozen=True)
class ConditionalTableRow:
    """One estimator on one outcome; `mark` is of the footnote with a reason.

    Attributes
    ----------
    effects : at the lowest, a middle and the highest moderator value that the data support
    thresholds : where the effect changes its sign, one text each
    """

    label: str
    effects: tuple[EffectAt, ...]
    thresholds: tuple[str, ...]
    friedman_h: EstimateText
    ale_share: EstimateText
    mark: str


@dataclass(frozen=True)
class ConditionalGroup:
    """One outcome."""

    heading: str
    rows: tuple[ConditionalTableRow, ...]


@dataclass(frozen=True)
class ConditionalTable:
    """One moderator."""

    moderator: str
    groups: tuple[ConditionalGroup, ...]
    footnotes: tuple[tuple[str, str], ...]


def conditional_table(run: Run, question: Question) -> ConditionalTable:
    """Return the table of one moderator, of every outcome and featured estimator."""
    study = run.manifest.study
    footnotes = Footnotes()
    groups = tuple(
        ConditionalGroup(
            study.axis_label(outcome),
            tuple(
                _row(run, SurfaceKey(*question, outcome, entry.id), entry.label, footnotes)
                for entry in featured(run)
            ),
        )
        for outcome in study.outcomes
    )
    return ConditionalTable(study.axis_label(question[1]), groups, footnotes.listed())


def _row(run: Run, key: SurfaceKey, label: str, footnotes: Footnotes) -> ConditionalTableRow:
    answers = run.view(conditional)
    effect = answers.effect(key)
    measures = {row.measure: _measure(row) for row in answers.interactions_of(key)}
    return ConditionalTableRow(
        label=label,
        effects=effects_at(effect) if effect is not None else (),
        thresholds=tuple(threshold_text(row) for row in answers.thresholds_of(key)),
        friedman_h=measures.get("friedman_h", NOTHING),
        ale_share=measures.get("ale_interaction_share", NOTHING),
        mark=footnotes.mark(answers.reason(key)),
    )


def effects_at(line: ConditionalEffect) -> tuple[EffectAt, ...]:
    """Return the effect at the lowest, a middle and the highest supported value, with pointwise intervals."""
    places = np.flatnonzero(line.supported & np.isfinite(line.estimate))
    if not places.size:
        return ()
    chosen = dict.fromkeys((int(places[0]), int(places[places.size // 2]), int(places[-1])))
    return tuple(EffectAt(plain(float(line.at[place])), _effect(line, place)) for place in chosen)


def _effect(line: ConditionalEffect, place: int) -> EstimateText:
    band = line.band(POINTWISE)
    low, high = (float(band.low[place]), float(band.high[place])) if band else (float("nan"), float("nan"))
    return estimated(float(line.estimate[place]), low, high)


def threshold_text(row: ThresholdRow) -> str:
    """Return a change of sign in words, with its interval and the share of draws that have it."""
    if row.kind == NONE:
        return gettext(NO_CHANGE)
    at, limits = estimate(row.at, row.conf_low, row.conf_high)
    return gettext("{at} {limits}, {signs}, in {share_of_draws} of draws").format(
        at=at,
        limits=limits,
        signs=gettext(SIGNS.get(row.kind, row.kind)),
        share_of_draws=percent(row.share_of_draws, 0),
    )


def _measure(row: InteractionRow) -> EstimateText:
    return EstimateText(
        fixed(row.estimate, MEASURE_DECIMALS), interval(row.conf_low, row.conf_high, MEASURE_DECIMALS)
    )
