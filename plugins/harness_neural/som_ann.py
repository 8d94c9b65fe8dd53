"""The estimator ``som_ann``: networks after a self-organising map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from numpy.random import Generator

from harness import plugin
from harness.plugin import DrawSelection, Floats, LadderEntry, Panel, stream_at
from harness_neural.by_cluster import (
    ClusteredSample,
    ClusterSearches,
    learn_by_cluster,
    learn_draws_by_cluster,
    learn_draws_stacked,
    learn_stacked,
    search_clusters,
    search_further,
)
from harness_neural.design import Design, make_design, settle
from harness_neural.fits import FittedNetworkDraws, FittedNetworks, PreparedNetworks
from harness_neural.models import model_of, seen
from harness_neural.names import Combine, MapTraining
from harness_neural.options import AtLeastOne, NetworkOptions
from harness_neural.sample import (
    DrawnRows,
    NetworkSample,
    drawn_rows,
    sample_of_draws,
    sample_to_fit,
    sample_to_search,
)
from harness_neural.search import Learned, SizeSearch, learn, learn_draws, require_rows, search_size
from harness_neural.som import MapFit, SelfOrganisingMap, fit_map


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
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(240, "SOM + ANN", id="ann"),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanPrepareDraws, plugin.CanProfile, plugin.CanRunQuick),
            *(plugin.DrawsMaySelect, plugin.HasDetails, plugin.HasNotes, plugin.SelectsRows),
        }
    )

    clusters: AtLeastOne = 4
    combine: Combine = "separate_nets"
    map_training: MapTraining = "batch"
    map_starts: AtLeastOne = 5

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FittedNetworks:
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
        return FittedNetworks(
            design=design,
            model=model_of(self.combine, learned, fitted_map.map),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            map_fit=fitted_map,
        )

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedNetworkDraws:
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
        if self.combine in ("one_hot", "none"):
            further = search_size(seen(whole, som, self.combine), self, where="", rng=rng)
        else:
            clustered = ClusteredSample.by_map(whole, som)
            own = search_clusters(clustered, self, rng=rng)
            if self.combine == "stacked":
                first = learn_by_cluster(clustered, self, rng=rng, own=own)
                further = search_further(whole, first, self, rng=rng)
        searches = ClusterSearches(own, self, whole, seed)
        if self.combine in ("separate_nets", "stacked") and len(own) < som.n_clusters:
            searches = replace(searches, found=searches.everyone())
        return PreparedSomAnn(panel, selection, design, fitted_map, self, searches, further)

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


@dataclass(frozen=True, eq=False)
class PreparedSomAnn(PreparedNetworks[FittedNetworkDraws]):
    """What draws of networks after a map have in common.

    Attributes
    ----------
    options : of the networks
    searches : of the networks of clusters
    further : search of the network that follows them, or of one for all rows; None where there is none
    """

    map_fit: MapFit
    options: SomAnn
    searches: ClusterSearches
    further: SizeSearch | None

    @property
    def found(self) -> tuple[SizeSearch, ...]:
        """The searches that were done for all draws."""
        return (*self.searches.own.values(), *(() if self.further is None else (self.further,)))

    def fit_rows(self, rows: DrawnRows, rngs: Sequence[Generator]) -> FittedNetworkDraws:
        """Train networks for each draw on rows of the panel."""
        learned = self._learn(sample_of_draws(rows, self.design), rngs)
        return FittedNetworkDraws(
            design=self.design,
            model=model_of(self.options.combine, learned, self.map_fit.map),
            searches=learned.searches,
            notes=self.design.notes + learned.notes,
            map_fit=self.map_fit,
        )

    def _learn(self, draws: NetworkSample, rngs: Sequence[Generator]) -> Learned:
        options, som, further = self.options, self.map_fit.map, self.further
        if further is not None and options.combine != "stacked":
            return learn_draws(seen(draws, som, options.combine), further, options, rngs=rngs)
        clustered = ClusteredSample.by_map(draws, som)
        if further is None:
            return learn_draws_by_cluster(clustered, self.searches, options, rngs=rngs)
        return learn_draws_stacked(clustered, self.searches, further, options, rngs=rngs)
