"""Forward and backward passes of a batch of networks through all blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness_neural.batch.blocks import Blocks, activate, backward, combine, make_layer
from harness_neural.batch.levels import Levels, LevelWeights, cut_levels, effects_aside, weigh_levels
from harness_neural.batch.parameters import Parameters
from harness_neural.names import Unit

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
class UnitSums:
    """Sums over rows, weighted as the training loss is, in float64.

    Attributes
    ----------
    products : (n_networks, n_units + 1, n_units + 2); of units and a one with these and, in the last place,
        the outcome
    by_level : (n_networks, n_levels, n_units); of units; no level without effects
    """

    products: Tensor
    by_level: Tensor


def make_shares(blocks: Blocks, weights: Tensor, selection: Tensor, *, variance: Tensor) -> Tensor:
    """Return shares in training and selection loss, (n_networks, n_blocks, 2, n_rows): training first.

    Parameters
    ----------
    weights, selection : (n_networks, n_obs), how often rows count
    variance : (n_networks,), of the outcome
    """
    both = [blocks.cut(_over_total(counts, variance)) for counts in (weights, selection)]
    return torch.stack(both, dim=2)


def weigh_shares(levels: Levels, shares: Tensor) -> LevelWeights:
    """Return the weights of levels of rows that have shares as `make_shares` returns them."""
    n_obs = len(levels.keys[0].codes)
    training, selection = (each.flatten(1)[:, :n_obs].double() for each in shares.unbind(2))
    return weigh_levels(levels, training, selection)


@dataclass(frozen=True)
class Workspace:
    """Arrays that every pass of a batch reuses.

    Attributes
    ----------
    layers : (n_units + 2, n_networks, n_rows) a block, as `forward` fills it; the last position becomes the
        errors. One array serves all blocks where nothing is kept
    keeps : whether activations of a first pass are there for `run`
    weighted_errors : (n_networks, 2, n_rows); errors times their shares in training and selection loss
    shares : (n_networks, 2, n_rows) a block, each in one piece of memory
    """

    layers: tuple[Tensor, ...]
    keeps: bool
    weighted_errors: Tensor
    shares: tuple[Tensor, ...]


def make_workspace(blocks: Blocks, shares: Tensor, *, n_units: int, has_two_passes: bool) -> Workspace:
    """Return arrays for the networks that have these shares.

    Parameters
    ----------
    has_two_passes : whether another pass over the rows comes before `run`
    """
    n_networks, n_blocks, n_kinds, n_rows = shares.shape
    dtype = blocks.X.dtype
    kept_bytes = (n_units + 2) * n_networks * n_blocks * n_rows * dtype.itemsize
    keeps = has_two_passes and kept_bytes <= MOST_KEPT_BYTES
    made = make_layer(n_units, n_networks, n_rows, dtype=dtype, n_blocks=n_blocks if keeps else 1)
    return Workspace(
        layers=made.unbind(0) if keeps else made.unbind(0) * n_blocks,
        keeps=keeps,
        weighted_errors=torch.empty(n_networks, n_kinds, n_rows, dtype=dtype),
        shares=shares.transpose(0, 1).contiguous().unbind(0),
    )


class Passes:
    """The passes of a batch: activations of a block are used while they are in the cache.

    Parameters
    ----------
    blocks : rows that the networks share
    unit : what their hidden units compute
    levels : of the keys whose effects are absorbed from the errors, if any
    is_solved : whether the weights from the units are the best for the others, and not to be moved
    """

    def __init__(self, blocks: Blocks, *, unit: Unit, levels: Levels, is_solved: bool) -> None:
        self._blocks, self._unit, self._levels, self._is_solved = blocks, unit, levels, is_solved
        self._cut = (
            cut_levels(levels, n_blocks=blocks.X.shape[0], n_rows=blocks.n_rows) if levels.keys else ()
        )

    def unit_sums(self, hidden: Tensor, *, workspace: Workspace) -> UnitSums:
        """Return what the best output weights and effects follow from.

        Parameters
        ----------
        hidden : (n_units, n_networks, n_inputs + 1), as `unstandardise` returns it
        """
        hidden = hidden.to(self._blocks.X.dtype)
        n_places, n_networks, _ = workspace.layers[0].shape
        weighted = torch.empty_like(workspace.layers[0][:-1])
        products = torch.zeros(n_networks, n_places - 1, n_places, dtype=torch.float64)
        by_level = torch.zeros(self._levels.count, (n_places - 2) * n_networks, dtype=torch.float64)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            activate(self._unit, self._blocks.X_transposed[at], hidden=hidden, layer=layer)
            layer[-1] = self._blocks.outcome[at]
            torch.mul(layer[:-1], shares[:, 0], out=weighted)
            products += torch.bmm(weighted.transpose(0, 1), layer.permute(1, 2, 0))
            if self._cut:
                self._cut[at].add_sums(weighted[:-1].flatten(0, 1), out=by_level)
        by_level = by_level.view(self._levels.count, n_places - 2, n_networks)
        return UnitSums(products, by_level.permute(2, 0, 1).contiguous())

    def error_sums(self, weights: Parameters, *, workspace: Workspace) -> Tensor:
        """Return sums of errors by level, (n_networks, n_levels), at weights as of `run`."""
        hidden, output = self._cast(weights)
        sums = torch.zeros(self._levels.count, hidden.shape[1], dtype=torch.float64)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            activate(self._unit, self._blocks.X_transposed[at], hidden=hidden, layer=layer)
            combine(output, layer)
            layer[-1].sub_(self._blocks.outcome[at])
            self._cut[at].add_sums(layer[-1] * shares[:, 0], out=sums)
        return sums.t().contiguous()

    def run(
        self,
        weights: Parameters,
        *,
        workspace: Workspace,
        effects: Tensor | None = None,
        known: LevelWeights | None = None,
    ) -> PassResult:
        """Return losses and gradient at weights as `unstandardise` returns them.

        With levels, `effects` are theirs, (n_networks, n_levels), which are absorbed from the errors, and
        `known` their weights.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights. That of output weights at their best is zero and not computed.
        """
        hidden, output = self._cast(weights)
        absorbed = None if effects is None else effects.to(hidden.dtype)
        is_aside = known is not None and bool(known.aside.any())
        n_units, n_networks, n_columns = hidden.shape
        by_weight = torch.zeros(n_columns, n_units * n_networks, dtype=hidden.dtype)
        sums = torch.zeros(*workspace.weighted_errors.shape[:2], n_units + 2, dtype=torch.float64)
        summed = slice(-1, None) if self._is_solved else slice(None)
        residuals: list[Tensor] = []
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            if not workspace.keeps:
                activate(self._unit, self._blocks.X_transposed[at], hidden=hidden, layer=layer)
            combine(output, layer)
            values, errors = layer[:-2], layer[-1]
            errors.sub_(self._blocks.outcome[at])
            if absorbed is not None:
                errors.sub_(self._cut[at].of_rows(absorbed))
            if is_aside:
                residuals.append(errors.clone())
            torch.mul(errors.unsqueeze(1), shares, out=workspace.weighted_errors)
            sums[..., summed] += torch.bmm(workspace.weighted_errors, layer[summed].permute(1, 2, 0))
            backward(self._unit, values, workspace.weighted_errors[:, 0])
            # As this product is written, the library takes 0.7 of the time of its transpose.
            flat = values.flatten(0, 1)
            torch.addmm(by_weight, self._blocks.X_transposed[at], flat.t(), out=by_weight)
        factor = 2.0 * weights.output.t().unsqueeze(2)
        gradient = Parameters(
            hidden=by_weight.t().reshape(hidden.shape).double() * factor,
            output=2.0 * sums[:, 0, :-2],
            intercept=2.0 * sums[:, 0, -2],
        )
        selection = sums[:, 1, -1]
        if known is not None and residuals:
            selection = self._selection_loss(residuals, known, workspace)
        return PassResult(gradient, loss=sums[:, 0, -1], selection=selection)

    def _selection_loss(self, errors: list[Tensor], known: LevelWeights, workspace: Workspace) -> Tensor:
        """Return the selection loss once levels that only selection rows have lose their mean error.

        Parameters
        ----------
        errors : (n_networks, n_rows) a block, which this changes
        """
        shares = [each[:, 1] for each in workspace.shares]
        for key, place in enumerate(self._levels.places):
            if not known.aside[:, place].any():
                continue
            sums = torch.zeros(self._levels.count, errors[0].shape[0], dtype=torch.float64)
            for cut, error, counted in zip(self._cut, errors, shares, strict=True):
                cut.add_sums(error * counted, out=sums)
            own = effects_aside(self._levels, key, sums[place].t(), known).to(errors[0].dtype)
            for cut, error in zip(self._cut, errors, strict=True):
                error.sub_(own.index_select(1, cut.codes[key] - place.start))
        pairs = zip(errors, shares, strict=True)
        losses = [(error.square() * counted).sum(dim=1) for error, counted in pairs]
        return torch.stack(losses).double().sum(dim=0)

    def _cast(self, weights: Parameters) -> tuple[Tensor, Tensor]:
        """Return weights into units, and from them as `forward` has these, in the blocks' precision."""
        dtype = self._blocks.X.dtype
        output = torch.cat([weights.output, weights.intercept.unsqueeze(1)], dim=1)
        return weights.hidden.to(dtype), output.to(dtype).unsqueeze(1)


def _over_total(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)
