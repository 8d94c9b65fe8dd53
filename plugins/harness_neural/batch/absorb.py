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

from harness import Floats, Ints

# Bounds the tables of weights by pairs of levels that are held in memory.
SOLVED_AT_A_TIME = 128


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


def make_levels(codes: Ints) -> KeyLevels:
    """Return the levels of a key, (n_obs,) codes from 0."""
    return KeyLevels(torch.tensor(codes), int(codes.max()) + 1)


@dataclass(frozen=True)
class EffectRows:
    """How often rows count for each network of a batch, (n_networks, n_obs) each."""

    weights: Tensor
    selection: Tensor


@dataclass(frozen=True)
class UncentredEffects:
    """Effects of one key before their mean is taken out.

    Attributes
    ----------
    values, totals : (n_networks, n_levels); effects, and the training weight of each level
    """

    values: Tensor
    totals: Tensor

    @property
    def means(self) -> Tensor:
        """Mean effect over the training rows, (n_networks, 1)."""
        return (self.values * self.totals).sum(dim=1, keepdim=True) / self.totals.sum(dim=1, keepdim=True)

    @property
    def deviations(self) -> Tensor:
        """Effects less their mean, (n_networks, n_levels); zero for a level of no training weight."""
        return torch.where(self.totals > 0.0, self.values - self.means, 0.0)


def _ratio(sums: Tensor, totals: Tensor) -> Tensor:
    """Return sums over totals, zero where the totals are."""
    return torch.where(totals > 0.0, sums / torch.where(totals > 0.0, totals, 1.0), 0.0)


def solve_effects(
    levels: tuple[KeyLevels, ...], errors: Tensor, weights: Tensor
) -> tuple[UncentredEffects, ...]:
    """Return the effects that minimise weighted squared errors, one record a key.

    Parameters
    ----------
    levels : of one key or two
    errors, weights : (n_networks, n_obs)

    Notes
    -----
    With two keys the normal equations are reduced to the key with fewer levels; where effects are not
    identified, as between parts of a panel that share no level, they are the ones of least size.
    """
    weighted = errors * weights
    if len(levels) == 1:
        totals = levels[0].sums(weights)
        return (UncentredEffects(_ratio(levels[0].sums(weighted), totals), totals),)
    is_turned = levels[0].count < levels[1].count
    many, few = levels[::-1] if is_turned else levels
    totals, few_totals = many.sums(weights), few.sums(weights)
    cells = KeyLevels(many.codes * few.count + few.codes, many.count * few.count)
    both = cells.sums(weights).view(-1, many.count, few.count)
    share = _ratio(both, totals.unsqueeze(2).expand_as(both))
    reduced = torch.diag_embed(few_totals) - both.transpose(1, 2) @ share
    sums = many.sums(weighted)
    right = few.sums(weighted) - (sums.unsqueeze(1) @ share).squeeze(1)
    own = (torch.linalg.pinv(reduced, rtol=1e-10, hermitian=True) @ right.unsqueeze(2)).squeeze(2)
    rest = sums - (both @ own.unsqueeze(2)).squeeze(2)
    found = (UncentredEffects(_ratio(rest, totals), totals), UncentredEffects(own, few_totals))
    return found[::-1] if is_turned else found


def effects_of_rows(levels: tuple[KeyLevels, ...], errors: Tensor, rows: EffectRows) -> Tensor:
    """Return what effects account for of each row's error, (n_networks, n_obs).

    A level that a network trains on has the effect of its training rows. A level that only selection rows
    have, such as an entity that a draw left out, has the effect that fits these best: networks cannot be told
    apart by a constant that none of them could have learned.
    """
    raw = solve_effects(levels, errors, rows.weights)
    absorbed = torch.stack([effects.means for effects in raw]).sum(dim=0).expand_as(errors).clone()
    for key, effects in zip(levels, raw, strict=True):
        absorbed += key.of_rows(effects.deviations)
    for key, effects in zip(levels, raw, strict=True):
        counts = key.sums(rows.selection)
        own = _ratio(key.sums((errors - absorbed) * rows.selection), counts)
        absorbed += key.of_rows(torch.where(effects.totals > 0.0, 0.0, own))
    return absorbed


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


def fit_effects(levels: tuple[Ints, ...], residuals: Floats, *, weights: Floats) -> FittedEffects:
    """Return the effects that fit residuals best, (n_networks, n_obs), under weights of the same shape."""
    keys = tuple(make_levels(codes) for codes in levels)
    means = np.zeros(residuals.shape[0])
    deviations = tuple(np.empty((residuals.shape[0], key.count)) for key in keys)
    for first in range(0, residuals.shape[0], SOLVED_AT_A_TIME):
        some = slice(first, first + SOLVED_AT_A_TIME)
        errors, shares = (
            torch.from_numpy(np.ascontiguousarray(values[some], dtype=np.float64))
            for values in (residuals, weights)
        )
        for found, raw in zip(deviations, solve_effects(keys, errors, shares), strict=True):
            found[some] = raw.deviations.numpy()
            means[some] += raw.means[:, 0].numpy()
    return FittedEffects(means, deviations)
