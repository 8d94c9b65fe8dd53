"""Contrasts of a run: each with its two intervals, its place, and the truth where data are simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.findings.groups import value_in_words
from harness.findings.lines import POINTWISE, SIMULTANEOUS, true_rows
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.tables.heterogeneity import CONTRASTS, ContrastRow
from harness.text.numbers import plain

MOST_PAIRS = 3
"""Pairs of values that are shown in full; of more only those with the least value."""


@dataclass(frozen=True)
class ContrastQuestion:
    """A scenario, with the column of its groups or its moderator where it has one."""

    scenario: str
    by: str
    moderator: str


@dataclass(frozen=True)
class ContrastPlace:
    """Between which values a contrast is, and for whom.

    Attributes
    ----------
    exposure_from, exposure_to : values of the exposure in words
    group : whose rows it is over; empty for all rows
    moderator_at : value that all rows' moderator has; NaN where it is as observed
    """

    exposure_from: str
    exposure_to: str
    group: str
    moderator_at: float

    def label(self, study: StudyRecord, question: ContrastQuestion, *, with_pair: bool) -> str:
        """Return the place in words, with the values of the exposure where these differ."""
        pair = self.pair if with_pair else ""
        if question.by:
            group = f"{study.label(question.by)} {self.group}" if self.group.isdecimal() else self.group
            return ", ".join(filter(None, (group, pair)))
        if question.moderator:
            at = f"{study.label(question.moderator)} {plain(self.moderator_at)}"
            return ", ".join(filter(None, (at, pair)))
        return self.pair

    @property
    def pair(self) -> str:
        """Both values in words."""
        return gettext("{exposure_to} less {exposure_from}").format(
            exposure_to=self.exposure_to, exposure_from=self.exposure_from
        )


@dataclass(frozen=True)
class EstimatedContrast:
    """One contrast of one estimator.

    Attributes
    ----------
    low, high : limits that hold for it alone, outcome units
    all_low, all_high : limits that hold for all contrasts of the question at once; NaN without any
    truth : NaN where it is not known
    """

    place: ContrastPlace
    estimate: float
    low: float
    high: float
    all_low: float
    all_high: float
    n_from: int | None
    n_to: int | None
    n_draws: int | None
    truth: float

    @property
    def is_established(self) -> bool:
        """Whether the interval for all contrasts at once excludes zero."""
        return self.all_low > 0.0 or self.all_high < 0.0


def contrast_rows(run: Run) -> tuple[ContrastRow, ...]:
    """Return all rows, those that say why an estimator has no contrasts among them."""
    return run.rows(CONTRASTS)


def contrast_questions(run: Run) -> tuple[ContrastQuestion, ...]:
    """Return the questions of the run, in the order of the table."""
    found = (ContrastQuestion(row.scenario, row.by, row.moderator) for row in contrast_rows(run))
    return tuple(dict.fromkeys(found))


def contrasts_of(
    run: Run, question: ContrastQuestion, outcome: str, estimator: str
) -> tuple[EstimatedContrast, ...]:
    """Return the contrasts of one estimator that are shown, in the order of the table."""
    own = [
        row
        for row in contrast_rows(run)
        if row.is_done
        and (row.scenario, row.outcome, row.estimator) == (question.scenario, outcome, estimator)
    ]
    levels = run.manifest.study.levels
    pairs = {(row.exposure_from, row.exposure_to) for row in own}
    if len(pairs) > MOST_PAIRS:
        least = min(_place_of(levels, low) for low, _ in pairs)
        own = [row for row in own if _place_of(levels, row.exposure_from) == least]

    def order(row: ContrastRow) -> tuple[str, float, float, float]:
        at = -math.inf if math.isnan(row.moderator_at) else row.moderator_at
        return row.group, at, _place_of(levels, row.exposure_from), _place_of(levels, row.exposure_to)

    own.sort(key=order)
    return tuple(_contrast(run, outcome, question, list(rows)) for _, rows in groupby(own, key=order))


def _place_of(levels: Sequence[str], value: str) -> float:
    """Return where a value of the exposure stands among the others."""
    return float(levels.index(value)) if levels else float(value)


def contrast_reason(run: Run, question: ContrastQuestion, outcome: str, estimator: str) -> str:
    """Return why an estimator has no contrasts, or an empty string."""
    key = (question.scenario, outcome, estimator)
    return next(
        (
            row.reason
            for row in contrast_rows(run)
            if (row.scenario, row.outcome, row.estimator) == key and not row.is_done
        ),
        "",
    )


def _contrast(
    run: Run, outcome: str, question: ContrastQuestion, rows: list[ContrastRow]
) -> EstimatedContrast:
    by_band = {row.band: row for row in rows}
    row, together = by_band[POINTWISE], by_band.get(SIMULTANEOUS)
    levels = run.manifest.study.levels
    low, high = (value_in_words(levels, value) for value in (row.exposure_from, row.exposure_to))
    place = ContrastPlace(low, high, row.group, row.moderator_at)
    return EstimatedContrast(
        place=place,
        estimate=row.estimate,
        low=row.conf_low,
        high=row.conf_high,
        all_low=together.conf_low if together else math.nan,
        all_high=together.conf_high if together else math.nan,
        n_from=row.n_obs_from,
        n_to=row.n_obs_to,
        n_draws=row.n_draws,
        truth=math.nan if levels else _truth(run, outcome, question, row),
    )


def _truth(run: Run, outcome: str, question: ContrastQuestion, place: ContrastRow) -> float:
    """Return the true contrast; the table has those with the least value, of which others are differences."""
    levels = {
        row.at: row.truth
        for row in true_rows(run, outcome, question.scenario, "contrast")
        if row.group == place.group
        and (row.moderator_at == place.moderator_at or math.isnan(place.moderator_at))
    }
    low, high = float(place.exposure_from), float(place.exposure_to)
    return levels[high] - levels.get(low, 0.0) if high in levels else math.nan
