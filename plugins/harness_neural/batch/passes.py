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
    """

    layer: Tensor
    pulls: Tensor

    @property
    def values(self) -> Tensor:
        """Activations, (n_units, n_networks, n_rows)."""
        return self.layer[:-2]

    @property
    def errors(self) -> Tensor:
        """Predictions less outcomes, (n_networks, n_rows)."""
        return self.layer[-1]


def make_room(blocks: Blocks, *, n_units: int, n_networks: int) -> Room:
    """Return arrays for as many networks."""
    dtype = blocks.X.dtype
    return Room(
        layer=make_layer(n_units, n_networks, blocks.n_rows, dtype=dtype),
        pulls=torch.empty(n_networks, 2, blocks.n_rows, dtype=dtype),
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

    def run(self, weights: Parts, shares: RowShares, rows: EffectRows, *, room: Room) -> Passed:
        """Return losses and gradient at weights as `look_through` returns them.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights.
        """
        dtype = self._blocks.X.dtype
        hidden = weights.hidden.to(dtype)
        output = torch.cat([weights.output, weights.intercept.unsqueeze(1)], dim=1).to(dtype).unsqueeze(1)
        taken = self._effects(hidden, output, rows, room) if self._levels else None
        by_weight = torch.zeros_like(hidden).flatten(0, 1)
        sums = torch.zeros(*room.pulls.shape[:2], room.layer.shape[0], dtype=torch.float64)
        for at in range(self._blocks.X.shape[0]):
            self._forward(at, hidden, output, room)
            if taken is not None:
                room.errors.sub_(taken[:, at])
            torch.mul(room.errors.unsqueeze(1), shares.of_losses[:, at], out=room.pulls)
            sums += torch.bmm(room.pulls, room.layer.permute(1, 2, 0))
            self._kernel.turn_back(room.values, room.pulls[:, 0])
            torch.addmm(by_weight, room.values.flatten(0, 1), self._blocks.X[at], out=by_weight)
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
        room.errors.sub_(self._blocks.outcome[at])

    def _effects(self, hidden: Tensor, output: Tensor, rows: EffectRows, room: Room) -> Tensor:
        """Return what effects account for of the errors, (n_networks, n_blocks, n_rows)."""
        errors = []
        for at in range(self._blocks.X.shape[0]):
            self._forward(at, hidden, output, room)
            errors.append(room.errors.to(torch.float64, copy=True))
        known = torch.cat(errors, dim=1)[:, : self._blocks.n_obs]
        return self._blocks.cut(effects_of_rows(self._levels, known, rows))
