"""What a batch of networks has to learn and how, and where each of them starts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.random import Generator

from harness.plugin import Floats, Ints
from harness_neural.batch.levels import make_levels, make_row_effects
from harness_neural.batch.optimisers import Lbfgs, Optimiser
from harness_neural.names import Activation, Device, OutputWeights, Precision


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Options of Levenberg-Marquardt, see `harness_neural.batch.in_turn`.

    Attributes
    ----------
    damping : > 0; added to the curvature at the first step, in units of standardised outcome and inputs
    rise, fall : > 1; what the damping is multiplied by after a step that does not lower the loss, and divided
        by after one that does
    """

    damping: float = 1e-3
    rise: float = 4.0
    fall: float = 3.0


@dataclass(frozen=True)
class Settings:
    """Training options.

    Attributes
    ----------
    activation : of the hidden units
    optimiser : the rule that moves the parameters
    output : whether the optimiser moves the weights from the units too, or these are solved at every step
    max_steps : >= 1; steps of a network that has rows to stop by
    patience : >= 1; steps without a lower selection loss after which a network stops
    tolerance : >= 0; a network has converged when no element of its gradient is larger
    weight_decay : >= 0; added to the loss times the sum of squared weights, biases left out
    output_decay : >= 0; of output weights that are solved for, as `Objective` has it
    precision : of the forward and backward pass; parameters and optimiser are float64 in any case
    device : where the passes and the optimiser run
    """

    activation: Activation = "tanh"
    optimiser: Optimiser | LevenbergMarquardt = field(default_factory=Lbfgs)
    output: OutputWeights = "trained"
    max_steps: int = 500
    patience: int = 40
    tolerance: float = 1e-6
    weight_decay: float = 0.0
    output_decay: float | None = None
    precision: Precision = "float64"
    device: Device = "cpu"


@dataclass(frozen=True, eq=False)
class TrainingTask:
    """Rows that all networks share, and how each network uses them.

    Attributes
    ----------
    X : (n_obs, n_inputs), inputs of order one
    outcome : (n_obs,), of order one
    weights : (n_networks, n_obs), >= 0; how often a network trains on a row, some row more than never
    selection : (n_networks, n_obs), >= 0; how often a row counts where the network is stopped. A network
        that has none trains for its `blind_steps`
    start : (n_networks, n_parameters), initial values as `initial_values` draws them
    n_units : (n_networks,), >= 1; hidden units
    blind_steps : (n_networks,), >= 0
    levels : (n_obs,) codes from 0 of each key whose levels have additive effects, at most two keys

    Every network sees inputs and outcome standardised by its own weighted mean and deviation, so that a
    row of weight two is a row that stands twice, and a row of weight zero is absent.
    """

    X: Floats
    outcome: Floats
    weights: Floats
    selection: Floats
    start: Floats
    n_units: Ints
    blind_steps: Ints
    levels: tuple[Ints, ...] = ()

    def __post_init__(self) -> None:
        n_obs, n_inputs = self.X.shape
        n_networks, n_units = self.n_units.size, int(self.n_units.max())
        expected = {
            "outcome": (n_obs,),
            "weights": (n_networks, n_obs),
            "selection": (n_networks, n_obs),
            "start": (n_networks, n_units * (n_inputs + 2) + 1),
            "blind_steps": (n_networks,),
        }
        wrong = [
            f"{name} {getattr(self, name).shape}"
            for name in expected
            if getattr(self, name).shape != expected[name]
        ]
        wrong += [f"levels {codes.shape}" for codes in self.levels if codes.shape != (n_obs,)]
        if wrong:
            raise ValueError(f"expected {expected}, got {', '.join(wrong)}")
        if not (self.weights.sum(axis=1) > 0.0).all():
            empty = np.flatnonzero(self.weights.sum(axis=1) <= 0.0)
            raise ValueError(f"networks {empty[:5].tolist()} have no row to train on")

    @property
    def n_networks(self) -> int:
        """Number of networks."""
        return int(self.n_units.size)


@dataclass(frozen=True)
class StartLimits:
    """Within what initial values are drawn.

    Attributes
    ----------
    share : of the usual limits, for weights into units
    bias : of the units' biases
    """

    share: float = 0.2
    bias: float = 1.0


# Where the weights from the units are solved for, a smoother start takes fewer steps.
# ``docs/decisions/when_networks_stop.md`` has what was tried.
SOLVED_LIMITS = StartLimits(share=0.1, bias=2.0)


def initial_values(
    n_units: Ints, *, n_inputs: int, rng: Generator, limits: StartLimits = StartLimits()
) -> Floats:
    """Draw the initial parameters of networks, one network after the other.

    Parameters
    ----------
    n_units : (n_networks,), >= 1

    Returns
    -------
    (n_networks, n_parameters), in the order of `Layout` with the largest of `n_units`; the entries of units
    that a network does not have are zero.

    Notes
    -----
    Weights from the units are uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010, equation
    16), weights into them within a share of it, biases of the units within their limit; the intercept is
    zero. A
    network then begins as a smooth function of its inputs whose units bend at different places. With
    weights and biases within Glorot's limits, units begin saturated in random directions of many inputs and
    have to unlearn them: on panels of 27 inputs many networks stop in a poor minimum, and the others take
    more steps to the same held-out error.
    """
    largest = int(n_units.max())
    values = np.zeros((n_units.size, largest * (n_inputs + 2) + 1))
    n_hidden = largest * (n_inputs + 1)
    for row, size in zip(values, n_units.tolist(), strict=True):
        hidden = limits.share * np.sqrt(6.0 / (n_inputs + size))
        limit = np.append(np.full(n_inputs, hidden), limits.bias)
        row[: size * (n_inputs + 1)] = rng.uniform(-limit, limit, (size, n_inputs + 1)).ravel()
        output = np.sqrt(6.0 / (size + 1))
        row[n_hidden : n_hidden + size] = rng.uniform(-output, output, size)
    return values


def without_unused(point: Floats, *, n_inputs: int, n_units: int) -> Floats:
    """Return the parameters of a network of `n_units`, from a row with places for more units."""
    n_places = (point.size - 1) // (n_inputs + 2)
    hidden, output = point[: n_units * (n_inputs + 1)], point[n_places * (n_inputs + 1) :]
    return np.concatenate([hidden, output[:n_units], point[-1:]])


# Deviation of what goes into the first unit: there a unit bends by some hundredths of its output.
INPUT_SPREAD = 0.2

# Slope of a unit at zero.
SLOPE: dict[Activation, float] = {"tanh": 1.0, "sigmoid": 0.25}

# Output of a unit at zero.
CENTRE: dict[Activation, float] = {"tanh": 0.0, "sigmoid": 0.5}


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
        scale = INPUT_SPREAD / spread if spread > 0.0 else 0.0
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
    return np.asarray(
        np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12 * size)
    )


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
