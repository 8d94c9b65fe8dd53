"""Forward and backward passes of a batch of networks through blocks of rows, how many at a time, where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from harness.plugin import Floats
from harness_neural.batch.levels import Levels, LevelWeights, cut_levels, effects_aside, weigh_levels
from harness_neural.names import Activation, Device, Unit

ROW_MULTIPLE = 16


@dataclass(frozen=True)
class BatchLimits:
    """How much is computed at a time; fixed, so that sums are in one order whoever else is in the batch.

    Attributes
    ----------
    n_rows : of a block, at most
    layer_bytes : of the layer of a block, see `forward`
    n_networks : that train together, at most
    table_bytes : of what these keep of the levels that have effects, see `table_bytes`
    """

    n_rows: int
    layer_bytes: int
    n_networks: int
    table_bytes: int


LIMITS: dict[Device, BatchLimits] = {
    # A layer, a block's inputs and the errors fit a second-level cache of 2 MiB.
    "cpu": BatchLimits(n_rows=256, layer_bytes=1280 * 1024, n_networks=128, table_bytes=256 * 1024**2),
    # Many networks keep the cores of a GPU busy.
    "cuda": BatchLimits(n_rows=16384, layer_bytes=1024**3, n_networks=4096, table_bytes=4 * 1024**3),
}


@dataclass(frozen=True)
class Blocks:
    """Shared rows in equal blocks; rows added to fill the last block are zero.

    Attributes
    ----------
    X : (n_blocks, n_rows, n_inputs + 1), ones in the last column
    X_transposed : (n_blocks, n_inputs + 1, n_rows)
    outcome : (n_blocks, n_rows)
    n_obs : rows before filling
    """

    X: Tensor
    X_transposed: Tensor
    outcome: Tensor
    n_obs: int

    @property
    def n_rows(self) -> int:
        """Rows of a block."""
        return self.X.shape[1]

    def cut(self, values: Tensor) -> Tensor:
        """Return row weights, (n_networks, n_obs), cut as the blocks are: (n_networks, n_blocks, n_rows)."""
        n_blocks = self.X.shape[0]
        filled = torch.zeros(values.shape[0], n_blocks * self.n_rows, dtype=self.X.dtype)
        filled[:, : self.n_obs] = values
        return filled.view(-1, n_blocks, self.n_rows)


def block_rows(n_obs: int, *, most: int) -> int:
    """Return how many rows a block has, so that blocks are equal and few rows are added."""
    n_blocks = -(-n_obs // most)
    rows = -(-n_obs // n_blocks)
    return -(-rows // ROW_MULTIPLE) * ROW_MULTIPLE


def make_blocks(
    X: Floats, outcome: Floats, *, dtype: torch.dtype, limits: BatchLimits = LIMITS["cpu"]
) -> Blocks:
    """Cut inputs, (n_obs, n_inputs), and outcome, (n_obs,), into blocks."""
    n_obs, n_inputs = X.shape
    rows = block_rows(n_obs, most=limits.n_rows)
    n_blocks = -(-n_obs // rows)
    filled = torch.zeros(n_blocks * rows, n_inputs + 1, dtype=dtype)
    filled[:n_obs, :-1] = torch.tensor(X)
    filled[:n_obs, -1] = 1.0
    known = torch.zeros(n_blocks * rows, dtype=dtype)
    known[:n_obs] = torch.tensor(outcome)
    blocks = filled.view(n_blocks, rows, n_inputs + 1)
    return Blocks(
        X=blocks,
        X_transposed=blocks.transpose(1, 2).contiguous(),
        outcome=known.view(n_blocks, rows),
        n_obs=n_obs,
    )


def batch_width(n_units: int, *, blocks: Blocks, limits: BatchLimits = LIMITS["cpu"]) -> int:
    """Return how many networks of `n_units` train together, at least 4."""
    bytes_each = (n_units + 2) * blocks.n_rows * blocks.X.dtype.itemsize
    return min(max(limits.layer_bytes // bytes_each, 4), limits.n_networks)


def unit_of(activation: Activation) -> Unit:
    """Return what the units of an activation are computed as."""
    return "relu" if activation == "relu" else "sigmoid"


@dataclass(frozen=True)
class Layer:
    """An array that a pass through a block fills, and views of it.

    Attributes
    ----------
    whole : (n_units + 2, n_networks, n_rows); activations in all but the last two places, ones, to which the
        intercept belongs, and predictions, which become errors
    activations : (n_units, n_networks, n_rows)
    by_unit, by_row : (n_units * n_networks, n_rows) and its transpose, of activations
    with_one : (n_networks, n_units + 1, n_rows); activations and ones
    predicted : (n_networks, 1, n_rows)
    products : (n_networks, n_rows, n_units + 2), the whole
    """

    whole: Tensor
    activations: Tensor
    by_unit: Tensor
    by_row: Tensor
    with_one: Tensor
    predicted: Tensor
    products: Tensor


def make_layers(
    n_units: int, n_networks: int, n_rows: int, *, dtype: torch.dtype, n_blocks: int = 1
) -> tuple[Layer, ...]:
    """Return arrays that `forward` fills, one a block, ones in place."""
    made = torch.ones(n_blocks, n_units + 2, n_networks, n_rows, dtype=dtype)
    return tuple(
        Layer(
            whole=whole,
            activations=whole[:-2],
            by_unit=whole[:-2].flatten(0, 1),
            by_row=whole[:-2].flatten(0, 1).t(),
            with_one=whole[:-1].transpose(0, 1),
            predicted=whole[-1].unsqueeze(1),
            products=whole.permute(1, 2, 0),
        )
        for whole in made.unbind(0)
    )


def forward(unit: Unit, X_transposed: Tensor, *, hidden: Tensor, output: Tensor, layer: Layer) -> None:
    """Compute activations and predictions of a block.

    Parameters
    ----------
    X_transposed : (n_inputs + 1, n_rows)
    hidden : (n_units, n_networks, n_inputs + 1)
    output : (n_networks, 1, n_units + 1); weights from the units to the outcome, the intercept last
    """
    activate(unit, X_transposed, hidden=hidden, layer=layer)
    torch.bmm(output, layer.with_one, out=layer.predicted)


def activate(unit: Unit, X_transposed: Tensor, *, hidden: Tensor, layer: Layer) -> None:
    """Compute the activations of a block, as `forward` has them."""
    torch.mm(hidden.flatten(0, 1), X_transposed, out=layer.by_unit)
    if unit == "relu":
        layer.by_unit.relu_()
    else:
        layer.by_unit.sigmoid_()


def backward(unit: Unit, activations: Tensor, weighted_errors: Tensor) -> None:
    """Replace activations by weighted errors times the derivative of the activation.

    Parameters
    ----------
    activations, weighted_errors : (n_units, n_networks, n_rows); errors of the predictions times their shares
        in the loss, the same for all units
    """
    if unit == "relu":
        torch.ops.aten.threshold_backward.grad_input(weighted_errors, activations, 0, grad_input=activations)
    else:
        torch.ops.aten.sigmoid_backward.grad_input(weighted_errors, activations, grad_input=activations)


@contextmanager
def one_thread() -> Iterator[None]:
    """Pin torch to one thread, let it record nothing for gradients, and restore what was set before.

    Processes are what runs in parallel here; a second thread would also cut matrix products differently.
    Gradients are computed by hand, and with small networks what torch would note of each call costs a fifth
    of the time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


