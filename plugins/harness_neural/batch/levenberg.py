"""Levenberg-Marquardt: damped Gauss-Newton steps, taken by one network after the other.

A small network's squared error is a sum of squares with few parameters, so that the curvature J'J of all its
residuals costs one matrix product. Steps that know it cross the narrow valleys of a network's loss, in which
methods that know the slope alone stop short (Levenberg 1944; Marquardt 1963; for networks Hagan & Menhaj
1994, IEEE Transactions on Neural Networks 5(6)).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from harness_neural.batch.levels import RowEffects, make_levels, make_row_effects
from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.parameters import NetworkLayout, ParameterMap, make_scaling
from harness_neural.batch.progress import (
    Progress,
    Results,
    Trained,
    begin_progress,
    has_finished,
    update_progress,
)
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask

# No step is found once the damping is this much larger than the curvature of standardised residuals.
MOST_DAMPING = 1e8
LEAST_DAMPING = 1e-10
# Columns whose products are formed at a time.
GROUP = 64


class Residuals:
    """The residuals of one network of a task on the rows that it uses, those it trains on first.

    Attributes
    ----------
    layout, scaling : of its row of parameters, and of its variables
    weights, selection : (1, n_rows); how often a row counts in training and where the network is stopped
    n_trained : rows that count in training
    """

    def __init__(self, task: TrainingTask, network: int, settings: Settings) -> None:
        self._settings = settings
        self._n_units = int(task.n_units[network])
        self.layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        is_trained, is_aside = task.weights[network] > 0.0, task.selection[network] > 0.0
        used = np.concatenate([np.flatnonzero(is_trained), np.flatnonzero(is_aside & ~is_trained)])
        self.n_trained = int(is_trained.sum())
        self.weights, self.selection = (
            torch.from_numpy(np.ascontiguousarray(counts[network][used], dtype=np.float64)).unsqueeze(0)
            for counts in (task.weights, task.selection)
        )
        X, outcome = torch.from_numpy(task.X[used]), torch.from_numpy(task.outcome[used])
        has_unit = (torch.arange(self.layout.n_units) < self._n_units).double().unsqueeze(0)
        self.scaling = scaling = make_scaling(X, outcome, weights=self.weights, has_unit=has_unit)
        standardised = (X - scaling.input_mean) * scaling.inverse_deviation
        self._inputs = torch.cat([standardised, torch.ones(used.size, 1, dtype=torch.float64)], dim=1)
        self._outcome = (outcome - scaling.outcome_mean) / scaling.outcome_deviation
        self._effects: RowEffects | None = None
        self._trained_effects: RowEffects | None = None
        if task.levels:
            levels = make_levels(tuple(codes[used] for codes in task.levels))
            trained, weights = levels.rows(slice(self.n_trained)), self.weights[:, : self.n_trained]
            self._effects = make_row_effects(levels, self.weights, self.selection)
            self._trained_effects = make_row_effects(trained, weights, torch.zeros_like(weights))

    def loss(self, point: Tensor) -> Tensor:
        """Return the training loss, see `Evaluation`."""
        error = _mean_square(self._of(point), self.weights[0])
        return error + self._settings.weight_decay * (self._decayed * point.square()).sum()

    def selection_loss(self, point: Tensor) -> Tensor:
        """Return the selection loss; zero without selection rows."""
        if not self.selection.any():
            return point.new_zeros(())
        return _mean_square(self._of(point), self.selection[0])

    def normal_equations(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Return half the loss's gradient, (n_parameters,), and half its Gauss-Newton curvature.

        Returns
        -------
        (n_parameters,) and (n_parameters, n_parameters); rows and columns of units that the network lacks
        are zero
        """
        n_trained = self.n_trained
        root = (self.weights[0, :n_trained] / self.weights.sum()).sqrt()
        changes = self._changes(point)
        changes *= root.unsqueeze(1)
        decay = self._settings.weight_decay * self._decayed
        slope = changes.T @ (root * self._of(point)[:n_trained]) + decay * point
        curvature = _gram(changes)
        curvature.diagonal().add_(decay)
        return slope, curvature

    def _of(self, point: Tensor) -> Tensor:
        """Return predicted less observed, (n_rows,), effects taken out."""
        parameters = self.layout.split(point.unsqueeze(0))
        activations = self._activate(self._inputs @ parameters.hidden[0, : self._n_units].T)
        errors = activations @ parameters.output[0, : self._n_units] + parameters.intercept - self._outcome
        if self._effects is None:
            return errors
        return errors - self._effects.absorbed(errors.unsqueeze(0))[0]

    def _changes(self, point: Tensor) -> Tensor:
        """Return the derivative of the training residuals by the parameters, (n_trained, n_parameters)."""
        n_trained, layout = self.n_trained, self.layout
        parameters, inputs = layout.split(point.unsqueeze(0)), self._inputs[:n_trained]
        activations = self._activate(inputs @ parameters.hidden[0, : self._n_units].T)
        sensitivity = self._derivative(activations) * parameters.output[0, : self._n_units]
        changes = inputs.new_zeros(n_trained, layout.n_parameters)
        n_hidden = layout.n_units * inputs.shape[1]
        by_unit = changes[:, :n_hidden].view(n_trained, layout.n_units, -1)
        torch.mul(sensitivity.unsqueeze(2), inputs.unsqueeze(1), out=by_unit[:, : self._n_units])
        changes[:, n_hidden : n_hidden + self._n_units] = activations
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

    @property
    def _decayed(self) -> Tensor:
        """One for the parameters that decay, the weights but not the biases, (n_parameters,)."""
        parameters = self.layout.split(torch.ones(1, self.layout.n_parameters, dtype=torch.float64))
        parameters.hidden[..., -1] = 0.0
        decayed = self.layout.join(parameters)[0]
        decayed[-1] = 0.0
        return decayed


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


