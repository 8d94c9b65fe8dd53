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

from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.parameters import ParameterMap
from harness_neural.batch.progress import (
    Progress,
    Results,
    Trained,
    begin_progress,
    has_finished,
    update_progress,
)
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask

# No step is found once the damping is this much larger than the curvature of standardised residuals.
MOST_DAMPING = 1e8
LEAST_DAMPING = 1e-10


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
