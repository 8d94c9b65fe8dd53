"""Bands of curves from their draws: at each point on its own, and at all points at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Mask

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


def bands(draws: Floats, *, level: float, supported: Mask) -> Iterator[CurveBand]:
    """Yield the pointwise and the simultaneous band of a curve.

    Parameters
    ----------
    draws : (n_draws, n_grid)
    level : in (0, 1), nominal coverage
    supported : (n_grid,), points that the simultaneous band covers at once; all where none is
    """
    yield CurveBand("pointwise", *pointwise_limits(draws, level=level))
    yield CurveBand("simultaneous", *simultaneous_limits(draws, level=level, among=supported))


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


def simultaneous_limits(draws: Floats, *, level: float, among: Mask) -> tuple[Floats, Floats]:
    """Return limits between which a share `level` of the draws lies at all points at once.

    The sup-t band (Montiel Olea and Plagborg-Moller 2019): one factor stretches the pointwise band until it
    holds that share of the draws. Deviations are taken from the median and measured by the distance to the
    percentile on their side, in place of the standard deviation; for draws from a normal distribution the two
    agree, otherwise the band keeps the skewness of the draws. It is never narrower than the pointwise one.

    Parameters
    ----------
    draws : (n_draws, n_grid)
    level : in (0, 1)
    among : (n_grid,), the points in question; all where none is marked
    """
    low, high = pointwise_limits(draws, level=level)
    centre = np.median(draws, axis=0)
    deviation = draws - centre
    scale = np.where(deviation < 0.0, centre - low, high - centre)
    ratio = np.divide(np.abs(deviation), scale, out=np.zeros_like(deviation), where=scale > 0.0)
    largest = ratio[:, among if among.any() else slice(None)].max(axis=1)
    factor = max(1.0, float(np.quantile(largest, level)))
    return centre - factor * (centre - low), centre + factor * (high - centre)
