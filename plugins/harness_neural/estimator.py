"""What the estimators of this plugin have in common: a design, perhaps a map, sizes, and draws of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import Floats, Note, Panel, Stream
from harness_neural import design as rows_of
from harness_neural.design import Design, DrawnRows, NetworkSample
from harness_neural.fits import Fit, FittedNetworkDraws, FittedNetworks, Model, Table, detail_tables
from harness_neural.names import Dimension
from harness_neural.options import NetworkOptions, require_gpu
from harness_neural.search import DrawSizes, Learned, require_rows
from harness_neural.som import MapFit

MapT = TypeVar("MapT", MapFit, None)
FitT = TypeVar("FitT", bound=Fit)


@dataclass(frozen=True)
class NetworkEstimator(NetworkOptions, ABC, Generic[MapT]):
    """Networks of the sizes that are best on selection rows, for one fit or one a draw."""

    # What a fit is, and what draws are.
    one: ClassVar[type[FittedNetworks]] = FittedNetworks
    many: ClassVar[type[FittedNetworkDraws]] = FittedNetworkDraws

    @property
    def keys(self) -> tuple[Dimension, ...]:
        """Keys whose levels have effects next to the networks."""
        return ()

    @abstractmethod
    def fit_map(self, panel: Panel, design: Design, *, rng: Generator) -> MapT:
        """Return the self-organising map before the networks; None without one."""

    @abstractmethod
    def learn(self, sample: NetworkSample, map_fit: MapT, *, rng: Generator) -> Learned:
        """Search sizes and initial values on a sample of one, and return the best networks."""

    @abstractmethod
    def search_sizes(self, whole: NetworkSample, map_fit: MapT, *, rng: Generator) -> DrawSizes:
        """Search the sizes of the networks of draws on a sample of one."""

    @abstractmethod
    def learn_draws(
        self, draws: NetworkSample, sizes: DrawSizes, map_fit: MapT, *, rngs: Sequence[Generator]
    ) -> Learned:
        """Train networks of these sizes once a draw; `rngs` are of each draw."""

    @abstractmethod
    def model(self, learned: Learned, map_fit: MapT) -> Model:
        """Return what networks become as functions of inputs."""

    def fitted(
        self,
        kind: type[FitT],
        learned: Learned,
        design: Design,
        map_fit: MapT,
        *,
        rows: Panel,
        weights: Floats,
    ) -> FitT:
        """Return a fit, or draws, by networks.

        Parameters
        ----------
        rows : all rows, those of levels that a network does not train on as well
        weights : (n_networks, n_obs), >= 0, how often a network trains on each
        """
        notes = design.notes + map_notes(map_fit) + learned.notes
        model = self.model(learned, map_fit)
        return kind(design=design, model=model, searches=learned.searches, notes=notes, map_fit=map_fit)

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> FittedNetworks:
        """Search size and initial values and keep the best networks.

        Without `selection`, `selection_share` of the panel's units is set aside to select on.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        rng = plugin.stream_or_seeded(rng)
        ordered, design, map_fit, sample = self._rows(panel, selection=selection, rng=rng)
        learned, everyone = self.learn(sample, map_fit, rng=rng), np.ones((1, ordered.n_obs))
        return self.fitted(self.one, learned, design, map_fit, rows=ordered, weights=everyone)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> FittedNetworkDraws:
        """Search sizes once on all rows that some draw uses, then train networks of these sizes a draw.

        The search selects on the rows that draws select on, where these are the same for all draws, and
        otherwise on a share of the units set aside. A draw without rows to select on trains for as many steps
        as the chosen candidate of the search. Effects are of the rows a draw trains on, each as often as it
        was drawn; those of an entity or period that a draw left out are of all its rows, each counted
        once, given the network and the other effects of the draw.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or a draw has too few rows.
        """
        rows = rows_of.drawn_rows(panel, weights=weights, selection=selection)
        trained_on = rows.trained_on
        design = rows_of.make_design(trained_on)
        map_fit = self.fit_map(trained_on, design, rng=rng)
        draws = rows_of.sample_of_draws(rows, design, effects=self.keys)
        require_rows(draws, where="")
        whole = rows_of.sample_to_search(rows.panel, draws, share=self.selection_share, rng=rng)
        sizes = self.search_sizes(whole, map_fit, rng=rng)
        prepared = PreparedNetworks(self, panel, None, design, map_fit, sizes)
        return prepared.fit_rows(rows, [plugin.stream_at(rng, at) for at in range(len(weights))])

    def prepare_draws(
        self, panel: Panel, *, selection: Panel | None, rng: Generator
    ) -> PreparedNetworks[MapT]:
        """Search the sizes of the networks of draws, as for one fit.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        _, design, map_fit, sample = self._rows(panel, selection=selection, rng=rng)
        sizes = self.search_sizes(sample, map_fit, rng=rng)
        sizes.train(self)
        return PreparedNetworks(self, panel, selection, design, map_fit, sizes)

    def _rows(
        self, panel: Panel, *, selection: Panel | None, rng: Generator
    ) -> tuple[Panel, Design, MapT, NetworkSample]:
        """Return the rows in canonical order, design and map, and the sample that sizes are searched on."""
        ordered = panel.take(panel.canonical_order)
        design = rows_of.make_design(ordered)
        map_fit = self.fit_map(ordered, design, rng=rng)
        return ordered, design, map_fit, self._sample(ordered, design, selection, rng)

    def _sample(self, rows: Panel, design: Design, selection: Panel | None, rng: Generator) -> NetworkSample:
        share, keys = self.selection_share, self.keys
        return rows_of.sample_to_fit(rows, design, selection=selection, share=share, rng=rng, effects=keys)

    def check_rows(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> None:
        """Refuse rows that do not vary, or are too few to set some aside and train a hidden unit."""
        if self.device == "cuda":
            require_gpu(self.optimiser)
        ordered = panel.take(panel.canonical_order)
        design = rows_of.make_design(ordered)
        require_rows(self._sample(ordered, design, selection, plugin.stream_or_seeded(rng)), where="")


def map_notes(map_fit: MapFit | None) -> tuple[Note, ...]:
    """Return what to know about a map; nothing without one."""
    return () if map_fit is None else map_fit.notes


@dataclass(frozen=True, eq=False)
class PreparedNetworks(Generic[MapT]):
    """What draws of networks have in common.

    Attributes
    ----------
    options : of the networks
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : from panels to inputs
    map_fit : the self-organising map before the networks; None without one
    sizes : that were found for all draws
    """

    options: NetworkEstimator[MapT]
    panel: Panel
    selection: Panel | None
    design: Design
    map_fit: MapT
    sizes: DrawSizes

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the inputs, the map and the hidden sizes."""
        return (
            *self.design.notes,
            *map_notes(self.map_fit),
            *(note for search in self.sizes.found for note in search.notes),
        )

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen, and the map and its clusters."""
        return detail_tables(self.sizes.found, self.map_fit, self.design)

    def fit(
        self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]
    ) -> FittedNetworkDraws:
        """Train networks of the sizes that were found, for each draw.

        Raises
        ------
        EstimationError
            Where a draw has too few rows.
        """
        selects = selection if self.selection is None else self.selection
        rows = rows_of.drawn_rows(self.panel, weights=weights, selection=selects, with_unused=True)
        return self.fit_rows(rows, rngs)

    def fit_rows(self, rows: DrawnRows, rngs: Sequence[Generator]) -> FittedNetworkDraws:
        """Train networks for each draw on rows of the panel."""
        options, design = self.options, self.design
        draws = rows_of.sample_of_draws(rows, design, effects=options.keys)
        learned = options.learn_draws(draws, self.sizes, self.map_fit, rngs=rngs)
        return options.fitted(
            options.many, learned, design, self.map_fit, rows=self.panel, weights=rows.given
        )
