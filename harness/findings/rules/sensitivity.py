"""Findings on what would overturn the first debiased effect."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings.finding import finding
from harness.findings.lines import first_effect
from harness.findings.rules.effect import SUBJECT
from harness.findings.run import Run
from harness.findings.sentence import Hundredths, Sentence, Share, VariableId
from harness.tables.decision import size_of
from harness.tables.effects import SENSITIVITY, EffectRow, SensitivityRow
from harness.tables.findings import FindingRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class WeakSelection(Sentence):
    """That less selection on omitted variables than on the controls would bring the slope to zero (Oster)."""

    delta: Hundredths


@dataclass(frozen=True)
class Fragile(Sentence):
    """What an omitted variable would have to explain to bring the effect to zero, and how strong it is."""

    robustness_value: Share
    covariate: VariableId = ""
    times: float = NAN


def sensitivity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what an omitted variable would have to explain, where the first effect is significant."""
    row = next(iter(first_effect(run, outcome)), None)
    if (
        row is None
        or not row.robustness_value > 0.0
        or not row.p_adjusted < size_of(run.manifest.study.level)
    ):
        return
    times, covariate = _strongest(run, row)
    sentence = Fragile(row.robustness_value, covariate, times)
    subject = {name: getattr(row, name) for name in SUBJECT}
    yield finding("sensitivity", sentence, outcome=outcome, subject=subject, screen="trust")
    rows = run.rows(SENSITIVITY, **{name: getattr(row, name) for name in OF_SLOPE})
    delta = next((one.oster_delta for one in rows if one.is_done), NAN)
    if 0.0 <= delta < 1.0:
        about = {**subject, "about": "selection"}
        yield finding("sensitivity", WeakSelection(delta), outcome=outcome, subject=about, screen="trust")


# What tells slopes apart whose sensitivity is known.
OF_SLOPE = ("outcome", "scenario", "exposure", "method", "learner")


def _strongest(run: Run, row: EffectRow) -> tuple[float, str]:
    """Return how many times as strong as the strongest covariate a confounder is that overturns the effect.

    Nothing where a covariate is so strong that no second one can be.
    """
    benchmarks = run.rows(SENSITIVITY, multiple=1.0, **{name: getattr(row, name) for name in OF_SLOPE})
    if not benchmarks or not all(one.is_done for one in benchmarks):
        return NAN, ""
    times, covariate = min((overturning(one), one.covariate) for one in benchmarks)
    return (times, covariate) if math.isfinite(times) else (NAN, "")


def overturning(row: SensitivityRow) -> float:
    """Return how many times as strong as a covariate a confounder is that brings the slope to zero.

    The bias of one k times as strong is sqrt(k a k b / (1 - k b)) over f = r / sqrt(1 - r) of the slope, a
    and b its partial R2 with outcome and exposure, r the robustness value (Cinelli and Hazlett 2020): the
    root of a b k^2 + b f^2 k - f^2. Infinite where the covariate explains nothing of one of them.
    """
    a, b = row.r2_outcome, row.r2_exposure
    f2 = row.robustness_value**2 / (1.0 - row.robustness_value)
    if a * b <= 0.0:
        return math.inf
    return (math.sqrt((b * f2) ** 2 + 4.0 * a * b * f2) - b * f2) / (2.0 * a * b)
