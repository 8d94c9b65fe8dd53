"""Forward and backward passes of a batch of networks through all blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.absorb import EffectRows, KeyLevels, effects_of_rows
from harness_neural.batch.blocks import Blocks
from harness_neural.batch.kernel import Kernel, activate, combine, make_layer
from harness_neural.batch.layout import Parameters
from harness_neural.names import OutputWeights

# Activations of all blocks are kept between two passes up to this size, and computed twice beyond it.
MOST_KEPT_BYTES = 16 * 1024 * 1024


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
    layers : (n_units + 2, n_networks, n_rows) a block, as `forward` fills it; the last place becomes the
        errors. One array serves all blocks where nothing is kept
    keeps : whether activations that `moments` computed are there for `run`
    weighted_errors : (n_networks, 2, n_rows); errors times their shares in training and selection loss
    shares : (n_networks, 2, n_rows) a block, each in one piece of memory
    """

    layers: tuple[Tensor, ...]
    keeps: bool
    weighted_errors: Tensor
    shares: tuple[Tensor, ...]


def make_workspace(blocks: Blocks, shares: RowShares, *, n_units: int, output: OutputWeights) -> Workspace:
    """Return arrays for the networks that have these shares."""
    n_networks, n_blocks, n_kinds, n_rows = shares.of_losses.shape
    dtype = blocks.X.dtype
    kept_bytes = (n_units + 2) * n_networks * n_blocks * n_rows * dtype.itemsize
    keeps = output == "solved" and kept_bytes <= MOST_KEPT_BYTES
    if keeps:
        layers = make_layer(n_units, n_networks, n_rows, dtype=dtype, n_blocks=n_blocks).unbind(0)
    else:
        layers = make_layer(n_units, n_networks, n_rows, dtype=dtype).unbind(0) * n_blocks
    return Workspace(
        layers=layers,
        keeps=keeps,
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
    output : whether the loss is to be lowered by the weights from the units, or these are its least ones
    """

    def __init__(
        self, blocks: Blocks, *, kernel: Kernel, levels: tuple[KeyLevels, ...], output: OutputWeights
    ) -> None:
        self._blocks = blocks
        self._kernel = kernel
        self._levels = levels
        self._output = output

    def moments(self, hidden: Tensor, *, workspace: Workspace) -> Tensor:
        """Return sums of products of units, a one, and the outcome, weighted as the training loss is.

        Parameters
        ----------
        hidden : (n_units, n_networks, n_inputs + 1), as `unstandardise` returns it

        Returns
        -------
        (n_networks, n_units + 1, n_units + 2) float64; the products of units and the one with these and, in
        the last place, the outcome
        """
        hidden = hidden.to(self._blocks.X.dtype)
        n_places, n_networks, _ = workspace.layers[0].shape
        weighted = torch.empty_like(workspace.layers[0][:-1])
        sums = torch.zeros(n_networks, n_places - 1, n_places, dtype=torch.float64)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            activate(self._kernel, self._blocks.X_transposed[at], hidden=hidden, layer=layer)
            layer[-1] = self._blocks.outcome[at]
            torch.mul(layer[:-1], shares[:, 0], out=weighted)
            sums += torch.bmm(weighted.transpose(0, 1), layer.permute(1, 2, 0))
        return sums

    def run(self, weights: Parameters, rows: EffectRows, *, workspace: Workspace) -> PassResult:
        """Return losses and gradient at weights as `unstandardise` returns them.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights. That of output weights at their best is zero and not computed.
        """
        dtype = self._blocks.X.dtype
        hidden = weights.hidden.to(dtype)
        output = torch.cat([weights.output, weights.intercept.unsqueeze(1)], dim=1).to(dtype).unsqueeze(1)
        absorbed = self._effects(hidden, output, rows, workspace) if self._levels else None
        n_units, n_networks, n_columns = hidden.shape
        by_weight = torch.zeros(n_columns, n_units * n_networks, dtype=dtype)
        sums = torch.zeros(*workspace.weighted_errors.shape[:2], n_units + 2, dtype=torch.float64)
        summed = slice(-1, None) if self._output == "solved" else slice(None)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            self._forward(at, hidden, output, workspace)
            values, errors = layer[:-2], layer[-1]
            if absorbed is not None:
                errors.sub_(absorbed[:, at])
            torch.mul(errors.unsqueeze(1), shares, out=workspace.weighted_errors)
            sums[..., summed] += torch.bmm(workspace.weighted_errors, layer[summed].permute(1, 2, 0))
            self._kernel.backward(values, workspace.weighted_errors[:, 0])
            # As this product is written, the library takes 0.7 of the time of its transpose.
            flat = values.flatten(0, 1)
            torch.addmm(by_weight, self._blocks.X_transposed[at], flat.t(), out=by_weight)
        factor = 2.0 * weights.output.t().unsqueeze(2)
        gradient = Parameters(
            hidden=by_weight.t().reshape(hidden.shape).double() * factor,
            output=2.0 * sums[:, 0, :-2],
            intercept=2.0 * sums[:, 0, -2],
        )
        return PassResult(gradient, loss=sums[:, 0, -1], selection=sums[:, 1, -1])

    def _forward(self, at: int, hidden: Tensor, output: Tensor, workspace: Workspace) -> None:
        """Fill activations and errors of one block."""
        layer = workspace.layers[at]
        if not workspace.keeps:
            activate(self._kernel, self._blocks.X_transposed[at], hidden=hidden, layer=layer)
        combine(output, layer)
        layer[-1].sub_(self._blocks.outcome[at])

    def _effects(self, hidden: Tensor, output: Tensor, rows: EffectRows, workspace: Workspace) -> Tensor:
        """Return what effects account for of the errors, (n_networks, n_blocks, n_rows)."""
        errors = []
        for at, layer in enumerate(workspace.layers):
            self._forward(at, hidden, output, workspace)
            errors.append(layer[-1].to(torch.float64, copy=True))
        known = torch.cat(errors, dim=1)[:, : self._blocks.n_obs]
        return self._blocks.cut(effects_of_rows(self._levels, known, rows))


def _over_total(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)
