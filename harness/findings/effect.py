"""Findings on debiased effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from harness.findings.finding import StudyFinding
from harness.findings.stretches import stretches
from harness.report.model.bands import SIMULTANEOUS
from harness.report.model.rows import ResultRow
from harness.report.model.run import Run
from harness.report.text.numbers import plain, with_interval
from harness.report.text.plain_text import joined
from harness.scenarios.effect.scenario import FEW_ENTITIES
from harness.tables import EFFECTS


@dataclass(frozen=True)
class DebiasedRow(ResultRow):
    """A debiased effect at one place, with one of its bands."""

    outcome: str
    exposure: str
    method: str
    form: str
    learner: str
    at: float
    estimate: float
    conf_low: float
    conf_high: float
    band: str
    p_value: float
    n_entities: int | None
    assumption: str
    status: str
    reason: str
    scenario: str = ""
    group: str = ""
    moderator: str = ""

    @property
    def effect(self) -> tuple[str, ...]:
        """Which effect it is of."""
        return self.scenario, self.exposure, self.method, self.form, self.learner, self.group, self.moderator

    @property
    def is_rough(self) -> bool:
        """Whether it rests on too few entities."""
        return self.n_entities is not None and self.n_entities < FEW_ENTITIES


def debiased_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every debiased effect: of each method, form and learner, group and moderator.

    It is established where its interval excludes zero, the simultaneous band anywhere where it has several
    places, and it rests on `FEW_ENTITIES` entities or more.
    """
    rows = [row for row in run.rows(EFFECTS.name, DebiasedRow) if row.is_done and row.outcome == outcome]
    for _, same in groupby(rows, key=lambda row: row.effect):
        own = list(same)
        together = [row for row in own if row.band == SIMULTANEOUS]
        yield _debiased(run, together or own)


def _debiased(run: Run, rows: Sequence[DebiasedRow]) -> StudyFinding:
    first, study = rows[0], run.manifest.study
    how = f"{first.method.replace('_', ' ')}, {study.estimator_label(first.learner)}"
    where = [study.label(first.moderator)] * bool(first.moderator) + [first.group] * bool(first.group)
    clearest = max(rows, key=_clearness)
    is_established = _excludes_zero(clearest) and not first.is_rough
    said = "" if is_established else "; it is not established"
    return StudyFinding(
        outcome=first.outcome,
        estimator="",
        finding="effect",
        about=", ".join([f"{first.scenario}: {first.form}", first.method, first.learner, *where]),
        text=(
            f"Debiased effect of {study.label(first.exposure)} ({', '.join([how, first.form, *where])}): "
            f"{_numbers(rows, clearest)}{said}."
        ),
        is_established=is_established,
        estimate=clearest.estimate,
        conf_low=clearest.conf_low,
        conf_high=clearest.conf_high,
        p_value=clearest.p_value,
        caveats=" ".join(_caveats(first)),
    )


def _excludes_zero(row: DebiasedRow) -> bool:
    return row.conf_low > 0.0 or row.conf_high < 0.0


def _clearness(row: DebiasedRow) -> float:
    """Return how many widths of its interval an effect is from zero."""
    width = row.conf_high - row.conf_low
    return abs(row.estimate) / width if width > 0.0 else math.copysign(math.inf, width)


def _numbers(rows: Sequence[DebiasedRow], clearest: DebiasedRow) -> str:
    """Return the effect with its interval; of several places where it is told from zero, and the clearest."""
    number = with_interval(clearest.estimate, clearest.conf_low, clearest.conf_high)
    if len(rows) == 1:
        return number
    at = np.array([row.at for row in rows])
    sides = {
        "above zero": np.array([row.conf_low > 0.0 for row in rows]),
        "below zero": np.array([row.conf_high < 0.0 for row in rows]),
    }
    told = [f"{side} {stretches(at, places)}" for side, places in sides.items() if places.any()]
    return f"{joined(told) or 'nowhere told from zero'}; {number} at {plain(clearest.at)}"


def _caveats(row: DebiasedRow) -> Iterator[str]:
    if row.assumption:
        yield row.assumption
    if row.is_rough:
        yield f"It rests on {row.n_entities} entities; with fewer than {FEW_ENTITIES} its interval is rough."
