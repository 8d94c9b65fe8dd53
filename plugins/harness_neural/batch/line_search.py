"""A line search by bracketing, one step length a network.

The weak Wolfe conditions of Lewis & Overton (2013, "Nonsmooth optimization via quasi-Newton methods",
algorithm 2.6), which hold for kinked activations as well, with a quadratic guess in place of the midpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

DECREASE = 1e-4
CURVATURE = 0.9
MOST_TRIALS = 20
STRETCH = 2.0
# A quadratic guess is kept within these shares of the bracket.
NEAREST, FARTHEST = 0.1, 0.5
# Decreases below this share of the loss are rounding, and pass.
ROUNDING = 1e-15


@dataclass(frozen=True)
class Bracket:
    """Step lengths tried along a direction, (n_networks,) each.

    Attributes
    ----------
    step : length to try next
    low, high : lengths known to be too short and too long; zero and infinity where none is known
    trials : lengths tried so far
    """

    step: Tensor
    low: Tensor
    high: Tensor
    trials: Tensor


def new_bracket(step: Tensor) -> Bracket:
    """Return the bracket before anything was tried, with these first steps."""
    zero = torch.zeros_like(step)
    return Bracket(step=step, low=zero, high=torch.full_like(step, torch.inf), trials=zero)


@dataclass(frozen=True)
class TrialStep:
    """Losses along a direction, (n_networks,) each: where it starts, and at the tried step."""

    start_loss: Tensor
    start_slope: Tensor
    loss: Tensor
    slope: Tensor


@dataclass(frozen=True)
class StepDecision:
    """Which steps are accepted, and which searches end without one, (n_networks,) booleans."""

    accepted: Tensor
    failed: Tensor


def judge(bracket: Bracket, trial_step: TrialStep) -> StepDecision:
    """Accept steps, and give searches up."""
    is_lower = _is_lower(bracket, trial_step)
    is_flat_enough = trial_step.slope >= CURVATURE * trial_step.start_slope
    is_last = bracket.trials + 1 >= MOST_TRIALS
    return StepDecision(accepted=is_lower & (is_flat_enough | is_last), failed=~is_lower & is_last)


def narrowed(bracket: Bracket, trial_step: TrialStep) -> Bracket:
    """Return the brackets of the networks whose step was not accepted, and any others for the rest."""
    is_lower = _is_lower(bracket, trial_step)
    low = torch.where(is_lower, bracket.step, bracket.low)
    high = torch.where(is_lower, bracket.high, bracket.step)
    bend = (
        trial_step.loss - trial_step.start_loss - trial_step.start_slope * bracket.step
    ) / bracket.step.square()
    guess = torch.nan_to_num(-trial_step.start_slope / (2.0 * bend), nan=0.0)
    width = high - low
    inside = torch.clamp(guess, low + NEAREST * width, low + FARTHEST * width)
    step = torch.where(high.isinf(), STRETCH * bracket.step, inside)
    return Bracket(step=step, low=low, high=high, trials=bracket.trials + 1)


def _is_lower(bracket: Bracket, trial_step: TrialStep) -> Tensor:
    """Return whether losses fall by enough (Armijo's condition), (n_networks,)."""
    expected = (
        trial_step.start_loss
        + DECREASE * bracket.step * trial_step.start_slope
        + ROUNDING * trial_step.start_loss.abs()
    )
    return trial_step.loss <= expected
