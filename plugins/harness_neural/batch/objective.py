"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Ints
from harness_neural.batch import batch_records
from harness_neural.batch.absorb import LevelWeights, completed, solve_effects, table_bytes
from harness_neural.batch.blocks import LIMITS, BatchLimits, Blocks, batch_width, make_blocks
from harness_neural.batch.kernel import make_kernel, unit_of
from harness_neural.batch.layout import NetworkLayout, Parameters
from harness_neural.batch.levels import make_levels, row_order
from harness_neural.batch.line import left_by_line
from harness_neural.batch.passes import (
    ErrorEffects,
    Passes,
    RowShares,
    Workspace,
    make_shares,
    make_workspace,
    weigh_shares,
)
from harness_neural.batch.projection import (
    DECAY_BESIDE_EFFECTS,
    LEAST_DECAY,
    about_effects,
    about_means,
    solve_output,
)
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


@dataclass(frozen=True)
class KnownEffects:
    """What effects need of each network that does not change with its parameters.

    Attributes
    ----------
    weights : of the levels
    of_outcome : (n_networks, n_levels); effects of the outcome
    unexplained : (n_networks,); share of the outcome's variance that these leave
    """

    weights: LevelWeights
    of_outcome: Tensor
    unexplained: Tensor


@dataclass(frozen=True)
class NetworkRecords:
    """What does not change with the parameters of a network.

    Attributes
    ----------
    scaling, shares : of its variables, and of its rows
    output_decay : (n_networks,); of the weights from its units
    effects : None where there are none
    """

    scaling: Scaling
    shares: RowShares
    output_decay: Tensor
    effects: KnownEffects | None


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
    output_decay : >= 0; of weights that are the best, in units of the share of the outcome's variance that
        effects leave, or without these a line; None is `DECAY_BESIDE_EFFECTS` beside effects, and otherwise 0
    limits : of a block of rows and its layer
    """

    def __init__(
        self,
        task: TrainingTask,
        *,
        activation: Activation,
        weight_decay: float,
        precision: Precision,
        output: OutputWeights = "trained",
        output_decay: float | None = None,
        limits: BatchLimits = LIMITS["cpu"],
    ) -> None:
        self._task = task
        self._output = output
        self._is_tanh = activation == "tanh"
        self._decay = weight_decay
        self._output_decay = output_decay
        self._least_decay = LEAST_DECAY[precision] if output == "solved" else 0.0
        order = row_order(task.levels) if task.levels else slice(None)
        X, outcome = task.X[order], task.outcome[order]
        self._order, self._columns, self._outcome = order, torch.tensor(X), torch.tensor(outcome)
        self._limits = limits
        self.blocks: Blocks = make_blocks(X, outcome, dtype=DTYPES[precision], limits=limits)
        self.layout = NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        self._levels = make_levels(tuple(codes[order] for codes in task.levels))
        kernel = make_kernel(unit_of(activation))
        self._passes = Passes(self.blocks, kernel=kernel, levels=self._levels, output=output)
        self._networks = self._records_of(np.zeros(0, dtype=np.int64))
        self._workspace = self._make_workspace()

    @cached_property
    def width(self) -> int:
        """How many networks train together."""
        most = batch_width(self.layout.n_units, blocks=self.blocks, limits=self._limits)
        if not self._levels.keys:
            return most
        bytes_each = table_bytes(self._levels, n_units=self.layout.n_units)
        return max(1, min(most, self._limits.table_bytes // bytes_each))

    def admit(self, networks: Ints) -> None:
        """Let these networks of the task, (n_joining,), join the batch behind those in it."""
        self._networks = batch_records.join(self._networks, self._records_of(networks))
        self._workspace = self._make_workspace()

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave the batch."""
        self._networks = batch_records.take(self._networks, rows)
        self._workspace = self._make_workspace()

    def weights_at(self, points: Tensor) -> Parameters:
        """Return the weights that act on the task's own inputs and give its outcome units.

        A tanh network comes back as the sigmoid network it equals.
        """
        weights = unstandardise(self._networks.scaling, self.layout.split(points), is_tanh=self._is_tanh)
        return replace(weights, hidden=weights.hidden.transpose(0, 1))

    def evaluate(self, points: Tensor) -> Evaluation:
        """Return losses and gradients at points, (n_networks, n_parameters) float64."""
        own = self.layout.split(points)
        scaling, known = self._networks.scaling, self._networks.effects
        solved = self._solved(own) if self._output == "solved" else None
        if solved is not None:
            own = solved.parameters
            points = self.layout.join(own)
        weights = unstandardise(scaling, own, is_tanh=self._is_tanh)
        effects = None if known is None else self._effects(weights, known, solved)
        result = self._passes.run(weights, effects=effects, workspace=self._workspace)
        gradient = unstandardise_backward(scaling, result.gradient, is_tanh=self._is_tanh)
        loss = result.loss
        if self._decay:
            loss = loss + self._decay * own.hidden[..., :-1].square().sum(dim=(1, 2))
            gradient.hidden[..., :-1] += 2.0 * self._decay * own.hidden[..., :-1]
        decay = self._networks.output_decay
        loss = loss + decay * own.output.square().sum(dim=1)
        gradient.output.addcmul_(own.output, decay.unsqueeze(1), value=2.0)
        if self._output == "solved":
            gradient.output.zero_()
            gradient.intercept.zero_()
        return Evaluation(
            loss=loss, gradient=self.layout.join(gradient), selection=result.selection, points=points
        )

    def _solved(self, own: Parameters) -> _SolvedOutput:
        """Return parameters with the output weights that are the best for their hidden ones."""
        scaling, known = self._networks.scaling, self._networks.effects
        hidden = unstandardise(scaling, own, is_tanh=self._is_tanh).hidden
        sums = self._passes.unit_sums(hidden, workspace=self._workspace)
        if known is None:
            of_units = sums.by_level
            moments = about_means(sums)
        else:
            of_units = solve_effects(self._levels, sums.by_level, known.weights)
            moments = about_effects(sums, of_units=of_units, of_outcome=known.of_outcome)
        found = solve_output(
            moments,
            outcome_deviation=scaling.outcome_deviation,
            is_tanh=self._is_tanh,
            decay=self._networks.output_decay,
        )
        return _SolvedOutput(replace(own, output=found.weights, intercept=found.intercept), of_units)

    def _effects(
        self, weights: Parameters, known: KnownEffects, solved: _SolvedOutput | None
    ) -> ErrorEffects:
        """Return the effects of errors at weights as `unstandardise` returns them."""
        if solved is None:
            sums = self._passes.error_sums(weights, workspace=self._workspace)
            found = solve_effects(self._levels, sums.unsqueeze(2), known.weights).squeeze(2)
        else:
            found = (solved.effects_of_units @ weights.output.unsqueeze(2)).squeeze(2) - known.of_outcome
            found[:, self._levels.places[0]] += weights.intercept.unsqueeze(1)
        return ErrorEffects(completed(self._levels, found, known.weights), known.weights)

    def _records_of(self, networks: Ints) -> NetworkRecords:
        weights, selection = (
            torch.as_tensor(np.ascontiguousarray(counts[networks][:, self._order], dtype=np.float64))
            for counts in (self._task.weights, self._task.selection)
        )
        n_units = torch.as_tensor(self._task.n_units[networks]).unsqueeze(1)
        has_unit = (torch.arange(self.layout.n_units) < n_units).double()
        scaling = make_scaling(self._columns, self._outcome, weights=weights, has_unit=has_unit)
        shares = make_shares(self.blocks, weights, selection, variance=scaling.outcome_deviation.square())
        effects = self._known_effects(shares) if self._levels.keys else None
        decay = self._decay_of_output(scaling, weights=weights, effects=effects)
        return NetworkRecords(scaling, shares, decay, effects)

    def _known_effects(self, shares: RowShares) -> KnownEffects:
        weights = weigh_shares(self._levels, shares)
        weighted = self._outcome * shares.of_losses[:, :, 0].flatten(1)[:, : self.blocks.n_obs].double()
        sums = self._levels.sums(weighted)
        found = solve_effects(self._levels, sums.unsqueeze(2), weights).squeeze(2)
        left = (weighted @ self._outcome - (sums * found).sum(dim=1)).clamp(0.0, 1.0)
        return KnownEffects(weights, found, unexplained=left)

    def _decay_of_output(self, scaling: Scaling, *, weights: Tensor, effects: KnownEffects | None) -> Tensor:
        least = torch.full((weights.shape[0],), max(self._decay, self._least_decay), dtype=torch.float64)
        usual = 0.0 if effects is None else DECAY_BESIDE_EFFECTS
        decay = usual if self._output_decay is None else self._output_decay
        if self._output == "trained" or decay == 0.0:
            return least
        if effects is not None:
            left = effects.unexplained
        else:
            left = left_by_line(self._columns, self._outcome, weights=weights, scaling=scaling)
        return torch.maximum(least, decay * left)

    def _make_workspace(self) -> Workspace:
        return make_workspace(
            self.blocks,
            self._networks.shares,
            n_units=self.layout.n_units,
            has_two_passes=self._output == "solved" or bool(self._levels.keys),
        )


@dataclass(frozen=True)
class _SolvedOutput:
    """Parameters with solved output weights, and (n_networks, n_levels, n_units) effects of the units."""

    parameters: Parameters
    effects_of_units: Tensor
