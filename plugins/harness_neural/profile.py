"""Mean predictions over rows at many values of some inputs, the others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness import Floats, Ints
from harness_neural.som import SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch import Networks
    from harness_neural.batch.profile import Moved

# Rows looked at together, and numbers of one table of distances, (n_rows, n_points, n_clusters).
MOST_ROWS = 4096
MOST_DISTANCES = 2**22


def mean_profile(networks: Networks, X: Floats, moved: Moved) -> Floats:
    """Return mean predictions over rows, (n_networks, n_points), where one network serves all rows.

    Parameters
    ----------
    X : (n_rows, n_inputs), standardised
    """
    from harness_neural.batch.profile import total_predictions

    totals = np.zeros((networks.n_networks, len(moved.values)))
    for first in range(0, len(X), MOST_ROWS):
        totals += total_predictions(networks, X[first : first + MOST_ROWS], moved)
    return totals / len(X)


def mean_profile_by_cluster(
    networks: tuple[Networks, ...], X: Floats, moved: Moved, som: SelfOrganisingMap
) -> Floats:
    """Return mean predictions over rows, (n_networks, n_points), where a row's cluster follows the moved inputs.

    A row is predicted by the network of the cluster it would be in at each point, as `predict` does. Most rows
    stay in one cluster at all points, and are tabulated together. For the others the points are halved until
    they stay as well.

    Parameters
    ----------
    networks : of each cluster
    """
    totals = np.zeros((networks[0].n_networks, len(moved.values)))
    for first in range(0, len(X), MOST_ROWS):
        rows = X[first : first + MOST_ROWS]
        _add_totals(totals, networks, rows, moved, clusters_at(som, rows, moved), np.arange(len(moved.values)))
    return totals / len(X)


def clusters_at(som: SelfOrganisingMap, X: Floats, moved: Moved) -> Ints:
    """Return the cluster of each row at each point, (n_rows, n_points)."""
    stays = np.setdiff1d(np.arange(X.shape[1]), moved.places)
    own = np.square(X[:, None, stays] - som.codebook[:, stays]).sum(axis=2)
    added = np.square(moved.values[:, None] - som.codebook[:, moved.places]).sum(axis=2)
    n_at_a_time = max(1, MOST_DISTANCES // own.size)
    chunks = np.split(added, range(n_at_a_time, len(added), n_at_a_time))
    return np.concatenate([(own[:, None] + chunk).argmin(axis=2) for chunk in chunks], axis=1)


def _add_totals(
    totals: Floats,
    networks: tuple[Networks, ...],
    X: Floats,
    moved: Moved,
    clusters: Ints,
    points: Ints,
) -> None:
    """Add the predictions of these rows at these points, the clusters of which are (n_rows, n_points)."""
    from harness_neural.batch.profile import total_predictions

    stays = (clusters == clusters[:, :1]).all(axis=1)
    for cluster in np.unique(clusters[stays, 0]).tolist():
        rows = np.flatnonzero(stays & (clusters[:, 0] == cluster))
        totals[:, points] += total_predictions(networks[cluster], X[rows], moved.at(points))
    moving = np.flatnonzero(~stays)
    if moving.size:
        half = points.size // 2
        for some in (slice(None, half), slice(half, None)):
            _add_totals(totals, networks, X[moving], moved, clusters[moving][:, some], points[some])
