"""Bins that hold equal shares of the rows, and means within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints


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
