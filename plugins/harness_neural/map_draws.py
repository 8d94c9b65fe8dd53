"""What draws of networks after a self-organising map have in common, and how they are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats, Note, Panel
from harness_neural.by_cluster import ClusteredSample, ClusterSearches, learn_draws_by_cluster
from harness_neural.design import Design
from harness_neural.details import Table, map_tables, search_tables
from harness_neural.drawn import DrawnRows, ordered_rows
from harness_neural.fits import FittedMapDraws
from harness_neural.learn import Learned, learn_draws
from harness_neural.map_fit import MapFit
from harness_neural.models import model_of, seen
from harness_neural.names import Combine
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample, sample_of_draws
from harness_neural.search import SizeSearch, search_size
from harness_neural.stacked import learn_draws_stacked


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
    combine : how clusters feed them
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : from panels to inputs
    map_fit : the map, which all draws share
    searches : of the networks of clusters
    further : search of the network that follows them, or of one for all rows; None where there is none
    """

    options: NetworkOptions
    combine: Combine
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
        learned = self._learn(draws, rngs)
        return FittedMapDraws(
            design=self.design,
            model=model_of(self.combine, learned, self.map_fit.map),
            searches=learned.searches,
            notes=self.design.notes + learned.notes,
            map_fit=self.map_fit,
        )

    def _learn(self, draws: NetworkSample, rngs: Sequence[Generator]) -> Learned:
        som, own, further = self.map_fit.map, self.searches, self.further
        if further is None:
            return learn_draws_by_cluster(ClusteredSample.by_map(draws, som), own, self.options, rngs=rngs)
        if self.combine == "stacked":
            clustered = ClusteredSample.by_map(draws, som)
            return learn_draws_stacked(clustered, own, further, self.options, rngs=rngs)
        return learn_draws(seen(draws, som, self.combine), further, self.options, rngs=rngs)
