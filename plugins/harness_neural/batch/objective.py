"""Loss, gradient and selection loss of a batch of networks: a few matrix products for all of them.

Output weights may be those that are the best for given hidden ones.

The loss of a network is quadratic in the weights from its units, so for given weights into them the best are
the solution of linear equations. What is left is a function of the hidden weights alone, whose gradient is
that of the plain loss at these output weights (variable projection, Golub & Pereyra 1973; for networks
Pereyra, Scherer & Wong 2006). It has fewer parameters and is better conditioned: few steps do the work of
many.

Effects of levels next to the units are solved for together with these weights: they are absorbed from the
units and from the outcome, and the equations are those of the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Ints
from harness_neural.batch import batch_records, levels, parameters, passes
from harness_neural.batch.levels import LevelWeights, completed, solve_effects
from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.parameters import ParameterMap, Parameters, Scaling
from harness_neural.batch.passes import LIMITS, UnitSums, batch_width, make_blocks, unit_of
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.names import Precision

# Decay of solved output weights, in standardised units: two units that are alike share their weight.
# It is larger than the rounding of the sums of products.
LEAST_DECAY: dict[Precision, float] = {"float64": 4e-7, "float32": 1e-5}

# Decay of solved output weights next to effects, in units of the variance that effects do not explain.
# Units that hardly vary within entities would get any weight otherwise, and with it predictions for new
# entities, which differ in them. ``docs/decisions/when_networks_stop.md`` has what was tried.
DECAY_BESIDE_EFFECTS = 1e-3


@dataclass(frozen=True)
class UnitMoments:
    """Weighted second moments of units, (n_networks, n_units, ...), less their means or effects.

    Attributes
    ----------
    with_units : (..., n_units)
    with_outcome : (...); in units of the task
    means : (n_networks, n_units); of the units, nothing absorbed
    """

    with_units: Tensor
    with_outcome: Tensor
    means: Tensor


def about_means(sums: UnitSums) -> UnitMoments:
    """Return the moments of units and outcome less their means."""
    shares = _shares(sums)
    means = shares[:, -1, :-2]
    centred = shares[:, :-1] - means.unsqueeze(2) * shares[:, -1].unsqueeze(1)
    return UnitMoments(centred[:, :, :-2], centred[:, :, -1], means)


def about_effects(sums: UnitSums, *, of_units: Tensor, of_outcome: Tensor) -> UnitMoments:
    """Return the moments of units and outcome less their effects.

    Parameters
    ----------
    of_units, of_outcome : (n_networks, n_levels, n_units) and (n_networks, n_levels), their effects
    """
    shares = _shares(sums)
    by_level = sums.by_level.transpose(1, 2) / sums.products[:, -1, -2].unsqueeze(1).unsqueeze(2)
    return UnitMoments(
        with_units=shares[:, :-1, :-2] - by_level @ of_units,
        with_outcome=shares[:, :-1, -1] - (by_level @ of_outcome.unsqueeze(2)).squeeze(2),
        means=shares[:, -1, :-2],
    )


def _shares(sums: UnitSums) -> Tensor:
    return sums.products / sums.products[:, -1, -2].unsqueeze(1).unsqueeze(2)


def solve_output(
    moments: UnitMoments, *, outcome_deviation: Tensor, is_tanh: bool, decay: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the output weights and intercepts that minimise the training loss with its decay.

    Parameters
    ----------
    moments : of sigmoid or relu units
    outcome_deviation : (n_networks,)
    is_tanh : whether the networks' own units are the tanh units that these sigmoid units equal
    decay : (n_networks,) > 0; of the weights but not the intercept

    Returns
    -------
    (n_networks, n_units) and (n_networks,), in the networks' own units; not a number where the units of a
    network are not finite
    """
    factor = 2.0 if is_tanh else 1.0
    curvature = factor**2 * moments.with_units
    curvature.diagonal(dim1=1, dim2=2).add_(decay.unsqueeze(1))
    right = factor * moments.with_outcome / outcome_deviation.unsqueeze(1)
    root, wrong = torch.linalg.cholesky_ex(curvature)
    weights = torch.cholesky_solve(right.unsqueeze(2), root).squeeze(2)
    weights = torch.where((wrong == 0).unsqueeze(1), weights, torch.nan)
    own_means = factor * moments.means - 1.0 if is_tanh else moments.means
    return weights, -(weights * own_means).sum(dim=1)


# Directions in which standardised inputs vary by less than this share of the most are taken as constant.
LEAST_VARIANCE = 1e-10


