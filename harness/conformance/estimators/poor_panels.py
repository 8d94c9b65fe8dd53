"""Panels too poor to learn from are refused with a reason, or answered with finite numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from harness.conformance.case import Case
from harness.conformance.check import SOUND, Rule, Violation
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import in_one_line


def one_row(panel: Panel) -> Panel:
    """Return the first row."""
    return panel.take(np.arange(1))


def one_entity(panel: Panel) -> Panel:
    """Return the rows of one entity."""
    return panel.take(np.flatnonzero(panel.entity.codes == panel.entity.codes[0]))


def one_period(panel: Panel) -> Panel:
    """Return the rows of one period."""
    return panel.take(np.flatnonzero(panel.period == panel.period.min()))


def few_rows(panel: Panel) -> Panel:
    """Return rows of different entities, one fewer than there are columns."""
    first = np.unique(panel.entity.codes, return_index=True)[1]
    return panel.take(first[: len(panel.columns) - 1])


def constant_outcome(panel: Panel) -> Panel:
    """Return the panel with an outcome whose mean is not exact in binary."""
    return replace(panel, observed=np.full(panel.n_obs, 0.1))


def constant_exposure(panel: Panel) -> Panel:
    """Return the panel with one value of the exposure."""
    return panel.with_column(panel.exposure, 0.1)


def collinear_controls(panel: Panel) -> Panel:
    """Return the panel with the last control a multiple of the one before."""
    before, last = panel.columns[-2:]
    return panel.with_column(last, 2.0 * panel.column(before) - 1.0)


POOR: Mapping[Callable[[Panel], Panel], str] = {
    one_row: "a single row is",
    one_entity: "a single entity is",
    one_period: "a single period is",
    few_rows: "fewer rows than columns are",
    constant_outcome: "an outcome that does not vary is",
    constant_exposure: "an exposure that does not vary is",
    collinear_controls: "controls that repeat each other are",
}
"""What is left of the ordinary panel, in words."""


def refused_or_answered(case: Case, *, poor: Callable[[Panel], Panel]) -> str:
    """Fit and predict a poor panel."""
    try:
        case.predicted(poor(case.panel))
    except EstimationError as error:
        if not error.what:
            raise Violation("refused without a reason") from error
        return f"refused: {in_one_line(error.problems[0])}"
    return "answered"


RULES = [
    Rule(
        poor.__name__,
        f"{what} refused with a reason, or predicted",
        partial(refused_or_answered, poor=poor),
        SOUND,
    )
    for poor, what in POOR.items()
]
