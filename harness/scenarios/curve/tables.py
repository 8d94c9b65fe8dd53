"""Curves, their draws and turning points as tidy rows, and a test whether two curves are equal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.evaluation.resample import ResampleUnit
from harness.scenarios.bands import StudentisedCurves, bands, simultaneous_limits, studentised
from harness.scenarios.curve.turning_points import significant_slopes, turning_points
from harness.scenarios.scenario import Evaluated, Rows

if TYPE_CHECKING:
    import pandas as pd


CurveKind = Literal["level", "slope", "ale", "level_supported", "average_effect"]


@dataclass(frozen=True, eq=False)
class CurveEstimate:
    """One curve of one estimator.

    Attributes
    ----------
    kind : level, level_supported and ale in outcome units, slope and average_effect in those per unit of
        exposure
    at : (n_grid,), increasing, the exposure's unit; one NaN of the average effect, which has no place
    curve : (n_grid,)
    draws : (n_draws, n_grid)
    supported : (n_grid,), whether the data reach there
    share_of_rows : (n_grid,), in [0, 1], rows with data near them at each exposure; NaN where all count
    mean_level : what to add to `curve` to set it beside levels; NaN where it is one, or a slope
    """

    kind: CurveKind
    at: Floats
    curve: Floats
    draws: Floats
    supported: Mask
    share_of_rows: Floats | float = np.nan
    mean_level: float = np.nan


def curve_rows(
    curves: Iterable[CurveEstimate], evaluated: Evaluated, *, level: float, unit: ResampleUnit | Literal[""]
) -> Rows:
    """Return a row for each curve, band and grid point.

    Parameters
    ----------
    evaluated : gives each curve's random stream
    level : in (0, 1), of the bands
    unit : what a draw resamples; empty where the estimator's own draws do not tell
    """
    return [
        {
            "kind": curve.kind,
            "at": curve.at,
            "estimate": curve.curve,
            "conf_low": band.low,
            "conf_high": band.high,
            "band": band.kind,
            "n_draws": len(curve.draws),
            "supported": curve.supported,
            "share_of_rows": curve.share_of_rows,
            "mean_level": curve.mean_level,
            "level": level,
            "unit": unit,
        }
        for curve in curves
        for band in bands(
            curve.draws, level=level, supported=curve.supported, rng=evaluated.rng("bands", curve.kind)
        )
    ]


def turning_point_rows(
    curve: CurveEstimate, slopes: CurveEstimate, evaluated: Evaluated, *, level: float
) -> Rows:
    """Return a row for each interior extreme, or one of kind ``none`` without numbers where there is none.

    Parameters
    ----------
    slopes : of `curve`; their simultaneous band is that of `curve_rows`
    evaluated : gives each curve's random stream
    """
    low, high = simultaneous_limits(
        slopes.draws, level=level, among=slopes.supported, rng=evaluated.rng("bands", slopes.kind)
    )
    found = turning_points(
        curve.at,
        curve.curve,
        curve.draws,
        slopes=significant_slopes(slopes.curve, low, high),
        supported=curve.supported,
        level=level,
        rng=evaluated.rng("turning points"),
    )
    rows = [asdict(point) for point in found] or [{"kind": "none", "is_established": False}]
    return [row | {"n_draws": len(curve.draws)} for row in rows]


# Exposures at which draws are kept, at equal shares of the supported grid.
N_POINTS = 10

# What stands for the fit on all rows in the place of a draw's number.
THE_FIT = 0


@dataclass(frozen=True)
class EqualCurves:
    """The greatest difference of two curves in standard errors, with its p-value."""

    statistic: float
    p_value: float


def draw_rows(at: Floats, curve: Floats, draws: Floats, supported: Mask) -> Rows:
    """Return levels of a curve, (n_grid,), and of its draws, (n_draws, n_grid), at `N_POINTS` exposures."""
    positions = np.flatnonzero(supported)
    kept = positions[np.unique(np.linspace(0, positions.size - 1, N_POINTS).round().astype(np.int64))]
    levels = np.vstack([curve, draws])[:, kept]
    return [
        {
            "draw": np.repeat(np.arange(THE_FIT, len(levels)), kept.size),
            "at": np.tile(at[kept], len(levels)),
            "estimate": levels.ravel(),
        }
    ]


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
    levels, others = (_wide(frame) for frame in (one, other))
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


def _wide(frame: pd.DataFrame) -> Floats:
    """Return levels by draw and exposure, (1 + n_draws, n_points)."""
    wide = frame.pivot_table(index="draw", columns="at", values="estimate")
    return np.asarray(wide.sort_index(axis=0).sort_index(axis=1).to_numpy(dtype=np.float64))
