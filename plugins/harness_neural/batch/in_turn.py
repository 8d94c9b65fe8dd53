"""Networks that train one after the other, each by a rule of its own calls, and the weights they keep."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from harness.plugin import Floats
from harness_neural.batch import batch_records
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.parameters import ParameterMap
from harness_neural.batch.passes import unit_of
from harness_neural.batch.progress import LearningCurve, Trained
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import Settings, TrainingTask


class Path:
    """Where one network has been, step by step from its start.

    Parameters
    ----------
    settings : of the training
    n_steps : that it may take
    is_blind : whether it has no rows to stop by; it keeps its last weights

    Attributes
    ----------
    training, selection : losses, see `Evaluation`
    best_step, best_point : the weights kept so far, (n_parameters,)
    """

    def __init__(self, settings: Settings, *, n_steps: int, is_blind: bool) -> None:
        self.settings, self.n_steps, self._is_blind = settings, n_steps, is_blind
        self.training: list[float] = []
        self.selection: list[float] = []
        self.best_step, self.best_point = 0, np.empty(0)

    def add(self, point: Floats, *, training: float, selection: float) -> None:
        """Take note of a point, (n_parameters,), that the network has moved to, or starts from."""
        if self._is_blind or not self.selection or selection < self.selection[self.best_step]:
            self.best_step, self.best_point = len(self.selection), point
        self.training.append(training)
        self.selection.append(selection)

    @property
    def step(self) -> int:
        """Steps taken."""
        return len(self.training) - 1

    @property
    def is_over(self) -> bool:
        """Whether the network is out of steps or of patience."""
        return self.step >= self.n_steps or self.step - self.best_step >= self.settings.patience


# Adds to a network's path its start, (n_parameters,), and the point after each step, until the path is over
# or no step is found.
Rule = Callable[[Residuals, Floats, Path], None]


def train_in_turn(task: TrainingTask, settings: Settings, rule: Rule) -> Trained:
    """Train the networks of a task one by one, in float64; see `harness_neural.batch.training.train`."""
    residuals = [Residuals(task, network, settings) for network in range(task.n_networks)]
    paths = []
    for own, start, blind_steps in zip(residuals, task.start, task.blind_steps.tolist(), strict=True):
        is_blind = not own.selection_shares.any()
        path = Path(settings, n_steps=blind_steps if is_blind else settings.max_steps, is_blind=is_blind)
        rule(own, start, path)
        paths.append(path)
    points = torch.from_numpy(np.stack([path.best_point for path in paths]))
    scaling = batch_records.join(*(own.scaling for own in residuals))
    kept = ParameterMap(scaling, is_tanh=settings.activation == "tanh").parameters(points)
    numbers = (kept.hidden, kept.output, kept.intercept)
    return Trained(
        networks=NetworkBatch(unit_of(settings.activation), *(values.numpy() for values in numbers)),
        points=points.numpy(),
        steps=np.array([path.step for path in paths]),
        best_step=np.array([path.best_step for path in paths]),
        loss=np.array([path.training[path.best_step] for path in paths]),
        selection=np.array([path.selection[path.best_step] for path in paths]),
        curves=tuple(LearningCurve(np.array(path.training), np.array(path.selection)) for path in paths),
    )
