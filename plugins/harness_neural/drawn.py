"""Rows that bootstrap draws share, in canonical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import DrawSelection, Floats, Panel


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """A panel and how draws use its rows.

    Attributes
    ----------
    panel : rows that some draw trains or selects on, in canonical order
    weights, selection : (n_draws, n_obs), >= 0
    """

    panel: Panel
    weights: Floats
    selection: Floats

    @property
    def trained_on(self) -> Panel:
        """The rows that some draw trains on."""
        return self.panel.take(np.flatnonzero(self.weights.any(axis=0)))


def drawn_rows(panel: Panel, *, weights: Floats, selection: DrawSelection) -> DrawnRows:
    """Return the rows that some draw trains or selects on.

    Parameters
    ----------
    weights, selection : as `harness.CanFitDraws` has them
    """
    if isinstance(selection, Panel):
        whole = panel.joined(selection)
        is_aside = np.arange(whole.n_obs) >= panel.n_obs
        asides = np.broadcast_to(is_aside.astype(np.float64), (len(weights), whole.n_obs))
        weights = np.pad(weights, ((0, 0), (0, selection.n_obs)))
    else:
        whole, asides = panel, np.broadcast_to(0.0, weights.shape) if selection is None else selection
    order = whole.canonical_order
    is_used = np.asarray(weights.any(axis=0)) | np.asarray(asides.any(axis=0))
    rows = order[is_used[order]]
    if np.array_equal(rows, np.arange(whole.n_obs)):
        return DrawnRows(whole, weights, asides)
    return DrawnRows(whole.take(rows), weights[:, rows], asides[:, rows])
