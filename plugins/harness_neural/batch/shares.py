"""What a squared error on each row adds to the losses of each network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.blocks import Blocks


@dataclass(frozen=True)
class RowShares:
    """Shares in training and selection loss, (n_networks, n_blocks, 2, n_rows): training first."""

    of_losses: Tensor


def make_shares(blocks: Blocks, weights: Tensor, selection: Tensor, *, variance: Tensor) -> RowShares:
    """Return the shares of rows that count as `weights` and `selection`, (n_networks, n_obs) each, say.

    Parameters
    ----------
    variance : (n_networks,), of the outcome
    """
    both = [blocks.cut(_over_total(counts, variance)) for counts in (weights, selection)]
    return RowShares(torch.stack(both, dim=2))


def _over_total(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)
