"""Training tasks and panels of the study's size."""

from __future__ import annotations

import numpy as np

from harness import Panel
from harness.plugin import Floats
from harness_neural.batch.task import TrainingTask
from neural_tasks import task_of
from panels import panel_from_arrays


def study_rows(
    rng: np.random.Generator, *, n_entities: int = 273, n_periods: int = 9, n_inputs: int = 27
) -> tuple[Floats, Floats]:
    """Return inputs and outcome of a panel: a curve, a wave, an interaction, noise.

    Inputs differ mostly between entities.
    """
    between = rng.normal(size=(n_entities, 1, n_inputs))
    within = rng.normal(size=(n_entities, n_periods, n_inputs))
    X = (0.8 * between + 0.6 * within).reshape(-1, n_inputs)
    curve = np.tanh(1.5 * X[:, 0]) + 0.3 * np.sin(2.0 * X[:, 4])
    outcome = curve + 0.5 * X[:, 1] * X[:, 2] + 0.3 * X[:, 3] + 0.5 * rng.normal(size=len(X))
    return X, outcome


def bootstrap_task(
    n_draws: int, *, n_entities: int = 273, n_periods: int = 9, n_inputs: int = 27
) -> TrainingTask:
    """Return networks of eight units on entity bootstraps of a panel of the study's size."""
    rng = np.random.default_rng(0)
    X, outcome = study_rows(rng, n_entities=n_entities, n_periods=n_periods, n_inputs=n_inputs)
    counts = rng.multinomial(n_entities, np.full(n_entities, 1.0 / n_entities), size=n_draws)
    return task_of(X, outcome, np.repeat(counts, n_periods, axis=1), np.full(n_draws, 8), rng)


def panel_of_cities() -> Panel:
    """Return the rows of `bootstrap_task` as a panel of 273 entities and nine periods."""
    task = bootstrap_task(1)
    entity, period = (axis.ravel() for axis in np.indices((273, 9)))
    return panel_from_arrays(entity=entity, period=period, outcome=task.outcome, X=task.X)


def fresh_rows() -> tuple[Floats, Floats]:
    """Return inputs and outcome of entities that no draw has seen, in the units of `bootstrap_task`."""
    known = study_rows(np.random.default_rng(0))[1]
    X, outcome = study_rows(np.random.default_rng(1))
    return X, (outcome - known.mean()) / known.std()
