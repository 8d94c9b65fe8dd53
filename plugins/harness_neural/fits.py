"""What the estimators of this plugin return: functions of inputs, and tables about searches and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.plugin import AbsorbedEffects, Floats, Ints, LearnedFit, Note, Panel, count_unseen, marked
from harness_neural.design import Design, NetworkSample
from harness_neural.names import Combine
from harness_neural.search import Learned, SizeSearch, outputs
from harness_neural.som import MapFit, SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch.networks import FixedInputs, NetworkBatch


# Rows looked at together, and numbers of one table of distances, (n_rows, n_points, n_clusters).
MOST_ROWS = 4096
MOST_DISTANCES = 2**22


def mean_profile(networks: NetworkBatch, X: Floats, fixed: FixedInputs) -> Floats:
    """Return mean predictions over rows, (n_networks, n_points), where one network serves all rows.

    Parameters
    ----------
    X : (n_rows, n_inputs), standardised
    """
    from harness_neural.batch.networks import total_predictions

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
    from harness_neural.batch.networks import total_predictions, total_predictions_where

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
        return np.stack([self.further.take(np.array([at])).predict(own)[0] for at, own in stages])

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


# A tidy table by columns, all of one length.
Table = Mapping[str, Sequence[object]]

ALL_ROWS = marked("all rows")


def detail_tables(searches: Sequence[SizeSearch], map_fit: MapFit | None, design: Design) -> dict[str, Table]:
    """Return ``networks``, a row a candidate, and ``learning_curves``, a row a step of a chosen candidate.

    With a map also ``som``, a row a cluster, and ``som_profile``, a row a cluster and variable.
    """
    of_map = {} if map_fit is None else _map_tables(map_fit, design)
    return {"networks": _networks(searches), "learning_curves": _learning_curves(searches), **of_map}


def _networks(searches: Sequence[SizeSearch]) -> Table:
    tried = [(search, candidate) for search in searches for candidate in search.candidates]
    return {
        "place": [search.where or ALL_ROWS for search, _ in tried],
        "hidden": [candidate.n_units for _, candidate in tried],
        "restart": [candidate.restart for _, candidate in tried],
        "steps": [candidate.steps for _, candidate in tried],
        "best_step": [candidate.best_step for _, candidate in tried],
        "training_nmse": [candidate.training_nmse for _, candidate in tried],
        "selection_nmse": [candidate.selection_nmse for _, candidate in tried],
        "chosen": [candidate is search.chosen for search, candidate in tried],
        "formula": [np.nan if search.sizes.formula is None else search.sizes.formula for search, _ in tried],
        "n_obs": [search.n_obs for search, _ in tried],
        "formula_rows": [search.formula_rows for search, _ in tried],
    }


def _learning_curves(searches: Sequence[SizeSearch]) -> Table:
    steps = [np.arange(search.curve.training.size) for search in searches]
    return {
        "place": [search.where or ALL_ROWS for search, own in zip(searches, steps, strict=True) for _ in own],
        "step": np.concatenate(steps).tolist(),
        "training_nmse": np.concatenate([search.curve.training for search in searches]).tolist(),
        "selection_nmse": np.concatenate([search.curve.selection for search in searches]).tolist(),
    }


def _map_tables(fitted: MapFit, design: Design) -> dict[str, Table]:
    """Return the tables of a map.

    Errors and agreement are of the whole map and repeat on every row. Means are over the rows the map was
    trained on; those of a cluster without rows are missing.
    """
    n_clusters, n_inputs = fitted.means.shape
    inputs = design.scale
    cluster = np.arange(n_clusters) + 1
    rows, columns = fitted.map.grid.astype(np.int64).T + 1
    return {
        "som": {
            "cluster": cluster.tolist(),
            "row": rows.tolist(),
            "column": columns.tolist(),
            "n_obs": fitted.n_obs.tolist(),
            "quantization_error": [fitted.quantization_error] * n_clusters,
            "topographic_error": [fitted.topographic_error] * n_clusters,
            "agreement": [fitted.agreement] * n_clusters,
            "n_seeds": [fitted.n_seeds] * n_clusters,
        },
        "som_profile": {
            "cluster": np.repeat(cluster, n_inputs).tolist(),
            "variable": list(design.columns) * n_clusters,
            "mean": (fitted.means * inputs.deviation + inputs.centre).ravel().tolist(),
            "mean_standardised": fitted.means.ravel().tolist(),
        },
    }


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fit(LearnedFit):
    """Networks, one for a fit or one a draw, and what led to them.

    Attributes
    ----------
    design : from panels to inputs, and back to outcome units
    model : of one network, or of one a cluster, for the fit or for each draw
    searches : of the hidden sizes, with learning curves; of draws, on all rows that some draw uses
    notes : warnings for the report
    effects : of the keys whose levels have effects next to the networks
    map_fit : the self-organising map before the networks, which all draws share; None without one
    """

    design: Design
    model: Model
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]
    effects: tuple[AbsorbedEffects, ...] = ()
    map_fit: MapFit | None = None

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen, and the map and its clusters."""
        return detail_tables(self.searches, self.map_fit, self.design)

    def _predict(self, panel: Panel) -> Floats:
        """Return predictions of all networks, (n_networks, n_obs), outcome units."""
        predicted = self.model.predict(self.design.standardised(panel))
        for effect in self.effects:
            predicted += effect.of_rows(panel)
        return self.design.in_outcome_units(predicted)

    def _profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions of all networks, (n_networks, n_points), outcome units."""
        means = self.model.profile(self.design.standardised(panel), self.design.fixed(columns, points))
        for effect in self.effects:
            means += effect.mean(panel)[:, None]
        return self.design.in_outcome_units(means)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FittedNetworks(Fit):
    """One fit."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units; a level never seen has the mean effect."""
        return np.asarray(self._predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        return np.asarray(self._profile(panel, columns, points)[0])


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class FittedNetworkDraws(Fit):
    """One fit a draw."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self._predict(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self._profile(panel, columns, points)


class WithEffects(Fit):
    """Networks, and effects next to them."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since their entity or period is new."""
        return count_unseen(self.effects, panel)


class NetworksWithEffects(WithEffects, FittedNetworks):
    """One fit with effects."""


class NetworkDrawsWithEffects(WithEffects, FittedNetworkDraws):
    """One fit with effects a draw."""
