"""Accumulated local effects of one regressor and of two together (Apley and Zhu 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.draws import Numbers
from harness.scenarios.grid import centred, locate, on_curve, on_surface, once


@dataclass(frozen=True, eq=False)
class Bins:
    """Neighbouring stretches of a variable's range, each with at least one row.

    Attributes
    ----------
    edges : (n_bins + 1,), increasing observed values; the least and the greatest value are the outer ones
    codes : (n_obs,), bin of each row; a row on an edge is in the bin below it, if there is one
    """

    edges: Floats
    codes: Ints

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    def of(self, values: Floats) -> Bins:
        """Return the same bins with other values in them, (n_values,), none outside of the edges."""
        return Bins(self.edges, _places(self.edges, values))

    @property
    def low(self) -> Floats:
        """Lower edge of each row's bin, (n_obs,)."""
        return self.edges[self.codes]

    @property
    def high(self) -> Floats:
        """Upper edge of each row's bin, (n_obs,)."""
        return self.edges[self.codes + 1]


def quantile_bins(values: Floats, *, n_bins: int) -> Bins:
    """Return `n_bins` bins of values, (n_obs,), not all equal; fewer where ties merge bins."""
    shares = np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    return Bins(edges, _places(edges, values))


def _places(edges: Floats, values: Floats) -> Ints:
    return np.maximum(np.searchsorted(edges, values, side="left") - 1, 0)


def bin_means(values: Floats, codes: Ints, n_bins: int) -> Floats:
    """Return the mean of values, (..., n_obs), over the rows of each bin, (..., n_bins); zero without any."""
    sums = [np.bincount(codes, own, n_bins) for own in values.reshape(-1, codes.size)]
    counts = np.maximum(np.bincount(codes, minlength=n_bins), 1)
    means: Floats = (np.array(sums) / counts).reshape(*values.shape[:-1], n_bins)
    return means


def accumulated_effects(model: Fitted | FittedDraws, panel: Panel, name: str, bins: Bins) -> Floats:
    """Return the accumulated local effects of a regressor at the edges of its bins.

    Within each bin every row's prediction is compared at the two edges, all else as observed, and the mean
    changes are added up from the left. No row is predicted far from where it was observed, so that the curve
    holds where regressors are correlated and partial dependence extrapolates. Columns that follow from the
    regressor move with it. The mean over the rows, on straight lines between edges, is zero.

    Parameters
    ----------
    name : the regressor
    bins : of its values on the panel's rows

    Returns
    -------
    (n_bins + 1,) for one fit and (n_draws, n_bins + 1) for draws, outcome units.
    """
    question = ("ale", name, bins.edges.tobytes())
    return once(model, panel, question, lambda: _accumulated_effects(model, panel, name, bins))


def _accumulated_effects(model: Fitted | FittedDraws, panel: Panel, name: str, bins: Bins) -> Floats:
    change = predict_any(model, panel.with_column(name, bins.high))
    change = change - predict_any(model, panel.with_column(name, bins.low))
    steps = bin_means(change, bins.codes, bins.n_bins)
    uncentred = np.concatenate([np.zeros_like(steps[..., :1]), np.cumsum(steps, axis=-1)], axis=-1)
    at_rows = on_curve(uncentred, locate(bins.edges, panel.column(name)))
    effects: Floats = uncentred - at_rows.mean(axis=-1, keepdims=True)
    return effects


# Bins of each regressor; a cell of two bins needs rows of its own.
N_BINS = 10


def local_changes(model: Fitted | FittedDraws, panel: Panel, rows: Panel, names: tuple[str, str]) -> Numbers:
    """Return what `interaction_share` rests on.

    Parameters
    ----------
    panel : whose values are sorted into bins
    rows : those whose predictions are averaged, all or some of the panel

    Returns
    -------
    ``ale_first`` and ``ale_second``, accumulated local effects of each regressor at the edges of its bins,
    and ``corners``, (..., n_cells), the mean difference over the corners of each cell, see `corner_means`.
    """
    of_all = _bins(panel, names)
    bins = of_all[0].of(rows.column(names[0])), of_all[1].of(rows.column(names[1]))
    first, second = map(partial(accumulated_effects, model, rows), names, bins)
    return {"ale_first": first, "ale_second": second, "corners": corner_means(model, rows, names, bins)}


