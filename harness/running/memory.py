"""What a study must hold in memory at least, beside what the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import ArtifactError, EstimationError, Problem
from harness.estimators.protocol import Estimator, FitsByDraws
from harness.running.plan import Plan
from harness.scenarios.scenario import EvaluatesModels

COPIES = 3
"""Times that the numbers of draws are held where tables are made of them: joined, as given, and ordered."""

FEW_ROWS = 100
"""Rows that a scenario is tried on to count its numbers."""


@dataclass(frozen=True)
class _Zero:
    """One draw that predicts zero."""

    def predict(self, panel: Panel) -> Floats:
        """Return zeros, (1, n_obs)."""
        return np.zeros((1, panel.n_obs))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return zeros, (1, n_points)."""
        return np.zeros((1, len(points)))


def numbers_of_a_draw(scenario: EvaluatesModels, panel: Panel) -> int:
    """Return how many numbers a scenario asks of one draw, by what it asks on some rows; 0 if it refuses."""
    rows = panel.take(np.unique(np.linspace(0, panel.n_obs - 1, FEW_ROWS).astype(np.int64)))
    try:
        return sum(values.size for values in scenario.numbers(_Zero(), rows, rows).values())
    except EstimationError:
        return 0


def machine_bytes() -> int:
    """Return the memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_memory(plan: Plan, *, available: int) -> None:
    """Refuse a study whose answers to a scenario need more memory than there is.

    Parameters
    ----------
    available : bytes

    Raises
    ------
    ArtifactError
        With every scenario and estimator of which that is so.
    """
    problems = list(_too_large(plan, available))
    if problems:
        raise ArtifactError(*problems)


def _too_large(plan: Plan, available: int) -> Iterator[Problem]:
    panel = plan.panels.panel(plan.study.roles.outcomes[0])
    for entry in plan.study.scenarios:
        if not isinstance(entry.scenario, EvaluatesModels):
            continue
        numbers = numbers_of_a_draw(entry.scenario, panel)
        for asked in plan.study.estimators:
            n_draws = _n_draws(asked.estimator, entry.scenario)
            needed = 8 * COPIES * n_draws * numbers
            if needed > available:
                yield Problem(
                    where=f"scenarios, {entry.id}, of {asked.id}",
                    what=f"{n_draws:,} draws of {numbers:,} numbers each take "
                    f"{needed / 1e9:,.0f} GB of memory, and this machine has {available / 1e9:,.0f}",
                    expected="what fits into memory",
                    hint="ask for fewer draws or a coarser grid",
                )


def _n_draws(estimator: Estimator, scenario: EvaluatesModels) -> int:
    return estimator.draws if isinstance(estimator, FitsByDraws) else scenario.plan.n_draws
