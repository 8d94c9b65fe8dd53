"""Bands of curves from their draws, at each point or at all points at once, and a test of equal curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.scenarios.draws import WithDraws
from harness.scenarios.scenario import Rows

if TYPE_CHECKING:
    import pandas as pd

# Simulated curves; a probability of 0.95 has a standard error of 0.005 among them.
N_SIMULATED = 2000

# Share of the draws' variance that principal components need not carry.
LEFT_OVER = 1e-6


@dataclass(frozen=True, eq=False)
class StudentisedCurves:
    """Deviations of simulated curves from the mean of simulated draws, in units of those draws' own errors.

    A curve like the draws deviates from their mean by a combination of the draws' principal components with
    normal coefficients. Its standard errors are estimated as well: they come from a Wishart matrix of one
    degree of freedom less than there are draws. So the greatest deviation allows for few draws, which
    quantiles of the draws' own greatest deviations do not.

    Attributes
    ----------
    loadings : (n_grid, n_components), the curve's unit
    coefficients : (`N_SIMULATED`, n_components)
    covariances : (`N_SIMULATED`, n_components, n_components), of the components in as many draws as there are
    """

    loadings: Floats
    coefficients: Floats
    covariances: Floats

    @classmethod
    def like(cls, draws: Floats, rng: Generator) -> StudentisedCurves:
        """Return curves simulated from the covariance of draws, (n_draws, n_grid), two draws or more.

        Wishart matrices are by Bartlett's decomposition, all at once. SciPy, with whose numbers these agree,
        makes one after the other, 9.0 ms for 3.2 of ten components.
        """
        n_draws = len(draws)
        loadings = principal_loadings(draws)
        n_components = loadings.shape[1]
        coefficients = rng.standard_normal((N_SIMULATED, n_components))
        lower = np.zeros((N_SIMULATED, n_components, n_components))
        first, second = np.tril_indices(n_components, -1)
        lower[:, first, second] = rng.standard_normal((N_SIMULATED, first.size))
        for at in range(n_components):
            lower[:, at, at] = np.sqrt(rng.chisquare(n_draws - 1 - at, N_SIMULATED))
        covariances = lower @ lower.transpose(0, 2, 1) / (n_draws - 1)
        return cls(loadings, coefficients * np.sqrt(1.0 + 1.0 / n_draws), covariances)

    def greatest(self, contrasts: Floats) -> Floats:
        """Return how far each simulated curve rises above zero in any of some contrasts, and falls below.

        Parameters
        ----------
        contrasts : (n_contrasts, n_components), rows or differences of rows of `loadings`

        Returns
        -------
        (2, `N_SIMULATED`), standard errors; the greatest deviation upwards and downwards.
        """
        first, second = np.triu_indices(contrasts.shape[1])
        products = contrasts[:, first] * contrasts[:, second] * np.where(first == second, 1.0, 2.0)
        variance = self.covariances[:, first, second] @ products.T
        ratio = studentised(self.coefficients @ contrasts.T, np.sqrt(np.maximum(variance, 0.0)))
        return np.stack([ratio.max(axis=1), -ratio.min(axis=1)])


def principal_loadings(draws: Floats) -> Floats:
    """Return by how much each principal component of draws moves a curve, (n_grid, n_components).

    Components are those of the standardised draws, (n_draws, n_grid), as many as it takes to carry all but
    `LEFT_OVER` of their variance.
    """
    error = draws.std(axis=0, ddof=1)
    scaled = studentised(draws - draws.mean(axis=0), error) / np.sqrt(len(draws) - 1)
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    left_over = np.square(sizes[::-1]).cumsum()[::-1]
    n_components = max(1, int((left_over > LEFT_OVER * left_over[0]).sum()))
    n_components = min(n_components, len(draws) - 1)
    return np.asarray(error[:, None] * (directions[:n_components].T * sizes[:n_components]))


def studentised(deviations: Floats, errors: Floats) -> Floats:
    """Return deviations in units of standard errors of a shape that goes with them; zero without an error."""
    return np.divide(deviations, errors, out=np.zeros_like(deviations), where=errors > 0.0)


BandKind = Literal["pointwise", "simultaneous"]


@dataclass(frozen=True, eq=False)
class CurveBand:
    """Limits of a curve.

    Attributes
    ----------
    kind : whether `level` is the chance of each point on its own, or of all supported points at once
    low, high : (n_grid,), the curve's unit
    p_value : (n_grid,), of zero at a point, allowing for all supported ones; NaN of a pointwise band
    """

    kind: BandKind
    low: Floats
    high: Floats
    p_value: Floats | float = np.nan


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
    yield simultaneous_band(draws, level=level, among=supported, rng=rng)


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


def limits_of(draws: Floats, *, level: float) -> tuple[float, float]:
    """Return limits of one number from its draws, (n_draws,), as `pointwise_limits` has them; NaN without."""
    if not draws.size:
        return np.nan, np.nan
    low, high = pointwise_limits(draws, level=level)
    return float(low), float(high)


def p_greatest(ratio: Floats, greatest: Floats) -> Floats:
    """Return the share of simulated greatest deviations, (n_simulated,), that reach each ratio's size.

    One more counts as reaching it (Davison and Hinkley 1997, section 4.2), so that none is zero.
    """
    above = greatest.size - np.searchsorted(np.sort(greatest), np.abs(ratio), side="left")
    return np.asarray((1.0 + above) / (1.0 + greatest.size))


def simultaneous_band(draws: Floats, *, level: float, among: Mask, rng: Generator) -> CurveBand:
    """Return limits that hold the whole curve with a chance of `level`, at all points at once.

    The sup-t band (Montiel Olea and Plagborg-Moller 2019) around the mean of the draws: standard errors times
    one critical value, the quantile of the greatest studentised deviation (see
    `StudentisedCurves`). Where the pointwise band is wider, as skewed draws have it, it is that one. A
    p-value is the greater of that by the deviations and that by the percentiles, so that it is below one less
    `level` where the band excludes zero; at a point where no draw moves there is none.

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
        return CurveBand("simultaneous", low, high)
    curves = StudentisedCurves.like(draws[:, known], rng)
    greatest = curves.greatest(curves.loadings).max(axis=0)
    half_width = np.quantile(greatest, level) * error
    n_across = np.minimum((draws <= 0.0).sum(axis=0), (draws >= 0.0).sum(axis=0))
    p_pointwise = np.minimum(2.0 * (1 + n_across) / (1 + len(draws)), 1.0)
    p_together = np.maximum(p_pointwise, p_greatest(studentised(centre, error), greatest))
    p_value = np.where(known & (error > 0.0), p_together, np.nan)
    return CurveBand(
        "simultaneous", np.minimum(low, centre - half_width), np.maximum(high, centre + half_width), p_value
    )


