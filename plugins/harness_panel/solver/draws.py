"""A batch of weighted regressions with absorbed effects, all draws at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness import plugin
from harness.plugin import AbsorbingModels, EffectKey, Floats, Grouping, Ints, Panel, marked, stacked
from harness_panel.solver.regression import Regression, regress
from harness_panel.solver.within import NormalEquations, fit_within

# Sums of columns over the levels of each entity's rows that are held, 256 MB.
MOST_SUMS = 2**25


@dataclass(frozen=True, eq=False)
class EntitySums:
    """Sums of products, and of columns over the levels of some groupings, entity by entity.

    Attributes
    ----------
    first : (n_entities,), a row of each
    pairs : positions of the columns that are multiplied, (n_pairs,) each, the first up to the second
    products : (n_pairs, n_entities)
    levels : by grouping, (n_entities, n_levels, n_columns); of a grouping by entities its own level alone,
        (n_entities, n_columns)
    """

    first: Ints
    pairs: tuple[Ints, Ints]
    products: Floats
    levels: tuple[Floats, ...]

    @classmethod
    def of(
        cls, entities: Grouping, columns: Floats, weights: Floats, groupings: Sequence[Grouping]
    ) -> EntitySums | None:
        """Return the sums of columns, (n_obs, n_columns); None where they would be too many.

        Parameters
        ----------
        weights : (n_obs,), > 0, how much a row counts
        groupings : of the same rows
        """
        n_entities, width = entities.n_levels, columns.shape[1]
        others = [grouping for grouping in groupings if not np.array_equal(grouping.codes, entities.codes)]
        if sum(grouping.n_levels for grouping in others) * n_entities * width > MOST_SUMS:
            return None
        by_column = np.ascontiguousarray(columns.T)
        weighted = by_column * weights
        pairs = np.triu_indices(width)
        products = np.empty((pairs[0].size, n_entities))
        for at, (one, other) in enumerate(zip(*pairs, strict=True)):
            products[at] = entities.sums(weighted[one] * by_column[other])
        levels = tuple(_sums(entities, weighted, grouping) for grouping in groupings)
        return cls(np.unique(entities.codes, return_index=True)[1], pairs, products, levels)

    def cross(self, counts: Floats) -> Floats:
        """Return sums of products, (n_draws, n_columns, n_columns).

        Parameters
        ----------
        counts : (n_draws, n_entities), how often each is drawn
        """
        sums, width = counts @ self.products.T, int(self.pairs[0].max()) + 1
        cross = np.empty((len(counts), width, width))
        first, second = self.pairs
        cross[:, first, second] = sums
        cross[:, second, first] = sums
        return cross

    def by_level(self, counts: Floats) -> tuple[Floats, ...]:
        """Return sums of columns over the levels of each grouping, (n_levels, n_draws, n_columns)."""
        return tuple(
            counts.T[:, :, None] * sums[:, None, :]
            if sums.ndim == 2
            else np.tensordot(counts, sums, axes=1).transpose(1, 0, 2)
            for sums in self.levels
        )


def _sums(entities: Grouping, weighted: Floats, grouping: Grouping) -> Floats:
    """Return sums of columns, (n_columns, n_obs), over the rows of each entity and level."""
    if np.array_equal(grouping.codes, entities.codes):
        return np.stack([entities.sums(column) for column in weighted], axis=1)
    n_cells = entities.n_levels * grouping.n_levels
    cells = entities.codes * grouping.n_levels + grouping.codes
    sums: Floats = np.empty((n_cells, len(weighted)))
    for at, column in enumerate(weighted):
        sums[:, at] = np.bincount(cells, column, n_cells)
    return sums.reshape(entities.n_levels, grouping.n_levels, len(weighted))


# Size of the largest array of a chunk of draws; what fits a processor's cache is fastest.
_CHUNK_BYTES = 2**23

# A draw whose cross product has an eigenvalue below this share of the largest is solved on its own.
_SUSPECT = 1e-8


def refuse_empty_draws(weights: Floats) -> None:
    """Refuse weights, (n_draws, n_obs), of which a draw is all zero.

    Raises
    ------
    EstimationError
        Where there is such a draw.
    """
    if not weights.any(axis=1).all():
        what, hint = marked("a draw has no row of positive weight"), marked("draw again")
        raise plugin.EstimationError.at("draws", what, hint=hint)


def regress_draws(
    panel: Panel, effects: tuple[EffectKey, ...], weights: Floats, *, row_weights: Floats
) -> AbsorbingModels:
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
    refuse_empty_draws(weights)
    is_used = weights.any(axis=0)
    rows, counts, own = panel, weights, row_weights
    if not is_used.all():
        rows, counts, own = panel.take(np.flatnonzero(is_used)), weights[:, is_used], row_weights[is_used]
    regression = regress(rows, effects, weights=own)
    chunks = list(_chunks(regression, len(counts)))
    sums = _entity_sums(regression, counts) if len(chunks) > 1 else None
    models = [_solve(regression, counts[draws], sums) for draws in chunks]
    return stacked(models).knowing_omitted(panel, panel.observed, weights=weights, row_weights=row_weights)


def _entity_sums(regression: Regression, counts: Floats) -> EntitySums | None:
    """Return what draws of whole entities are sums of; None where rows of an entity are drawn apart."""
    entities = Grouping.of(regression.panel.entity.codes)
    first = np.unique(entities.codes, return_index=True)[1]
    if not all(np.array_equal(draw[first][entities.codes], draw) for draw in counts):
        return None
    columns, groupings = _columns(regression), regression.absorber.groupings
    return EntitySums.of(entities, columns, regression.weights, groupings)


def _columns(regression: Regression) -> Floats:
    """Return the basis and the residuals of a regression, (n_obs, n_kept + 1), without roots of weights."""
    base = regression.within
    return np.column_stack([base.basis, base.residuals]) / np.sqrt(regression.weights)[:, None]


def _solve(regression: Regression, draws: Floats, sums: EntitySums | None) -> AbsorbingModels:
    """Solve for the draws of counts, (n_draws, n_obs).

    Each draw solves for its difference from the regression in its orthonormal basis, where normal equations
    are close to the identity: forming them costs no digits, and all draws share the matrix products. A draw
    in which columns can hardly be told apart is solved by `fit_within`.

    Parameters
    ----------
    sums : of the entities, where rows of each are drawn together; None looks at every row again
    """
    base, panel, absorber = regression.within, regression.panel, regression.absorber
    weights = draws.T * regression.weights[:, None]
    if sums is None:
        columns = _columns(regression)
        weighted = weights[:, :, None] * columns[:, None, :]
        cross = np.tensordot(columns, weighted, axes=(0, 0)).transpose(1, 0, 2)
        by_level = [grouping.sums(weighted) for grouping in absorber.groupings]
    else:
        counts = draws[:, sums.first]
        cross, by_level = sums.cross(counts), list(sums.by_level(counts))
    equations = absorber.weighed(weights)
    found = equations.effects(by_level)
    for own, effects in zip(by_level, found, strict=True):
        cross = cross - own.transpose(1, 2, 0) @ effects.transpose(1, 0, 2)
    values, vectors = np.linalg.eigh(cross[:, :-1, :-1])
    is_suspect = values[:, 0] <= _SUSPECT * np.maximum(values[:, -1], draws.mean(axis=1))
    inverse = 1.0 / np.where(is_suspect[:, None], 1.0, values)
    right = vectors.transpose(0, 2, 1) @ cross[:, :-1, -1:]
    change = (vectors @ (inverse[:, :, None] * right))[:, :, 0]
    for draw in np.flatnonzero(is_suspect):
        moved = fit_within(panel.X, panel.observed, weights[:, draw], absorber).slopes - base.slopes
        change[draw] = np.linalg.solve(base.to_slopes[base.kept], moved[base.kept])
    slopes = base.slopes + change @ base.to_slopes.T
    further = (own[:, :, -1].T - np.einsum("lbk,bk->bl", own[:, :, :-1], change) for own in found)
    levels = [effects + more for effects, more in zip(base.effects(slopes), further, strict=True)]
    if len(levels) > 1:
        levels = _divided(levels, equations, weights)
    return regression.models(slopes, weights, levels)


def _divided(effects: list[Floats], equations: NormalEquations, weights: Floats) -> list[Floats]:
    """Divide the same sums of effects, (n_draws, n_levels) each, between groupings as a fit of the draw does.

    The rows of a draw may fall apart into groups that share no level, and then the groups' levels cannot be
    told from their effects.
    """
    groupings = equations.absorber.groupings
    pairs = zip(effects, groupings, strict=True)
    together = np.sum([values.T[grouping.codes] for values, grouping in pairs], axis=0)
    weighted = (weights * together)[:, :, None]
    parts = equations.effects([grouping.sums(weighted) for grouping in groupings])
    return [levels[:, :, 0].T for levels in parts]


def _chunks(regression: Regression, n_draws: int) -> Iterator[slice]:
    numbers = max(regression.within.basis.size + regression.n_obs, regression.absorber.n_cells)
    size = max(1, _CHUNK_BYTES // (8 * numbers))
    return (slice(start, start + size) for start in range(0, n_draws, size))
