"""L-BFGS for many networks at once (Nocedal & Wright 2006, algorithms 7.4 and 7.5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch import batch_records
from harness_neural.batch.descent import Outcome
from harness_neural.batch.line_search import Bracket, TrialStep, judge, narrowed, new_bracket
from harness_neural.batch.objective import Evaluation

# A pair of steps enters the memory if its curvature is not lost in rounding.
LEAST_CURVATURE = 1e-10


@dataclass(frozen=True)
class Pair:
    """One round's steps and changes of gradient.

    Attributes
    ----------
    step, change : (n_networks, n_parameters)
    weight : (n_networks, 1); one over their inner product, zero for a network that has no pair of this round
    """

    step: Tensor
    change: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Position:
    """Where each network stands and where it is heading.

    Attributes
    ----------
    point, gradient, direction : (n_networks, n_parameters)
    loss, slope : (n_networks,); slope along the direction
    scale : (n_networks,); size of the inverse Hessian along the newest pair, zero before the first
    """

    point: Tensor
    gradient: Tensor
    direction: Tensor
    loss: Tensor
    slope: Tensor
    scale: Tensor


def inner(first: Tensor, second: Tensor) -> Tensor:
    """Return inner products along the last axis."""
    product: Tensor = torch.linalg.vecdot(first, second)
    return product


def two_loop(pairs: Sequence[Pair], gradient: Tensor, *, scale: Tensor) -> Tensor:
    """Return the inverse Hessian times the gradients, (n_networks, n_parameters); algorithm 7.4.

    Parameters
    ----------
    pairs : the newest first
    scale : as of `Position`
    """
    result = gradient.clone()
    used = []
    for pair in pairs:
        share = pair.weight * inner(pair.step, result).unsqueeze(1)
        result.addcmul_(pair.change, share, value=-1.0)
        used.append(share)
    is_known = scale > 0.0
    if not batch_records.is_known_for_all(is_known):
        size: Tensor = torch.linalg.vector_norm(gradient, dim=1)
        scale = torch.where(is_known, scale, size.reciprocal().clamp(max=1.0))
    result *= scale.unsqueeze(1)
    for pair, share in zip(reversed(pairs), reversed(used), strict=True):
        back = pair.weight * inner(pair.change, result).unsqueeze(1)
        result.addcmul_(pair.step, share - back)
    return result


class LbfgsDescent:
    """L-BFGS at work.

    Every round evaluates one point a network. A network whose point is accepted takes its next direction,
    one whose point is not tries another step length; it has no pair of that round, which shortens its memory
    by one pair for a while.
    """

    def __init__(self, points: Tensor, *, n_pairs: int) -> None:
        self._pairs: deque[Pair] = deque(maxlen=n_pairs)
        self._position, self._bracket = _fresh(points)

    def trial(self) -> Tensor:
        """Return the points to evaluate next."""
        return torch.addcmul(self._position.point, self._position.direction, self._bracket.step.unsqueeze(1))

    def advance(self, evaluation: Evaluation) -> Outcome:
        """Accept points or try other step lengths."""
        current, bracket = self._position, self._bracket
        slope = inner(evaluation.gradient, current.direction)
        trial_step = TrialStep(current.loss, current.slope, evaluation.loss, slope)
        decision = judge(bracket, trial_step)
        moved = decision.accepted
        scale = self._remember(evaluation.gradient, moved)
        ahead, first = self._ahead(evaluation, scale=scale), new_bracket(torch.ones_like(bracket.step))
        # With small networks a round costs its calls, not its arithmetic, and in most rounds all move.
        if batch_records.is_known_for_all(moved):
            self._position, self._bracket = ahead, first
        else:
            self._position = batch_records.where(moved, ahead, current)
            self._bracket = batch_records.where(moved, first, narrowed(bracket, trial_step))
        return Outcome(moved=moved, failed=decision.failed)

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave."""
        self._put(batch_records.take(pair, rows) for pair in self._pairs)
        self._position = batch_records.take(self._position, rows)
        self._bracket = batch_records.take(self._bracket, rows)

    def admit(self, points: Tensor) -> None:
        """Let networks join that start from these points."""
        nothing = torch.zeros_like(points)
        no_pair = Pair(nothing, nothing, nothing[:, :1])
        self._put(batch_records.join(pair, no_pair) for pair in self._pairs)
        position, bracket = _fresh(points)
        self._position = batch_records.join(self._position, position)
        self._bracket = batch_records.join(self._bracket, bracket)

    def _put(self, pairs: Iterable[Pair]) -> None:
        self._pairs = deque(pairs, maxlen=self._pairs.maxlen)

    def _remember(self, gradient: Tensor, moved: Tensor) -> Tensor:
        """Keep this round's pairs, and return the scales that follow from them."""
        current = self._position
        step = current.direction * self._bracket.step.unsqueeze(1)
        change = gradient - current.gradient
        product, square = inner(step, change), inner(change, change)
        length: Tensor = torch.linalg.vector_norm(step, dim=1)
        is_pair = moved & (product > LEAST_CURVATURE * square.sqrt() * length)
        weight = torch.where(is_pair, product.reciprocal(), 0.0)
        self._pairs.appendleft(Pair(step, change, weight.unsqueeze(1)))
        return torch.where(is_pair, product / square, current.scale)

    def _ahead(self, evaluation: Evaluation, *, scale: Tensor) -> Position:
        """Return where networks are that accept their points, and where they are heading."""
        direction = two_loop(self._pairs, evaluation.gradient, scale=scale).neg_()
        return Position(
            point=self.trial(),
            gradient=evaluation.gradient,
            direction=direction,
            loss=evaluation.loss,
            slope=inner(direction, evaluation.gradient),
            scale=scale,
        )


def _fresh(points: Tensor) -> tuple[Position, Bracket]:
    nothing, none = torch.zeros_like(points), points.new_zeros(points.shape[0])
    # A step of zero from an infinite loss: the first evaluation is of the start itself, and is accepted.
    return Position(points, nothing, nothing, torch.full_like(none, torch.inf), none, none), new_bracket(none)


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
