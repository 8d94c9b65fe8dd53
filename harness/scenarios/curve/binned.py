"""Binned scatters of outcome and exposure (Cattaneo, Crump, Farrell and Feng 2024)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, numbered
from harness.data.panel import LEAST_EIGENVALUE, ROUNDING, Panel, deviations
from harness.scenarios.ale import bin_means, quantile_bins
from harness.scenarios.effect.terms import control_names
from harness.scenarios.grid import has_two_values

# Bins at most, of equal shares of the rows, and rows that each has at least.
MOST_BINS, LEAST_ROWS = 20, 10

# What is left of the rows: all, or deviations from the means of entities, or of these and periods.
Variation = Literal["raw", "within_entity", "within_entity_and_time"]
RAW, WITHIN, WITHIN_BOTH = get_args(Variation)


def binned_scatter(panel: Panel, *, by_period: bool, level: float) -> pd.DataFrame:
    """Return mean outcomes by bins of the exposure, over all variation and over that within entities.

    Within entities outcome, exposure and controls are deviations from their means by entity, around the mean
    of all rows. Controls enter next to the bins and are held at their means: an exposure less what controls
    explain of it would be binned at other values (Cattaneo et al. 2024, section 3). No row where the exposure
    has categories or two values; none within entities where it does not vary there.

    Parameters
    ----------
    by_period : whether deviations are from the means by period, too
    level : in (0, 1), nominal coverage of the intervals
    """
    exposure = panel.column(panel.exposure)
    if panel.levels or np.ptp(exposure) == 0.0 or has_two_values(exposure):
        return pd.DataFrame()
    entities, nothing = panel.entity.codes.astype(np.int64), np.empty((panel.n_obs, 0))
    parts = [binned_means(exposure, panel.observed, nothing, entities, level=level).assign(variation=RAW)]
    columns = np.column_stack([exposure, panel.observed, *map(panel.column, control_names(panel))])
    left = deviations(columns, entities, panel.time.codes.astype(np.int64) if by_period else None)
    varies = np.ptp(left, axis=0) > ROUNDING * np.ptp(columns, axis=0)
    if varies[0]:
        at, outcome = (left[:, :2] + columns[:, :2].mean(axis=0)).T
        within = binned_means(at, outcome, left[:, 2:][:, varies[2:]], entities, level=level)
        parts.append(within.assign(variation=WITHIN_BOTH if by_period else WITHIN))
    return pd.concat(parts, ignore_index=True).assign(outcome=panel.outcome)


def binned_means(
    at: Floats, outcome: Floats, controls: Floats, entities: Ints, *, level: float
) -> pd.DataFrame:
    """Return the mean outcome in each bin of `at` with controls at zero, and its interval.

    Least squares on indicators of the bins and the controls; errors are clustered by entity with the factor
    G / (G - 1), limits from t with G - 1 degrees of freedom; NaN for those of a bin of one entity.

    Parameters
    ----------
    at, outcome, entities : (n_obs,)
    controls : (n_obs, n_controls), none constant
    level : in (0, 1), nominal coverage
    """
    from scipy.special import stdtrit

    bins = quantile_bins(at, n_bins=max(min(MOST_BINS, at.size // LEAST_ROWS), 1))
    codes, n_bins = bins.codes, bins.n_bins
    numbers = np.column_stack([outcome, controls / controls.std(axis=0)])
    means = bin_means(numbers.T, codes, n_bins)
    left, shifts, n_obs = numbers - means.T[codes], means[1:], np.bincount(codes, minlength=n_bins)
    rest, apart = left[:, 0], left[:, 1:]
    inverse = np.linalg.pinv(apart.T @ apart, rcond=LEAST_EIGENVALUE, hermitian=True)
    slopes = inverse @ (apart.T @ rest)
    residuals = rest - apart @ slopes
    present, entity = numbered(entities)
    place, n_cells = entity * n_bins + codes, present.size * n_bins
    own, n_own = (np.bincount(place, by, n_cells).reshape(-1, n_bins) for by in (residuals, None))
    along = np.reshape([np.bincount(entity, residuals * one) for one in apart.T], (len(shifts), present.size))
    scores, n_free = own / n_obs - along.T @ inverse @ shifts, max(present.size - 1, 1)
    errors = np.sqrt(np.square(scores).sum(axis=0) * present.size / n_free)
    half_width = np.where((n_own > 0).sum(axis=0) > 1, errors * stdtrit(n_free, (1.0 + level) / 2.0), np.nan)
    estimates = means[0] - slopes @ shifts
    return pd.DataFrame(
        {
            "bin": np.arange(1, n_bins + 1),
            "at": bin_means(at, codes, n_bins),
            "estimate": estimates,
            "conf_low": estimates - half_width,
            "conf_high": estimates + half_width,
            "level": level,
            "n_obs": n_obs,
        }
    )
