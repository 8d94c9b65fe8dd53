"""Mean predictions over rows at many values of some inputs, the others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats, Ints
from harness_neural.som import SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch
    from harness_neural.batch.profile import FixedInputs

# Rows looked at together, and numbers of one table of distances, (n_rows, n_points, n_clusters).
MOST_ROWS = 4096
MOST_DISTANCES = 2**22


def mean_profile(networks: NetworkBatch, X: Floats, fixed: FixedInputs) -> Floats:
    """Return mean predictions over rows, (n_networks, n_points), where one network serves all rows.

    Parameters
    ----------
    X : (n_rows, n_inputs), standardised
    """
    from harness_neural.batch.profile import total_predictions

    totals = np.zeros((networks.n_networks, fixed.n_points))
    for first in range(0, len(X), MOST_ROWS):
        totals += total_predictions(networks, X[first : first + MOST_ROWS], fixed)
    return totals / len(X)


def mean_profile_by_cluster(
    networks: tuple[NetworkBatch, ...], X: Floats, fixed: FixedInputs, som: SelfOrganisingMap
) -> Floats:
    """Return mean predictions over rows, (n_networks, n_points), where rows may change clusters.

    A row is predicted by the network of the cluster it would be in at each point, as `predict` does. Rows
    that stay in one cluster at all points are tabulated together, the others one by one.

    Parameters
    ----------
    networks : of each cluster
    """
    from harness_neural.batch.profile import total_predictions, total_predictions_where

    totals = np.zeros((networks[0].n_networks, fixed.n_points))
    for first in range(0, len(X), MOST_ROWS):
        rows = X[first : first + MOST_ROWS]
        clusters = clusters_at(som, rows, fixed)
        stays = (clusters == clusters[:, :1]).all(axis=1)
        for at, own in enumerate(networks):
            is_here = clusters == at
            always, sometimes = is_here[:, 0] & stays, is_here.any(axis=1) & ~stays
            if always.any():
                totals += total_predictions(own, rows[always], fixed)
            if sometimes.any():
                totals += total_predictions_where(own, rows[sometimes], fixed, is_here[sometimes])
    return totals / len(X)


def clusters_at(som: SelfOrganisingMap, X: Floats, fixed: FixedInputs) -> Ints:
    """Return the cluster of each row at each point, (n_rows, n_points)."""
    stays = np.setdiff1d(np.arange(X.shape[1]), fixed.places)
    own = np.square(X[:, None, stays] - som.codebook[:, stays]).sum(axis=2)
    added = np.square(fixed.values[:, None] - som.codebook[:, fixed.places]).sum(axis=2)
    n_at_a_time = max(1, MOST_DISTANCES // own.size)
    chunks = np.split(added, range(n_at_a_time, len(added), n_at_a_time))
    return np.concatenate([(own[:, None] + chunk).argmin(axis=2) for chunk in chunks], axis=1)
