"""How much is computed at a time and where: rows in blocks, hidden layers on a block, threads, devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.plugin import Floats
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


def forward(unit: Unit, X_transposed: Tensor, *, hidden: Tensor, output: Tensor, layer: Tensor) -> None:
    """Compute activations and predictions of a block.

    Parameters
    ----------
    X_transposed : (n_inputs + 1, n_rows)
    hidden : (n_units, n_networks, n_inputs + 1)
    output : (n_networks, 1, n_units + 1); weights from the units to the outcome, the intercept last
    layer : (n_units + 2, n_networks, n_rows); receives the activations in all but the last two positions, and
        the predictions in the last; the one before holds ones, to which the intercept belongs
    """
    activate(unit, X_transposed, hidden=hidden, layer=layer)
    combine(output, layer)


def activate(unit: Unit, X_transposed: Tensor, *, hidden: Tensor, layer: Tensor) -> None:
    """Compute the activations of a block, as `forward` has them."""
    values = layer[:-2]
    torch.mm(hidden.flatten(0, 1), X_transposed, out=values.view(-1, layer.shape[2]))
    if unit == "relu":
        values.relu_()
    else:
        values.sigmoid_()


def backward(unit: Unit, activations: Tensor, weighted_errors: Tensor) -> None:
    """Replace activations by weighted errors times the derivative of the activation.

    Parameters
    ----------
    activations : (n_units, n_networks, n_rows)
    weighted_errors : (n_networks, n_rows), errors of the predictions times their shares in the loss
    """
    errors = weighted_errors.expand_as(activations)
    if unit == "relu":
        torch.ops.aten.threshold_backward.grad_input(errors, activations, 0, grad_input=activations)
    else:
        torch.ops.aten.sigmoid_backward.grad_input(errors, activations, grad_input=activations)


def combine(output: Tensor, layer: Tensor) -> None:
    """Compute predictions from the activations of a block, as `forward` has them."""
    torch.bmm(output, layer[:-1].transpose(0, 1), out=layer[-1].unsqueeze(1))


def make_layer(
    n_units: int, n_networks: int, n_rows: int, *, dtype: torch.dtype, n_blocks: int = 1
) -> Tensor:
    """Return arrays that `forward` fills, (n_blocks, n_units + 2, n_networks, n_rows), ones in place."""
    return torch.ones(n_blocks, n_units + 2, n_networks, n_rows, dtype=dtype)


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
