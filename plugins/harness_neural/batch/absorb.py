"""Additive effects of levels, such as a constant an entity, taken out of the errors of a batch of networks.

For given networks the effects that minimise the weighted squared error are linear in the errors, so they
need no parameters of their own: the loss is that of errors with their effects taken out, and its gradient is
that of the plain loss at these errors (variable projection, Golub & Pereyra 1973). This is the within
transformation that Crane-Droesch (2017, "Semiparametric panel data models using neural networks") applies to
outcome and hidden layer, here for one key or two, unbalanced panels and any weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.plugin import Floats, Ints
from harness_neural.batch.levels import Levels, make_levels

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
        effects are taken out
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
    sums : (n_networks, n_levels of the key); of what is left of errors, weighted by selection
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