def interaction_share(found: Numbers, panel: Panel, names: tuple[str, str]) -> Floats:
    """Return the share of the variance of two regressors' joint effect that is their interaction.

    The parts are the second-order accumulated local effect and the sum of both first-order ones; variances
    are over the panel's rows. Zero for effects that add up.

    Parameters
    ----------
    found : as `local_changes` gives it, of one fit or of draws

    Returns
    -------
    One number in [0, 1] for one fit, (n_draws,) for draws; NaN where there is no effect at all.
    """
    bins = _bins(panel, names)
    alone = sum(
        centred(on_curve(effects, locate(own.edges, panel.column(name))))
        for effects, name, own in zip((found["ale_first"], found["ale_second"]), names, bins, strict=True)
    )
    together = np.var(second_order(found["corners"], panel, names, bins), axis=-1)
    whole = together + np.var(alone, axis=-1)
    share: Floats = np.divide(together, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)
    return share


def _bins(panel: Panel, names: tuple[str, str]) -> tuple[Bins, Bins]:
    first, second = (quantile_bins(panel.column(name), n_bins=N_BINS) for name in names)
    return first, second


def _cells(bins: tuple[Bins, Bins]) -> Ints:
    """Return the cell of each row, (n_obs,), the second regressor's bins running faster."""
    first, second = bins
    return first.codes * second.n_bins + second.codes


def corner_means(
    model: Fitted | FittedDraws, panel: Panel, names: tuple[str, str], bins: tuple[Bins, Bins]
) -> Floats:
    """Return the mean over the rows of each cell of the change of their change, (..., n_cells).

    An empty cell has the mean of the nearest one that has rows.
    """
    shape = (bins[0].n_bins, bins[1].n_bins)
    cells, n_cells = _cells(bins), shape[0] * shape[1]

    def predicted(first: Floats, second: Floats) -> Floats:
        return predict_any(model, panel.with_columns({names[0]: first, names[1]: second}))

    above, below = (
        predicted(bins[0].high, second) - predicted(bins[0].low, second)
        for second in (bins[1].high, bins[1].low)
    )
    means = bin_means(above - below, cells, n_cells)
    return np.asarray(means[..., nearest_filled(np.bincount(cells, minlength=n_cells).reshape(shape))])


def second_order(means: Floats, panel: Panel, names: tuple[str, str], bins: tuple[Bins, Bins]) -> Floats:
    """Return each row's second-order accumulated local effect (Apley and Zhu 2020).

    Every row's prediction is compared at the four corners of its cell of bins. The accumulated differences
    are freed of what each regressor does alone.

    Parameters
    ----------
    means : as `corner_means` gives it

    Returns
    -------
    (..., n_obs), outcome units, with mean zero.
    """
    shape = (bins[0].n_bins, bins[1].n_bins)
    counts = np.bincount(_cells(bins), minlength=shape[0] * shape[1])
    steps = means.reshape(*means.shape[:-1], *shape)
    margin = [(0, 0)] * (steps.ndim - 2) + [(1, 0), (1, 0)]
    surface = np.pad(steps.cumsum(axis=-2).cumsum(axis=-1), margin)
    pure = without_main_effects(surface, counts.reshape(shape))
    positions = [locate(own.edges, panel.column(name)) for own, name in zip(bins, names, strict=True)]
    return centred(on_surface(pure, *positions))


def nearest_filled(counts: Ints) -> Ints:
    """Return for each cell of counts, (n_first, n_second), the nearest with rows, flat (n_cells,).

    Distances are in bins, each axis as a share of its length; a cell with rows is its own nearest.
    """
    positions = np.stack(np.unravel_index(np.arange(counts.size), counts.shape), axis=1) / counts.shape
    filled = np.flatnonzero(counts.ravel())
    distance = np.square(positions[:, None, :] - positions[None, filled, :]).sum(axis=-1)
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
