"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Ints
from harness_neural.batch import lanes
from harness_neural.batch.absorb import EffectRows, make_levels
from harness_neural.batch.blocks import ROOMS, Blocks, CacheRoom, make_blocks
from harness_neural.batch.kernel import make_kernel, unit_of
from harness_neural.batch.layout import Layout, Parts
from harness_neural.batch.lens import Lens, look_through, make_lens, pull_back
from harness_neural.batch.passes import Passes, Room, make_room
from harness_neural.batch.shares import RowShares, make_shares
from harness_neural.batch.task import Task
from harness_neural.names import Activation, Precision

DTYPES: dict[Precision, torch.dtype] = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Evaluation:
    """Networks at their points.

    Attributes
    ----------
    loss : (n_networks,); weighted mean squared error over the variance of the outcome, plus weight decay
    gradient : (n_networks, n_parameters), of `loss`
    selection : (n_networks,); mean squared error on the selection rows over the same variance; zero for a
        network without selection rows
    """

    loss: Tensor
    gradient: Tensor
    selection: Tensor


class Objective:
    """The losses of the networks of a batch, with the arrays they are computed in.

    Parameters
    ----------
    task : what the networks learn
    activation : of their units
    weight_decay : >= 0
    precision : of the forward and backward pass
    room : for a block of rows and its layer
    """

    def __init__(
        self,
        task: Task,
        *,
        activation: Activation,
        weight_decay: float,
        precision: Precision,
        room: CacheRoom = ROOMS["cpu"],
    ) -> None:
        self._task = task
        self._is_tanh = activation == "tanh"
        self._kernel = make_kernel(unit_of(activation))
        self._decay = weight_decay
        self._dtype = DTYPES[precision]
        self._columns, self._outcome = torch.tensor(task.X), torch.tensor(task.outcome)
        self.blocks: Blocks = make_blocks(task.X, task.outcome, dtype=DTYPES[precision], room=room)
        self.layout = Layout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        levels = tuple(make_levels(codes) for codes in task.levels)
        self._passes = Passes(self.blocks, kernel=make_kernel(unit_of(activation)), levels=levels)
        self._lens, self._shares, self._rows = self._lanes_of(np.zeros(0, dtype=np.int64))
        self._room = self._make_room()

    def admit(self, networks: Ints) -> None:
        """Let these networks of the task, (n_joining,), join the batch behind those in it."""
        lens, shares, rows = self._lanes_of(networks)
        self._lens, self._shares = lanes.join(self._lens, lens), lanes.join(self._shares, shares)
        self._rows = lanes.join(self._rows, rows)
        self._room = self._make_room()

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave the batch."""
        self._lens, self._shares = lanes.take(self._lens, rows), lanes.take(self._shares, rows)
        self._rows = lanes.take(self._rows, rows)
        self._room = self._make_room()

    def weights_at(self, points: Tensor) -> Parts:
        """Return the weights that act on the task's own inputs and give its outcome units.

        A tanh network comes back as the sigmoid network it equals.
        """
        weights = look_through(self._lens, self.layout.split(points), is_tanh=self._is_tanh)
        return replace(weights, hidden=weights.hidden.transpose(0, 1))

    def evaluate(self, points: Tensor) -> Evaluation:
        """Return losses and gradients at points, (n_networks, n_parameters) float64."""
        own = self.layout.split(points)
        weights = look_through(self._lens, own, is_tanh=self._is_tanh)
        passed = self._passes.run(weights, self._rows, room=self._room)
        gradient = pull_back(self._lens, passed.gradient, is_tanh=self._is_tanh)
        loss = passed.loss
        if self._decay:
            squares = own.hidden[..., :-1].square().sum(dim=(1, 2)) + own.output.square().sum(dim=1)
            loss = loss + self._decay * squares
            gradient.hidden[..., :-1] += 2.0 * self._decay * own.hidden[..., :-1]
            gradient.output.add_(own.output, alpha=2.0 * self._decay)
        return Evaluation(loss=loss, gradient=self.layout.join(gradient), selection=passed.selection)

    def _lanes_of(self, networks: Ints) -> tuple[Lens, RowShares, EffectRows]:
        weights = torch.as_tensor(np.ascontiguousarray(self._task.weights[networks], dtype=np.float64))
        selection = torch.as_tensor(np.ascontiguousarray(self._task.selection[networks], dtype=np.float64))
        n_units = torch.as_tensor(self._task.n_units[networks]).unsqueeze(1)
        has_unit = (torch.arange(self.layout.n_units) < n_units).double()
        lens = make_lens(self._columns, self._outcome, weights=weights, has_unit=has_unit)
        shares = make_shares(self.blocks, weights, selection, variance=lens.outcome_spread.square())
        n_counted = self.blocks.n_obs if self._task.levels else 0
        return lens, shares, EffectRows(weights[:, :n_counted], selection[:, :n_counted])

    def _make_room(self) -> Room:
        return make_room(self.blocks, self._shares, n_units=self.layout.n_units)


def evaluate_at(
    task: Task, points: Floats, *, activation: Activation, weight_decay: float = 0.0
) -> Evaluation:
    """Return losses and gradients of all networks of a task at given parameters, in float64."""
    objective = Objective(task, activation=activation, weight_decay=weight_decay, precision="float64")
    objective.admit(np.arange(task.n_networks))
    return objective.evaluate(torch.as_tensor(points))
