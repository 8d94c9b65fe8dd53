"""Levenberg-Marquardt: damped Gauss-Newton steps, taken by one network after the other.

A small network's squared error is a sum of squares with few parameters, so that the curvature J'J of all its
residuals costs one matrix product. Steps that know it cross the narrow valleys of a network's loss, in which
methods that know the slope alone stop short (Levenberg 1944; Marquardt 1963; for networks Hagan & Menhaj
1994, IEEE Transactions on Neural Networks 5(6)).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.plugin import Floats
from harness_neural.batch.in_turn import Path
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import LevenbergMarquardt

# No step is found once the damping is this much larger than the curvature of standardised residuals.
MOST_DAMPING = 1e8
LEAST_DAMPING = 1e-10


@dataclass(frozen=True)
class DampedSteps:
    """The rule."""

    options: LevenbergMarquardt

    def __call__(self, residuals: Residuals, start: Floats, path: Path) -> None:
        """Add to the path the start, (n_parameters,), and the point after each step."""
        descent = _Descent(residuals, self.options, torch.from_numpy(start))
        while True:
            selection = float(residuals.selection_loss(descent.point))
            path.add(descent.point.numpy(), training=descent.loss, selection=selection)
            if path.is_over or descent.steepness <= path.settings.tolerance or not descent.step():
                return


class _Descent:
    """One network on its way."""

    def __init__(self, residuals: Residuals, rule: LevenbergMarquardt, point: Tensor) -> None:
        self._residuals, self._rule = residuals, rule
        self._damping = rule.damping
        self.point = point
        self._loss = residuals.loss(point)
        self._slope, self._curvature = residuals.normal_equations(point)

    @property
    def loss(self) -> float:
        """Training loss where the network is."""
        return float(self._loss)

    @property
    def steepness(self) -> float:
        """The largest element of its gradient there."""
        return 2.0 * float(self._slope.abs().max())

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
