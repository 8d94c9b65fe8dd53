"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Ints
from harness_neural.batch import batch_records
from harness_neural.batch.absorb import EffectRows, make_levels
from harness_neural.batch.blocks import LIMITS, BatchLimits, Blocks, make_blocks
from harness_neural.batch.kernel import make_kernel, unit_of
from harness_neural.batch.layout import NetworkLayout, Parameters
from harness_neural.batch.passes import Passes, RowShares, Workspace, make_shares, make_workspace
from harness_neural.batch.projection import LEAST_DECAY, solve_output
from harness_neural.batch.scaling import Scaling, make_scaling, unstandardise, unstandardise_backward
from harness_neural.batch.task import TrainingTask
from harness_neural.names import Activation, OutputWeights, Precision

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
    points : (n_networks, n_parameters), at which this is so: as they were given, but for output weights
        that were solved
    """

    loss: Tensor
    gradient: Tensor
    selection: Tensor
    points: Tensor


class Objective:
    """The losses of the networks of a batch, with the arrays they are computed in.

    Parameters
    ----------
    task : what the networks learn
    activation : of their units
    weight_decay : >= 0
    precision : of the forward and backward pass
    output : whether the weights from the units are given with the others, or are the best for these. They
        then decay by `LEAST_DECAY` at least
    limits : of a block of rows and its layer

    Raises
    ------
    ValueError
        Where output weights are to be solved for networks beside effects of levels.
    """

    def __init__(
        self,
        task: TrainingTask,
        *,
        activation: Activation,
        weight_decay: float,
        precision: Precision,
        output: OutputWeights = "trained",
        limits: BatchLimits = LIMITS["cpu"],
    ) -> None:
        if output == "solved" and task.levels:
            raise ValueError("output weights are solved for networks without effects of levels alone")
        self._task = task
        self._output = output
        self._is_tanh = activation == "tanh"
        self._decay = weight_decay
        least = LEAST_DECAY[precision] if output == "solved" else 0.0
        self._output_decay = max(weight_decay, least)
        self._columns, self._outcome = torch.tensor(task.X), torch.tensor(task.outcome)
        self.blocks: Blocks = make_blocks(task.X, task.outcome, dtype=DTYPES[precision], limits=limits)
        self.layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        levels = tuple(make_levels(codes) for codes in task.levels)
        kernel = make_kernel(unit_of(activation))
        self._passes = Passes(self.blocks, kernel=kernel, levels=levels, output=output)
        self._scaling, self._shares, self._rows = self._records_of(np.zeros(0, dtype=np.int64))
        self._workspace = self._make_workspace()

    def admit(self, networks: Ints) -> None:
        """Let these networks of the task, (n_joining,), join the batch behind those in it."""
        scaling, shares, rows = self._records_of(networks)
        self._scaling, self._shares = (
            batch_records.join(self._scaling, scaling),
            batch_records.join(self._shares, shares),
        )
        self._rows = batch_records.join(self._rows, rows)
        self._workspace = self._make_workspace()

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave the batch."""
        self._scaling, self._shares = (
            batch_records.take(self._scaling, rows),
            batch_records.take(self._shares, rows),
        )
        self._rows = batch_records.take(self._rows, rows)
        self._workspace = self._make_workspace()

    def weights_at(self, points: Tensor) -> Parameters:
        """Return the weights that act on the task's own inputs and give its outcome units.

        A tanh network comes back as the sigmoid network it equals.
        """
        weights = unstandardise(self._scaling, self.layout.split(points), is_tanh=self._is_tanh)
        return replace(weights, hidden=weights.hidden.transpose(0, 1))

    def evaluate(self, points: Tensor) -> Evaluation:
        """Return losses and gradients at points, (n_networks, n_parameters) float64."""
        own = self.layout.split(points)
        if self._output == "solved":
            own = self._with_solved(own)
            points = self.layout.join(own)
        weights = unstandardise(self._scaling, own, is_tanh=self._is_tanh)
        result = self._passes.run(weights, self._rows, workspace=self._workspace)
        gradient = unstandardise_backward(self._scaling, result.gradient, is_tanh=self._is_tanh)
        loss = result.loss
        if self._decay:
            loss = loss + self._decay * own.hidden[..., :-1].square().sum(dim=(1, 2))
            gradient.hidden[..., :-1] += 2.0 * self._decay * own.hidden[..., :-1]
        if self._output_decay:
            loss = loss + self._output_decay * own.output.square().sum(dim=1)
            gradient.output.add_(own.output, alpha=2.0 * self._output_decay)
        if self._output == "solved":
            gradient.output.zero_()
            gradient.intercept.zero_()
        return Evaluation(
            loss=loss, gradient=self.layout.join(gradient), selection=result.selection, points=points
        )

    def _with_solved(self, own: Parameters) -> Parameters:
        """Return parameters with the output weights that are the best for their hidden ones."""
        hidden = unstandardise(self._scaling, own, is_tanh=self._is_tanh).hidden
        moments = self._passes.moments(hidden, workspace=self._workspace)
        solved = solve_output(
            moments,
            outcome_deviation=self._scaling.outcome_deviation,
            is_tanh=self._is_tanh,
            decay=self._output_decay,
        )
        return replace(own, output=solved.weights, intercept=solved.intercept)

    def _records_of(self, networks: Ints) -> tuple[Scaling, RowShares, EffectRows]:
        weights = torch.as_tensor(np.ascontiguousarray(self._task.weights[networks], dtype=np.float64))
        selection = torch.as_tensor(np.ascontiguousarray(self._task.selection[networks], dtype=np.float64))
        n_units = torch.as_tensor(self._task.n_units[networks]).unsqueeze(1)
        has_unit = (torch.arange(self.layout.n_units) < n_units).double()
        scaling = make_scaling(self._columns, self._outcome, weights=weights, has_unit=has_unit)
        shares = make_shares(self.blocks, weights, selection, variance=scaling.outcome_deviation.square())
        n_counted = self.blocks.n_obs if self._task.levels else 0
        return scaling, shares, EffectRows(weights[:, :n_counted], selection[:, :n_counted])

    def _make_workspace(self) -> Workspace:
        return make_workspace(self.blocks, self._shares, n_units=self.layout.n_units, output=self._output)


def evaluate_at(
    task: TrainingTask,
    points: Floats,
    *,
    activation: Activation,
    weight_decay: float = 0.0,
    output: OutputWeights = "trained",
) -> Evaluation:
    """Return losses and gradients of all networks of a task at given parameters, in float64."""
    objective = Objective(
        task, activation=activation, weight_decay=weight_decay, precision="float64", output=output
    )
    objective.admit(np.arange(task.n_networks))
    return objective.evaluate(torch.as_tensor(points))
