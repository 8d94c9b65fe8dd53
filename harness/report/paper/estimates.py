"""Estimates as a paper prints them: stars for p-values, and in brackets what the study asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.text.numbers import MAX_DECIMALS, decimals_for, fixed, plain, significant
from harness.report.text.plain_text import listed
from harness.store.study_record import StudyRecord

T_DECIMALS = 2


def starred(study: StudyRecord, text: str, p_value: float) -> str:
    """Return an estimate with a star for each of the study's levels that its p-value is below."""
    return text + "*" * sum(p_value < level for level in study.stars)


def bracketed(study: StudyRecord, estimate: float, std_error: float, decimals: int) -> str:
    """Return what stands beneath an estimate: its standard error, or its statistic; empty without one."""
    if not (math.isfinite(std_error) and std_error > 0.0):
        return ""
    if study.brackets == "t":
        return f"({fixed(estimate / std_error, T_DECIMALS)})"
    return f"({number_text(std_error, decimals)})"


def decimals_of(std_error: float, low: float, high: float) -> int:
    """Return how many decimals show an estimate by its standard error, or its interval where it has none."""
    return decimals_for([std_error], 3) if math.isfinite(std_error) else decimals_for([high - low], 2)


def number_text(value: float, decimals: int) -> str:
    """Return a number with these decimals, in significant digits where they are as many as there can be."""
    return significant(value) if decimals == MAX_DECIMALS else fixed(value, decimals)


def estimate_notes(study: StudyRecord) -> Iterator[str]:
    """Yield what stands in brackets, and what stars say where there are any."""
    yield (
        gettext("Test statistics in brackets.")
        if study.brackets == "t"
        else gettext("Standard errors in brackets.")
    )
    if study.stars:
        levels = listed(
            f"{'*' * place} p < {plain(level)}" for place, level in enumerate(study.stars, start=1)
        )
        yield gettext("{levels}, each p-value alone, without regard to how many there are.").format(
            levels=levels
        )


def run_notes(run: Run) -> Iterator[str]:
    """Yield what a reader must know of all numbers of a run."""
    if run.manifest.data.simulated:
        yield gettext("Simulated data: no number says anything about the world.")
    if run.manifest.study.quick:
        yield gettext("A quick run with few draws; not for publication.")
