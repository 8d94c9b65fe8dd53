"""Levels of the rows of a panel by one key or two, and sums by level."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Ints


@dataclass(frozen=True)
class KeyLevels:
    """The levels of one key: `codes`, (n_obs,), from 0, of which `count` differ."""

    codes: Tensor
    count: int

    def sums(self, values: Tensor) -> Tensor:
        """Return sums by level, (n_networks, n_levels), of (n_networks, n_obs)."""
        index = self.codes.expand(values.shape[0], -1)
        return values.new_zeros(values.shape[0], self.count).scatter_add_(1, index, values)

    def of_rows(self, values: Tensor) -> Tensor:
        """Return the value of each row's level, (n_networks, n_obs), from (n_networks, n_levels)."""
        return values.index_select(1, self.codes)


@dataclass(frozen=True)
class Levels:
    """The levels of one key or two; in arrays those of the second stand behind those of the first."""

    keys: tuple[KeyLevels, ...]

    @property
    def count(self) -> int:
        """Levels of all keys."""
        return sum(key.count for key in self.keys)

    @property
    def places(self) -> tuple[slice, ...]:
        """Where the levels of each key stand."""
        ends = np.cumsum([0, *(key.count for key in self.keys)]).tolist()
        return tuple(slice(first, last) for first, last in pairwise(ends))

    @property
    def many_and_few(self) -> tuple[int, int]:
        """The key of two that has more levels, and the other."""
        return (1, 0) if self.keys[0].count < self.keys[1].count else (0, 1)

    def sums(self, values: Tensor) -> Tensor:
        """Return sums by level, (n_networks, n_levels), of (n_networks, n_obs)."""
        return torch.cat([key.sums(values) for key in self.keys], dim=1)

    def of_rows(self, values: Tensor) -> Tensor:
        """Return the sums of the values of each row's levels, (n_networks, n_obs)."""
        each = [key.of_rows(values[:, at]) for key, at in zip(self.keys, self.places, strict=True)]
        return each[0] if len(each) == 1 else each[0] + each[1]

    def rows(self, some: Tensor | slice) -> Levels:
        """Return the same levels of these rows, or of rows in this order."""
        return Levels(tuple(KeyLevels(key.codes[some], key.count) for key in self.keys))


def make_levels(codes: tuple[Ints, ...]) -> Levels:
    """Return the levels of keys, (n_obs,) codes from 0 each."""
    return Levels(tuple(KeyLevels(torch.tensor(each), int(each.max()) + 1) for each in codes))


def row_order(codes: tuple[Ints, ...]) -> Ints:
    """Return the order of rows, (n_obs,), in which those of a level of the key with most are neighbours."""
    return np.argsort(max(codes, key=lambda each: int(each.max())), kind="stable")


@dataclass(frozen=True)
class BlockLevels:
    """The levels of the rows of a block: few of all where rows are sorted by the key that has most.

    Attributes
    ----------
    codes : (n_keys, n_rows); places of the rows' levels among all
    present : (n_present,); the places that occur
    among : (n_keys, n_rows); places of the rows' levels among these
    """

    codes: Tensor
    present: Tensor
    among: Tensor

    def add_sums(self, values: Tensor, *, out: Tensor) -> None:
        """Add the sums by level of values, (n_series, n_rows), to (n_levels, n_series) in float64.

        A product of matrices takes less time than adding up number by number.
        """
        is_of = values.new_zeros(len(self.present), values.shape[1]).scatter_(0, self.among, 1.0)
        out.index_add_(0, self.present, (is_of @ values.t()).to(out.dtype))

    def of_rows(self, values: Tensor) -> Tensor:
        """Return the sums of the values of each row's levels, (n_networks, n_rows)."""
        found = values.index_select(1, self.codes[0])
        for codes in self.codes[1:]:
            found += values.index_select(1, codes)
        return found


def cut_levels(levels: Levels, *, n_blocks: int, n_rows: int) -> tuple[BlockLevels, ...]:
    """Return the levels of the rows of each block; rows that fill the last count as the last row does."""
    rows = torch.arange(n_blocks * n_rows).clamp(max=len(levels.keys[0].codes) - 1)
    codes = torch.stack(
        [key.codes[rows] + at.start for key, at in zip(levels.keys, levels.places, strict=True)]
    )
    blocks = codes.view(len(levels.keys), n_blocks, n_rows).unbind(1)
    return tuple(BlockLevels(each, *torch.unique(each, return_inverse=True)) for each in blocks)
