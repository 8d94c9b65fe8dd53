"""The rules that move a batch of networks: L-BFGS, Adam, and gradient descent with momentum.

L-BFGS is that of Nocedal & Wright (2006, algorithms 7.4 and 7.5), with the line search of Lewis & Overton
(2013, "Nonsmooth optimization via quasi-Newton methods", algorithm 2.6): it brackets the weak Wolfe
conditions, which hold for kinked activations as well, with a quadratic guess in place of the midpoint.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from harness_neural.batch import batch_records

# Kingma & Ba (2015), section 2.
FIRST_DECAY, SECOND_DECAY, SMALL = 0.9, 0.999, 1e-8
# Of the line search: Armijo's and the curvature condition, lengths tried at most, and growth of a step.
DECREASE, CURVATURE, MOST_TRIALS, STRETCH = 1e-4, 0.9, 20, 2.0
# A quadratic guess is kept within these shares of the bracket.
NEAREST, FARTHEST = 0.1, 0.5
# Decreases below this share of the loss are rounding, and pass.
ROUNDING = 1e-15
# A pair of steps enters the memory if its curvature is not lost in rounding.
LEAST_CURVATURE = 1e-10


@dataclass(frozen=True)
class Evaluation:
    """Networks at their points.

    Attributes
    ----------
    loss : (n_networks,); weighted mean squared error over the variance of the outcome, plus weight decay
    gradient : (n_networks, n_parameters), of `loss`
    selection : (n_networks,); mean squared error on the selection rows over the same variance; zero for a
        network without selection rows
    points : (n_networks, n_parameters), at which this is so: as they were given, but for output weights
        that were solved
    """

    loss: Tensor
    gradient: Tensor
    selection: Tensor
    points: Tensor


@dataclass(frozen=True)
class Outcome:
    """What one evaluation meant for each network.

    Attributes
    ----------
    moved : (n_networks,); the evaluated point was accepted and ends a step
    failed : (n_networks,); no acceptable point was found, so the network can move no further
    """

    moved: Tensor
    failed: Tensor


@dataclass(frozen=True)
class GradientMoments:
    """Running means of gradients, (n_networks, n_parameters) each but for `rounds`, (n_networks,)."""

    point: Tensor
    first: Tensor
    second: Tensor
    rounds: Tensor


def fresh_moments(points: Tensor) -> GradientMoments:
    """Return moments before the first gradient."""
    nothing = torch.zeros_like(points)
    return GradientMoments(points, nothing, nothing, points.new_zeros(points.shape[0]))


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

    def step(self, moments: GradientMoments, gradient: Tensor) -> GradientMoments:
        """Return the moments after one step (Kingma & Ba 2015, algorithm 1, with the decays of section 2)."""
        rounds = moments.rounds + 1.0
        first = torch.lerp(gradient, moments.first, FIRST_DECAY)
        second = torch.lerp(gradient.square(), moments.second, SECOND_DECAY)
        mean = first / (1.0 - FIRST_DECAY**rounds).unsqueeze(1)
        size = (second / (1.0 - SECOND_DECAY**rounds).unsqueeze(1)).sqrt()
        return GradientMoments(moments.point - self.rate * mean / (size + SMALL), first, second, rounds)


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent with momentum on all rows at once; `rate` > 0, `momentum` in [0, 1)."""

    bias_stretch: ClassVar[float] = 1.0

    rate: float = 0.01
    momentum: float = 0.9

    def begin(self, points: Tensor) -> FirstOrderDescent:
        """Start from these points, (n_networks, n_parameters)."""
        return FirstOrderDescent(points, rule=self)

    def step(self, moments: GradientMoments, gradient: Tensor) -> GradientMoments:
        """Return the moments after one step (Polyak 1964)."""
        velocity = self.momentum * moments.first + gradient
        return replace(moments, point=moments.point - self.rate * velocity, first=velocity)


@dataclass(frozen=True)
class Bracket:
    """Step lengths tried along a direction, (n_networks,) each.

    Attributes
    ----------
    step : length to try next
    low, high : lengths known to be too short and too long; zero and infinity where none is known
    trials : lengths tried so far
    decrease : Armijo's share of the step
    is_last : whether no other length will be tried
    """

    step: Tensor
    low: Tensor
    high: Tensor
    trials: Tensor
    decrease: Tensor
    is_last: Tensor

    def narrowed(self, start: Position, loss: Tensor, *, is_lower: Tensor) -> Bracket:
        """Return the brackets of networks whose step was not accepted, and any others for the rest.

        Parameters
        ----------
        start : of the direction
        loss, is_lower : (n_networks,); at the tried step, and whether it has fallen by enough
        """
        low = torch.where(is_lower, self.step, self.low)
        high = torch.where(is_lower, self.high, self.step)
        bend = (loss - start.loss - start.slope * self.step) / self.step.square()
        guess = torch.nan_to_num(-start.slope / (2.0 * bend), nan=0.0)
        width = high - low
        inside = torch.clamp(guess, low + NEAREST * width, low + FARTHEST * width)
        step = torch.where(high.isinf(), STRETCH * self.step, inside)
        trials = self.trials + 1
        return Bracket(step, low, high, trials, DECREASE * step, trials >= MOST_TRIALS - 1)


def new_bracket(step: Tensor) -> Bracket:
    """Return the bracket before anything was tried, with these first steps."""
    zero, high = torch.zeros_like(step), torch.full_like(step, torch.inf)
    return Bracket(step, zero, high, zero, DECREASE * step, zero.bool())


