"""Rows that bootstrap draws share, in canonical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import DrawSelection, Floats, Panel


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


def ordered_rows(panel: Panel, *, weights: Floats, selection: DrawSelection) -> DrawnRows:
    """Return all rows, whether a draw uses them or not, so that draws do not depend on which there are.

    Parameters
    ----------
    weights, selection : as `harness.plugin.CanFitDraws` has them
    """
    whole = _whole(panel, weights, selection)
    order = whole.panel.canonical_order
    if np.array_equal(order, np.arange(order.size)):
        return whole
    return DrawnRows(whole.panel.take(order), whole.weights[:, order], whole.selection[:, order])


def drawn_rows(panel: Panel, *, weights: Floats, selection: DrawSelection) -> DrawnRows:
    """Return the rows that some draw trains or selects on.

    Parameters
    ----------
    weights, selection : as `harness.plugin.CanFitDraws` has them
    """
    found = _whole(panel, weights, selection)
    order = found.panel.canonical_order
    is_used = np.asarray(found.weights.any(axis=0)) | np.asarray(found.selection.any(axis=0))
    rows = order[is_used[order]]
    if np.array_equal(rows, np.arange(found.panel.n_obs)):
        return found
    return DrawnRows(found.panel.take(rows), found.weights[:, rows], found.selection[:, rows])


def _whole(panel: Panel, weights: Floats, selection: DrawSelection) -> DrawnRows:
    """Return the rows of draws with further ones that all select on, in the order given."""
    if not isinstance(selection, Panel):
        asides = np.broadcast_to(0.0, weights.shape) if selection is None else selection
        return DrawnRows(panel, weights, asides)
    whole = panel.joined(selection)
    is_aside = np.arange(whole.n_obs) >= panel.n_obs
    asides = np.broadcast_to(is_aside.astype(np.float64), (len(weights), whole.n_obs))
    return DrawnRows(whole, np.pad(weights, ((0, 0), (0, selection.n_obs))), asides)
