"""Bands of curves from their draws: at each point on its own, and at all points at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.scenarios.sup_t import StudentisedCurves

BandKind = Literal["pointwise", "simultaneous"]


@dataclass(frozen=True, eq=False)
class CurveBand:
    """Limits of a curve.

    Attributes
    ----------
    kind : whether `level` is the chance of each point on its own, or of all supported points at once
    low, high : (n_grid,), the curve's unit
    """

    kind: BandKind
    low: Floats
    high: Floats


def bands(draws: Floats, *, level: float, supported: Mask, rng: Generator) -> Iterator[CurveBand]:
    """Yield the pointwise and the simultaneous band of a curve.

    Parameters
    ----------
    draws : (n_draws, n_grid)
    level : in (0, 1), nominal coverage
    supported : (n_grid,), points that the simultaneous band covers at once; all where none is
    rng : of the simultaneous band
    """
    yield CurveBand("pointwise", *pointwise_limits(draws, level=level))
    yield CurveBand("simultaneous", *simultaneous_limits(draws, level=level, among=supported, rng=rng))


def pointwise_limits(draws: Floats, *, level: float) -> tuple[Floats, Floats]:
    """Return the lower and upper percentile of draws, (n_draws, ...), at each point.

    The percentile p of B draws is the p (B + 1)-th smallest of them (Davison & Hinkley 1997, section 2.4), so
    one more draw lies between the two with a chance of `level`. numpy's own default lies further inside: for
    80 draws and a level of 0.95 the chance is 0.93.

    Parameters
    ----------
    level : in (0, 1), nominal coverage of each point on its own
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0, method="weibull")
    return low, high


def simultaneous_limits(draws: Floats, *, level: float, among: Mask, rng: Generator) -> tuple[Floats, Floats]:
    """Return limits that hold the whole curve with a chance of `level`, at all points at once.

    The sup-t band (Montiel Olea and Plagborg-Moller 2019) around the mean of the draws: standard errors times
    one critical value, the quantile of the greatest studentised deviation (see
    `StudentisedCurves`). Where the pointwise band is wider, as skewed draws have it, it is that one.

    Parameters
    ----------
    draws : (n_draws, n_grid)
    level : in (0, 1)
    among : (n_grid,), the points in question; all where none is marked
    rng : of the critical value; equal streams give equal limits
    """
    low, high = pointwise_limits(draws, level=level)
    centre, error = draws.mean(axis=0), draws.std(axis=0, ddof=1)
    known = np.isfinite(error) & (among if among.any() else True)
    if not known.any():
        return low, high
    curves = StudentisedCurves.like(draws[:, known], rng)
    reach = np.quantile(curves.greatest(curves.loadings).max(axis=0), level) * error
    return np.minimum(low, centre - reach), np.maximum(high, centre + reach)
