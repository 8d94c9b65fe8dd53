"""Levels of the rows of a panel by one key or two, and their additive effects, such as a constant an entity.

For given networks the effects that minimise the weighted squared error are linear in the errors, so they
need no parameters of their own: the loss is that of errors without their effects, and its gradient is
that of the plain loss at these errors (variable projection, Golub & Pereyra 1973). This is the within
transformation that Crane-Droesch (2017, "Semiparametric panel data models using neural networks") applies to
outcome and hidden layer, here for one key or two, unbalanced panels and any weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Floats, Ints


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

    @cached_property
    def places(self) -> tuple[slice, ...]:
        """Where the levels of each key stand."""
        ends = np.cumsum([0, *(key.count for key in self.keys)]).tolist()
        return tuple(slice(first, last) for first, last in pairwise(ends))

    @cached_property
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


# Bounds the tables of weights by pairs of levels that are held in memory.
SOLVED_AT_A_TIME = 128


@dataclass(frozen=True)
class LevelWeights:
    """What effects need to know of the weights of rows, one row a network.

    Attributes
    ----------
    totals : (n_networks, n_levels); training weight of each level
    per_total : (n_networks, n_levels); one over it, zero where it is
    aside : (n_networks, n_levels); selection weight of the levels that have no training weight, and zero
    shares : (n_networks, n_many, n_few); shares of the levels of the key that has fewer in the training
        weight of each level of the other; empty with one key
    inverse : (n_networks, n_few, n_few); of the normal equations of the key that has fewer, once the other's
        effects are absorbed
    """

    totals: Tensor
    per_total: Tensor
    aside: Tensor
    shares: Tensor
    inverse: Tensor


def weigh_levels(levels: Levels, weights: Tensor, selection: Tensor) -> LevelWeights:
    """Return the weights of levels, of rows that count as `weights` and `selection`, (n_networks, n_obs).

    Notes
    -----
    With two keys the normal equations are reduced to the key with fewer levels; where effects are not
    identified, as between parts of a panel that share no level, they are the ones of least size.
    """
    totals = levels.sums(weights)
    per_total = torch.where(totals > 0.0, totals.reciprocal(), 0.0)
    aside = torch.where(totals > 0.0, 0.0, levels.sums(selection))
    if len(levels.keys) == 1:
        nothing = weights.new_zeros(weights.shape[0], 0, 0)
        return LevelWeights(totals, per_total, aside, nothing, nothing)
    many, few = (levels.keys[at] for at in levels.many_and_few)
    of_many, of_few = (levels.places[at] for at in levels.many_and_few)
    index = (many.codes * few.count + few.codes).expand(weights.shape[0], -1)
    both = weights.new_zeros(weights.shape[0], many.count * few.count).scatter_add_(1, index, weights)
    both = both.view(weights.shape[0], many.count, few.count)
    shares = both * per_total[:, of_many].unsqueeze(2)
    reduced = torch.diag_embed(totals[:, of_few]) - both.transpose(1, 2) @ shares
    inverse = torch.linalg.pinv(reduced, rtol=1e-10, hermitian=True)
    return LevelWeights(totals, per_total, aside, shares, inverse)


def table_bytes(levels: Levels, *, n_units: int) -> int:
    """Return the memory that weights of levels, and sums and effects of units, take for each network."""
    numbers = (4 + 4 * n_units) * levels.count
    if len(levels.keys) == 2:
        many, few = (levels.keys[at].count for at in levels.many_and_few)
        numbers += 2 * many * few + few**2
    return numbers * torch.float64.itemsize


def solve_effects(levels: Levels, sums: Tensor, known: LevelWeights) -> Tensor:
    """Return the effects that minimise weighted squared errors, (n_networks, n_levels, n_columns).

    Parameters
    ----------
    sums : (n_networks, n_levels, n_columns); of weighted errors by level
    """
    found = sums * known.per_total.unsqueeze(2)
    if len(levels.keys) == 1:
        return found
    many, few = (levels.places[at] for at in levels.many_and_few)
    own = known.inverse @ (sums[:, few] - known.shares.transpose(1, 2) @ sums[:, many])
    found[:, few] = own
    found[:, many] -= known.shares @ own
    return found


def completed(levels: Levels, effects: Tensor, known: LevelWeights) -> Tensor:
    """Return effects, (n_networks, n_levels), in which a level without training weight has its key's mean."""
    keys = []
    for at in levels.places:
        own, totals = effects[:, at], known.totals[:, at]
        keys.append(torch.where(totals > 0.0, own, _mean(own, totals)))
    return torch.cat(keys, dim=1)


