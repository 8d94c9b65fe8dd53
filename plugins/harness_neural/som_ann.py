"""The estimator ``som_ann``: networks after a self-organising map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import LadderEntry, Panel, marked
from harness_neural.design import Design, NetworkSample
from harness_neural.estimator import NetworkEstimator
from harness_neural.fits import Model, model_of, seen
from harness_neural.names import Combine, MapTraining
from harness_neural.options import AtLeastOne
from harness_neural.search import (
    ClusteredSample,
    ClusterSearches,
    DrawSizes,
    Learned,
    learn,
    learn_by_cluster,
    learn_draws,
    learn_draws_by_cluster,
    learn_draws_stacked,
    search_clusters,
    search_further,
    search_size,
)
from harness_neural.som import MapFit, fit_map


@plugin.checks_options
@dataclass(frozen=True)
class SomAnn(NetworkEstimator[MapFit]):
    """A self-organising map sorts the rows into clusters, which then feed networks.

    The map sees all standardised inputs of the training rows and never the outcome: under one root seed it is
    the same for all outcomes and estimators. Bootstrap draws share
    one map, trained on all rows that some draw trains on. A cluster with too few rows to train or select on
    uses the network of all rows, and a note says so.

    Attributes
    ----------
    clusters : units of the map, on the grid nearest to a square: four are 2 x 2
    combine : one network a cluster; ``stacked``: these, and a
        further network whose hidden layer takes in the outputs of all of them; cluster dummies as further
        inputs of one network; or one network that does not see the clusters
    map_training : ``batch`` from the plane of the principal components, or ``sequential``, row by row
    map_starts : maps trained, of which the one with the least quantization error is kept
    map_passes : over the rows, of a map that is trained row by row, each step a row that is drawn
    map_seeds : other seeds from which maps are trained likewise, to see how far the clusters agree
    """

    name: ClassVar[str] = "som_ann"
    known_as: ClassVar[tuple[str, ...]] = ("ann", "som")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(240, marked("SOM + ANN"), id="ann"),)
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanPrepareDraws, plugin.CanProfile, plugin.CanRunQuick),
            *(plugin.CanFitFolds, plugin.ChecksRows, plugin.DrawsMaySelect, plugin.HasDetails),
            *(plugin.HasNotes, plugin.SelectsRows),
        }
    )

    clusters: AtLeastOne = 4
    combine: Combine = "separate_nets"
    map_training: MapTraining = "batch"
    map_starts: AtLeastOne = 5
    map_passes: AtLeastOne = 50
    map_seeds: Annotated[int, Field(ge=0)] = 10

    def fit_map(self, panel: Panel, design: Design, *, rng: Generator) -> MapFit:
        """Train maps from several starts and return the best."""
        return fit_map(
            design.values(panel),
            n_clusters=self.clusters,
            training=self.map_training,
            n_starts=self.map_starts,
            n_passes=self.map_passes,
            n_seeds=self.map_seeds,
            rng=rng,
        )

    def for_folds(self) -> Self:
        """Return a copy that compares its map with none."""
        return replace(self, map_seeds=0)

    def learn(self, sample: NetworkSample, map_fit: MapFit, *, rng: Generator) -> Learned:
        """Search sizes and initial values on a sample of one, and return the best networks."""
        if not self._has_clusters:
            return learn(seen(sample, map_fit.map, self.combine), self, rng=rng)
        first = learn_by_cluster(ClusteredSample.by_map(sample, map_fit.map), self, rng=rng)
        if self.combine == "separate_nets":
            return first
        search = search_further(sample, first, self, rng=rng)
        return first.followed_by(search, search.networks)

    def search_sizes(self, whole: NetworkSample, map_fit: MapFit, *, rng: Generator) -> DrawSizes:
        """Search the sizes of the networks of draws on a sample of one."""
        som, seed = map_fit.map, int(rng.integers(2**63))
        if not self._has_clusters:
            return DrawSizes(further=search_size(seen(whole, som, self.combine), self, where="", rng=rng))
        clustered, further = ClusteredSample.by_map(whole, som), None
        own = search_clusters(clustered, self, rng=rng)
        if self.combine == "stacked":
            first = learn_by_cluster(clustered, self, rng=rng, own=own)
            further = search_further(whole, first, self, rng=rng)
        searches = ClusterSearches(own, self, whole, seed)
        if len(own) < som.n_clusters:
            searches = replace(searches, found=searches.everyone())
        return DrawSizes(searches, further)

    def learn_draws(
        self, draws: NetworkSample, sizes: DrawSizes, map_fit: MapFit, *, rngs: Sequence[Generator]
    ) -> Learned:
        """Train networks of the clusters once a draw, or one for all rows, or both stages."""
        if sizes.clusters is None:
            return learn_draws(seen(draws, map_fit.map, self.combine), sizes.last, self, rngs=rngs)
        clustered = ClusteredSample.by_map(draws, map_fit.map)
        if self.combine == "separate_nets":
            return learn_draws_by_cluster(clustered, sizes.clusters, self, rngs=rngs)
        return learn_draws_stacked(clustered, sizes.clusters, sizes.last, self, rngs=rngs)

    def model(self, learned: Learned, map_fit: MapFit) -> Model:
        """Return what networks after a map become as functions of inputs."""
        return model_of(self.combine, learned, map_fit.map)

    @property
    def _has_clusters(self) -> bool:
        return self.combine in ("separate_nets", "stacked")
