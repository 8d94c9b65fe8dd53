"""Forward and backward passes of a batch of networks through all blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.absorb import EffectRows, Levels, effects_of_rows
from harness_neural.batch.blocks import Blocks
from harness_neural.batch.kernel import Kernel, forward, make_layer
from harness_neural.batch.layout import Parts
from harness_neural.batch.shares import RowShares


@dataclass(frozen=True)
class Passed:
    """What the passes over all rows come to.

    Attributes
    ----------
    gradient : of the training loss, in the shapes that `look_through` returns
    loss, selection : (n_networks,); training and selection loss
    """

    gradient: Parts
    loss: Tensor
    selection: Tensor


@dataclass(frozen=True)
class Room:
    """Arrays that every pass of a batch reuses.

    Attributes
    ----------
    layer : (n_units + 2, n_networks, n_rows), as `forward` fills it; its last place becomes the errors
    pulls : (n_networks, 2, n_rows); errors times their shares in training and selection loss
    shares : (n_networks, 2, n_rows) a block, each in one piece of memory
    """

    layer: Tensor
    pulls: Tensor
    shares: tuple[Tensor, ...]


def make_room(blocks: Blocks, shares: RowShares, *, n_units: int) -> Room:
    """Return arrays for the networks that have these shares."""
    n_networks, _, n_kinds, n_rows = shares.of_losses.shape
    dtype = blocks.X.dtype
    return Room(
        layer=make_layer(n_units, n_networks, n_rows, dtype=dtype),
        pulls=torch.empty(n_networks, n_kinds, n_rows, dtype=dtype),
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

    def __init__(self, blocks: Blocks, *, kernel: Kernel, levels: tuple[Levels, ...]) -> None:
        self._blocks = blocks
        self._kernel = kernel
        self._levels = levels

    def run(self, weights: Parts, rows: EffectRows, *, room: Room) -> Passed:
        """Return losses and gradient at weights as `look_through` returns them.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights.
        """
        dtype = self._blocks.X.dtype
        hidden = weights.hidden.to(dtype)
        output = torch.cat([weights.output, weights.intercept.unsqueeze(1)], dim=1).to(dtype).unsqueeze(1)
        taken = self._effects(hidden, output, rows, room) if self._levels else None
        values, errors, pulls = room.layer[:-2], room.layer[-1], room.pulls[:, 0]
        by_network, flat = room.layer.permute(1, 2, 0), values.flatten(0, 1)
        by_weight = torch.zeros_like(hidden).flatten(0, 1)
        sums = torch.zeros(*room.pulls.shape[:2], room.layer.shape[0], dtype=torch.float64)
        for at, (X, shares) in enumerate(zip(self._blocks.X, room.shares, strict=True)):
            self._forward(at, hidden, output, room)
            if taken is not None:
                errors.sub_(taken[:, at])
            torch.mul(errors.unsqueeze(1), shares, out=room.pulls)
            sums += torch.bmm(room.pulls, by_network)
            self._kernel.turn_back(values, pulls)
            torch.addmm(by_weight, flat, X, out=by_weight)
        factor = 2.0 * weights.output.t().unsqueeze(2)
        gradient = Parts(
            hidden=by_weight.view(hidden.shape).double() * factor,
            output=2.0 * sums[:, 0, :-2],
            intercept=2.0 * sums[:, 0, -2],
        )
        return Passed(gradient, loss=sums[:, 0, -1], selection=sums[:, 1, -1])

    def _forward(self, at: int, hidden: Tensor, output: Tensor, room: Room) -> None:
        """Fill activations and errors of one block."""
        forward(self._kernel, self._blocks.X_turned[at], hidden=hidden, output=output, layer=room.layer)
        room.layer[-1].sub_(self._blocks.outcome[at])

    def _effects(self, hidden: Tensor, output: Tensor, rows: EffectRows, room: Room) -> Tensor:
        """Return what effects account for of the errors, (n_networks, n_blocks, n_rows)."""
        errors = []
        for at in range(self._blocks.X.shape[0]):
            self._forward(at, hidden, output, room)
            errors.append(room.layer[-1].to(torch.float64, copy=True))
        known = torch.cat(errors, dim=1)[:, : self._blocks.n_obs]
        return self._blocks.cut(effects_of_rows(self._levels, known, rows))
