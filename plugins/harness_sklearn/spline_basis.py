"""A column's bends: what a cubic spline adds to a straight line, in directions of equal curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats

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
