"""Binned scatters of outcome and exposure (Cattaneo, Crump, Farrell and Feng 2024)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, numbered
from harness.data.panel import LEAST_EIGENVALUE, ROUNDING, Panel, deviations
from harness.scenarios.ale import Bins, bin_means, quantile_bins
from harness.scenarios.effect.terms import control_names
from harness.scenarios.grid import has_two_values

# Bins at most, of equal shares of the rows, and rows that each has at least.
MOST_BINS, LEAST_ROWS = 20, 10

# What is held fixed: nothing, effects of entities and controls, or effects of periods too.
Variation = Literal["raw", "within_entity", "within_entity_and_time"]
RAW, WITHIN, WITHIN_BOTH = get_args(Variation)


def binned_scatter(panel: Panel, *, by_period: bool, level: float) -> pd.DataFrame:
    """Return mean outcomes by bins of the exposure, over all variation and over that within entities.

    Bins are of the exposure as it is in both. Within entities, effects of entities and controls are
    covariates next to the indicators of the bins, held at their means (Cattaneo et al. 2024, equation 2.3):
    bins of an exposure less what covariates explain of it would be of other values. No row where the exposure
    has categories or two values; none within entities where it does not vary there.

    Parameters
    ----------
    by_period : whether effects of periods are covariates, too
    level : in (0, 1), nominal coverage of the intervals
    """
    exposure = panel.column(panel.exposure)
    if panel.levels or np.ptp(exposure) == 0.0 or has_two_values(exposure):
        return pd.DataFrame()
    entities, periods = (key.codes.astype(np.int64) for key in (panel.entity, panel.time))
    parts = [binned_means(exposure, panel.observed, entities, level=level).assign(variation=RAW)]
    residual_exposure = deviations(exposure[:, None], entities, periods if by_period else None)
    if np.ptp(residual_exposure) > ROUNDING * np.ptp(exposure):
        controls = np.column_stack([np.empty((panel.n_obs, 0)), *map(panel.column, control_names(panel))])
        within = binned_means_within(
            *(exposure, panel.observed, controls, entities),
            periods=periods if by_period else np.zeros_like(entities),
            level=level,
        )
        parts.append(within.assign(variation=WITHIN_BOTH if by_period else WITHIN))
    return pd.concat(parts, ignore_index=True).assign(outcome=panel.outcome)


def _bins(exposure: Floats) -> Bins:
    return quantile_bins(exposure, n_bins=max(min(MOST_BINS, exposure.size // LEAST_ROWS), 1))


def binned_means(exposure: Floats, outcome: Floats, entities: Ints, *, level: float) -> pd.DataFrame:
    """Return the mean outcome in each bin of the exposure, and its interval.

    Errors are clustered by entity with the factor G / (G - 1), limits from t with G - 1 degrees of freedom;
    NaN for those of a bin of one entity.

    Parameters
    ----------
    exposure, outcome, entities : (n_obs,)
    level : in (0, 1), nominal coverage
    """
    bins = _bins(exposure)
    estimates = bin_means(outcome, bins.codes, bins.n_bins)
    present, entity = numbered(entities)
    sums = np.bincount(
        entity * bins.n_bins + bins.codes, outcome - estimates[bins.codes], present.size * bins.n_bins
    )
    scores = sums.reshape(present.size, bins.n_bins) / np.bincount(bins.codes, minlength=bins.n_bins)
    return _rows(exposure, bins, estimates, scores, entity, level=level)


def binned_means_within(
    exposure: Floats, outcome: Floats, controls: Floats, entities: Ints, *, periods: Ints, level: float
) -> pd.DataFrame:
    """Return the mean outcome in each bin with effects of entities and periods and controls at their means.

    Least squares on indicators of bins, entities and periods and on controls. Only differences between bins
    within entities count, so rows of entities whose bins no chain of entities connects with the others are
    left out. Errors and limits as of `binned_means`.

    Parameters
    ----------
    exposure, outcome, entities : (n_obs,)
    controls : (n_obs, n_controls)
    periods : (n_obs,), all alike for no effects of periods
    level : in (0, 1), nominal coverage
    """
    from scipy.sparse import csr_array, hstack
    from scipy.sparse.csgraph import connected_components

    bins = _bins(exposure)
    (present, entity), (known, period) = numbered(entities), numbered(periods)

    def indicators(codes: Ints, n_codes: int) -> csr_array:
        return csr_array((np.ones(codes.size), (np.arange(codes.size), codes)), (codes.size, n_codes))

    of_entities, of_bins = indicators(entity, present.size), indicators(bins.codes, bins.n_bins)
    pairs = of_entities.T @ of_bins
    _, part = connected_components(pairs.T @ pairs, directed=False)
    largest = np.bincount(part[bins.codes]).argmax()
    kept = np.flatnonzero(part[bins.codes] == largest)
    if kept.size < exposure.size:
        numbers = exposure[kept], outcome[kept], controls[kept]
        return binned_means_within(*numbers, entities[kept], periods=periods[kept], level=level)
    columns = deviations(np.column_stack([outcome, controls]), entity, None)
    varies = np.ptp(columns[:, 1:], axis=0) > ROUNDING * np.ptp(controls, axis=0)
    residual, others = columns[:, 0], columns[:, 1:][:, varies]
    others = others / others.std(axis=0)
    dummies = csr_array(hstack([of_bins, indicators(period, known.size)]))
    means = csr_array((of_entities.T @ dummies) / np.bincount(entity)[:, None])
    crossed = dummies.T @ others
    weighted = csr_array(means * np.bincount(entity)[:, None])
    normal = np.block(
        [[(dummies.T @ dummies - means.T @ weighted).toarray(), crossed], [crossed.T, others.T @ others]]
    )
    inverse = np.linalg.pinv(normal, rcond=LEAST_EIGENVALUE, hermitian=True)
    slopes = inverse @ np.concatenate([dummies.T @ residual, others.T @ residual])
    of_dummies, of_others = np.split(slopes, [dummies.shape[1]])
    residual = residual - (dummies @ of_dummies - (means @ of_dummies)[entity]) - others @ of_others
    # Each bin's own coefficient less the mean of them over the rows, which has the mean outcome.
    shares = np.bincount(bins.codes, minlength=bins.n_bins) / exposure.size
    contrast = np.zeros((bins.n_bins, slopes.size))
    contrast[:, : bins.n_bins] = np.eye(bins.n_bins) - shares
    sums = np.column_stack(
        [
            (of_entities.T @ dummies.multiply(residual[:, None])).toarray(),
            of_entities.T @ (others * residual[:, None]),
        ]
    )
    scores = sums @ inverse @ contrast.T
    return _rows(exposure, bins, outcome.mean() + contrast @ slopes, scores, entity, level=level)


def _rows(
    exposure: Floats, bins: Bins, estimates: Floats, scores: Floats, entity: Ints, *, level: float
) -> pd.DataFrame:
    """Return a row for each bin.

    Parameters
    ----------
    scores : (n_entities, n_bins), what each entity adds to the error of each estimate
    entity : (n_obs,), numbers of the entities
    """
    from scipy.special import stdtrit

    n_entities, n_free = len(scores), max(len(scores) - 1, 1)
    errors = np.sqrt(np.square(scores).sum(axis=0) * n_entities / n_free)
    cells = np.unique(entity * bins.n_bins + bins.codes)
    is_shared = np.bincount(cells % bins.n_bins, minlength=bins.n_bins) > 1
    half_width = np.where(is_shared, errors * stdtrit(n_free, (1.0 + level) / 2.0), np.nan)
    return pd.DataFrame(
        {
            "bin": np.arange(1, bins.n_bins + 1),
            "at": bin_means(exposure, bins.codes, bins.n_bins),
            "estimate": estimates,
            "conf_low": estimates - half_width,
            "conf_high": estimates + half_width,
            "level": level,
            "n_obs": np.bincount(bins.codes, minlength=bins.n_bins),
        }
    )
