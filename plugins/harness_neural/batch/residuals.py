"""The residuals of one network, and how they change with its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch.absorb import RowEffects, make_row_effects
from harness_neural.batch.layout import NetworkLayout
from harness_neural.batch.levels import make_levels
from harness_neural.batch.scaling import Scaling, make_scaling
from harness_neural.batch.task import TrainingTask
from harness_neural.names import Activation

# Columns whose products are formed at a time.
GROUP = 64


@dataclass(frozen=True, eq=False)
class NetworkRows:
    """Rows of one network, in its own standardised units.

    Attributes
    ----------
    inputs : (n_rows, n_inputs + 1), ones last
    outcome : (n_rows,)
    weights, selection : (1, n_rows); how often a row counts in training and where the network is stopped
    n_trained : rows that count in training; they come first
    """

    inputs: Tensor
    outcome: Tensor
    weights: Tensor
    selection: Tensor
    n_trained: int


@dataclass(frozen=True, eq=False)
class Residuals:
    """One network on the rows it uses.

    Attributes
    ----------
    rows : that it trains or selects on
    scaling : its scales
    layout : of its row of parameters
    n_units : that it has
    effects, trained_effects : what takes effects out of errors, on all these rows and on those trained on;
        None without effects
    activation : of its units
    weight_decay : >= 0
    """

    rows: NetworkRows
    scaling: Scaling
    layout: NetworkLayout
    n_units: int
    effects: RowEffects | None
    trained_effects: RowEffects | None
    activation: Activation
    weight_decay: float

    def loss(self, point: Tensor) -> Tensor:
        """Return the training loss, see `Evaluation`."""
        error = _mean_square(self._of(point), self.rows.weights[0])
        return error + self.weight_decay * (self._decayed * point.square()).sum()

    def selection_loss(self, point: Tensor) -> Tensor:
        """Return the selection loss; zero without selection rows."""
        if not self.rows.selection.any():
            return point.new_zeros(())
        return _mean_square(self._of(point), self.rows.selection[0])

    def normal_equations(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Return half the loss's gradient, (n_parameters,), and half its Gauss-Newton curvature.

        Returns
        -------
        (n_parameters,) and (n_parameters, n_parameters); rows and columns of units that the network lacks
        are zero
        """
        n_trained = self.rows.n_trained
        root = (self.rows.weights[0, :n_trained] / self.rows.weights.sum()).sqrt()
        changes = self._changes(point)
        changes *= root.unsqueeze(1)
        decay = self.weight_decay * self._decayed
        slope = changes.T @ (root * self._of(point)[:n_trained]) + decay * point
        curvature = _gram(changes)
        curvature.diagonal().add_(decay)
        return slope, curvature

    def _of(self, point: Tensor) -> Tensor:
        """Return predicted less observed, (n_rows,), effects taken out."""
        parameters = self.layout.split(point.unsqueeze(0))
        activations = self._activate(self.rows.inputs @ parameters.hidden[0, : self.n_units].T)
        errors = activations @ parameters.output[0, : self.n_units] + parameters.intercept - self.rows.outcome
        if self.effects is None:
            return errors
        return errors - self.effects.absorbed(errors.unsqueeze(0))[0]

    def _changes(self, point: Tensor) -> Tensor:
        """Return the derivative of the training residuals by the parameters, (n_trained, n_parameters)."""
        n_trained, layout = self.rows.n_trained, self.layout
        parameters, inputs = layout.split(point.unsqueeze(0)), self.rows.inputs[:n_trained]
        activations = self._activate(inputs @ parameters.hidden[0, : self.n_units].T)
        sensitivity = self._derivative(activations) * parameters.output[0, : self.n_units]
        changes = inputs.new_zeros(n_trained, layout.n_parameters)
        n_hidden = layout.n_units * inputs.shape[1]
        by_unit = changes[:, :n_hidden].view(n_trained, layout.n_units, -1)
        torch.mul(sensitivity.unsqueeze(2), inputs.unsqueeze(1), out=by_unit[:, : self.n_units])
        changes[:, n_hidden : n_hidden + self.n_units] = activations
        changes[:, -1] = 1.0
        if self.trained_effects is None:
            return changes
        return changes - self.trained_effects.absorbed(changes.T).T

    def _activate(self, values: Tensor) -> Tensor:
        if self.activation == "tanh":
            return values.tanh_()
        return values.sigmoid_() if self.activation == "sigmoid" else values.relu_()

    def _derivative(self, activations: Tensor) -> Tensor:
        if self.activation == "tanh":
            return 1.0 - activations.square()
        return activations * (1.0 - activations) if self.activation == "sigmoid" else activations.sign()

    @property
    def _decayed(self) -> Tensor:
        """One for the parameters that decay, the weights but not the biases, (n_parameters,)."""
        parameters = self.layout.split(torch.ones(1, self.layout.n_parameters, dtype=torch.float64))
        parameters.hidden[..., -1] = 0.0
        decayed = self.layout.join(parameters)[0]
        decayed[-1] = 0.0
        return decayed


def make_residuals(
    task: TrainingTask, network: int, *, activation: Activation, weight_decay: float
) -> Residuals:
    """Return the residuals of one network of a task, on the rows that it uses."""
    is_trained, is_aside = task.weights[network] > 0.0, task.selection[network] > 0.0
    used = np.concatenate([np.flatnonzero(is_trained), np.flatnonzero(is_aside & ~is_trained)])
    layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
    n_units = int(task.n_units[network])
    X, outcome = torch.from_numpy(task.X[used]), torch.from_numpy(task.outcome[used])
    weights, selection = (_counted(counts[network], used) for counts in (task.weights, task.selection))
    has_unit = (torch.arange(layout.n_units) < n_units).double().unsqueeze(0)
    scaling = make_scaling(X, outcome, weights=weights, has_unit=has_unit)
    inputs = torch.cat(
        [(X - scaling.input_mean) * scaling.inverse_deviation, torch.ones(used.size, 1, dtype=torch.float64)],
        dim=1,
    )
    observed = (outcome - scaling.outcome_mean) / scaling.outcome_deviation
    rows = NetworkRows(inputs, observed, weights, selection, n_trained=int(is_trained.sum()))
    effects, trained = _row_effects(task, used, rows) if task.levels else (None, None)
    return Residuals(rows, scaling, layout, n_units, effects, trained, activation, weight_decay)


def _row_effects(task: TrainingTask, used: Ints, rows: NetworkRows) -> tuple[RowEffects, RowEffects]:
    levels = make_levels(tuple(codes[used] for codes in task.levels))
    weights = rows.weights[:, : rows.n_trained]
    return (
        make_row_effects(levels, rows.weights, rows.selection),
        make_row_effects(levels.rows(slice(rows.n_trained)), weights, torch.zeros_like(weights)),
    )


def _counted(counts: Floats, rows: Ints) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(counts[rows], dtype=np.float64)).unsqueeze(0)


def _mean_square(residuals: Tensor, weights: Tensor) -> Tensor:
    return (residuals.square() @ weights) / weights.sum()


def _gram(columns: Tensor) -> Tensor:
    """Return columns' products, (n_columns, n_columns), each pair of groups computed once."""
    products = columns.new_empty(columns.shape[1], columns.shape[1])
    for first in range(0, columns.shape[1], GROUP):
        some = slice(first, first + GROUP)
        block = columns[:, some].T @ columns[:, first:]
        products[some, first:], products[first:, some] = block, block.T
    return products
