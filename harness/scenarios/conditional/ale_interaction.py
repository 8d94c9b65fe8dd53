"""Accumulated local effects of two regressors together: what is left of them beside their own effects."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.ale import effects_at_rows
from harness.scenarios.bins import Bins, bin_means, quantile_bins
from harness.scenarios.grid import centred, locate, on_surface

N_BINS = 10
"""Bins of each regressor; a cell of two bins needs rows of its own."""


def interaction_share(model: Fitted | FittedDraws, panel: Panel, names: tuple[str, str]) -> Floats:
    """Return the share of the variance of two regressors' joint effect that is their interaction.

    The parts are the second-order accumulated local effect and the sum of both first-order ones; variances
    are over the panel's rows. Zero for effects that add up.

    Returns
    -------
    One number in [0, 1] for one fit, (n_draws,) for draws; NaN where there is no effect at all.
    """
    bins = (
        quantile_bins(panel.column(names[0]), n_bins=N_BINS),
        quantile_bins(panel.column(names[1]), n_bins=N_BINS),
    )
    alone = sum(effects_at_rows(model, panel, name, own) for name, own in zip(names, bins, strict=True))
    together = np.var(second_order(model, panel, names, bins), axis=-1)
    whole = together + np.var(alone, axis=-1)
    share: Floats = np.divide(together, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)
    return share


def second_order(
    model: Fitted | FittedDraws, panel: Panel, names: tuple[str, str], bins: tuple[Bins, Bins]
) -> Floats:
    """Return each row's second-order accumulated local effect (Apley and Zhu 2020).

    Every row's prediction is compared at the four corners of its cell of bins; an empty cell takes the mean
    of the nearest one that has rows. The accumulated differences are freed of what each regressor does alone.

    Returns
    -------
    (..., n_obs), outcome units, with mean zero.
    """
    first, second = bins
    shape = (first.n_bins, second.n_bins)
    cells = first.codes * second.n_bins + second.codes
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    means = bin_means(_corner_differences(model, panel, names, bins), cells, counts.size)
    filled = means[..., nearest_filled(counts.reshape(shape))]
    steps = filled.reshape(*filled.shape[:-1], *shape)
    margin = [(0, 0)] * (steps.ndim - 2) + [(1, 0), (1, 0)]
    surface = np.pad(steps.cumsum(axis=-2).cumsum(axis=-1), margin)
    pure = without_main_effects(surface, counts.reshape(shape))
    places = [locate(own.edges, panel.column(name)) for own, name in zip(bins, names, strict=True)]
    return centred(on_surface(pure, *places))


def _corner_differences(
    model: Fitted | FittedDraws, panel: Panel, names: tuple[str, str], bins: tuple[Bins, Bins]
) -> Floats:
    """Return the change of each row's change, (..., n_obs)."""
    changes = []
    for value in (bins[1].high, bins[1].low):
        above = model.predict(panel.with_columns({names[0]: bins[0].high, names[1]: value}))
        changes.append(above - model.predict(panel.with_columns({names[0]: bins[0].low, names[1]: value})))
    difference: Floats = changes[0] - changes[1]
    return difference


def nearest_filled(counts: Ints) -> Ints:
    """Return for each cell of counts, (n_first, n_second), the nearest with rows, flat (n_cells,).

    Distances are in bins, each axis as a share of its length; a cell with rows is its own nearest.
    """
    places = np.stack(np.unravel_index(np.arange(counts.size), counts.shape), axis=1) / counts.shape
    filled = np.flatnonzero(counts.ravel())
    distance = np.square(places[:, None, :] - places[None, filled, :]).sum(axis=-1)
    nearest: Ints = filled[distance.argmin(axis=1)]
    return nearest


def without_main_effects(surface: Floats, counts: Ints) -> Floats:
    """Return accumulated differences, (..., n_first + 1, n_second + 1), freed of each axis's own effect.

    Parameters
    ----------
    counts : (n_first, n_second), rows of each cell, which weight its steps
    """
    along_first = _main_effect(surface, counts)
    along_second = _main_effect(surface.swapaxes(-1, -2), counts.T)
    return surface - along_first[..., :, None] - along_second[..., None, :]


def _main_effect(surface: Floats, counts: Ints) -> Floats:
    steps = np.diff(surface, axis=-2)
    within = (steps[..., :-1] + steps[..., 1:]) / 2.0
    totals = counts.sum(axis=1)
    means = (within * counts).sum(axis=-1) / totals
    return np.concatenate([np.zeros_like(means[..., :1]), np.cumsum(means, axis=-1)], axis=-1)
