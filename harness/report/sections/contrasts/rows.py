"""Contrasts of a run: each with its two intervals, and the truth where data are simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from harness.findings.groups import value_in_words
from harness.findings.lines import POINTWISE, SIMULTANEOUS, true_rows
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.tables.heterogeneity import CONTRASTS, ContrastRow
from harness.text.numbers import plain

# Pairs of values that are shown in full; of more only those with the least value.
MOST_PAIRS = 3


class ContrastQuestion(NamedTuple):
    """A scenario, with the column of its groups or its moderator where it has one."""

    scenario: str
    by: str
    moderator: str

    def about(self, study: StudyRecord) -> str:
        """Return the groups or the moderator in words; empty where it is about all rows."""
        name = self.by or self.moderator
        return study.label(name) if name else ""


@dataclass(frozen=True)
class EstimatedContrast:
    """One contrast of one estimator.

    Attributes
    ----------
    row : with the interval that holds for it alone
    low, high : limits that hold for all contrasts of the question at once; NaN without any
    base, value : the values of the exposure that it is between, in words
    truth : NaN where it is not known
    """

    row: ContrastRow
    low: float
    high: float
    base: str
    value: str
    truth: float

    @property
    def is_established(self) -> bool:
        """Whether the interval for all contrasts at once excludes zero."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def pair(self) -> str:
        """Both values in words."""
        return gettext("{exposure_to} less {exposure_from}").format(
            exposure_to=self.value, exposure_from=self.base
        )

    def label(self, study: StudyRecord, *, with_pair: bool) -> str:
        """Return whom it is of in words, and between which values where these differ or it is of all rows."""
        row, of = self.row, ""
        if row.by:
            of = f"{study.label(row.by)} {row.group}" if row.group.isdecimal() else row.group
        elif row.moderator:
            of = f"{study.label(row.moderator)} {plain(row.moderator_at)}"
        return ", ".join(filter(None, (of, self.pair if with_pair or not of else "")))


def contrast_questions(run: Run) -> tuple[ContrastQuestion, ...]:
    """Return the questions of the run, in the order of the table."""
    found = (ContrastQuestion(row.scenario, row.by, row.moderator) for row in run.rows(CONTRASTS))
    return tuple(dict.fromkeys(found))


def contrast_rows(run: Run, question: ContrastQuestion, outcome: str, estimator: str) -> list[ContrastRow]:
    """Return the rows of one estimator, those that say why it has no contrasts among them."""
    key = (question.scenario, outcome, estimator)
    return [row for row in run.rows(CONTRASTS) if (row.scenario, row.outcome, row.estimator) == key]


def contrasts_of(
    run: Run, question: ContrastQuestion, outcome: str, estimator: str
) -> tuple[EstimatedContrast, ...]:
    """Return the contrasts of one estimator that are shown, in the order of the table."""
    own = [row for row in contrast_rows(run, question, outcome, estimator) if row.is_done]
    levels = run.manifest.study.levels

    def order(row: ContrastRow) -> tuple[str, float, float, float]:
        at = -math.inf if math.isnan(row.moderator_at) else row.moderator_at
        base, value = (
            float(levels.index(name) if levels else name) for name in (row.exposure_from, row.exposure_to)
        )
        return row.group, at, base, value

    if len({order(row)[2:] for row in own}) > MOST_PAIRS:
        least = min(order(row)[2] for row in own)
        own = [row for row in own if order(row)[2] == least]
    own.sort(key=order)
    return tuple(_contrast(run, list(rows)) for _, rows in groupby(own, key=order))


def _contrast(run: Run, rows: Sequence[ContrastRow]) -> EstimatedContrast:
    by_band = {row.band: row for row in rows}
    row, together = by_band[POINTWISE], by_band.get(SIMULTANEOUS)
    levels = run.manifest.study.levels
    return EstimatedContrast(
        row,
        together.conf_low if together else math.nan,
        together.conf_high if together else math.nan,
        value_in_words(levels, row.exposure_from),
        value_in_words(levels, row.exposure_to),
        math.nan if levels else _truth(run, row),
    )


def _truth(run: Run, place: ContrastRow) -> float:
    """Return the true contrast; the table has those with the least value, of which others are differences."""
    levels = {
        row.at: row.truth
        for row in true_rows(run, place.outcome, place.scenario, "contrast")
        if row.group == place.group
        and (row.moderator_at == place.moderator_at or math.isnan(place.moderator_at))
    }
    low, high = float(place.exposure_from), float(place.exposure_to)
    return levels[high] - levels.get(low, 0.0) if high in levels else math.nan
