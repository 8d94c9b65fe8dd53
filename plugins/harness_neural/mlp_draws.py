"""What draws of networks with one hidden layer have in common, and how they are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from harness.plugin import Floats, Note, Panel
from harness_neural.design import Design
from harness_neural.details import Table, search_tables
from harness_neural.drawn import DrawnRows, ordered_rows
from harness_neural.effects import add_effects
from harness_neural.fits import FittedLevelDraws
from harness_neural.learn import learn_draws
from harness_neural.models import OneNetwork
from harness_neural.names import Dimension
from harness_neural.options import NetworkOptions
from harness_neural.sample import sample_of_draws
from harness_neural.search import SizeSearch


@dataclass(frozen=True, eq=False)
class PreparedMlp:
    """What draws of a network have in common.

    Attributes
    ----------
    options : of the networks
    effects : keys whose levels have additive effects beside them
    panel : rows that weights of draws are of
    selection : further rows that all draws select on
    design : from panels to inputs
    search : of the hidden size
    """

    options: NetworkOptions
    effects: tuple[Dimension, ...]
    panel: Panel
    selection: Panel | None
    design: Design
    search: SizeSearch

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the inputs and the hidden size."""
        return self.design.notes + self.search.notes

    def details(self) -> Mapping[str, Table]:
        """Return what was tried and chosen: ``networks`` and ``learning_curves``."""
        return search_tables((self.search,))

    def fit(
        self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]
    ) -> FittedLevelDraws:
        """Train one network a draw.

        Raises
        ------
        EstimationError
            Where a draw has too few rows.
        """
        selects = selection if self.selection is None else self.selection
        return self.fit_rows(ordered_rows(self.panel, weights=weights, selection=selects), weights, rngs)

    def fit_rows(self, rows: DrawnRows, weights: Floats, rngs: Sequence[Generator]) -> FittedLevelDraws:
        """Train one network a draw on rows of the panel, (n_draws, n_obs) weights of which are given."""
        design = self.design
        draws = sample_of_draws(rows, design, effects=self.effects)
        learned = learn_draws(draws, self.search, self.options, rngs=rngs)
        found = add_effects(learned.networks[0], self.panel, design, self.effects, weights=weights)
        return FittedLevelDraws(
            design=design,
            model=OneNetwork(found.networks),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            effects=found.effects,
        )
