"""From panels to the columns of additive splines: straight lines, and bends of equal curvature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats, Ints, Panel, marked
from harness_sklearn.inputs import Inputs, make_inputs
from harness_sklearn.ridge import Moments, weighted_moments
from harness_sklearn.selection import require_rows

if TYPE_CHECKING:
    from sklearn.preprocessing import SplineTransformer

_DEGREE = 3

_APART = 1e-3
"""Knots stand at multiples of this share of a column's range. Closer ones, as where most of a column lies
near zero, would make curvatures of so different size that no straight line could be told from a bend."""


@dataclass(frozen=True, eq=False)
class Bends:
    """Cubic splines of one column, each with the integral of its squared second derivative equal to one.

    The sum of squared coefficients of a curve is its own integral. A straight line has no part in it
    (O'Sullivan 1986; Wand & Ormerod 2008, section 3).

    Attributes
    ----------
    transformer : from the column to B-splines, which go on as straight lines outside the knots
    directions : (n_splines, n_bends), from B-splines to bends
    """

    transformer: SplineTransformer
    directions: Floats

    def values(self, column: Floats) -> Floats:
        """Return the bends, (n_obs, n_bends), at a column, (n_obs,)."""
        return np.asarray(self.transformer.transform(column[:, None]) @ self.directions)


def make_bends(column: Floats, n_knots: int) -> Bends | None:
    """Return the bends of a column, (n_obs,); None where it has two values, through which a line goes.

    Parameters
    ----------
    n_knots : at least 2; knots stand at as many quantiles, fewer where quantiles coincide
    """
    from sklearn.preprocessing import SplineTransformer

    if np.unique(column).size < 3:
        return None
    knots = _knots(column, n_knots)
    transformer = SplineTransformer(degree=_DEGREE, knots=knots[:, None], extrapolation="linear")
    transformer.fit(column[:, None])
    curvature, directions = np.linalg.eigh(_curvature(transformer, knots))
    bent = slice(2, None)  # the two flattest directions are the constant and the line
    return Bends(transformer, directions[:, bent] / np.sqrt(curvature[bent]))


def _knots(column: Floats, n_knots: int) -> Floats:
    quantiles = np.quantile(column, np.linspace(0.0, 1.0, n_knots))
    least, span = quantiles[0], quantiles[-1] - quantiles[0]
    return np.asarray(least + span * _APART * np.unique(np.rint((quantiles - least) / (span * _APART))))


def _curvature(transformer: SplineTransformer, knots: Floats) -> Floats:
    """Return integrals of products of second derivatives, (n_splines, n_splines), between the outer knots.

    Second derivatives are straight between knots, so two Gauss points an interval integrate exactly.
    """
    nodes, weights = np.polynomial.legendre.leggauss(2)
    half = np.diff(knots)[:, None] / 2.0
    points = (knots[:-1, None] + half * (1.0 + nodes)).ravel()
    second = transformer.bsplines_[0].derivative(2)(points)
    return np.asarray((second.T * (half * weights).ravel()) @ second)


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
        bends = [bend.directions.shape[1] for bend in self.bends.values()]
        product = len(self.exposure) + sum(
            self.bends[name].directions.shape[1] for name in self.exposure if name in self.bends
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
    require_rows(
        panel.n_obs,
        len(inputs.columns) + 2,
        estimator="splines",
        why=f"are too few for a constant and {len(inputs.columns)} columns",
        hint=marked("train on more rows, or with fewer controls"),
    )
    column = dict(zip(inputs.columns, inputs.values(panel).T, strict=True))
    curved = [name for name in (*panel.exposure_columns, *panel.moderators) if name in column]
    made = {name: make_bends(column[name], n_knots) for name in curved}
    return SplineDesign(
        inputs=inputs,
        exposure=tuple(name for name in panel.exposure_columns if name in column),
        bends={name: bends for name, bends in made.items() if bends is not None},
        factors=tuple(name for name in factors if name in column),
    )
