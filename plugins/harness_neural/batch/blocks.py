"""The rows that networks share, cut into blocks that stay in the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.plugin import Floats
from harness_neural.names import Device

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
