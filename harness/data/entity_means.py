"""Means of the regressors by entity, as further regressors (Mundlak 1978)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel

# Share of a column's spread below which it is the mean of its entity but for rounding.
ROUNDING = 1e-9


def means_by(codes: Ints, values: Floats) -> Floats:
    """Return the mean over the rows of the same code, at every row; (n_obs,) or (n_obs, n_columns)."""
    _, position, count = np.unique(codes, return_inverse=True, return_counts=True)
    table = values.reshape(codes.size, -1)
    sums = np.stack([np.bincount(position, weights=column) for column in table.T], axis=1)
    means = (sums / count[:, None])[position]
    return np.asarray(means.reshape(values.shape))


def with_entity_means(panel: Panel, *, known: Ints | None = None) -> Panel:
    """Return the panel with the mean of every regressor by entity among its controls.

    They stand for what is constant in an entity and goes with the regressors (Mundlak 1978), for learners of
    any kind; no outcome goes into them. A mean of the exposure stays what it is where another exposure is
    asked about. What is constant in all entities has no mean of its own.

    Parameters
    ----------
    known : positions of the rows that means are taken over; entities without any have the mean of all their
        rows. All rows where None
    """
    means = means_by(panel.entity.codes, panel.X)
    if known is not None:
        codes = panel.entity.codes[known]
        order, first = np.unique(codes, return_index=True)
        of_known = means_by(codes, panel.X[known])[first]
        place = np.minimum(np.searchsorted(order, panel.entity.codes), order.size - 1)
        is_known = order[place] == panel.entity.codes
        means = np.where(is_known[:, None], of_known[place], means)
    apart = np.abs(panel.X - means).max(axis=0)
    names = [f"{name}, mean of {panel.entity.name}" for name in panel.columns]
    kept = np.flatnonzero(apart > ROUNDING * np.abs(panel.X).max(axis=0))
    return replace(
        panel,
        controls=(*panel.controls, *(names[at] for at in kept.tolist())),
        X=np.column_stack([panel.X, means[:, kept]]),
    )
