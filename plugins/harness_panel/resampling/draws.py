"""A batch of weighted regressions with absorbed effects, all draws at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness import EffectKey, EstimationError, Floats, Panel, Problem
from harness_panel.resampling.absorb import Absorber, Solver
from harness_panel.resampling.levels import LevelModels, RawEffects, knowing_left_out_levels
from harness_panel.resampling.regression import regress
from harness_panel.resampling.within_fit import WithinFit, fit_within

_CHUNK_BYTES = 2**23
"""Size of the largest array of a chunk of draws; what fits a processor's cache is fastest."""

_SUSPECT = 1e-8
"""A draw whose cross product has an eigenvalue below this share of the largest is solved on its own."""


def regress_draws(
    panel: Panel, effects: tuple[EffectKey, ...], weights: Floats, *, row_weights: Floats
) -> LevelModels:
    """Regress once a draw; levels that a draw left out are those of all their rows, given its slopes.

    Parameters
    ----------
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time

    Raises
    ------
    EstimationError
        Where the rows that any draw uses cannot tell the exposure's effect, or a draw uses none.
    """
    if not weights.any(axis=1).all():
        raise EstimationError(Problem("draws", "a draw has no row of positive weight", hint="draw again"))
    used = np.flatnonzero(weights.any(axis=0))
    rows = panel.take(used)
    regression = regress(rows, effects, weights=row_weights[used])
    fits = fit_draws(
        rows.X,
        rows.observed,
        weights[:, used],
        row_weights=regression.weights,
        absorber=regression.absorber,
        base=regression.within,
    )
    return knowing_left_out_levels(
        regression.models(fits.slopes, fits.effects),
        panel,
        np.broadcast_to(panel.observed, weights.shape),
        weights=weights,
        row_weights=row_weights,
    )


@dataclass(frozen=True, eq=False)
class DrawFits:
    """Weighted regressions, one a draw.

    Attributes
    ----------
    slopes : (n_draws, n_columns), zero for columns that a draw cannot tell apart
    effects : one for each grouping
    """

    slopes: Floats
    effects: tuple[RawEffects, ...]


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Draws that are solved together; `is_suspect`, (n_draws,), says which have no reliable solution."""

    slopes: Floats
    effects: tuple[Floats, ...]
    totals: tuple[Floats, ...]
    is_suspect: npt.NDArray[np.bool_]


def fit_draws(
    regressors: Floats,
    outcome: Floats,
    counts: Floats,
    *,
    row_weights: Floats,
    absorber: Absorber,
    base: WithinFit,
) -> DrawFits:
    """Regress once a draw.

    Parameters
    ----------
    regressors : (n_obs, n_columns)
    outcome : (n_obs,)
    counts : (n_draws, n_obs), >= 0, how often a row was drawn; no draw of zeros
    row_weights : (n_obs,), > 0, how much a row counts each time
    base : the fit with `row_weights`

    Notes
    -----
    Each draw solves for its difference from `base` in the orthonormal basis of `base`, where its normal
    equations are close to the identity: forming them costs no digits, and all draws share the matrix
    products. A draw in which columns can hardly be told apart is solved by `fit_within`.
    """
    chunks = [
        _solve_chunk(counts[rows].T, row_weights, absorber, base)
        for rows in _chunks(counts.shape[0], _bytes_per_draw(absorber, base))
    ]
    slopes = np.concatenate([chunk.slopes for chunk in chunks])
    effects = [np.concatenate(parts) for parts in zip(*(chunk.effects for chunk in chunks), strict=True)]
    totals = [np.concatenate(parts) for parts in zip(*(chunk.totals for chunk in chunks), strict=True)]
    is_suspect = np.concatenate([chunk.is_suspect for chunk in chunks])
    for draw in np.flatnonzero(is_suspect):
        alone = fit_within(regressors, outcome, counts[draw] * row_weights, absorber)
        slopes[draw] = alone.slopes
        shift = alone.intercept - base.intercept - (alone.centre - base.centre) @ alone.slopes
        for values, own in zip(effects, alone.effects, strict=True):
            values[draw] = own
        effects[0][draw] += shift
    return DrawFits(slopes, tuple(RawEffects(*pair) for pair in zip(effects, totals, strict=True)))


def _solve_chunk(counts: Floats, row_weights: Floats, absorber: Absorber, base: WithinFit) -> _Chunk:
    """Solve for the draws of counts, (n_obs, n_draws)."""
    columns = np.column_stack([base.basis, base.residuals]) / np.sqrt(row_weights)[:, None]
    weights = counts * row_weights[:, None]
    weighted = weights[:, :, None] * columns[:, None, :]
    project = absorber.solver(weights)
    projection = project(weighted)
    cross = np.tensordot(columns, weighted, axes=(0, 0)).transpose(1, 0, 2) - projection.explained()
    values, vectors = np.linalg.eigh(cross[:, :-1, :-1])
    is_suspect = values[:, 0] <= _SUSPECT * np.maximum(values[:, -1], counts.mean(axis=0))
    inverse = 1.0 / np.where(is_suspect[:, None], 1.0, values)
    right = vectors.transpose(0, 2, 1) @ cross[:, :-1, -1:]
    change = (vectors @ (inverse[:, :, None] * right))[:, :, 0]
    effects = tuple(
        before + own[:, :, -1].T - np.einsum("lbk,bk->bl", own[:, :, :-1], change) - change @ taken.T
        for before, own, taken in zip(base.effects, projection.effects, base.column_effects, strict=True)
    )
    if len(effects) > 1:
        effects = _divided(effects, absorber, project, weights)
    totals = tuple(grouping.sums(weights).T for grouping in absorber.groupings)
    return _Chunk(base.slopes + change @ base.to_slopes.T, effects, totals, is_suspect)


def _divided(
    effects: tuple[Floats, ...], absorber: Absorber, project: Solver, weights: Floats
) -> tuple[Floats, ...]:
    """Divide the same sums of effects, (n_draws, n_levels) each, between groupings as a fit of the draw does.

    The rows of a draw may fall apart into groups that share no level, and then the groups' levels cannot be
    told from their effects.
    """
    pairs = zip(effects, absorber.groupings, strict=True)
    together = np.sum([values.T[grouping.codes] for values, grouping in pairs], axis=0)
    parts = project((weights * together)[:, :, None]).effects
    return tuple(levels[:, :, 0].T for levels in parts)


def _bytes_per_draw(absorber: Absorber, base: WithinFit) -> int:
    return 8 * max(base.basis.size + base.residuals.size, absorber.n_cells)


def _chunks(n_draws: int, bytes_per_draw: int) -> Iterator[slice]:
    size = max(1, _CHUNK_BYTES // bytes_per_draw)
    return (slice(start, start + size) for start in range(0, n_draws, size))
