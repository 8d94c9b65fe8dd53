"""The estimator ``som_ann``: networks after a self-organising map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.random import Generator

from harness.plugin import (
    CanFitDraws,
    CanPrepareDraws,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    DrawsMaySelect,
    Floats,
    HasDetails,
    HasNotes,
    Panel,
    Rung,
    SelectsRows,
    stream_at,
)
from harness_neural.by_cluster import (
    ClusteredSample,
    ClusterSearches,
    learn_by_cluster,
    learn_searched,
    search_clusters,
)
from harness_neural.design import Design, make_design, settle
from harness_neural.drawn import drawn_rows
from harness_neural.fits import FittedMapDraws, FittedMapNetworks
from harness_neural.learn import Learned, learn
from harness_neural.map_draws import Everyone, FoundSize, PreparedSomAnn
from harness_neural.map_fit import MapFit, fit_map
from harness_neural.models import model_of, seen
from harness_neural.names import Combine, MapTraining
from harness_neural.options import AtLeastOne, NetworkOptions
from harness_neural.sample import NetworkSample, sample_of_draws, sample_to_fit, sample_to_search
from harness_neural.search import SizeSearch, require_rows, search_size
from harness_neural.som import SelfOrganisingMap
from harness_neural.stacked import learn_stacked, search_further


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
        {
            *(CanFitDraws, CanPrepareDraws, CanProfile, CanRunQuick, DrawsMaySelect),
            *(HasDetails, HasNotes, SelectsRows),
        }
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
            model=model_of(self.combine, learned, fitted_map.map),
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
        require_rows(draws, where="")
        whole = sample_to_search(rows.panel, draws, share=self.selection_share, rng=rng)
        prepared = self._prepared(panel, None, design, fitted_map, whole, rng=rng)
        return prepared.fit_rows(rows, [stream_at(rng, at) for at in range(len(weights))])

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedSomAnn:
        """Train the map and search sizes, as for one fit.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        ordered = panel.take(panel.canonical_order)
        design = make_design(ordered)
        fitted_map = self._fit_map(ordered, design, rng=rng)
        whole = sample_to_fit(ordered, design, selection=selection, share=self.selection_share, rng=rng)
        return self._prepared(panel, selection, design, fitted_map, whole, rng=rng)

    def _prepared(
        self,
        panel: Panel,
        selection: Panel | None,
        design: Design,
        fitted_map: MapFit,
        whole: NetworkSample,
        *,
        rng: Generator,
    ) -> PreparedSomAnn:
        """Search sizes on a sample of one."""
        som, seed = fitted_map.map, int(rng.integers(2**63))
        own: dict[int, SizeSearch] = {}
        further = None
        if self.combine == "separate_nets":
            own = search_clusters(ClusteredSample.by_map(whole, som), self, rng=rng)
        elif self.combine == "stacked":
            own = search_clusters(ClusteredSample.by_map(whole, som), self, rng=rng)
            first = learn_searched(ClusteredSample.by_map(whole, som), own, self, rng=rng)
            further = search_further(whole, first, self, rng=rng)
        else:
            further = search_size(seen(whole, som, self.combine), self, where="", rng=rng)
        lacks = self.combine in ("separate_nets", "stacked") and len(own) < som.n_clusters
        everyone = Everyone(self, whole, seed)
        searches = ClusterSearches(own, FoundSize(everyone()) if lacks else everyone)
        return PreparedSomAnn(self, self.combine, panel, selection, design, fitted_map, searches, further)

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
            return learn_by_cluster(ClusteredSample.by_map(sample, som), self, rng=rng)
        if self.combine == "stacked":
            return learn_stacked(ClusteredSample.by_map(sample, som), self, rng=rng)
        return learn(seen(sample, som, self.combine), self, rng=rng)
