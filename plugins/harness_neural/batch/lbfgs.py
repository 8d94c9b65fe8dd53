"""L-BFGS for many networks at once (Nocedal & Wright 2006, algorithms 7.4 and 7.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness_neural.batch import batch_records
from harness_neural.batch.descent import Outcome
from harness_neural.batch.line_search import Bracket, TrialStep, judge, new_bracket
from harness_neural.batch.objective import Evaluation

# A pair of steps enters the memory if its curvature is not lost in rounding.
LEAST_CURVATURE = 1e-10


@dataclass(frozen=True)
class Memory:
    """Recent steps and changes of gradient.

    Attributes
    ----------
    steps, changes : (n_networks, n_pairs, n_parameters)
    weight : (n_networks, n_pairs); one over the inner product of a pair, zero for an empty place
    scale : (n_networks,); size of the inverse Hessian along the newest pair, zero before the first
    """

    steps: Tensor
    changes: Tensor
    weight: Tensor
    scale: Tensor


@dataclass(frozen=True)
class Position:
    """Where each network stands and where it is heading.

    Attributes
    ----------
    point, gradient, direction : (n_networks, n_parameters)
    loss, slope : (n_networks,); slope along the direction
    """

    point: Tensor
    gradient: Tensor
    direction: Tensor
    loss: Tensor
    slope: Tensor


def inner(first: Tensor, second: Tensor) -> Tensor:
    """Return inner products along the last axis."""
    product: Tensor = torch.linalg.vecdot(first, second)
    return product


def two_loop(memory: Memory, gradient: Tensor, *, newest: int) -> Tensor:
    """Return the inverse Hessian times the gradients, (n_networks, n_parameters); algorithm 7.4.

    Parameters
    ----------
    newest : place of the newest pair; older ones stand before it, round the end
    """
    n_pairs = memory.weight.shape[1]
    order = [(newest - age) % n_pairs for age in range(n_pairs)]
    size = gradient.norm(dim=1)
    first_scale = torch.minimum(torch.ones_like(size), size.reciprocal())
    result = gradient.clone()
    # Cut up once: with small networks a step costs its calls, not its arithmetic.
    steps, changes = memory.steps.unbind(1), memory.changes.unbind(1)
    weights = memory.weight.unsqueeze(2).unbind(1)
    used = {}
    for at in order:
        used[at] = weights[at] * inner(steps[at], result).unsqueeze(1)
        result.addcmul_(changes[at], used[at], value=-1.0)
    result *= torch.where(memory.scale > 0.0, memory.scale, first_scale).unsqueeze(1)
    for at in reversed(order):
        back = weights[at] * inner(changes[at], result).unsqueeze(1)
        result.addcmul_(steps[at], used[at] - back)
    return result


class LbfgsDescent:
    """L-BFGS at work.

    Every round evaluates one point a network. A network whose point is accepted takes its next direction,
    one whose point is not tries another step length; in the shared ring of pairs it leaves that round's
    place empty, which shortens its memory by one pair for a while.
    """

    def __init__(self, points: Tensor, *, n_pairs: int) -> None:
        self._n_pairs = n_pairs
        self._newest = 0
        self._memory, self._position, self._bracket = self._fresh(points)

    def _fresh(self, points: Tensor) -> tuple[Memory, Position, Bracket]:
        n_networks, n_parameters = points.shape
        shape = (n_networks, self._n_pairs, n_parameters)
        nothing, none = torch.zeros_like(points), points.new_zeros(n_networks)
        memory = Memory(points.new_zeros(shape), points.new_zeros(shape), points.new_zeros(shape[:2]), none)
        # A step of zero from an infinite loss: the first evaluation is of the start itself, and is accepted.
        position = Position(points, nothing, nothing, torch.full_like(none, torch.inf), none)
        return memory, position, new_bracket(none)

    def trial(self) -> Tensor:
        """Return the points to evaluate next."""
        return torch.addcmul(self._position.point, self._position.direction, self._bracket.step.unsqueeze(1))

    def advance(self, evaluation: Evaluation) -> Outcome:
        """Accept points or try other step lengths."""
        current = self._position
        slope = inner(evaluation.gradient, current.direction)
        trial_step = TrialStep(current.loss, current.slope, evaluation.loss, slope)
        decision, tried = judge(self._bracket, trial_step)
        moved = decision.accepted
        self._remember(evaluation.gradient, moved)
        self._head_for(evaluation, moved)
        again = new_bracket(torch.ones_like(tried.step))
        self._bracket = Bracket(
            step=torch.where(moved, again.step, tried.step),
            low=torch.where(moved, again.low, tried.low),
            high=torch.where(moved, again.high, tried.high),
            trials=torch.where(moved, again.trials, tried.trials),
        )
        return Outcome(moved=moved, failed=decision.failed)

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave."""
        self._memory = batch_records.take(self._memory, rows)
        self._position = batch_records.take(self._position, rows)
        self._bracket = batch_records.take(self._bracket, rows)

    def admit(self, points: Tensor) -> None:
        """Let networks join that start from these points."""
        memory, position, bracket = self._fresh(points)
        self._memory = batch_records.join(self._memory, memory)
        self._position = batch_records.join(self._position, position)
        self._bracket = batch_records.join(self._bracket, bracket)

    def _remember(self, gradient: Tensor, moved: Tensor) -> None:
        """Put this round's steps and changes of gradient in the place of the oldest."""
        self._newest = at = (self._newest + 1) % self._n_pairs
        step = self._position.direction * self._bracket.step.unsqueeze(1)
        change = gradient - self._position.gradient
        product, square = inner(step, change), inner(change, change)
        is_pair = moved & (product > LEAST_CURVATURE * square.sqrt() * step.norm(dim=1))
        self._memory.steps[:, at] = step
        self._memory.changes[:, at] = change
        self._memory.weight[:, at] = torch.where(is_pair, product.reciprocal(), 0.0)
        scale = torch.where(is_pair, product / square, self._memory.scale)
        self._memory = replace(self._memory, scale=scale)

    def _head_for(self, evaluation: Evaluation, moved: Tensor) -> None:
        """Move the networks whose point was accepted and give them their next direction."""
        current, column = self._position, moved.unsqueeze(1)
        point = torch.where(column, self.trial(), current.point)
        gradient = torch.where(column, evaluation.gradient, current.gradient)
        direction = -two_loop(self._memory, gradient, newest=self._newest)
        direction = torch.where(column, direction, current.direction)
        slope = inner(direction, gradient)
        self._position = Position(
            point=point,
            gradient=gradient,
            direction=direction,
            loss=torch.where(moved, evaluation.loss, current.loss),
            slope=slope,
        )


@dataclass(frozen=True)
class Lbfgs:
    """Limited-memory BFGS.

    Biases say where along its input a unit bends; they are far from their best in the beginning, and change
    the loss less than weights do. Seen in a multiple of their unit, they are found in fewer steps.

    Attributes
    ----------
    memory : pairs kept, >= 1
    bias_stretch : > 0, the multiple
    """

    memory: int = 10
    bias_stretch: float = 2.0

    def begin(self, points: Tensor) -> LbfgsDescent:
        """Start from these points, (n_networks, n_parameters)."""
        return LbfgsDescent(points, n_pairs=self.memory)