def effects_aside(levels: Levels, at: int, sums: Tensor, known: LevelWeights) -> Tensor:
    """Return the effects of those levels of a key that only selection rows have, zero for others.

    Parameters
    ----------
    sums : (n_networks, n_levels of the key); of residuals, weighted by selection
    """
    aside = known.aside[:, levels.places[at]]
    return torch.where(aside > 0.0, sums / aside, 0.0)


@dataclass(frozen=True)
class RowEffects:
    """Takes effects out of errors that are known row by row.

    Attributes
    ----------
    levels : of the rows
    weights, selection : (n_networks, n_obs); how often rows count, with one row the same for all errors
    known : the weights of their levels
    """

    levels: Levels
    weights: Tensor
    selection: Tensor
    known: LevelWeights

    def absorbed(self, errors: Tensor) -> Tensor:
        """Return what effects account for of each row's error, (n_networks, n_obs).

        A level that a network trains on has the effect of its training rows. A level that only selection
        rows have, such as an entity that a draw left out, has the effect that fits these best: networks
        cannot be told apart by a constant that none of them could have learned.
        """
        sums = self.levels.sums(errors * self.weights).unsqueeze(2)
        effects = completed(self.levels, solve_effects(self.levels, sums, self.known)[..., 0], self.known)
        found = self.levels.of_rows(effects)
        if not self.known.aside.any():
            return found
        for at, key in enumerate(self.levels.keys):
            left = key.sums((errors - found) * self.selection)
            found += key.of_rows(effects_aside(self.levels, at, left, self.known))
        return found


def make_row_effects(levels: Levels, weights: Tensor, selection: Tensor) -> RowEffects:
    """Return what takes effects out of errors on rows that count so, (n_networks, n_obs) each."""
    return RowEffects(levels, weights, selection, weigh_levels(levels, weights, selection))


@dataclass(frozen=True, eq=False)
class FittedEffects:
    """Effects that go with trained networks.

    Attributes
    ----------
    means : (n_networks,); of all effects together, over the training rows
    deviations : (n_networks, n_levels) a key; zero for a level that a network never trained on
    """

    means: Floats
    deviations: tuple[Floats, ...]


def fit_effects(codes: tuple[Ints, ...], residuals: Floats, *, weights: Floats) -> FittedEffects:
    """Return the effects that fit residuals best, (n_networks, n_obs), under weights of the same shape."""
    levels = make_levels(codes)
    means = np.zeros(residuals.shape[0])
    deviations = tuple(np.empty((residuals.shape[0], key.count)) for key in levels.keys)
    for first in range(0, residuals.shape[0], SOLVED_AT_A_TIME):
        some = slice(first, first + SOLVED_AT_A_TIME)
        errors, counts = (
            torch.from_numpy(np.ascontiguousarray(values[some], dtype=np.float64))
            for values in (residuals, weights)
        )
        known = weigh_levels(levels, counts, torch.zeros_like(counts))
        effects = solve_effects(levels, levels.sums(errors * counts).unsqueeze(2), known)[..., 0]
        for found, at in zip(deviations, levels.places, strict=True):
            own, totals = effects[:, at], known.totals[:, at]
            mean = _mean(own, totals)
            found[some] = torch.where(totals > 0.0, own - mean, 0.0).numpy()
            means[some] += mean[:, 0].numpy()
    return FittedEffects(means, deviations)


def _mean(effects: Tensor, totals: Tensor) -> Tensor:
    """Return the mean effect of a key over the training rows, (n_networks, 1)."""
    return (effects * totals).sum(dim=1, keepdim=True) / totals.sum(dim=1, keepdim=True)