def unexplained_by_line(X: Tensor, outcome: Tensor, *, weights: Tensor, scaling: Scaling) -> Tensor:
    """Return the share of the outcome's variance that a least squares line leaves, (n_networks,), in [0, 1].

    Parameters
    ----------
    X : (n_obs, n_inputs)
    outcome : (n_obs,)
    weights : (n_networks, n_obs), of each network's training rows
    scaling : of the networks, by the same weights
    """
    left = torch.empty(weights.shape[0], dtype=X.dtype)
    shares = weights / weights.sum(dim=1, keepdim=True)
    for at, share in enumerate(shares):
        inputs = (X - scaling.input_mean[at]) * scaling.inverse_deviation[at]
        own = (outcome - scaling.outcome_mean[at]) / scaling.outcome_deviation[at]
        weighted = inputs * share.unsqueeze(1)
        with_outcome = weighted.t() @ own
        inverse = torch.linalg.pinv(weighted.t() @ inputs, rtol=LEAST_VARIANCE, hermitian=True)
        left[at] = share @ own.square() - with_outcome @ inverse @ with_outcome
    return left.clamp_(0.0, 1.0)


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
    bias_stretch : what the biases of points that are evaluated are multiplied by
    """

    def __init__(self, task: TrainingTask, settings: Settings, *, bias_stretch: float = 1.0) -> None:
        self._task, self._settings, self._bias_stretch = task, settings, bias_stretch
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
        return self._map.parameters(points)

    def evaluate(self, points: Tensor) -> Evaluation:
        """Return losses and gradients at points, (n_networks, n_parameters) float64."""
        known, of_units = self._networks.effects, None
        hidden = self._map.hidden(points)
        if self._is_solved:
            points, of_units = self._solved(points, hidden)
        output = self._map.output(points)
        result = self._passes.run(
            hidden,
            output,
            workspace=self._workspace,
            effects=None if known is None else self._effects(hidden, output, known, of_units),
            known=None if known is None else known.weights,
        )
        loss, gradient = result.loss, self._map.gradient(result.by_weight, result.products)
        decay = self._settings.weight_decay
        if decay:
            weights = self.layout.split(points).hidden[..., :-1]
            loss = loss + decay * weights.square().sum(dim=(1, 2))
            self.layout.split(gradient).hidden[..., :-1] += 2.0 * decay * weights
        if decay or self._is_solved:
            output_decay, own = self._networks.output_decay, self.layout.split(points).output
            loss = loss + output_decay * own.square().sum(dim=1)
            if not self._is_solved:
                self.layout.split(gradient).output.addcmul_(own, output_decay.unsqueeze(1), value=2.0)
        return Evaluation(loss, gradient, result.selection, points)

    def _solved(self, points: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return points with the output weights that are the best for their hidden ones.

        With them, the effects of the units by level, (n_networks, n_levels, n_units).
        """
        known = self._networks.effects
        sums = self._passes.unit_sums(hidden, workspace=self._workspace)
        if known is None:
            of_units, moments = sums.by_level, about_means(sums)
        else:
            of_units = solve_effects(self._levels, sums.by_level, known.weights)
            moments = about_effects(sums, of_units=of_units, of_outcome=known.of_outcome)
        output, intercept = solve_output(
            moments,
            outcome_deviation=self._networks.scaling.outcome_deviation,
            is_tanh=self._is_tanh,
            decay=self._networks.output_decay,
        )
        return self.layout.join(
            replace(self.layout.split(points), output=output, intercept=intercept)
        ), of_units

    def _effects(
        self, hidden: Tensor, output: Tensor, known: KnownEffects, of_units: Tensor | None
    ) -> Tensor:
        """Return the effects of errors, (n_networks, n_levels), at weights as of `ParameterMap`."""
        if of_units is None:
            sums = self._passes.error_sums(hidden, output, workspace=self._workspace)
            found = solve_effects(self._levels, sums.unsqueeze(2), known.weights).squeeze(2)
        else:
            found = (of_units @ output[:, 0, :-1].unsqueeze(2)).squeeze(2) - known.of_outcome
            found[:, self._levels.places[0]] += output[:, 0, -1:]
        return completed(self._levels, found, known.weights)

    def _use(self, networks: NetworkRecords) -> None:
        self._networks = networks
        self._map = ParameterMap(networks.scaling, is_tanh=self._is_tanh, bias_stretch=self._bias_stretch)
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
        least = max(settings.weight_decay, LEAST_DECAY[settings.precision] if self._is_solved else 0.0)
        decays = torch.full((weights.shape[0],), least, dtype=torch.float64)
        usual = 0.0 if effects is None else DECAY_BESIDE_EFFECTS
        decay = usual if settings.output_decay is None else settings.output_decay
        if not self._is_solved or decay == 0.0:
            return decays
        if effects is not None:
            return torch.maximum(decays, decay * effects.unexplained)
        of_line = unexplained_by_line(self._columns, self._outcome, weights=weights, scaling=scaling)
        return torch.maximum(decays, decay * of_line)