@dataclass(frozen=True)
class Pair:
    """One round's steps and changes of gradient.

    Attributes
    ----------
    step, change : (n_networks, 1, n_parameters)
    weight : (n_networks, 1); minus one over their inner product, zero for a network that has no pair of this
        round
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
    scale : (n_networks,), > 0; of the inverse Hessian before the first pair
    """
    result = gradient.clone()
    as_pairs = result.unsqueeze(1)
    shares = []
    for pair in pairs:
        share = inner(pair.step, as_pairs).mul_(pair.weight)
        as_pairs.addcmul_(pair.change, share.unsqueeze(2))
        shares.append(share)
    result *= scale.unsqueeze(1)
    for pair, share in zip(reversed(pairs), reversed(shares), strict=True):
        rest = inner(pair.change, as_pairs).mul_(pair.weight).sub_(share)
        as_pairs.addcmul_(pair.step, rest.unsqueeze(2))
    return result


class LbfgsDescent:
    """L-BFGS at work.

    Every round evaluates one point a network. A network whose point is accepted takes its next direction,
    one whose point is not tries another step length; it has no pair of that round, which shortens its memory
    by one pair for a while.

    With small networks a round costs its calls, not its arithmetic, and in most rounds all networks accept
    the first step they try.
    """

    def __init__(self, points: Tensor, *, n_pairs: int) -> None:
        self._pairs: deque[Pair] = deque(maxlen=n_pairs)
        position, bracket = _fresh(points)
        self._put(position, bracket)

    def trial(self) -> Tensor:
        """Return the points to evaluate next."""
        return self._trial

    def advance(self, evaluation: Evaluation) -> Outcome:
        """Accept points or try other step lengths."""
        current, bracket = self._position, self._bracket
        slope = inner(evaluation.gradient, current.direction)
        decrease = bracket.decrease * current.slope
        is_lower = evaluation.loss <= current.loss + decrease + ROUNDING * current.loss.abs()
        is_last = bracket.is_last
        moved = is_lower & ((slope >= CURVATURE * current.slope) | is_last)
        scale = self._remember(evaluation.gradient, moved)
        ahead = self._ahead(evaluation, scale=scale)
        if batch_records.is_known_for_all(moved):
            self._move(ahead, self._first)
        else:
            narrowed = bracket.narrowed(current, evaluation.loss, is_lower=is_lower)
            self._move(
                batch_records.where(moved, ahead, current), batch_records.where(moved, self._first, narrowed)
            )
        return Outcome(moved=moved, failed=is_last & ~is_lower)

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave."""
        pairs = [batch_records.take(pair, rows) for pair in self._pairs]
        self._put(batch_records.take(self._position, rows), batch_records.take(self._bracket, rows), pairs)

    def admit(self, points: Tensor) -> None:
        """Let networks join that start from these points."""
        nothing = torch.zeros_like(points).unsqueeze(1)
        no_pair = Pair(nothing, nothing, nothing[:, :, 0])
        pairs = [batch_records.join(pair, no_pair) for pair in self._pairs]
        position, bracket = _fresh(points)
        self._put(
            batch_records.join(self._position, position), batch_records.join(self._bracket, bracket), pairs
        )

    def _put(self, position: Position, bracket: Bracket, pairs: Iterable[Pair] = ()) -> None:
        """Have other networks, with what is known of them."""
        self._pairs = deque(pairs, maxlen=self._pairs.maxlen)
        self._first = new_bracket(torch.ones_like(bracket.step))
        self._move(position, bracket)

    def _move(self, position: Position, bracket: Bracket) -> None:
        self._position, self._bracket = position, bracket
        self._trial = torch.addcmul(position.point, position.direction, bracket.step.unsqueeze(1))

    def _remember(self, gradient: Tensor, moved: Tensor) -> Tensor:
        """Keep this round's pairs, and return the scales that follow from them."""
        current = self._position
        step = current.direction * self._bracket.step.unsqueeze(1)
        change = gradient - current.gradient
        product, square = inner(step, change), inner(change, change)
        length: Tensor = torch.linalg.vector_norm(step, dim=1)
        is_pair = moved & (product > LEAST_CURVATURE * square.sqrt() * length)
        weight = torch.where(is_pair, product.reciprocal().neg_(), self._first.low)
        self._pairs.appendleft(Pair(step.unsqueeze(1), change.unsqueeze(1), weight.unsqueeze(1)))
        return torch.where(is_pair, product / square, current.scale)

    def _ahead(self, evaluation: Evaluation, *, scale: Tensor) -> Position:
        """Return where networks are that accept their points, and where they are heading."""
        gradient, is_known = evaluation.gradient, scale > 0.0
        used = scale
        if not batch_records.is_known_for_all(is_known):
            size: Tensor = torch.linalg.vector_norm(gradient, dim=1)
            used = torch.where(is_known, scale, size.reciprocal().clamp(max=1.0))
        direction = two_loop(self._pairs, gradient, scale=used).neg_()
        return Position(
            point=self._trial,
            gradient=gradient,
            direction=direction,
            loss=evaluation.loss,
            slope=inner(direction, gradient),
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


# A rule for batches of networks: each network goes its own way and none waits for another.
Optimiser = Lbfgs | Adam | GradientDescent
