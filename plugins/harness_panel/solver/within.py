"""One weighted regression with absorbed effects, as arrays; and effects for many sets of weights at once.

Notation: W the weights of one draw, D the dummies of all levels, V the columns. The effects of V are
``(D'WD)^+ D'WV``; the residuals, ``V - D effects``, are the within transformation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np

from harness.plugin import Coded, EffectSet, EstimationError, Floats, Grouping, listed, marked

# Eigenvalues of the normal equations, between 0 and the number of groupings, that count as zero.
_NULL = 1e-11

# Size of the blocks of columns, or of rows, that effects are taken out of at once.
_BLOCK_BYTES = 2**22


# Levels beside those of the largest grouping that are solved for, at a cost of their cube.
MOST_SMALL_LEVELS = 4_000

# Pairs of levels that are held, 1 GB.
MOST_CELLS = 2**27


@dataclass(frozen=True, eq=False)
class Absorber:
    """Absorbs the effects of groupings of the same rows.

    The levels of the first are swept out by weighted means; what is left of the others is solved for as it
    stands, so nothing is iterated and unbalanced panels are as exact as balanced ones (Wansbeek & Kapteyn
    1989). Where groupings share what they explain, it goes to the first.

    Attributes
    ----------
    groupings : what is left of columns does not depend on their order, the cost does: it grows with the
        levels of the first times those of the others, and with the cube of those of the others. A single
        level is the constant of a pooled regression, and no grouping leaves columns as they are
    """

    groupings: tuple[Grouping, ...]

    @classmethod
    def of(cls, groupings: Sequence[Grouping]) -> Absorber:
        """Return what absorbs groupings of the same rows, that of the most levels first.

        Raises
        ------
        EstimationError
            Where solving for the levels would take too much time or memory.
        """
        absorber = cls(tuple(groupings))
        if absorber.n_small and (absorber.n_small > MOST_SMALL_LEVELS or absorber.n_cells > MOST_CELLS):
            levels = listed([str(grouping.n_levels) for grouping in groupings])
            what = Coded("{levels} fixed effects are too many to solve for at once", levels=levels)
            expected = Coded("up to {n} levels besides the largest set", n=MOST_SMALL_LEVELS)
            hint = marked("use feols, which iterates, or absorb fewer effects")
            raise EstimationError.at("effects", what, expected, hint)
        return absorber

    @classmethod
    def constant(cls, n_obs: int) -> Absorber:
        """Return what takes a constant out of rows."""
        return cls((Grouping.of(np.zeros(n_obs, dtype=np.int64)),))

    @property
    def sets(self) -> tuple[EffectSet, ...]:
        """Groupings whose levels have effects; a constant is none."""
        return tuple(grouping for grouping in self.groupings if isinstance(grouping, EffectSet))

    @property
    def n_cells(self) -> int:
        """Numbers that one set of weights takes, beside the rows."""
        return self.groupings[0].n_levels * max(1, self.n_small) if self.groupings else 0

    @property
    def n_small(self) -> int:
        """Levels of all groupings but the first."""
        return sum(grouping.n_levels for grouping in self.groupings[1:])

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where the levels of each further grouping are among those of all of them."""
        ends = np.cumsum([0, *(grouping.n_levels for grouping in self.groupings[1:])]).tolist()
        return tuple(slice(*pair) for pair in pairwise(ends))

    def weighed(self, weights: Floats) -> NormalEquations:
        """Return the normal equations of the effects under weights, (n_obs, n_draws), >= 0."""
        large, *small = self.groupings
        n_draws, n_small = weights.shape[1], self.n_small
        cells = np.empty((n_draws, large.n_levels, n_small))
        for block, grouping in zip(self.blocks, small, strict=True):
            for draw, table in enumerate(_cross_tables(large, grouping, weights)):
                cells[draw, :, block] = table
        totals = large.sums(weights).T
        matrix = -cells.transpose(0, 2, 1) @ divide(cells, totals[:, :, None])
        for first, second in combinations(range(len(small)), 2):
            for draw, table in enumerate(_cross_tables(small[first], small[second], weights)):
                matrix[draw, self.blocks[first], self.blocks[second]] += table
                matrix[draw, self.blocks[second], self.blocks[first]] += table.T
        small_totals, diagonal = cells.sum(axis=1), np.arange(n_small)
        matrix[:, diagonal, diagonal] += small_totals
        scale = np.sqrt(divide(np.ones_like(small_totals), small_totals))
        matrix *= scale[:, :, None] * scale[:, None, :]
        values, vectors = np.linalg.eigh(matrix)
        inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > _NULL)
        return NormalEquations(self, cells, totals, inverse, scale[:, :, None] * vectors)

    def rank(self, weights: Floats) -> int:
        """Return the number of independent effects of the rows that have weight, (n_obs,)."""
        if not self.groupings:
            return 0
        equations = self.weighed((weights > 0).astype(np.float64)[:, None])
        return int(np.count_nonzero(equations.totals) + np.count_nonzero(equations.inverse))

    def leverage(self, weights: Floats) -> Floats:
        """Return the diagonal of the projection on the dummies under weights, (n_obs,), in [0, 1]."""
        leverage = np.zeros(weights.size)
        if not self.groupings:
            return leverage
        equations = self.weighed(weights[:, None])
        inverse = equations.solve(np.eye(self.n_small)[None])[0]
        height = max(1, _BLOCK_BYTES // (8 * max(1, self.n_small)))
        for rows in np.split(np.arange(weights.size), range(height, weights.size, height)):
            large = self.groupings[0].codes[rows]
            totals = equations.totals[0, large]
            swept = -equations.cells[0, large] / totals[:, None]
            for grouping, block in zip(self.groupings[1:], self.blocks, strict=True):
                swept[np.arange(rows.size), block.start + grouping.codes[rows]] += 1.0
            leverage[rows] = weights[rows] * (1.0 / totals + np.sum(swept @ inverse * swept, axis=1))
        return leverage


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """The normal equations of effects, of which the levels of the first grouping are swept out.

    Attributes
    ----------
    absorber : whose effects they are of
    cells : (n_draws, n_large, n_small), weight of each level of the first grouping with each of the others
    totals : (n_draws, n_large), weight of each level of the first grouping
    inverse : (n_draws, n_small), of the eigenvalues of the reduced matrix whose rows and columns are over the
        roots of the levels' weights, of two groupings the normalised Laplacian of a graph; zero of null ones
    vectors : (n_draws, n_small, n_small), its eigenvectors over these roots; zero for levels without weight
    """

    absorber: Absorber
    cells: Floats
    totals: Floats
    inverse: Floats
    vectors: Floats

    def solve(self, right: Floats) -> Floats:
        """Return a solution, (n_draws, n_small, n), of the reduced system: the one of least weighted norm."""
        turned = self.vectors.transpose(0, 2, 1) @ right
        return np.asarray(self.vectors @ (self.inverse[:, :, None] * turned))

    def effects(self, sums: Sequence[Floats]) -> tuple[Floats, ...]:
        """Return the effects, (n_levels, n_draws, n_columns) each; zero at levels without weight.

        Parameters
        ----------
        sums : (n_levels, n_draws, n_columns) each, weighted sums of columns over each level, in the order of
            the absorber's groupings
        """
        totals, first = self.totals[:, :, None], sums[0].transpose(1, 0, 2)
        others = np.concatenate([sums[0][:0], *sums[1:]]).transpose(1, 0, 2)
        small = self.solve(others - self.cells.transpose(0, 2, 1) @ divide(first, totals))
        large = divide(first - self.cells @ small, totals)
        parts = (large, *(small[:, block] for block in self.absorber.blocks))
        return tuple(part.transpose(1, 0, 2) for part in parts)

    def partial_out(self, columns: Floats, weights: Floats) -> tuple[Floats, ...]:
        """Partial effects out of columns, (n_obs, n_draws, n_columns), in place, and return the effects.

        Projecting twice leaves effects of rounding size only, whatever the size of those taken out first
        (Giraud, Langou, Rozloznik & van den Eshof 2005, "twice is enough").

        Parameters
        ----------
        weights : (n_obs, n_draws), those of the equations

        Returns
        -------
        (n_levels, n_draws, n_columns) each, in the order of the absorber's groupings.
        """
        groupings, shape = self.absorber.groupings, columns.shape[1:]
        effects = tuple(np.zeros((grouping.n_levels, *shape)) for grouping in groupings)
        for _ in range(2):
            weighted = weights[:, :, None] * columns
            step = self.effects([grouping.sums(weighted) for grouping in groupings])
            for total, more, grouping in zip(effects, step, groupings, strict=True):
                total += more
                columns -= more[grouping.codes]
        return effects


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, and zero where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _cross_tables(first: Grouping, second: Grouping, weights: Floats) -> Iterator[Floats]:
    """Yield weights of pairs of levels, (n_first, n_second), for each draw of weights, (n_obs, n_draws)."""
    pairs, shape = first.codes * second.n_levels + second.codes, (first.n_levels, second.n_levels)
    for own in weights.T:
        cells = np.bincount(pairs, weights=own, minlength=shape[0] * shape[1])
        yield cells.astype(np.float64, copy=False).reshape(shape)


def absorb_in_place(absorber: Absorber, columns: Floats, weights: Floats) -> tuple[Floats, ...]:
    """Partial effects out of columns, (n_obs, n_columns), under weights, (n_obs,) >= 0, in place.

    Returns
    -------
    The effects, (n_levels, n_columns) each, in the order of the absorber's groupings.
    """
    if not absorber.groupings:
        return ()
    n_obs, n_columns = columns.shape
    equations, width = absorber.weighed(weights[:, None]), max(1, _BLOCK_BYTES // (8 * n_obs))
    blocks = [columns[:, None, start : start + width] for start in range(0, n_columns, width)]
    taken = [equations.partial_out(block, weights[:, None]) for block in blocks]
    return tuple(
        np.concatenate([effects[:, 0] for effects in parts], axis=1) for parts in zip(*taken, strict=True)
    )


def without_effects(absorber: Absorber, values: Floats, weights: Floats) -> Floats:
    """Return columns, (n_obs, n_columns), without their effects under weights, (n_obs,)."""
    columns = values.copy()
    absorb_in_place(absorber, columns, weights)
    return columns


@dataclass(frozen=True, eq=False)
class Dependence:
    """A column that is a linear combination of columns before it.

    Attributes
    ----------
    column : position of the dependent column
    on : positions of the columns it takes
    coefficients : units of the column per unit of each of `on`
    """

    column: int
    on: tuple[int, ...]
    coefficients: tuple[float, ...]

    def of(self, column: int) -> Dependence:
        """Return the same combination, solved for one of its columns."""
        if column == self.column:
            return self
        shares = dict(zip(self.on, self.coefficients, strict=True))
        own = shares.pop(column)
        rest = tuple(-share / own for share in shares.values())
        return Dependence(column, (*shares, self.column), (*rest, 1.0 / own))


def orthonormalise(
    columns: Floats, candidates: Sequence[int], *, lengths: Floats, rounding: Floats
) -> tuple[list[int], Floats, tuple[Dependence, ...]]:
    """Orthogonalise columns by classical Gram-Schmidt, each twice, overwriting them.

    Twice is enough: the basis is orthogonal to rounding as long as columns are independent to rounding
    (Giraud, Langou, Rozloznik & van den Eshof 2005), and the solution as accurate as that of Householder
    QR. An earlier column is never dropped for a later one.

    Parameters
    ----------
    columns : (n_obs, n_columns), in Fortran order; the basis is put in its first columns
    candidates : positions, ascending, of columns that are longer than rounding
    lengths : (n_columns,)
    rounding : (n_columns,), what is shorter than this once the span of earlier columns is taken out is
        dependent on them

    Returns
    -------
    The positions of the columns that are independent of those before them; the upper triangle,
    (n_kept, n_kept), by which the basis makes these columns, scaled to unit length; and the other columns.
    """
    kept: list[int] = []
    dependent: list[Dependence] = []
    triangle = np.zeros((len(candidates), len(candidates)))
    for at in candidates:
        size = len(kept)
        shares, residual = split(columns[:, :size], columns[:, at] / lengths[at])
        length = float(np.linalg.norm(residual))
        if length <= rounding[at] / lengths[at]:
            scaled = np.linalg.solve(triangle[:size, :size], shares)
            dependent.append(_dependence(at, kept, scaled * lengths[at], lengths))
            continue
        columns[:, size] = residual / length
        triangle[:size, size], triangle[size, size] = shares, length
        kept.append(at)
    return kept, triangle[: len(kept), : len(kept)], tuple(dependent)


def split(basis: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return a target's coordinates in a basis, (n_kept,), and its residuals, (n_obs,)."""
    coordinates = basis.T @ target
    residual = target - basis @ coordinates
    rest = basis.T @ residual
    return coordinates + rest, residual - basis @ rest


def _dependence(column: int, kept: Sequence[int], shares: Floats, lengths: Floats) -> Dependence:
    """Return the combination that makes a column, without its rounding errors."""
    counts = np.abs(shares) > 1e-8 * np.abs(shares).max()
    on = np.array(kept)[counts]
    return Dependence(column, tuple(on.tolist()), tuple((shares[counts] / lengths[on]).tolist()))


# What is shorter than this share of a column's size is rounding: its own, and that of what was taken out.
ROUNDING = 64.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class WithinFit:
    """A regression of an outcome on columns and effects.

    The fitted value of a row is ``intercept + (x - centre) @ slopes`` plus the effects of its levels.

    Attributes
    ----------
    kept : positions of the columns with a coefficient of their own
    constant, absorbed : positions of the columns that do not vary, and of those that the effects determine
    dependent : columns that kept columns before them determine, together with the effects
    is_outcome_constant, is_outcome_absorbed : whether nothing of the outcome is left to explain, and why
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    intercept : weighted mean of the outcome; zero where nothing is absorbed
    slopes : (n_columns,), zero for dropped columns
    taken : (n_levels, n_columns + 1) each, one a grouping, effects of the columns and, last, of the outcome
    basis : (n_obs, n_kept), orthonormal: kept columns without effects, times the roots of the weights
    to_slopes : (n_columns, n_kept), takes coordinates in the basis to slopes
    residuals : (n_obs,), times the roots of the weights
    condition : >= 1, condition number of the kept columns, without effects and scaled to unit length
    """

    kept: list[int]
    constant: list[int]
    absorbed: list[int]
    dependent: tuple[Dependence, ...]
    is_outcome_constant: bool
    is_outcome_absorbed: bool
    centre: Floats
    intercept: float
    slopes: Floats
    taken: tuple[Floats, ...]
    basis: Floats
    to_slopes: Floats
    residuals: Floats
    condition: float

    def level_at(self, columns: Floats) -> float:
        """Return the fitted value at columns, (n_columns,), of a fit on a constant or on none."""
        return float(self.intercept + (columns - self.centre) @ self.slopes)

    def effects(self, slopes: Floats) -> list[Floats]:
        """Return the effects by grouping, (n_draws, n_levels), that go with slopes, (n_draws, n_columns)."""
        return [levels[:, -1] - slopes @ levels[:, :-1].T for levels in self.taken]


def fit_within(
    regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber, *, largest: Floats | None = None
) -> WithinFit:
    """Regress an outcome, (n_obs,), on columns, (n_obs, n_columns), and the absorber's effects.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
        Rows of weight zero are as good as absent.
    absorber : one that absorbs nothing leaves means where they are
    largest : (n_columns + 1,), largest size of what columns and outcome were computed from, where that may be
        more than their own; what is left of them has its rounding

    Notes
    -----
    Frisch-Waugh-Lovell: effects are taken out of all columns first. Columns are centred before and scaled to
    unit length after, so neither their level nor their unit costs digits; where nothing is absorbed they
    stay where they are. Columns that cannot be told apart are dropped in reverse order of priority. One copy
    of the columns is made, and what happens to them happens in it, column by column.
    """
    columns = np.empty((outcome.size, regressors.shape[1] + 1), order="F")
    columns[:, :-1], columns[:, -1] = regressors, outcome
    sizes = np.array([np.abs(column[weights > 0]).max() for column in columns.T])
    sizes = sizes if largest is None else np.maximum(sizes, largest)
    rounding = ROUNDING * (np.sqrt(weights.sum()) * sizes)
    centre = _centre(columns, weights) if absorber.groupings else np.zeros(columns.shape[1])
    is_constant = np.array([np.linalg.norm(np.sqrt(weights) * column) for column in columns.T]) <= rounding
    taken = absorb_in_place(absorber, columns, weights)
    columns *= np.sqrt(weights)[:, None]
    lengths = np.array([np.linalg.norm(column) for column in columns.T])
    is_absorbed = ~is_constant & (lengths <= rounding)
    target, varying = columns[:, -1].copy(), np.flatnonzero(~(is_constant | is_absorbed)[:-1])
    kept, triangle, dependent = orthonormalise(columns, varying.tolist(), lengths=lengths, rounding=rounding)
    basis = columns[:, : len(kept)]
    coordinates, residuals = split(basis, target)
    to_slopes = np.zeros((regressors.shape[1], len(kept)))
    to_slopes[kept] = np.linalg.inv(triangle) / lengths[kept][:, None]
    return WithinFit(
        kept=kept,
        constant=np.flatnonzero(is_constant[:-1]).tolist(),
        absorbed=np.flatnonzero(is_absorbed[:-1]).tolist(),
        dependent=dependent,
        is_outcome_constant=bool(is_constant[-1]),
        is_outcome_absorbed=bool(is_absorbed[-1]),
        centre=centre[:-1],
        intercept=float(centre[-1]),
        slopes=to_slopes @ coordinates,
        taken=taken,
        basis=basis,
        to_slopes=to_slopes,
        residuals=residuals,
        condition=float(np.linalg.cond(triangle)) if kept else 1.0,
    )


def _centre(columns: Floats, weights: Floats) -> Floats:
    """Take weighted means out of columns, in place, and return them."""
    total = weights.sum()
    centre = np.empty(columns.shape[1])
    for at, column in enumerate(columns.T):
        middle = weights @ column / total
        column -= middle
        # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
        rest = weights @ column / total
        column -= rest
        centre[at] = middle + rest
    return centre
