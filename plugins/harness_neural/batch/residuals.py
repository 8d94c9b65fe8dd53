"""The residuals of one network: its loss with the gradient, or with the Gauss-Newton curvature."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from harness_neural.batch.levels import RowEffects, make_levels, make_row_effects
from harness_neural.batch.parameters import NetworkLayout, make_scaling
from harness_neural.batch.task import Settings, TrainingTask

# Columns whose products are formed at a time.
GROUP = 64


class Residuals:
    """The residuals of one network of a task on the rows that it uses, those it trains on first.

    Attributes
    ----------
    layout, scaling : of its row of parameters, and of its variables
    inputs : (n_rows, n_inputs + 1), standardised, ones in the last column
    n_units : of the network; those of the layout behind them are switched off
    shares, selection_shares : (n_rows,); how often a row counts in training and where the network is stopped,
        over their sums; zero for a network without selection rows
    n_trained : rows that count in training
    """

    def __init__(self, task: TrainingTask, network: int, settings: Settings) -> None:
        self._settings = settings
        self.n_units = int(task.n_units[network])
        self.layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        is_trained, is_aside = task.weights[network] > 0.0, task.selection[network] > 0.0
        used = np.concatenate([np.flatnonzero(is_trained), np.flatnonzero(is_aside & ~is_trained)])
        self.n_trained = int(is_trained.sum())
        weights, selection = (
            torch.from_numpy(np.ascontiguousarray(counts[network][used], dtype=np.float64)).unsqueeze(0)
            for counts in (task.weights, task.selection)
        )
        self.shares, self.selection_shares = _over_sum(weights[0]), _over_sum(selection[0])
        X, outcome = torch.from_numpy(task.X[used]), torch.from_numpy(task.outcome[used])
        has_unit = (torch.arange(self.layout.n_units) < self.n_units).double().unsqueeze(0)
        self.scaling = scaling = make_scaling(X, outcome, weights=weights, has_unit=has_unit)
        standardised = (X - scaling.input_mean) * scaling.inverse_deviation
        self.inputs = torch.cat([standardised, torch.ones(used.size, 1, dtype=torch.float64)], dim=1)
        self._outcome = (outcome - scaling.outcome_mean) / scaling.outcome_deviation
        self._effects: RowEffects | None = None
        self._trained_effects: RowEffects | None = None
        if task.levels:
            levels = make_levels(tuple(codes[used] for codes in task.levels))
            trained, trained_weights = levels.rows(slice(self.n_trained)), weights[:, : self.n_trained]
            self._effects = make_row_effects(levels, weights, selection)
            self._trained_effects = make_row_effects(
                trained, trained_weights, torch.zeros_like(trained_weights)
            )

    def loss(self, point: Tensor) -> Tensor:
        """Return the training loss, see `Evaluation`."""
        error = self.at(point).square() @ self.shares
        return error + self._settings.weight_decay * (self.decayed * point.square()).sum()

    def selection_loss(self, point: Tensor) -> Tensor:
        """Return the selection loss; zero without selection rows."""
        return self.at(point).square() @ self.selection_shares

    def normal_equations(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Return half the loss's gradient, (n_parameters,), and half its Gauss-Newton curvature.

        Returns
        -------
        (n_parameters,) and (n_parameters, n_parameters); rows and columns of units that the network lacks
        are zero
        """
        n_trained = self.n_trained
        root = self.shares[:n_trained].sqrt()
        changes = self._changes(point)
        changes *= root.unsqueeze(1)
        decay = self._settings.weight_decay * self.decayed
        slope = changes.T @ (root * self.at(point)[:n_trained]) + decay * point
        curvature = _gram(changes)
        curvature.diagonal().add_(decay)
        return slope, curvature

    def at(self, point: Tensor) -> Tensor:
        """Return predicted less observed, (n_rows,), effects taken out."""
        parameters = self.layout.split(point.unsqueeze(0))
        activations = self._activate(self.inputs @ parameters.hidden[0, : self.n_units].T)
        return self.of_predictions(activations @ parameters.output[0, : self.n_units] + parameters.intercept)

    def of_predictions(self, predicted: Tensor) -> Tensor:
        """Return standardised predictions less what is observed, (n_rows,), effects absorbed."""
        errors = predicted - self._outcome
        if self._effects is None:
            return errors
        return errors - self._effects.absorbed(errors.unsqueeze(0))[0]

    def _changes(self, point: Tensor) -> Tensor:
        """Return the derivative of the training residuals by the parameters, (n_trained, n_parameters)."""
        n_trained, layout = self.n_trained, self.layout
        parameters, inputs = layout.split(point.unsqueeze(0)), self.inputs[:n_trained]
        activations = self._activate(inputs @ parameters.hidden[0, : self.n_units].T)
        sensitivity = self._derivative(activations) * parameters.output[0, : self.n_units]
        changes = inputs.new_zeros(n_trained, layout.n_parameters)
        n_hidden = layout.n_units * inputs.shape[1]
        by_unit = changes[:, :n_hidden].view(n_trained, layout.n_units, -1)
        torch.mul(sensitivity.unsqueeze(2), inputs.unsqueeze(1), out=by_unit[:, : self.n_units])
        changes[:, n_hidden : n_hidden + self.n_units] = activations
        changes[:, -1] = 1.0
        if self._trained_effects is None:
            return changes
        return changes - self._trained_effects.absorbed(changes.T).T

    def _activate(self, values: Tensor) -> Tensor:
        if self._settings.activation == "tanh":
            return values.tanh_()
        return values.sigmoid_() if self._settings.activation == "sigmoid" else values.relu_()

    def _derivative(self, activations: Tensor) -> Tensor:
        if self._settings.activation == "tanh":
            return 1.0 - activations.square()
        if self._settings.activation == "sigmoid":
            return activations * (1.0 - activations)
        return activations.sign()

    @cached_property
    def decayed(self) -> Tensor:
        """One for the parameters that decay, the weights but not the biases, (n_parameters,)."""
        parameters = self.layout.split(torch.ones(1, self.layout.n_parameters, dtype=torch.float64))
        parameters.hidden[..., -1] = 0.0
        decayed = self.layout.join(parameters)[0]
        decayed[-1] = 0.0
        return decayed


def _over_sum(counts: Tensor) -> Tensor:
    """Return counts over their sum; all zero where they are."""
    return counts / counts.sum() if counts.any() else counts


def _gram(columns: Tensor) -> Tensor:
    """Return columns' products, (n_columns, n_columns), each pair of groups computed once."""
    products = columns.new_empty(columns.shape[1], columns.shape[1])
    for first in range(0, columns.shape[1], GROUP):
        some = slice(first, first + GROUP)
        block = columns[:, some].T @ columns[:, first:]
        products[some, first:], products[first:, some] = block, block.T
    return products
