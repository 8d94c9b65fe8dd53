"""Which networks of a batch have finished, and the best weights each has met."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness_neural.batch import batch_records
from harness_neural.batch.objective import Evaluation


@dataclass(frozen=True)
class Progress:
    """How far each network has come, (n_networks,) each but for `best_point`.

    Attributes
    ----------
    step : steps done; -1 before the start was evaluated
    limit : steps after which a network stops
    watches : whether the network has rows to stop by; one without keeps its last weights
    best_step, best_point, best_loss, best_selection : the weights kept so far, and their losses
    """

    step: Tensor
    limit: Tensor
    watches: Tensor
    best_step: Tensor
    best_point: Tensor
    best_loss: Tensor
    best_selection: Tensor


def begin_progress(points: Tensor, *, limit: Tensor, watches: Tensor) -> Progress:
    """Return the progress before the first evaluation."""
    unknown = points.new_full((points.shape[0],), torch.inf)
    before = torch.full_like(limit, -1)
    return Progress(before, limit, watches, before, points, unknown, unknown)


def update_progress(progress: Progress, *, evaluation: Evaluation, moved: Tensor) -> Progress:
    """Count the steps of networks that moved and keep the weights that are the best so far."""
    step = progress.step + moved
    is_better = moved & (~progress.watches | (evaluation.selection < progress.best_selection))
    if batch_records.is_known_for_all(~is_better):
        return replace(progress, step=step)
    return Progress(
        step=step,
        limit=progress.limit,
        watches=progress.watches,
        best_step=torch.where(is_better, step, progress.best_step),
        best_point=torch.where(is_better.unsqueeze(1), evaluation.points, progress.best_point),
        best_loss=torch.where(is_better, evaluation.loss, progress.best_loss),
        best_selection=torch.where(is_better, evaluation.selection, progress.best_selection),
    )


def has_finished(
    progress: Progress, gradient: Tensor, *, patience: int, tolerance: float, moved: Tensor
) -> Tensor:
    """Return which networks stop, (n_networks,): out of steps, out of patience, or converged."""
    is_done = progress.step >= progress.limit
    is_stale = progress.watches & (progress.step - progress.best_step >= patience)
    has_converged = gradient.abs().amax(dim=1) <= tolerance
    return moved & (is_done | is_stale | has_converged)
