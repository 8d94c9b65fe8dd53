"""Initial values at which a network is the least squares fit of its rows."""

from __future__ import annotations

import numpy as np
import torch

from harness.plugin import Floats
from harness_neural.batch.absorb import make_row_effects
from harness_neural.batch.levels import make_levels
from harness_neural.batch.task import TrainingTask
from harness_neural.names import Activation

REACH = 0.2
"""Deviation of what goes into the first unit: there a unit bends by some hundredths of its output."""

SLOPE: dict[Activation, float] = {"tanh": 1.0, "sigmoid": 0.25}
"""Slope of a unit at zero."""

CENTRE: dict[Activation, float] = {"tanh": 0.0, "sigmoid": 0.5}
"""Output of a unit at zero."""


def started_at_least_squares(task: TrainingTask, *, activation: Activation) -> Floats:
    """Return the initial values of a task with every network a linear one, (n_networks, n_parameters).

    The first unit of a network is one that hardly bends and carries the least squares fit of the outcome on
    the inputs, on the network's rows by their weights and with the effects of levels; the outputs of the
    others are zero, and their weights are as they were drawn. The fit of fewest size is taken where inputs
    are collinear.

    Parameters
    ----------
    activation : not ``relu``, of which a single unit is no line
    """
    start = task.start.copy()
    n_inputs = task.X.shape[1]
    n_places = (start.shape[1] - 1) // (n_inputs + 2)
    n_hidden = n_places * (n_inputs + 1)
    known: dict[bytes, Floats] = {}
    for values, weights in zip(start, task.weights, strict=True):
        place = weights.tobytes()
        slopes = known[place] if place in known else known.setdefault(place, _slopes(task, weights))
        spread = float(np.sqrt(np.square(_standardised(task.X, weights) @ slopes) @ weights / weights.sum()))
        scale = REACH / spread if spread > 0.0 else 0.0
        output = 1.0 / (scale * SLOPE[activation]) if scale else 0.0
        values[:n_inputs], values[n_inputs] = scale * slopes, 0.0
        values[n_hidden:] = 0.0
        values[n_hidden], values[-1] = output, -output * CENTRE[activation]
    return start


def _standardised(columns: Floats, weights: Floats) -> Floats:
    """Return columns, (n_obs, n_columns), less their weighted means and over their deviations."""
    centred = columns - weights @ columns / weights.sum()
    deviation = np.sqrt(weights @ np.square(centred) / weights.sum())
    size = np.abs(columns).max(axis=0, initial=0.0)
    scaled: Floats = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12 * size)
    return scaled


def _slopes(task: TrainingTask, weights: Floats) -> Floats:
    """Return the least squares slopes of a network's rows, (n_inputs,), both sides standardised."""
    columns = _standardised(np.column_stack([task.X, task.outcome]), weights)
    if task.levels:
        columns = columns - _of_levels(task, columns, weights)
    used = weights > 0.0
    rows = columns[used] * np.sqrt(weights[used])[:, None]
    return np.asarray(np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=1e-10)[0])


def _of_levels(task: TrainingTask, columns: Floats, weights: Floats) -> Floats:
    """Return what effects of levels account for of columns, (n_obs, n_columns)."""
    values = torch.from_numpy(np.ascontiguousarray(columns.T))
    shared = torch.tensor(weights).unsqueeze(0)
    effects = make_row_effects(make_levels(task.levels), shared, torch.zeros_like(shared))
    return effects.absorbed(values).numpy().T
