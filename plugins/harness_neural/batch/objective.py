"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Ints
from harness_neural.batch import batch_records, levels, parameters, passes, projection
from harness_neural.batch.blocks import LIMITS, batch_width, make_blocks, unit_of
from harness_neural.batch.levels import LevelWeights, completed, solve_effects
from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.parameters import Parameters, Scaling, unstandardise
from harness_neural.batch.settings import Settings
from harness_neural.batch.task import TrainingTask
from harness_neural.names import Precision

DTYPES: dict[Precision, torch.dtype] = {"float64": torch.float64, "float32": torch.float32}


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
    scaling : of its variables
    shares : of its rows, as `make_shares` returns them
    output_decay : (n_networks,); of the weights from its units
    effects : None where there are none
    """

    scaling: Scaling
    shares: Tensor
    output_decay: Tensor
    effects: KnownEffects | None


class Objective:
    """The losses of the networks of a batch, with the arrays they are computed in.

    Weights from the units that are solved for decay by `LEAST_DECAY` at least. With `Settings.output_decay`
    they decay by that share of the variance of the outcome that effects, or a line without these, do not
    explain; None is `DECAY_BESIDE_EFFECTS` next to effects, and otherwise 0.

    Parameters
    ----------
    task : what the networks learn
    settings : how
    """

    def __init__(self, task: TrainingTask, settings: Settings) -> None:
        self._task, self._settings = task, settings
        self._is_tanh, self._is_solved = settings.activation == "tanh", settings.output == "solved"
        self._limits = LIMITS[settings.device]
        order = levels.row_order(task.levels) if task.levels else slice(None)
        X, outcome = task.X[order], task.outcome[order]
        self._order, self._columns, self._outcome = order, torch.tensor(X), torch.tensor(outcome)
        self.blocks = make_blocks(X, outcome, dtype=DTYPES[settings.precision], limits=self._limits)
        self.layout = parameters.NetworkLayout(n_inputs=task.X.shape[1], n_units=int(task.n_units.max()))
        self._levels = levels.make_levels(tuple(codes[order] for codes in task.levels))
        self._passes = passes.Passes(
            self.blocks, unit=unit_of(settings.activation), levels=self._levels, is_solved=self._is_solved
        )
        self._use(self._records_of(np.zeros(0, dtype=np.int64)))

    @cached_property
    def width(self) -> int:
        """How many networks train together."""
        most = batch_width(self.layout.n_units, blocks=self.blocks, limits=self._limits)
        if not self._levels.keys:
            return most
        bytes_each = levels.table_bytes(self._levels, n_units=self.layout.n_units)
        return max(1, min(most, self._limits.table_bytes // bytes_each))

    def admit(self, networks: Ints) -> None:
        """Let these networks of the task, (n_joining,), join the batch behind those in it."""
        self._use(batch_records.join(self._networks, self._records_of(networks)))

    def keep(self, rows: Tensor) -> None:
        """Let all but the networks at these positions leave the batch."""
        self._use(batch_records.take(self._networks, rows))

    def weights_at(self, points: Tensor) -> Parameters:
        """Return the weights that act on the task's own inputs and give its outcome units.

        A tanh network comes back as the sigmoid network it equals.
        """
        weights = unstandardise(self._networks.scaling, self.layout.split(points), is_tanh=self._is_tanh)
        return replace(weights, hidden=weights.hidden.transpose(0, 1))

    def evaluate(self, points: Tensor) -> Evaluation:
        """Return losses and gradients at points, (n_networks, n_parameters) float64."""
        own, effects_of_units = self.layout.split(points), None
        scaling, known = self._networks.scaling, self._networks.effects
        if self._is_solved:
            own, effects_of_units = self._solved(own)
            points = self.layout.join(own)
        weights = unstandardise(scaling, own, is_tanh=self._is_tanh)
        result = self._passes.run(
            weights,
            workspace=self._workspace,
            effects=None if known is None else self._effects(weights, known, effects_of_units),
            known=None if known is None else known.weights,
        )
        gradient = parameters.unstandardise_backward(scaling, result.gradient, is_tanh=self._is_tanh)
        loss, decay = result.loss, self._settings.weight_decay
        if decay:
            loss = loss + decay * own.hidden[..., :-1].square().sum(dim=(1, 2))
            gradient.hidden[..., :-1] += 2.0 * decay * own.hidden[..., :-1]
        output_decay = self._networks.output_decay
        loss = loss + output_decay * own.output.square().sum(dim=1)
        gradient.output.addcmul_(own.output, output_decay.unsqueeze(1), value=2.0)
        if self._is_solved:
            gradient.output.zero_()
            gradient.intercept.zero_()
        return Evaluation(
            loss=loss, gradient=self.layout.join(gradient), selection=result.selection, points=points
        )

    def _solved(self, own: Parameters) -> tuple[Parameters, Tensor]:
        """Return parameters with the output weights that are the best for their hidden ones.

        With them, the effects of the units by level, (n_networks, n_levels, n_units).
        """
        scaling, known = self._networks.scaling, self._networks.effects
        hidden = unstandardise(scaling, own, is_tanh=self._is_tanh).hidden
        sums = self._passes.unit_sums(hidden, workspace=self._workspace)
        if known is None:
            of_units, moments = sums.by_level, projection.about_means(sums)
        else:
            of_units = solve_effects(self._levels, sums.by_level, known.weights)
            moments = projection.about_effects(sums, of_units=of_units, of_outcome=known.of_outcome)
        output, intercept = projection.solve_output(
            moments,
            outcome_deviation=scaling.outcome_deviation,
            is_tanh=self._is_tanh,
            decay=self._networks.output_decay,
        )
        return replace(own, output=output, intercept=intercept), of_units

    def _effects(self, weights: Parameters, known: KnownEffects, of_units: Tensor | None) -> Tensor:
        """Return the effects of errors, (n_networks, n_levels), at weights that `unstandardise` returns."""
        if of_units is None:
            sums = self._passes.error_sums(weights, workspace=self._workspace)
            found = solve_effects(self._levels, sums.unsqueeze(2), known.weights).squeeze(2)
        else:
            found = (of_units @ weights.output.unsqueeze(2)).squeeze(2) - known.of_outcome
            found[:, self._levels.places[0]] += weights.intercept.unsqueeze(1)
        return completed(self._levels, found, known.weights)

    def _use(self, networks: NetworkRecords) -> None:
        self._networks = networks
        self._workspace = passes.make_workspace(
            self.blocks,
            networks.shares,
            n_units=self.layout.n_units,
            has_two_passes=self._is_solved or bool(self._levels.keys),
        )

    def _records_of(self, networks: Ints) -> NetworkRecords:
        weights, selection = (
            torch.as_tensor(np.ascontiguousarray(counts[networks][:, self._order], dtype=np.float64))
            for counts in (self._task.weights, self._task.selection)
        )
        n_units = torch.as_tensor(self._task.n_units[networks]).unsqueeze(1)
        has_unit = (torch.arange(self.layout.n_units) < n_units).double()
        scaling = parameters.make_scaling(self._columns, self._outcome, weights=weights, has_unit=has_unit)
        shares = passes.make_shares(
            self.blocks, weights, selection, variance=scaling.outcome_deviation.square()
        )
        effects = self._known_effects(shares) if self._levels.keys else None
        decay = self._decay_of_output(scaling, weights=weights, effects=effects)
        return NetworkRecords(scaling, shares, decay, effects)

    def _known_effects(self, shares: Tensor) -> KnownEffects:
        weights = passes.weigh_shares(self._levels, shares)
        weighted = self._outcome * shares[:, :, 0].flatten(1)[:, : self.blocks.n_obs].double()
        sums = self._levels.sums(weighted)
        found = solve_effects(self._levels, sums.unsqueeze(2), weights).squeeze(2)
        unexplained = (weighted @ self._outcome - (sums * found).sum(dim=1)).clamp(0.0, 1.0)
        return KnownEffects(weights, found, unexplained)

    def _decay_of_output(self, scaling: Scaling, *, weights: Tensor, effects: KnownEffects | None) -> Tensor:
        settings = self._settings
        least = max(
            settings.weight_decay, projection.LEAST_DECAY[settings.precision] if self._is_solved else 0.0
        )
        decays = torch.full((weights.shape[0],), least, dtype=torch.float64)
        usual = 0.0 if effects is None else projection.DECAY_BESIDE_EFFECTS
        decay = usual if settings.output_decay is None else settings.output_decay
        if not self._is_solved or decay == 0.0:
            return decays
        if effects is not None:
            return torch.maximum(decays, decay * effects.unexplained)
        of_line = projection.unexplained_by_line(
            self._columns, self._outcome, weights=weights, scaling=scaling
        )
        return torch.maximum(decays, decay * of_line)
