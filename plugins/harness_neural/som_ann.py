"""The estimator ``som_ann``: networks after a self-organising map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanPrepareDraws,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    DrawsMaySelect,
    Floats,
    HasDetails,
    HasNotes,
    Note,
    Panel,
    Rung,
    SelectsRows,
    stream_at,
)
from harness_neural.by_cluster import (
    ClusteredSample,
    ClusterSearches,
    learn_by_cluster,
    learn_draws_by_cluster,
    learn_searched,
    search_clusters,
)
from harness_neural.design import Design, make_design, settle
from harness_neural.details import Table, map_tables, search_tables
from harness_neural.drawn import DrawnRows, drawn_rows, ordered_rows
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
from harness_neural.search import SizeSearch, require_rows, search_size
from harness_neural.som import SelfOrganisingMap
from harness_neural.stacked import learn_draws_stacked, learn_stacked, search_further


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
            own = search_clusters(_clustered(whole, som), self, rng=rng)
        elif self.combine == "stacked":
            own = search_clusters(_clustered(whole, som), self, rng=rng)
            first = learn_searched(_clustered(whole, som), own, self, rng=rng)
            further = search_further(whole, first, self, rng=rng)
        else:
            further = search_size(self._seen(whole, som), self, where="", rng=rng)
        lacks = self.combine in ("separate_nets", "stacked") and len(own) < som.n_clusters
        everyone = Everyone(self, whole, seed)
        searches = ClusterSearches(own, FoundSize(everyone()) if lacks else everyone)
        return PreparedSomAnn(self, panel, selection, design, fitted_map, searches, further)

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

    def learn_draws(
        self, draws: NetworkSample, prepared: PreparedSomAnn, *, rngs: Sequence[Generator]
    ) -> Learned:
        """Train the networks of draws, of the sizes that were found on all rows."""
        som, own, further = prepared.map_fit.map, prepared.searches, prepared.further
        if further is None:
            return learn_draws_by_cluster(_clustered(draws, som), own, self, rngs=rngs)
        if self.combine == "stacked":
            return learn_draws_stacked(_clustered(draws, som), own, further, self, rngs=rngs)
        return learn_draws(self._seen(draws, som), further, self, rngs=rngs)

    def _seen(self, sample: NetworkSample, som: SelfOrganisingMap) -> NetworkSample:
        """Return the sample that a network for all rows sees."""
        if self.combine == "none":
            return sample
        X = with_dummies(sample.X, som.assign(sample.X), n_clusters=som.n_clusters)
        return replace(sample, X=X, n_distinct=sample.n_distinct + som.n_clusters)


@dataclass(frozen=True, eq=False)
class Everyone:
    """A search on the rows of all clusters together, which few draws need: each block finds it again.

    Attributes
    ----------
    whole : the sample of one to search on
    seed : of its random numbers
    """

    options: NetworkOptions
    whole: NetworkSample
    seed: int

    def __call__(self) -> SizeSearch:
        """Search; the same wherever it is done."""
        return search_size(self.whole, self.options, where="", rng=np.random.default_rng(self.seed))


@dataclass(frozen=True, eq=False)
class FoundSize:
    """A search that was done."""

    search: SizeSearch

    def __call__(self) -> SizeSearch:
        """Return it."""
        return self.search


@dataclass(frozen=True, eq=False)
class PreparedSomAnn:
    """What draws of networks after a map have in common.

    Attributes
    ----------
    options : of the networks
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : from panels to inputs
    map_fit : the map, which all draws share
    searches : of the networks of clusters
    further : search of the network that follows them, or of one for all rows; None where there is none
    """

    options: SomAnn
    panel: Panel
    selection: Panel | None
    design: Design
    map_fit: MapFit
    searches: ClusterSearches
    further: SizeSearch | None

    @property
    def found(self) -> tuple[SizeSearch, ...]:
        """The searches that were done for all draws."""
        return (*self.searches.own.values(), *(() if self.further is None else (self.further,)))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the inputs and the hidden sizes."""
        return (*self.design.notes, *(note for search in self.found for note in search.notes))

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen, and the map and its clusters."""
        return {**search_tables(self.found), **map_tables(self.map_fit, self.design)}

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> FittedMapDraws:
        """Train networks of the sizes that were found, for each draw.

        Raises
        ------
        EstimationError
            Where a draw has too few rows.
        """
        selects = selection if self.selection is None else self.selection
        return self.fit_rows(ordered_rows(self.panel, weights=weights, selection=selects), rngs)

    def fit_rows(self, rows: DrawnRows, rngs: Sequence[Generator]) -> FittedMapDraws:
        """Train networks for each draw on rows of the panel."""
        draws = sample_of_draws(rows, self.design)
        learned = self.options.learn_draws(draws, self, rngs=rngs)
        return FittedMapDraws(
            design=self.design,
            model=_model(self.options.combine, learned, self.map_fit.map),
            searches=learned.searches,
            notes=self.design.notes + learned.notes,
            map_fit=self.map_fit,
        )


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
