"""From panels to the columns of additive splines, weighted ridge regressions of them, and their penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Coded, Floats, Inputs, Ints, Panel, make_inputs, marked
from harness_sklearn.selection import require_rows

if TYPE_CHECKING:
    from scipy.interpolate import BSpline


# Penalty of columns that have none: it decides between columns that a draw cannot tell apart, and is too
# small to move a prediction.
_FLOOR = 1e-10


@dataclass(frozen=True, eq=False)
class Moments:
    """What a ridge regression and its error need to know of the rows: weighted means, one set a draw.

    Attributes
    ----------
    cross : (n_draws, n_columns, n_columns), of products of columns
    right : (n_draws, n_columns), of products of columns and outcome
    square : (n_draws,), of the squared outcome
    """

    cross: Floats
    right: Floats
    square: Floats

    def take(self, draws: Ints) -> Moments:
        """Return the moments of these draws, (n_taken,) positions."""
        return Moments(self.cross[draws], self.right[draws], self.square[draws])

    def mean_squared_error(self, coefficients: Floats) -> Floats:
        """Return the error, (n_draws,), that coefficients, (n_draws, n_columns), make on these rows."""
        quadratic = np.einsum("dp,dpq,dq->d", coefficients, self.cross, coefficients, optimize=True)
        return np.asarray(self.square - 2.0 * np.sum(self.right * coefficients, axis=1) + quadratic)


def moments_of_outcomes(columns: Floats, outcomes: Floats) -> Moments:
    """Return the moments of rows that count alike, those of an outcome instead of a draw.

    Parameters
    ----------
    columns : (n_obs, n_columns)
    outcomes : (n_outcomes, n_obs)
    """
    shares = np.full((1, len(columns)), 1.0 / len(columns))
    scaled = columns * np.sqrt(shares.T)
    cross = scaled.T @ scaled
    return Moments(
        cross=np.broadcast_to(cross, (len(outcomes), *cross.shape)),
        right=np.concatenate([(shares * outcome) @ columns for outcome in outcomes]),
        square=np.concatenate([shares @ outcome**2 for outcome in outcomes]),
    )


def weighted_moments(columns: Floats, outcome: Floats, weights: Floats) -> Moments:
    """Return the moments of rows.

    Parameters
    ----------
    columns : (n_obs, n_columns)
    outcome : (n_obs,)
    weights : (n_draws, n_obs), >= 0; no row of zeros
    """
    shares = weights / weights.sum(axis=1, keepdims=True)
    return Moments(
        cross=np.stack(
            [scaled.T @ scaled for scaled in (columns * root[:, None] for root in np.sqrt(shares))]
        ),
        right=(shares * outcome) @ columns,
        square=shares @ outcome**2,
    )


def solve_ridge(moments: Moments, penalties: Floats, *, n_free: int) -> Floats:
    """Return the coefficients, (n_draws, n_columns), of least mean squared error plus penalty.

    Parameters
    ----------
    penalties : (n_draws, n_penalised), or (n_draws, 1) for one of all columns, > 0; of the squared
        coefficients of the columns after the first `n_free`
    """
    penalised = moments.cross.copy()
    diagonal = np.einsum("dpp->dp", penalised)
    diagonal[:, :n_free] += _FLOOR
    diagonal[:, n_free:] += penalties
    return np.asarray(np.linalg.solve(penalised, moments.right[:, :, None])[:, :, 0])


def errors_of_penalties(train: Moments, selection: Moments, penalties: Floats, *, n_free: int) -> Floats:
    """Return the error on selection rows of each penalty in each draw, (n_penalties, n_draws)."""
    n_draws = train.square.size
    solutions = (solve_ridge(train, np.full((n_draws, 1), penalty), n_free=n_free) for penalty in penalties)
    return np.stack([selection.mean_squared_error(solution) for solution in solutions])


# Rounds after which a search stops; 20 to 60 are usual.
MOST_ROUNDS = 200

# Change of every curve's effective degrees of freedom in a round below which a search is at its end.
SETTLED = 0.01


def reml_penalties(moments: Moments, n_rows: Floats, curve: Ints, *, lowest: float, highest: float) -> Floats:
    """Return penalties, (n_draws, n_curves), under which curves as random effects are most likely.

    Restricted maximum likelihood with the coefficients of a curve as draws of one variance; a penalty is the
    variance of the errors over that, per row. Found by the fixed point of Fellner and Schall (Wood and
    Fasiolo 2017), whose penalties are identity matrices here.

    Parameters
    ----------
    n_rows : (n_draws,), how many each draw trains on
    curve : (n_penalised,), 0 to n_curves - 1, whose the columns after the free ones are
    lowest, highest : limits of penalties, > 0
    """
    alone = [(moments.take(np.array([draw])), float(rows)) for draw, rows in enumerate(n_rows)]
    return np.stack(
        [shared_penalties(one, rows, curve, lowest=lowest, highest=highest) for one, rows in alone]
    )


def shared_penalties(
    moments: Moments, n_rows: float, curve: Ints, *, lowest: float, highest: float
) -> Floats:
    """Return penalties, (n_curves,), that several outcomes of the same rows share, by the same likelihood.

    Errors of each outcome have a variance of their own, to which those of its coefficients are in proportion.

    Parameters
    ----------
    moments : an outcome instead of a draw, the same columns for all
    """
    n_outcomes, n_free = len(moments.right), moments.right.shape[1] - curve.size
    size = np.bincount(curve).astype(np.float64)
    penalties, freedom = np.full(size.size, np.sqrt(lowest * highest)), np.full(size.size, np.inf)
    if not curve.size:
        return penalties
    # Free columns have no penalty that changes, and are swept out of the others once.
    free, bent = slice(n_free), slice(n_free, None)
    cross = moments.cross[0]
    free_root = _inverse_root(cross[free, free] + _FLOOR * np.eye(n_free))
    across, free_right = free_root @ cross[free, bent], moments.right[:, free] @ free_root.T
    cross, right = cross[bent, bent] - across.T @ across, moments.right[:, bent] - free_right @ across
    square = moments.square - np.square(free_right).sum(axis=1)
    penalised = np.empty_like(cross)
    for _ in range(MOST_ROUNDS):
        penalised[:] = cross
        np.einsum("pp->p", penalised)[:] += penalties[curve]
        root = _inverse_root(penalised)
        coefficients = (right @ root.T) @ root
        before = freedom
        spread = np.einsum("pq,pq->q", root, root)  # the diagonal of the inverse
        freedom = size - penalties * np.bincount(curve, weights=spread)
        if np.abs(freedom - before).max(initial=0.0) < SETTLED:
            break
        left = max(n_rows - n_free - freedom.sum(), 1.0)
        straight = (free_right - coefficients @ across.T) @ free_root
        penalty = np.square(coefficients) @ penalties[curve] + _FLOOR * np.square(straight).sum(axis=1)
        misfit = square - np.sum(right * coefficients, axis=1) - penalty
        error = np.maximum(misfit / left, np.finfo(np.float64).tiny)
        squares = (np.square(coefficients) / error[:, None]).sum(axis=0)
        summed = np.maximum(np.bincount(curve, weights=squares), np.finfo(np.float64).tiny)
        penalties = np.clip(n_outcomes * freedom / summed, lowest, highest)
    return penalties


def _inverse_root(cross: Floats) -> Floats:
    """Return R with R'R the inverse of a positive definite matrix, (n_columns, n_columns), in its place."""
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dtrtri

    lower = cholesky(cross.T, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(dtrtri(lower, lower=1, overwrite_c=1)[0])


_DEGREE = 3

# Knots stand at multiples of this share of a column's range. Closer ones, as where most of a column lies
# near zero, would make curvatures of so different size that no straight line could be told from a bend.
_APART = 1e-3


@dataclass(frozen=True, eq=False)
class Bends:
    """Cubic splines of one column, each with the integral of its squared second derivative equal to one.

    The sum of squared coefficients of a curve is its own integral. A straight line has no part in it
    (O'Sullivan 1986; Wand & Ormerod 2008, section 3).

    Attributes
    ----------
    splines : between the outer knots, one a bend
    """

    splines: BSpline

    @property
    def n_bends(self) -> int:
        """Number of columns."""
        return int(self.splines.c.shape[1])

    def values(self, column: Floats) -> Floats:
        """Return the bends, (n_obs, n_bends), at a column, (n_obs,); straight lines outside the knots."""
        ends = self.splines.t[[_DEGREE, -_DEGREE - 1]]
        values: Floats = self.splines(np.clip(column, *ends))
        for end, is_beyond in zip(ends, (column < ends[0], column > ends[1]), strict=True):
            if is_beyond.any():
                values[is_beyond] += (column[is_beyond] - end)[:, None] * self.splines(end, nu=1)
        return values


def make_bends(column: Floats, n_knots: int) -> Bends | None:
    """Return the bends of a column, (n_obs,); None where it has two values, through which a line goes.

    Parameters
    ----------
    n_knots : at least 2; knots stand at as many quantiles, fewer where quantiles coincide
    """
    from scipy.interpolate import BSpline

    ordered = np.sort(column)
    if np.count_nonzero(np.diff(ordered)) < 2:
        return None
    knots = _knots(ordered, n_knots)
    # Knots that are repeated at the ends would make splines of more different size (Eilers & Marx 1996).
    first, last = knots[1] - knots[0], knots[-1] - knots[-2]
    below = np.linspace(knots[0] - _DEGREE * first, knots[0] - first, _DEGREE)
    above = np.linspace(knots[-1] + last, knots[-1] + _DEGREE * last, _DEGREE)
    of_knots = np.r_[below, knots, above]
    splines = BSpline.construct_fast(of_knots, np.eye(knots.size + _DEGREE - 1), _DEGREE)
    curvature, directions = np.linalg.eigh(_curvature(splines, knots))
    bent = slice(2, None)  # the two flattest directions are the constant and the line
    bends = directions[:, bent] / np.sqrt(curvature[bent])
    return Bends(BSpline.construct_fast(of_knots, np.ascontiguousarray(bends), _DEGREE))


def _knots(ordered: Floats, n_knots: int) -> Floats:
    """Return quantiles of ascending values, (n_obs,), those too near another left out."""
    places = np.linspace(0.0, ordered.size - 1, n_knots)
    quantiles = np.interp(places, np.arange(ordered.size), ordered)
    least, span = quantiles[0], quantiles[-1] - quantiles[0]
    return np.asarray(least + span * _APART * np.unique(np.rint((quantiles - least) / (span * _APART))))


# Two Gauss points on [-1, 1] and their weights, which integrate cubic functions exactly.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(2)


def _curvature(splines: BSpline, knots: Floats) -> Floats:
    """Return integrals of products of second derivatives, (n_splines, n_splines), between the outer knots.

    Second derivatives are straight between knots.
    """
    half = np.diff(knots)[:, None] / 2.0
    points = (knots[:-1, None] + half * (1.0 + _NODES)).ravel()
    second = splines(points, nu=2)
    return np.asarray((second.T * (half * _WEIGHTS).ravel()) @ second)


@dataclass(frozen=True, eq=False)
class SplineDesign:
    """Columns of a regression: a constant, straight lines, bends, and products with the exposure's curve.

    Attributes
    ----------
    inputs : the straight lines, standardised
    exposure : its column, or those of its levels; the curve of these is what is multiplied
    bends : of exposure and moderators, by name; a column with two values has none
    factors : moderators that the exposure's curve is multiplied by
    """

    inputs: Inputs
    exposure: tuple[str, ...]
    bends: Mapping[str, Bends]
    factors: tuple[str, ...]

    def values(self, panel: Panel) -> Floats:
        """Return the columns, (n_obs, n_columns); those without a penalty come first."""
        straight = self.inputs.values(panel)
        column = dict(zip(self.inputs.columns, straight.T, strict=True))
        bent = {name: bends.values(column[name]) for name, bends in self.bends.items()}
        curve = [column[name][:, None] for name in self.exposure]
        curve += [bent[name] for name in self.exposure if name in bent]
        products = [part * column[factor][:, None] for factor in self.factors for part in curve]
        return np.column_stack([np.ones(panel.n_obs), straight, *bent.values(), *products])

    @property
    def curves(self) -> tuple[str, ...]:
        """What has a penalty: the columns with bends, and products with the exposure's curve."""
        exposure = " and ".join(self.exposure)
        return (*self.bends, *(f"{exposure} * {factor}" for factor in self.factors))

    @property
    def curve_of_column(self) -> Ints:
        """Position in `curves`, (n_penalised,), of the columns that come after the free ones."""
        bends = [bend.n_bends for bend in self.bends.values()]
        product = len(self.exposure) + sum(
            self.bends[name].n_bends for name in self.exposure if name in self.bends
        )
        sizes = np.array([*bends, *(product for _ in self.factors)], dtype=np.int64)
        return np.repeat(np.arange(len(self.curves)), sizes)

    def of_all_curves(self, penalties: Floats) -> Floats:
        """Return the one penalty of a draw, (n_draws,), for each curve, (n_draws, n_curves)."""
        return np.repeat(penalties[:, None], len(self.curves), axis=1)

    @property
    def n_free(self) -> int:
        """Number of columns without a penalty: the constant and the straight lines."""
        return 1 + len(self.inputs.columns)

    def moments(self, panel: Panel, weights: Floats) -> Moments:
        """Return the moments of a panel's rows under weights, (n_draws, n_obs)."""
        return weighted_moments(self.values(panel), self.inputs.outcome(panel), weights)


def make_design(panel: Panel, *, n_knots: int, factors: Sequence[str]) -> SplineDesign:
    """Return the design of training rows.

    Parameters
    ----------
    n_knots : of each curve, at least 2
    factors : moderators that the exposure's curve is multiplied by; one that does not vary is left out

    Raises
    ------
    EstimationError
        Where outcome or exposure do not vary, or rows are no more than straight lines.
    """
    inputs = make_inputs(panel)
    why = Coded("are too few for a constant and {n} columns", n=len(inputs.columns))
    hint = marked("use more training rows, or fewer controls")
    require_rows(panel.n_obs, len(inputs.columns) + 2, estimator="splines", why=why, hint=hint)
    column = dict(zip(inputs.columns, inputs.values(panel).T, strict=True))
    curved = [name for name in (*panel.exposure_columns, *panel.moderators) if name in column]
    made = {name: make_bends(column[name], n_knots) for name in curved}
    return SplineDesign(
        inputs=inputs,
        exposure=tuple(name for name in panel.exposure_columns if name in column),
        bends={name: bends for name, bends in made.items() if bends is not None},
        factors=tuple(name for name in factors if name in column),
    )
