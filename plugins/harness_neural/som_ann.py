"""The estimator ``som_ann``: networks after a self-organising map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    Floats,
    HasDetails,
    HasNotes,
    Panel,
    Rung,
    SelectsRows,
)
from harness_neural.by_cluster import ClusteredSample, learn_by_cluster, learn_draws_by_cluster
from harness_neural.design import Design, make_design, settle
from harness_neural.drawn import drawn_rows
from harness_neural.fits import FittedMapDraws, FittedMapNetworks
from harness_neural.learn import Learned, learn, learn_draws
from harness_neural.map_fit import MapFit, fit_map
from harness_neural.models import (
    ClusterInputs,
    Model,
    NetworkByCluster,
    OneNetwork,
    StackedNetworks,
    with_dummies,
)
from harness_neural.names import Combine, MapTraining
from harness_neural.options import AtLeastOne, NetworkOptions
from harness_neural.sample import NetworkSample, sample_of_draws, sample_to_fit, sample_to_search
from harness_neural.som import SelfOrganisingMap
from harness_neural.stacked import learn_draws_stacked, learn_stacked


@dataclass(frozen=True)
class SomAnn(NetworkOptions):
    """A self-organising map sorts the rows into clusters, which then feed networks.

    The map sees all standardised inputs of the training rows and never the outcome. Bootstrap draws share
    one map, trained on all rows that some draw trains on.

    Attributes
    ----------
    clusters : units of the map, on the grid nearest to a square: four are 2 x 2
    combine : one network a cluster, each with the hidden size of its own rows; ``stacked``: these, and a
        further network whose hidden layer takes in the outputs of all of them; cluster dummies as further
        inputs of one network; or one network that does not see the clusters
    map_training : ``batch`` from the plane of the principal components, or ``sequential``, row by row
    map_starts : maps trained, of which the one with the least quantization error is kept
    """

    name: ClassVar[str] = "som_ann"
    known_as: ClassVar[tuple[str, ...]] = ("ann", "som")
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(240, "SOM + ANN", id="ann"),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, CanRunQuick, HasDetails, HasNotes, SelectsRows}
    )

    clusters: AtLeastOne = 4
    combine: Combine = "separate_nets"
    map_training: MapTraining = "batch"
    map_starts: AtLeastOne = 5

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FittedMapNetworks:
        """Train the map, then search size and initial values of the networks.

        Without `selection`, `selection_share` of the panel's units is set aside to select on. A cluster with
        too few rows to train or select on uses the network of all rows, and a note says so.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        ordered = panel.take(panel.canonical_order)
        design = make_design(ordered)
        fitted_map = self._fit_map(ordered, design, rng=rng)
        sample = sample_to_fit(ordered, design, selection=selection, share=self.selection_share, rng=rng)
        learned = self._learn(sample, fitted_map.map, rng=rng)
        return FittedMapNetworks(
            design=design,
            model=_model(self.combine, learned, fitted_map.map),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            map_fit=fitted_map,
        )

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedMapDraws:
        """Train the map and search sizes once, then train networks of these sizes a draw.

        Rows to search on and draws without rows to select on are as for ``mlp``.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or a draw has too few rows.
        """
        rows = drawn_rows(panel, weights=weights, selection=selection)
        design = make_design(rows.trained_on)
        fitted_map = self._fit_map(rows.trained_on, design, rng=rng)
        draws = sample_of_draws(rows, design)
        whole = sample_to_search(rows.panel, draws, share=self.selection_share, rng=rng)
        learned = self._learn_draws(draws, whole, fitted_map.map, rng=rng)
        return FittedMapDraws(
            design=design,
            model=_model(self.combine, learned, fitted_map.map),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            map_fit=fitted_map,
        )

    def _fit_map(self, panel: Panel, design: Design, *, rng: Generator) -> MapFit:
        return fit_map(
            settle(design.inputs(panel)),
            n_clusters=self.clusters,
            training=self.map_training,
            n_starts=self.map_starts,
            rng=rng,
        )

    def _learn(self, sample: NetworkSample, som: SelfOrganisingMap, *, rng: Generator) -> Learned:
        if self.combine == "separate_nets":
            return learn_by_cluster(_clustered(sample, som), self, rng=rng)
        if self.combine == "stacked":
            return learn_stacked(_clustered(sample, som), self, rng=rng)
        return learn(self._seen(sample, som), self, rng=rng)

    def _learn_draws(
        self, draws: NetworkSample, whole: NetworkSample, som: SelfOrganisingMap, *, rng: Generator
    ) -> Learned:
        if self.combine == "separate_nets":
            return learn_draws_by_cluster(_clustered(draws, som), _clustered(whole, som), self, rng=rng)
        if self.combine == "stacked":
            return learn_draws_stacked(_clustered(draws, som), _clustered(whole, som), self, rng=rng)
        return learn_draws(self._seen(draws, som), self._seen(whole, som), self, rng=rng)

    def _seen(self, sample: NetworkSample, som: SelfOrganisingMap) -> NetworkSample:
        """Return the sample that a network for all rows sees."""
        if self.combine == "none":
            return sample
        X = with_dummies(sample.X, som.assign(sample.X), n_clusters=som.n_clusters)
        return replace(sample, X=X, n_distinct=sample.n_distinct + som.n_clusters)


def _clustered(sample: NetworkSample, som: SelfOrganisingMap) -> ClusteredSample:
    return ClusteredSample(sample, som.assign(sample.X), som.n_clusters)


def _model(combine: Combine, learned: Learned, som: SelfOrganisingMap) -> Model:
    if combine == "separate_nets":
        return NetworkByCluster(learned.networks, som)
    if combine == "stacked":
        return StackedNetworks(learned.networks[:-1], learned.networks[-1])
    if combine == "one_hot":
        return ClusterInputs(learned.networks[0], som)
    return OneNetwork(learned.networks[0])
