"""Levenberg-Marquardt: damped Gauss-Newton steps, taken by one network after the other.

A small network's squared error is a sum of squares with few parameters, so that the curvature J'J of all its
residuals costs one matrix product. Steps that know it cross the narrow valleys of a network's loss, in which
methods that know the slope alone stop short (Levenberg 1944; Marquardt 1963; for networks Hagan & Menhaj
1994, IEEE Transactions on Neural Networks 5(6)).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness_neural.batch.layout import NetworkLayout
from harness_neural.batch.objective import Evaluation
from harness_neural.batch.residuals import Residuals, make_residuals
from harness_neural.batch.results import ResultCollector, Trained
from harness_neural.batch.scaling import unstandardise
from harness_neural.batch.settings import LevenbergMarquardt, Settings
from harness_neural.batch.stopping import Progress, begin_progress, has_finished, update_progress
from harness_neural.batch.task import TrainingTask
from harness_neural.batch.trace import Recorder

# No step is found once the damping is this much larger than the curvature of standardised residuals.
MOST_DAMPING = 1e8
LEAST_DAMPING = 1e-10


def train_in_turn(task: TrainingTask, settings: Settings, rule: LevenbergMarquardt) -> Trained:
    """Train the networks of a task one by one, in float64; see `harness_neural.batch.train`."""
    layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
    is_tanh = settings.activation == "tanh"
    results, recorder = ResultCollector(task), Recorder()
    for network in range(task.n_networks):
        residuals = make_residuals(
            task, network, activation=settings.activation, weight_decay=settings.weight_decay
        )
        descent = _Descent(residuals, rule, torch.from_numpy(task.start[network]))
        progress = _Descents(task, settings, recorder).run(descent, network)
        weights = unstandardise(residuals.scaling, layout.split(progress.best_point), is_tanh=is_tanh)
        weights = replace(weights, hidden=weights.hidden.transpose(0, 1))
        results.put(np.array([network]), weights=weights, progress=progress)
    return results.trained(settings.activation, recorder.trace())


@dataclass(frozen=True, eq=False)
class _Descents:
    """Runs networks until they stop."""

    task: TrainingTask
    settings: Settings
    recorder: Recorder

    def run(self, descent: _Descent, network: int) -> Progress:
        """Train one network and return how far it has come."""
        progress, moved = self._begin(descent, network), torch.tensor([True])
        while True:
            evaluation = descent.evaluation()
            progress = update_progress(progress, evaluation=evaluation, moved=moved)
            self.recorder.add(np.array([network]), evaluation=evaluation, moved=moved)
            finished = has_finished(
                progress,
                evaluation.gradient,
                patience=self.settings.patience,
                tolerance=self.settings.tolerance,
                moved=moved,
            )
            if bool(finished) or not descent.step():
                return progress

    def _begin(self, descent: _Descent, network: int) -> Progress:
        watches = bool(self.task.selection[network].sum() > 0.0)
        limit = self.settings.max_steps if watches else int(self.task.blind_steps[network])
        return begin_progress(
            descent.point.unsqueeze(0), limit=torch.tensor([limit]), watches=torch.tensor([watches])
        )


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