def train_in_turn(task: TrainingTask, settings: Settings, rule: LevenbergMarquardt) -> Trained:
    """Train the networks of a task one by one, in float64; see `harness_neural.batch.train`."""
    is_tanh = settings.activation == "tanh"
    results = Results()
    for network in range(task.n_networks):
        residuals = Residuals(task, network, settings)
        descent = _Descent(residuals, rule, torch.from_numpy(task.start[network]))
        progress = _descend(descent, task, settings, network, results)
        weights = ParameterMap(residuals.scaling, is_tanh=is_tanh).parameters(progress.best_point)
        results.put(np.array([network]), weights=weights, progress=progress)
    return results.trained(settings.activation)


def _descend(
    descent: _Descent, task: TrainingTask, settings: Settings, network: int, results: Results
) -> Progress:
    """Train one network and return how far it has come."""
    watches = bool(task.selection[network].sum() > 0.0)
    limit = settings.max_steps if watches else int(task.blind_steps[network])
    progress = begin_progress(
        descent.point.unsqueeze(0), limit=torch.tensor([limit]), watches=torch.tensor([watches])
    )
    moved = torch.tensor([True])
    while True:
        evaluation = descent.evaluation()
        progress = update_progress(progress, evaluation=evaluation, moved=moved)
        results.record(np.array([network]), evaluation=evaluation, moved=moved)
        finished = has_finished(progress, evaluation.gradient, settings, moved=moved)
        if bool(finished) or not descent.step():
            return progress


class _Descent:
    """One network on its way."""

    def __init__(self, residuals: Residuals, rule: LevenbergMarquardt, point: Tensor) -> None:
        self._residuals, self._rule = residuals, rule
        self._damping = rule.damping
        self.point = point
        self._loss = residuals.loss(point)
        self._slope, self._curvature = residuals.normal_equations(point)

    def evaluation(self) -> Evaluation:
        """Return loss, gradient and selection loss where the network is."""
        return Evaluation(
            loss=self._loss.unsqueeze(0),
            gradient=2.0 * self._slope.unsqueeze(0),
            selection=self._residuals.selection_loss(self.point).unsqueeze(0),
            points=self.point.unsqueeze(0),
        )

    def step(self) -> bool:
        """Move to a point of lower loss; return False where the most damped step finds none."""
        while self._damping <= MOST_DAMPING:
            trial = self.point - self._damped_step()
            loss = self._residuals.loss(trial)
            if loss < self._loss:
                self.point, self._loss = trial, loss
                self._slope, self._curvature = self._residuals.normal_equations(trial)
                self._damping = max(self._damping / self._rule.fall, LEAST_DAMPING)
                return True
            self._damping *= self._rule.rise
        return False

    def _damped_step(self) -> Tensor:
        damped = self._curvature.clone()
        damped.diagonal().add_(self._damping)
        factor, failed = torch.linalg.cholesky_ex(damped)
        if failed:
            return torch.full_like(self.point, torch.inf)
        return torch.cholesky_solve(self._slope.unsqueeze(1), factor).squeeze(1)
