"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Ints
from harness_neural.batch import lanes
from harness_neural.batch.blocks import Blocks, make_blocks
from harness_neural.batch.kernel import forward, make_kernel, unit_of
from harness_neural.batch.layout import Layout, Parts
from harness_neural.batch.lens import Lens, look_through, make_lens, pull_back
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


@dataclass(frozen=True)
class RowShares:
    """What a squared error on each row adds to each network's losses, (n_networks, n_blocks, n_rows)."""

    training: Tensor
    selection: Tensor


def _shares(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)


class Objective:
    """The losses of the networks of a batch, with the arrays they are computed in.

    Parameters
    ----------
    task : what the networks learn
    activation : of their units
    weight_decay : >= 0
    precision : of the forward and backward pass
    """

    def __init__(
        self, task: Task, *, activation: Activation, weight_decay: float, precision: Precision
    ) -> None:
        self._task = task
        self._is_tanh = activation == "tanh"
        self._kernel = make_kernel(unit_of(activation))
        self._decay = weight_decay
        self._dtype = DTYPES[precision]
        self._columns, self._outcome = torch.tensor(task.X), torch.tensor(task.outcome)
        self.blocks: Blocks = make_blocks(task.X, task.outcome, dtype=self._dtype)
        self.layout = Layout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        self._lens, self._shares = self._lanes_of(np.zeros(0, dtype=np.int64))
        self._make_room()

    def admit(self, networks: Ints) -> None:
        """Let these networks of the task, (n_joining,), join the batch behind those in it."""
        lens, shares = self._lanes_of(networks)
        self._lens, self._shares = lanes.join(self._lens, lens), lanes.join(self._shares, shares)
        self._make_room()

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave the batch."""
        self._lens, self._shares = lanes.take(self._lens, rows), lanes.take(self._shares, rows)
        self._make_room()

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
        slopes = self._passes(weights)
        gradient = pull_back(self._lens, slopes, is_tanh=self._is_tanh)
        loss = (self._pulls * self._errors).sum(dim=(1, 2)).double()
        selection = (self._errors.square() * self._shares.selection).sum(dim=(1, 2)).double()
        if self._decay:
            loss += self._decay * (
                own.hidden[..., :-1].square().sum(dim=(1, 2)) + own.output.square().sum(dim=1)
            )
            gradient.hidden[..., :-1] += 2.0 * self._decay * own.hidden[..., :-1]
            gradient.output.add_(own.output, alpha=2.0 * self._decay)
        return Evaluation(loss=loss, gradient=self.layout.join(gradient), selection=selection)

    def _passes(self, weights: Parts) -> Parts:
        """Fill errors and pulls, block by block, and return the gradient in the shapes of `weights`."""
        hidden, output = weights.hidden.to(self._dtype), weights.output.to(self._dtype)
        intercept = weights.intercept.to(self._dtype).unsqueeze(1)
        by_weight = torch.zeros_like(hidden).flatten(0, 1)
        by_unit = torch.zeros(hidden.shape[:2], dtype=self._dtype)
        for at in range(self.blocks.X.shape[0]):
            errors, pulls = self._errors[:, at], self._pulls[:, at]
            forward(
                self._kernel,
                self.blocks.X_turned[at],
                hidden=hidden,
                output=output,
                values=self._values,
                predicted=self._predicted,
            )
            torch.add(self._predicted, intercept - self.blocks.outcome[at], out=errors)
            torch.mul(errors, self._shares.training[:, at], out=pulls)
            torch.mul(self._values, pulls, out=self._product)
            by_unit += self._product.sum(dim=2)
            turned = self._kernel.turn_back(self._values, pulls, product=self._product)
            torch.addmm(by_weight, turned.flatten(0, 1), self.blocks.X[at], out=by_weight)
        slope = by_weight.view(hidden.shape).double() * (2.0 * weights.output.t().unsqueeze(2))
        return Parts(
            hidden=slope,
            output=2.0 * by_unit.t().double(),
            intercept=2.0 * self._pulls.sum(dim=(1, 2)).double(),
        )

    def _lanes_of(self, networks: Ints) -> tuple[Lens, RowShares]:
        weights = torch.from_numpy(np.ascontiguousarray(self._task.weights[networks], dtype=np.float64))
        selection = torch.from_numpy(np.ascontiguousarray(self._task.selection[networks], dtype=np.float64))
        n_units = torch.from_numpy(self._task.n_units[networks]).unsqueeze(1)
        has_unit = (torch.arange(self.layout.n_units) < n_units).double()
        lens = make_lens(self._columns, self._outcome, weights=weights, has_unit=has_unit)
        variance = lens.outcome_spread.square()
        return lens, RowShares(
            training=self.blocks.cut(_shares(weights, variance)),
            selection=self.blocks.cut(_shares(selection, variance)),
        )

    def _make_room(self) -> None:
        """Make the arrays that every evaluation reuses fit the batch."""
        n_networks, n_rows = self._shares.training.shape[0], self.blocks.n_rows
        shape = (self.layout.n_units, n_networks, n_rows)
        self._values = torch.empty(shape, dtype=self._dtype)
        self._product = torch.empty_like(self._values)
        self._predicted = torch.empty(n_networks, n_rows, dtype=self._dtype)
        self._errors = torch.empty(n_networks, self.blocks.X.shape[0], n_rows, dtype=self._dtype)
        self._pulls = torch.empty_like(self._errors)


def evaluate_at(
    task: Task, points: Floats, *, activation: Activation, weight_decay: float = 0.0
) -> Evaluation:
    """Return losses and gradients of all networks of a task at given parameters, in float64."""
    objective = Objective(task, activation=activation, weight_decay=weight_decay, precision="float64")
    objective.admit(np.arange(task.n_networks))
    return objective.evaluate(torch.from_numpy(points))
