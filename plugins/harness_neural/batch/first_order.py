"""Full-batch first-order optimisers: Adam, and gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from harness_neural.batch import batch_records
from harness_neural.batch.descent import Outcome
from harness_neural.batch.objective import Evaluation

# Kingma & Ba (2015), section 2.
FIRST_DECAY, SECOND_DECAY, SMALL = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class MomentRecord:
    """Running means of gradients, (n_networks, n_parameters) each but for `rounds`, (n_networks,)."""

    point: Tensor
    first: Tensor
    second: Tensor
    rounds: Tensor


def fresh_moments(points: Tensor) -> MomentRecord:
    """Return moments before the first gradient."""
    return MomentRecord(
        points, torch.zeros_like(points), torch.zeros_like(points), points.new_zeros(points.shape[0])
    )


def adam_step(moments: MomentRecord, gradient: Tensor, *, rate: float) -> MomentRecord:
    """Return the moments after one step (Kingma & Ba 2015, algorithm 1)."""
    rounds = moments.rounds + 1.0
    first = torch.lerp(gradient, moments.first, FIRST_DECAY)
    second = torch.lerp(gradient.square(), moments.second, SECOND_DECAY)
    mean = first / (1.0 - FIRST_DECAY**rounds).unsqueeze(1)
    size = (second / (1.0 - SECOND_DECAY**rounds).unsqueeze(1)).sqrt()
    return MomentRecord(moments.point - rate * mean / (size + SMALL), first, second, rounds)


def momentum_step(moments: MomentRecord, gradient: Tensor, *, rate: float, momentum: float) -> MomentRecord:
    """Return the moments after one step of gradient descent with momentum (Polyak 1964)."""
    velocity = momentum * moments.first + gradient
    return replace(moments, point=moments.point - rate * velocity, first=velocity)


class FirstOrderDescent:
    """A first-order rule at work: every evaluation ends a step."""

    def __init__(self, points: Tensor, *, rule: Adam | GradientDescent) -> None:
        self._rule = rule
        self._moments = fresh_moments(points)

    def trial(self) -> Tensor:
        """Return the points to evaluate next."""
        return self._moments.point

    def advance(self, evaluation: Evaluation) -> Outcome:
        """Take one step; a network whose loss is no number has failed."""
        self._moments = self._rule.step(self._moments, evaluation.gradient)
        is_finite = evaluation.loss.isfinite()
        return Outcome(moved=is_finite, failed=~is_finite)

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave."""
        self._moments = batch_records.take(self._moments, rows)

    def admit(self, points: Tensor) -> None:
        """Let networks join that start from these points."""
        self._moments = batch_records.join(self._moments, fresh_moments(points))


@dataclass(frozen=True)
class Adam:
    """Adam on all rows at once; `rate` > 0."""

    bias_stretch: ClassVar[float] = 1.0

    rate: float = 0.01

    def begin(self, points: Tensor) -> FirstOrderDescent:
        """Start from these points, (n_networks, n_parameters)."""
        return FirstOrderDescent(points, rule=self)

    def step(self, moments: MomentRecord, gradient: Tensor) -> MomentRecord:
        """Return the moments after one step."""
        return adam_step(moments, gradient, rate=self.rate)


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent on all rows at once; `rate` > 0, `momentum` in [0, 1)."""

    bias_stretch: ClassVar[float] = 1.0

    rate: float = 0.01
    momentum: float = 0.9

    def begin(self, points: Tensor) -> FirstOrderDescent:
        """Start from these points, (n_networks, n_parameters)."""
        return FirstOrderDescent(points, rule=self)

    def step(self, moments: MomentRecord, gradient: Tensor) -> MomentRecord:
        """Return the moments after one step."""
        return momentum_step(moments, gradient, rate=self.rate, momentum=self.momentum)
