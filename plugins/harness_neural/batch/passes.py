"""Forward and backward passes of a batch of networks through all blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.absorb import EffectRows, KeyLevels, effects_of_rows
from harness_neural.batch.blocks import Blocks
from harness_neural.batch.kernel import Kernel, forward, make_layer
from harness_neural.batch.layout import Parameters


@dataclass(frozen=True)
class PassResult:
    """What the passes over all rows come to.

    Attributes
    ----------
    gradient : of the training loss, in the shapes that `unstandardise` returns
    loss, selection : (n_networks,); training and selection loss
    """

    gradient: Parameters
    loss: Tensor
    selection: Tensor


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


@dataclass(frozen=True)
class Workspace:
    """Arrays that every pass of a batch reuses.

    Attributes
    ----------
    layer : (n_units + 2, n_networks, n_rows), as `forward` fills it; its last place becomes the errors
    weighted_errors : (n_networks, 2, n_rows); errors times their shares in training and selection loss
    shares : (n_networks, 2, n_rows) a block, each in one piece of memory
    """

    layer: Tensor
    weighted_errors: Tensor
    shares: tuple[Tensor, ...]


def make_workspace(blocks: Blocks, shares: RowShares, *, n_units: int) -> Workspace:
    """Return arrays for the networks that have these shares."""
    n_networks, _, n_kinds, n_rows = shares.of_losses.shape
    dtype = blocks.X.dtype
    return Workspace(
        layer=make_layer(n_units, n_networks, n_rows, dtype=dtype),
        weighted_errors=torch.empty(n_networks, n_kinds, n_rows, dtype=dtype),
        shares=shares.of_losses.transpose(0, 1).contiguous().unbind(0),
    )


class Passes:
    """The passes of a batch: activations of a block are used while they are in the cache.

    Parameters
    ----------
    blocks : rows that the networks share
    kernel : of their hidden layer
    levels : of the keys whose effects are taken out of the errors, if any
    """

    def __init__(self, blocks: Blocks, *, kernel: Kernel, levels: tuple[KeyLevels, ...]) -> None:
        self._blocks = blocks
        self._kernel = kernel
        self._levels = levels

    def run(self, weights: Parameters, rows: EffectRows, *, workspace: Workspace) -> PassResult:
        """Return losses and gradient at weights as `unstandardise` returns them.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights.
        """
        dtype = self._blocks.X.dtype
        hidden = weights.hidden.to(dtype)
        output = torch.cat([weights.output, weights.intercept.unsqueeze(1)], dim=1).to(dtype).unsqueeze(1)
        absorbed = self._effects(hidden, output, rows, workspace) if self._levels else None
        values, errors = workspace.layer[:-2], workspace.layer[-1]
        by_network, flat = workspace.layer.permute(1, 2, 0), values.flatten(0, 1)
        by_weight = torch.zeros_like(hidden).flatten(0, 1)
        sums = torch.zeros(
            *workspace.weighted_errors.shape[:2], workspace.layer.shape[0], dtype=torch.float64
        )
        for at, (X, shares) in enumerate(zip(self._blocks.X, workspace.shares, strict=True)):
            self._forward(at, hidden, output, workspace)
            if absorbed is not None:
                errors.sub_(absorbed[:, at])
            torch.mul(errors.unsqueeze(1), shares, out=workspace.weighted_errors)
            sums += torch.bmm(workspace.weighted_errors, by_network)
            self._kernel.backward(values, workspace.weighted_errors[:, 0])
            torch.addmm(by_weight, flat, X, out=by_weight)
        factor = 2.0 * weights.output.t().unsqueeze(2)
        gradient = Parameters(
            hidden=by_weight.view(hidden.shape).double() * factor,
            output=2.0 * sums[:, 0, :-2],
            intercept=2.0 * sums[:, 0, -2],
        )
        return PassResult(gradient, loss=sums[:, 0, -1], selection=sums[:, 1, -1])

    def _forward(self, at: int, hidden: Tensor, output: Tensor, workspace: Workspace) -> None:
        """Fill activations and errors of one block."""
        forward(
            self._kernel, self._blocks.X_transposed[at], hidden=hidden, output=output, layer=workspace.layer
        )
        workspace.layer[-1].sub_(self._blocks.outcome[at])

    def _effects(self, hidden: Tensor, output: Tensor, rows: EffectRows, workspace: Workspace) -> Tensor:
        """Return what effects account for of the errors, (n_networks, n_blocks, n_rows)."""
        errors = []
        for at in range(self._blocks.X.shape[0]):
            self._forward(at, hidden, output, workspace)
            errors.append(workspace.layer[-1].to(torch.float64, copy=True))
        known = torch.cat(errors, dim=1)[:, : self._blocks.n_obs]
        return self._blocks.cut(effects_of_rows(self._levels, known, rows))


def _over_total(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)