def simultaneous_limits(draws: Floats, *, level: float, among: Mask, rng: Generator) -> tuple[Floats, Floats]:
    """Return the limits of `simultaneous_band`, (n_grid,) each."""
    band = simultaneous_band(draws, level=level, among=among, rng=rng)
    return band.low, band.high


# Exposures at which draws are kept, at equal shares of the supported grid.
N_POINTS = 10

# What stands for the fit on all rows where a draw has its number.
THE_FIT = 0


@dataclass(frozen=True)
class EqualCurves:
    """The greatest difference of two curves in standard errors, with its p-value."""

    statistic: float
    p_value: float


def draw_rows(at: Floats, found: WithDraws, supported: Mask) -> Rows:
    """Return levels of a curve, (n_grid,), and of its draws, (n_draws, n_grid), at `N_POINTS` exposures."""
    positions = np.flatnonzero(supported)
    kept = positions[np.unique(np.linspace(0, positions.size - 1, N_POINTS).round().astype(np.int64))]
    levels = np.vstack([found.estimate, found.draws])[:, kept]
    draw, places = np.repeat(np.arange(THE_FIT, len(levels)), kept.size), np.tile(at[kept], len(levels))
    return [{"draw": draw, "at": places, "estimate": levels.ravel()}]


def equal_curves_test(one: pd.DataFrame, other: pd.DataFrame, rng: Generator) -> EqualCurves | None:
    """Test whether two curves have the same shape, each less its mean over the exposures.

    The greatest studentised difference is compared with that of curves simulated from the differences of the
    draws, in which both estimators were fitted on the same resamples (`StudentisedCurves`).

    Parameters
    ----------
    one, other : of `draw_rows`, of the same draws
    rng : of the simulated curves

    Returns
    -------
    None where the draws are of different numbers or at other exposures, or do not differ.
    """
    wide = (frame.pivot_table(index="draw", columns="at", values="estimate") for frame in (one, other))
    levels, others = (own.sort_index(axis=0).sort_index(axis=1).to_numpy(dtype=np.float64) for own in wide)
    if levels.shape != others.shape:
        return None
    difference = levels - others
    difference -= difference.mean(axis=1, keepdims=True)
    fit, draws = difference[THE_FIT], difference[THE_FIT + 1 :]
    error = draws.std(axis=0, ddof=1)
    scale = np.abs(levels).max()
    if not (error > 1e-9 * scale).any():
        return None
    statistic = float(np.abs(studentised(fit, error)).max())
    simulated = StudentisedCurves.like(draws, rng)
    greatest = simulated.greatest(simulated.loadings).max(axis=0)
    return EqualCurves(statistic, float((1 + (greatest >= statistic).sum()) / (1 + greatest.size)))