def on_device(device: Device) -> AbstractContextManager[object]:
    """Let tensors that are made from now on lie on a device.

    Torch intercepts every call for it, so the processor, where they lie anyhow, is left as it is.
    """
    return nullcontext() if device == "cpu" else torch.device(device)


# Activations of all blocks are kept between two passes up to this size, and computed twice beyond it.
MOST_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class PassResult:
    """What the passes over all rows come to.

    Attributes
    ----------
    by_weight, products : as of `ParameterMap.gradient`
    loss, selection : (n_networks,); training and selection loss
    """

    by_weight: Tensor
    products: Tensor | None
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
    layers : of each block; the same for all where nothing is kept
    keeps : whether activations of a first pass are there for `run`
    weighted_errors : (n_networks, 2, n_rows); errors times their shares in training and selection loss
    training_errors : (n_units, n_networks, n_rows); the first of them, for every unit
    by_weight : (n_inputs + 1, n_units * n_networks), as `PassResult` has them
    shares : (n_networks, 2, n_rows) a block, each in one piece of memory
    """

    layers: tuple[Layer, ...]
    keeps: bool
    weighted_errors: Tensor
    training_errors: Tensor
    by_weight: Tensor
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
    made = make_layers(n_units, n_networks, n_rows, dtype=dtype, n_blocks=n_blocks if keeps else 1)
    weighted_errors = torch.empty(n_networks, n_kinds, n_rows, dtype=dtype)
    return Workspace(
        layers=made if keeps else made * n_blocks,
        keeps=keeps,
        weighted_errors=weighted_errors,
        training_errors=weighted_errors[:, 0].expand(n_units, -1, -1),
        by_weight=torch.empty(blocks.X.shape[2], n_units * n_networks, dtype=dtype),
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
        self._unit, self._levels, self._is_solved = unit, levels, is_solved
        self._dtype = blocks.X.dtype
        self._inputs, self._outcome = blocks.X_transposed.unbind(0), blocks.outcome.unbind(0)
        self._cut = (
            cut_levels(levels, n_blocks=len(self._inputs), n_rows=blocks.n_rows) if levels.keys else ()
        )

    def unit_sums(self, hidden: Tensor, *, workspace: Workspace) -> UnitSums:
        """Return what the best output weights and effects follow from.

        Parameters
        ----------
        hidden : (n_units, n_networks, n_inputs + 1), as of `ParameterMap`
        """
        hidden = hidden.to(self._dtype)
        n_places, n_networks, _ = workspace.layers[0].whole.shape
        weighted = torch.empty_like(workspace.layers[0].whole[:-1])
        products = torch.zeros(n_networks, n_places - 1, n_places, dtype=torch.float64)
        by_level = torch.zeros(self._levels.count, (n_places - 2) * n_networks, dtype=torch.float64)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            activate(self._unit, self._inputs[at], hidden=hidden, layer=layer)
            layer.predicted.copy_(self._outcome[at])
            torch.mul(layer.whole[:-1], shares[:, 0], out=weighted)
            products += torch.bmm(weighted.transpose(0, 1), layer.products)
            if self._cut:
                self._cut[at].add_sums(weighted[:-1].flatten(0, 1), out=by_level)
        by_level = by_level.view(self._levels.count, n_places - 2, n_networks)
        return UnitSums(products, by_level.permute(2, 0, 1).contiguous())

    def error_sums(self, hidden: Tensor, output: Tensor, *, workspace: Workspace) -> Tensor:
        """Return sums of errors by level, (n_networks, n_levels), at weights as of `ParameterMap`."""
        hidden, output = hidden.to(self._dtype), output.to(self._dtype)
        sums = torch.zeros(self._levels.count, hidden.shape[1], dtype=torch.float64)
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            forward(self._unit, self._inputs[at], hidden=hidden, output=output, layer=layer)
            errors = layer.predicted.sub_(self._outcome[at])[:, 0]
            self._cut[at].add_sums(errors * shares[:, 0], out=sums)
        return sums.t().contiguous()

    def run(
        self,
        hidden: Tensor,
        output: Tensor,
        *,
        workspace: Workspace,
        effects: Tensor | None = None,
        known: LevelWeights | None = None,
    ) -> PassResult:
        """Return losses and gradient at weights as of `ParameterMap`.

        With levels, `effects` are theirs, (n_networks, n_levels), which are absorbed from the errors, and
        `known` their weights.

        Sums over the rows of a block have the precision of the blocks, sums over blocks are float64 but for
        the gradient of the hidden weights. That of output weights at their best is zero and not computed.
        """
        hidden, output = hidden.to(self._dtype), output.to(self._dtype)
        absorbed = None if effects is None else effects.to(self._dtype)
        is_aside = known is not None and bool(known.aside.any())
        n_units, n_networks, _ = hidden.shape
        by_weight = workspace.by_weight
        sums: list[Tensor] = []
        residuals: list[Tensor] = []
        for at, (layer, shares) in enumerate(zip(workspace.layers, workspace.shares, strict=True)):
            if not workspace.keeps:
                activate(self._unit, self._inputs[at], hidden=hidden, layer=layer)
            torch.bmm(output, layer.with_one, out=layer.predicted)
            errors = layer.predicted.sub_(self._outcome[at])
            if absorbed is not None:
                errors.sub_(self._cut[at].of_rows(absorbed).unsqueeze(1))
            if is_aside:
                residuals.append(errors[:, 0].clone())
            torch.mul(errors, shares, out=workspace.weighted_errors)
            summed = layer.products[..., -1:] if self._is_solved else layer.products
            sums.append(torch.bmm(workspace.weighted_errors, summed).double())
            backward(self._unit, layer.activations, workspace.training_errors)
            # As this product is written, the library takes 0.7 of the time of its transpose.
            torch.addmm(by_weight, self._inputs[at], layer.by_row, beta=min(at, 1), out=by_weight)
        total = reduce(torch.add, sums)
        selection = total[:, 1, -1]
        if known is not None and residuals:
            selection = self._selection_loss(residuals, known, workspace)
        return PassResult(
            by_weight=by_weight.view(-1, n_units, n_networks).permute(2, 1, 0),
            products=None if self._is_solved else total[:, 0, :-1],
            loss=total[:, 0, -1],
            selection=selection,
        )

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


def _over_total(weights: Tensor, variance: Tensor) -> Tensor:
    """Return weights over their sum and over the variance; all zero where the weights are."""
    total = weights.sum(dim=1, keepdim=True) * variance.unsqueeze(1)
    return torch.where(total > 0.0, weights / total, 0.0)
