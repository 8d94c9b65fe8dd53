"""What networks become once trained: functions from inputs to predictions, for one fit or for many draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness import Floats, Ints
from harness_neural.som import SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch import Networks


class Model(Protocol):
    """Networks and how an observation finds its network."""

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs), for standardised inputs, (n_obs, n_inputs)."""


@dataclass(frozen=True, eq=False)
class OneNetwork:
    """Every observation goes to the same network."""

    networks: Networks

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        return self.networks.predict(X)


@dataclass(frozen=True, eq=False)
class ClusterInputs:
    """Every observation goes to the same network, which sees its cluster as dummies."""

    networks: Networks
    map: SelfOrganisingMap

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        return self.networks.predict(with_dummies(X, self.map.assign(X), n_clusters=self.map.n_clusters))


@dataclass(frozen=True, eq=False)
class NetworkByCluster:
    """An observation goes to the network of its cluster."""

    networks: tuple[Networks, ...]
    map: SelfOrganisingMap

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        cluster = self.map.assign(X)
        predicted = np.empty((self.networks[0].n_networks, X.shape[0]))
        for at, networks in enumerate(self.networks):
            rows = np.flatnonzero(cluster == at)
            predicted[:, rows] = networks.predict(X[rows])
        return predicted


def with_dummies(X: Floats, cluster: Ints, *, n_clusters: int) -> Floats:
    """Return inputs, (n_obs, n_inputs), with a column of zeros and ones added for each cluster."""
    return np.column_stack([X, (cluster[:, None] == np.arange(n_clusters)).astype(np.float64)])
