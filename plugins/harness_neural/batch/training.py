"""The training loop: networks that are evaluated together and finish one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Ints
from harness_neural.batch import batch_records
from harness_neural.batch.in_turn import DampedSteps, ScipyLbfgs, train_in_turn
from harness_neural.batch.objective import Objective
from harness_neural.batch.optimisers import Lbfgs, Optimiser
from harness_neural.batch.passes import on_device, one_thread
from harness_neural.batch.progress import Results, Trained, begin_progress, has_finished, update_progress
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask

# So many networks take less time one after the other than side by side.
FEW = 3
# Finished networks leave, and waiting ones join, when this share of the batch has finished.
SHARE_FINISHED = 0.125


def train(task: TrainingTask, settings: Settings) -> Trained:
    """Train the networks of a task.

    Each goes its own way: its numbers do not depend on which others there are, nor on how many train at a
    time. The weights kept are those with the least selection loss, or the last ones of a network that has
    no selection rows.
    """
    with one_thread():
        if isinstance(settings.optimiser, LevenbergMarquardt):
            return train_in_turn(task, settings, DampedSteps(settings.optimiser))
        with on_device(settings.device):
            batch = _Batch(task, settings, settings.optimiser)
            while batch.fill():
                batch.round()
            return batch.trained()


def train_few(task: TrainingTask, settings: Settings) -> Trained:
    """Train networks that no others ever train with, such as the candidates of a search.

    As many as `FEW` that L-BFGS moves on the processor train one after the other by SciPy's, see
    `harness_neural.batch.in_turn`, whose line search is another than that of `train`. Draws of an
    ensemble, which are cut into blocks, are the same in each block by `train` alone.
    """
    rule, is_usual = settings.optimiser, settings.device == "cpu" and settings.precision == "float64"
    if task.n_networks > FEW or settings.output == "solved" or not (is_usual and isinstance(rule, Lbfgs)):
        return train(task, settings)
    with one_thread():
        return train_in_turn(task, settings, ScipyLbfgs(rule))


class _Batch:
    """The networks in training, one row each in every array, and the queue of those that wait."""

    def __init__(self, task: TrainingTask, settings: Settings, optimiser: Optimiser) -> None:
        self._task = task
        self._settings = settings
        self._objective = Objective(task, settings, bias_stretch=optimiser.bias_stretch)
        self._n_begun, self._n_finished = 0, 0
        self._networks: Ints = np.zeros(0, dtype=np.int64)
        self._finished = torch.zeros(0, dtype=torch.bool)
        nobody = torch.zeros(0, self._objective.layout.n_parameters, dtype=torch.float64)
        self._descent = optimiser.begin(nobody)
        self._stretch = self._objective.layout.stretch(optimiser.bias_stretch)
        none = torch.zeros(0, dtype=torch.int64)
        self._progress = begin_progress(nobody, limit=none, watches=none.bool())
        self._results = Results()

    def round(self) -> None:
        """Evaluate one point of every network."""
        evaluation = self._objective.evaluate(self._descent.trial())
        outcome = self._descent.advance(evaluation)
        moved = outcome.moved & ~self._finished if self._n_finished else outcome.moved
        self._progress = update_progress(self._progress, evaluation=evaluation, moved=moved)
        self._results.record(self._networks, evaluation=evaluation, moved=moved)
        self._finished |= outcome.failed | has_finished(
            self._progress, evaluation.gradient, self._settings, moved=moved
        )

    def fill(self) -> bool:
        """Exchange finished networks for waiting ones when enough have finished; return whether any train."""
        self._n_finished = int(np.count_nonzero(self._finished.numpy(force=True)))
        if self._n_finished >= max(1.0, SHARE_FINISHED * self._networks.size):
            self._leave(self._finished)
        last = min(self._n_begun + self._objective.width - self._networks.size, self._task.n_networks)
        if last > self._n_begun:
            self._join(np.arange(self._n_begun, last))
        return bool(self._networks.size)

    def trained(self) -> Trained:
        """Return the networks, all of which have finished."""
        return self._results.trained(self._settings.activation)

    def _leave(self, finished: Tensor) -> None:
        gone, kept = torch.nonzero(finished)[:, 0], torch.nonzero(~finished)[:, 0]
        progress = batch_records.take(self._progress, gone)
        self._results.put(
            self._networks[gone.numpy(force=True)],
            weights=batch_records.take(self._objective.weights_at(self._progress.best_point), gone),
            progress=replace(progress, best_point=progress.best_point * self._stretch),
        )
        self._objective.keep(kept)
        self._descent.keep(kept)
        self._progress = batch_records.take(self._progress, kept)
        self._networks = self._networks[kept.numpy(force=True)]
        self._finished = self._finished[kept]

    def _join(self, networks: Ints) -> None:
        start = torch.as_tensor(self._task.start[networks]) / self._stretch
        watches = torch.as_tensor(self._task.selection[networks].sum(axis=1) > 0.0)
        blind = torch.as_tensor(self._task.blind_steps[networks])
        limit = torch.where(watches, self._settings.max_steps, blind)
        self._objective.admit(networks)
        self._descent.admit(start)
        self._progress = batch_records.join(
            self._progress, begin_progress(start, limit=limit, watches=watches)
        )
        self._networks = np.append(self._networks, networks)
        self._finished = torch.cat([self._finished, torch.zeros(networks.size, dtype=torch.bool)])
        self._n_begun += networks.size
