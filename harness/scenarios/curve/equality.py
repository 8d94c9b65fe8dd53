"""Whether two estimators draw the same curve, from bootstrap draws that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Mask
from harness.scenarios.bands import StudentisedCurves, studentised

if TYPE_CHECKING:
    import pandas as pd

N_POINTS = 10
"""Exposures at which draws are kept, at equal shares of the supported grid."""

THE_FIT = 0
"""What stands for the fit on all rows in the place of a draw's number."""


@dataclass(frozen=True)
class EqualCurves:
    """The greatest difference of two curves in standard errors, with its p-value."""

    statistic: float
    p_value: float


def draw_rows(at: Floats, curve: Floats, draws: Floats, supported: Mask) -> pd.DataFrame:
    """Return levels of a curve, (n_grid,), and of its draws, (n_draws, n_grid), at `N_POINTS` exposures."""
    import pandas as pd

    places = np.flatnonzero(supported)
    kept = places[np.unique(np.linspace(0, places.size - 1, N_POINTS).round().astype(np.int64))]
    levels = np.vstack([curve, draws])[:, kept]
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(THE_FIT, len(levels)), kept.size),
            "at": np.tile(at[kept], len(levels)),
            "estimate": levels.ravel(),
        }
    )


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
    None where the draws are of different numbers or places, or do not differ.
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
