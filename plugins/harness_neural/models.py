"""What networks become once trained: functions from inputs to predictions, for one fit or for many draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.plugin import Floats, Ints
from harness_neural.learn import Learned
from harness_neural.names import Combine
from harness_neural.profile import mean_profile, mean_profile_by_cluster
from harness_neural.sample import NetworkSample
from harness_neural.som import SelfOrganisingMap
from harness_neural.stacked import outputs

if TYPE_CHECKING:
    from harness_neural.batch import FixedInputs, NetworkBatch


class Model(Protocol):
    """Networks and how an observation finds its network."""

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs), for standardised inputs, (n_obs, n_inputs)."""

    def profile(self, X: Floats, fixed: FixedInputs) -> Floats:
        """Return means of `predict` over the rows of X with some inputs fixed, (n_networks, n_points)."""


@dataclass(frozen=True, eq=False)
class OneNetwork:
    """Every observation goes to the same network."""

    networks: NetworkBatch

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        return self.networks.predict(X)

    def profile(self, X: Floats, fixed: FixedInputs) -> Floats:
        """Return mean predictions, (n_networks, n_points)."""
        return mean_profile(self.networks, X, fixed)


@dataclass(frozen=True, eq=False)
class NetworkByCluster:
    """An observation goes to the network of its cluster."""

    networks: tuple[NetworkBatch, ...]
    map: SelfOrganisingMap

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        cluster = self.map.assign(X)
        predicted = np.empty((self.networks[0].n_networks, X.shape[0]))
        for at, networks in enumerate(self.networks):
            rows = np.flatnonzero(cluster == at)
            predicted[:, rows] = networks.predict(X[rows])
        return predicted

    def profile(self, X: Floats, fixed: FixedInputs) -> Floats:
        """Return mean predictions, (n_networks, n_points)."""
        return mean_profile_by_cluster(self.networks, X, fixed, self.map)


@dataclass(frozen=True, eq=False)
class StackedNetworks:
    """Every observation goes to the networks of all clusters, and their outputs to a further network.

    Attributes
    ----------
    functions : of each cluster
    further : takes in their outputs
    """

    functions: tuple[NetworkBatch, ...]
    further: NetworkBatch

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        stages = enumerate(outputs(self.functions, X))
        predicted = [self.further.take(np.array([at])).predict(own)[0] for at, own in stages]
        return np.stack(predicted)

    def profile(self, X: Floats, fixed: FixedInputs) -> Floats:
        """Return mean predictions, (n_networks, n_points), point by point."""
        moved = X.copy()
        means = np.empty((self.further.n_networks, fixed.n_points))
        for at, values in enumerate(fixed.values):
            moved[:, fixed.places] = values
            means[:, at] = self.predict(moved).mean(axis=1)
        return means


@dataclass(frozen=True, eq=False)
class ClusterInputs:
    """Every observation goes to the same network, which sees its cluster as dummies."""

    networks: NetworkBatch
    map: SelfOrganisingMap

    def predict(self, X: Floats) -> Floats:
        """Return predictions, (n_networks, n_obs)."""
        return self.networks.predict(with_dummies(X, self.map.assign(X), n_clusters=self.map.n_clusters))

    def profile(self, X: Floats, fixed: FixedInputs) -> Floats:
        """Return mean predictions, (n_networks, n_points)."""
        n_clusters = self.map.n_clusters
        networks = tuple(_in_cluster(self.networks, at, n_clusters=n_clusters) for at in range(n_clusters))
        return mean_profile_by_cluster(networks, X, fixed, self.map)


def with_dummies(X: Floats, cluster: Ints, *, n_clusters: int) -> Floats:
    """Return inputs, (n_obs, n_inputs), with a column of zeros and ones added for each cluster."""
    return np.column_stack([X, (cluster[:, None] == np.arange(n_clusters)).astype(np.float64)])


def seen(sample: NetworkSample, som: SelfOrganisingMap, combine: Combine) -> NetworkSample:
    """Return the sample that a network for all rows sees: with its clusters, or without."""
    if combine == "none":
        return sample
    X = with_dummies(sample.X, som.assign(sample.X), n_clusters=som.n_clusters)
    return replace(sample, X=X, n_distinct=sample.n_distinct + som.n_clusters)


def model_of(combine: Combine, learned: Learned, som: SelfOrganisingMap) -> Model:
    """Return what networks after a map become."""
    if combine == "separate_nets":
        return NetworkByCluster(learned.networks, som)
    if combine == "stacked":
        return StackedNetworks(learned.networks[:-1], learned.networks[-1])
    if combine == "one_hot":
        return ClusterInputs(learned.networks[0], som)
    return OneNetwork(learned.networks[0])


def _in_cluster(networks: NetworkBatch, cluster: int, *, n_clusters: int) -> NetworkBatch:
    """Return what networks that see clusters as dummies are in one cluster: the dummy adds to the biases."""
    n_inputs = networks.hidden.shape[2] - n_clusters - 1
    hidden = networks.hidden[..., : n_inputs + 1].copy()
    hidden[..., -1] = networks.hidden[..., n_inputs + cluster] + networks.hidden[..., -1]
    return replace(networks, hidden=hidden)
