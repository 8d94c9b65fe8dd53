"""What the training loop asks of an optimiser: where to look next, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from harness_neural.batch.objective import Evaluation


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


class Descent(Protocol):
    """An optimiser at work on a batch; each network goes its own way and none waits for another."""

    def trial(self) -> Tensor:
        """Return the points to evaluate next, (n_networks, n_parameters)."""

    def advance(self, evaluation: Evaluation) -> Outcome:
        """Take in losses and gradients at the points that `trial` returned."""

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave."""

    def admit(self, points: Tensor) -> None:
        """Let networks join that start from these points, (n_joining, n_parameters)."""


class Optimiser(Protocol):
    """A rule for batches of networks."""

    @property
    def bias_stretch(self) -> float:
        """How much farther biases of units move than their gradients say: the rule sees them in this unit."""

    def begin(self, points: Tensor) -> Descent:
        """Start from these points, (n_networks, n_parameters)."""
