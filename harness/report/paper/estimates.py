"""Estimates as a paper prints them: stars for p-values, and in brackets what the study asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.table import ReportTable, RowGroup, TableColumn
from harness.text.numbers import MISSING, decimals_for, fixed, interval, plain, rounded
from harness.text.plain_text import listed

T_DECIMALS = 2


class PrintedEstimate(Protocol):
    """An estimate as a table of the run has it; numbers that it lacks are NaN."""

    @property
    def estimate(self) -> float:
        """The number itself."""

    @property
    def std_error(self) -> float:
        """Its standard error."""

    @property
    def conf_low(self) -> float:
        """Lower limit of its interval."""

    @property
    def conf_high(self) -> float:
        """Upper limit of its interval."""

    @property
    def p_value(self) -> float:
        """Of the test that it is zero."""


def estimate_table(
    run: Run,
    name: str,
    caption: str,
    heads: Sequence[str],
    groups: Sequence[RowGroup],
    notes: Sequence[str] = (),
) -> Iterator[ReportTable]:
    """Yield a table of estimates in groups; none without rows."""
    if groups:
        notes = (*estimate_notes(run.manifest.study), *notes, *run_notes(run))
        yield ReportTable(caption, tuple(map(TableColumn, heads)), tuple(groups), notes=notes, name=name)


def estimate_lines(
    study: StudyRecord, row: PrintedEstimate, before: Sequence[str], after: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Yield an estimate and its interval on one line, and on the next what stands in brackets beneath.

    Parameters
    ----------
    before : texts of the cells to the left, the label first
    after : texts of the cells to the right
    """
    if not math.isfinite(row.estimate):
        yield (*before, MISSING, MISSING, *after)
        return
    decimals = decimals_of(row.std_error, row.conf_low, row.conf_high)
    shown = starred(study, rounded(row.estimate, decimals), row.p_value)
    limits = interval(row.conf_low, row.conf_high, decimals) or MISSING
    yield (*before, shown, limits, *after)
    beneath = bracketed(study, row.estimate, row.std_error, decimals)
    if beneath:
        yield (*[""] * len(before), beneath)


def starred(study: StudyRecord, text: str, p_value: float) -> str:
    """Return an estimate with a star for each of the study's levels that its p-value is below."""
    return text + "*" * sum(p_value < level for level in study.stars)


def bracketed(study: StudyRecord, estimate: float, std_error: float, decimals: int) -> str:
    """Return what stands beneath an estimate: its standard error, or its statistic; empty without one."""
    if not (math.isfinite(std_error) and std_error > 0.0):
        return ""
    if study.brackets == "t":
        return f"({fixed(estimate / std_error, T_DECIMALS)})"
    return f"({rounded(std_error, decimals)})"


def decimals_of(std_error: float, low: float, high: float) -> int:
    """Return how many decimals show an estimate by its standard error, or its interval where it has none."""
    return decimals_for([std_error], 3) if math.isfinite(std_error) else decimals_for([high - low], 2)


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
