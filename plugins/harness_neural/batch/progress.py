"""How far each network of a batch has come, and what is kept of those that have finished."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch import batch_records
from harness_neural.batch.networks import NetworkBatch
from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.parameters import Parameters
from harness_neural.batch.passes import unit_of
from harness_neural.batch.task import Settings
from harness_neural.names import Activation


@dataclass(frozen=True)
class Progress:
    """How far each network has come, (n_networks,) each but for `best_point`.

    Attributes
    ----------
    step : steps done; -1 before the start was evaluated
    limit : steps after which a network stops
    is_blind : whether the network has no rows to stop by; it keeps its last weights
    best_step, best_point, best_loss, best_selection : the weights kept so far, and their losses
    """

    step: Tensor
    limit: Tensor
    is_blind: Tensor
    best_step: Tensor
    best_point: Tensor
    best_loss: Tensor
    best_selection: Tensor


def begin_progress(points: Tensor, *, limit: Tensor, watches: Tensor) -> Progress:
    """Return the progress before the first evaluation."""
    unknown = points.new_full((points.shape[0],), torch.inf)
    before = torch.full_like(limit, -1)
    return Progress(before, limit, ~watches, before, points, unknown, unknown)


def update_progress(progress: Progress, *, evaluation: Evaluation, moved: Tensor) -> Progress:
    """Count the steps of networks that moved and keep the weights that are the best so far."""
    step = progress.step + moved
    is_better = moved & ((evaluation.selection < progress.best_selection) | progress.is_blind)
    kept: tuple[Tensor, ...] = (
        progress.best_step,
        progress.best_point,
        progress.best_loss,
        progress.best_selection,
    )
    found = (step, evaluation.points, evaluation.loss, evaluation.selection)
    if batch_records.is_known_for_all(is_better):
        kept = found
    elif not batch_records.is_known_for_all(~is_better):
        choices = (is_better, is_better.unsqueeze(1), is_better, is_better)
        kept = tuple(map(torch.where, choices, found, kept))
    return Progress(step, progress.limit, progress.is_blind, *kept)


def has_finished(progress: Progress, gradient: Tensor, settings: Settings, *, moved: Tensor) -> Tensor:
    """Return which networks stop, (n_networks,): out of steps, out of patience, or converged.

    A network without rows to stop by keeps its last weights, so its patience is never out.
    """
    is_done = progress.step >= progress.limit
    is_stale = progress.step - progress.best_step >= settings.patience
    largest: Tensor = torch.linalg.vector_norm(gradient, ord=torch.inf, dim=1)
    return moved & (is_done | is_stale | (largest <= settings.tolerance))


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One network's losses, step by step from its start, (n_steps + 1,) each, over the outcome's variance."""

    training: Floats
    selection: Floats


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks after training, in the order of the task.

    Attributes
    ----------
    networks : with the best weights each has met, for the inputs and in the outcome units of the task
    points : (n_networks, n_parameters); the same weights as parameters, in the order of `initial_values`
    steps, best_step : (n_networks,); steps taken, and the step whose weights were kept
    loss : (n_networks,); training loss of the kept weights, see `Evaluation`
    selection : (n_networks,); their selection loss, zero for a network without selection rows
    curves : the losses of each at every step
    """

    networks: NetworkBatch
    points: Floats
    steps: Ints
    best_step: Ints
    loss: Floats
    selection: Floats
    curves: tuple[LearningCurve, ...]


class Results:
    """Losses of networks while they train, and the networks as they finish."""

    def __init__(self) -> None:
        self._rounds: list[tuple[Ints, Tensor, Tensor, Tensor]] = []
        self._finished: list[tuple[Ints, Parameters, Progress]] = []

    def record(self, networks: Ints, *, evaluation: Evaluation, moved: Tensor) -> None:
        """Note the losses of the networks, (n_networks,), that moved in this round."""
        self._rounds.append((networks, moved, evaluation.loss, evaluation.selection))

    def put(self, networks: Ints, *, weights: Parameters, progress: Progress) -> None:
        """Take in finished networks, (n_finished,), with the weights they keep."""
        self._finished.append((networks, weights, progress))

    def trained(self, activation: Activation) -> Trained:
        """Return what all networks have come to, in the order of the task."""
        networks, weights, progress = zip(*self._finished, strict=True)
        order = torch.as_tensor(np.argsort(np.concatenate(networks)))
        kept = batch_records.take(batch_records.join(*weights), order)
        found = batch_records.take(batch_records.join(*progress), order)
        numbers = (kept.hidden, kept.output, kept.intercept)
        return Trained(
            networks=NetworkBatch(unit_of(activation), *(values.numpy(force=True) for values in numbers)),
            points=found.best_point.numpy(force=True),
            steps=found.step.numpy(force=True),
            best_step=found.best_step.numpy(force=True),
            loss=found.best_loss.numpy(force=True),
            selection=found.best_selection.numpy(force=True),
            curves=self._curves(),
        )

    def _curves(self) -> tuple[LearningCurve, ...]:
        networks, *parts = zip(*self._rounds, strict=True)
        moved, *losses = (torch.cat(part).numpy(force=True) for part in parts)
        network, losses = np.concatenate(networks)[moved], [values[moved] for values in losses]
        order, ends = np.argsort(network, kind="stable"), np.cumsum(np.bincount(network))[:-1]
        training, selection = (np.split(values[order], ends) for values in losses)
        return tuple(map(LearningCurve, training, selection))
