"""Rows that bootstrap draws share, in canonical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats, Panel
from harness_neural.design import canonical_order


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """A panel and how draws use its rows.

    Attributes
    ----------
    panel : rows that some draw uses, in canonical order
    weights, selection : (n_draws, n_obs), >= 0
    """

    panel: Panel
    weights: Floats
    selection: Floats

    @property
    def trained_on(self) -> Panel:
        """The rows that some draw trains on."""
        return self.panel.take(np.flatnonzero(self.weights.any(axis=0)))


def drawn_rows(panel: Panel, *, weights: Floats, selection: Floats | None) -> DrawnRows:
    """Return the rows that some draw uses, so that the others are as good as absent.

    Parameters
    ----------
    weights, selection : (n_draws, n_obs), as `harness.CanFitDraws` has them
    """
    asides = np.broadcast_to(0.0, weights.shape) if selection is None else selection
    order = canonical_order(panel)
    is_used = np.asarray(weights.any(axis=0)) | np.asarray(asides.any(axis=0))
    rows = order[is_used[order]]
    if np.array_equal(rows, np.arange(panel.n_obs)):
        return DrawnRows(panel, weights, asides)
    return DrawnRows(panel.take(rows), weights[:, rows], asides[:, rows])
