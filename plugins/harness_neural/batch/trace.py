"""Losses of every step of every network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch.objective import Evaluation


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One network's losses, step by step from its start, (n_steps + 1,) each, over the outcome's variance."""

    training: Floats
    selection: Floats


@dataclass(frozen=True, eq=False)
class Trace:
    """Steps of many networks, in the order they were taken, (n_steps_in_all,) each."""

    network: Ints
    training: Floats
    selection: Floats

    def curve(self, network: int) -> LearningCurve:
        """Return the learning curve of one network."""
        rows = np.flatnonzero(self.network == network)
        return LearningCurve(training=self.training[rows], selection=self.selection[rows])


@dataclass
class Recorder:
    """Collects steps while networks train."""

    _rounds: list[tuple[Ints, Floats, Floats]] = field(default_factory=list)

    def add(self, networks: Ints, *, evaluation: Evaluation, moved: Tensor) -> None:
        """Note the losses of the networks, (n_networks,), that moved in this round."""
        rows = moved.numpy(force=True)
        losses = (values.numpy(force=True)[rows] for values in (evaluation.loss, evaluation.selection))
        self._rounds.append((networks[rows], *losses))

    def trace(self) -> Trace:
        """Return all steps."""
        network, training, selection = (np.concatenate(parts) for parts in zip(*self._rounds, strict=True))
        return Trace(network, training, selection)
