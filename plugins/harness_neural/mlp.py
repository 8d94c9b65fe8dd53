"""The estimator ``mlp``: a network with one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    CanFitDraws,
    CanLearnNuisances,
    CanLearnWithin,
    CanPrepareDraws,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    DrawsMaySelect,
    Floats,
    HasDetails,
    HasEffects,
    HasNotes,
    Panel,
    Rung,
    SelectsRows,
    stream_at,
)
from harness_neural.design import Design, make_design
from harness_neural.drawn import drawn_rows
from harness_neural.effects import add_effects
from harness_neural.fits import FittedLevelDraws, FittedLevelNetworks
from harness_neural.learn import learn
from harness_neural.mlp_draws import PreparedMlp
from harness_neural.models import OneNetwork
from harness_neural.names import Dimension
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample, sample_of_draws, sample_to_fit, sample_to_search
from harness_neural.search import require_rows, search_size

NUISANCE_DECAY = 1e-5
"""Decay of output weights of nuisance functions, a hundredth of the usual one beside effects.

What it shrinks is shrunk in outcome and exposure alike, see ``docs/what_is_the_effect.md``.
"""


@dataclass(frozen=True)
class Mlp(NetworkOptions):
    """A network with one hidden layer and a linear output, trained on squared error.

    Inputs are all regressors, standardised on the rows a network trains on; entity and time are none.
    Candidate networks of several sizes and initial values are trained on the training rows; each is stopped,
    and the best is chosen, by its error on the selection rows.

    With `effects` a prediction is the network's plus an effect of the row's entity, period, or both, fitted
    together by least squares, so that the network learns from differences within entities or periods. An
    entity or period that no training row has gets the mean effect; `n_unseen` of the fit counts such rows.
    Levels are matched by label. While networks are stopped and chosen, selection rows of an entity or period
    that is not trained on count without their mean error, which no network could have learned; once chosen,
    effects are fitted to all rows of the panel.

    Attributes
    ----------
    effects : keys whose levels have additive effects: ``entity``, ``time``, both, or none
    """

    name: ClassVar[str] = "mlp"
    known_as: ClassVar[tuple[str, ...]] = ("nn", "neural_network", "network", "net")
    rungs: ClassVar[tuple[Rung, ...]] = (
        Rung(220, "Neural network", is_drafted=True),
        Rung(
            230,
            "Neural network with entity and time effects",
            id="mlp_effects",
            options={"effects": ["entity", "time"]},
        ),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(CanFitDraws, CanLearnNuisances, CanLearnWithin, CanPrepareDraws, CanProfile, CanRunQuick),
            *(DrawsMaySelect, HasDetails, HasEffects, HasNotes, SelectsRows),
        }
    )

    effects: tuple[Dimension, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.effects)) < len(self.effects):
            raise ValueError(f"effects: entity, time, both or none, each once; found {list(self.effects)}")

    def for_nuisances(self) -> Self:
        """Return a copy whose output weights are solved for, and decay little unless a decay was chosen.

        What L-BFGS stops short of in outcome and exposure alike, solved weights reach. Other optimisers, and
        starts at a line, which these weights do not go with, stay.
        """
        if self.optimiser not in ("lbfgs", "projected_lbfgs") or self.start != "random":
            return self
        decay = NUISANCE_DECAY if self.output_decay == "auto" else self.output_decay
        return replace(self, optimiser="projected_lbfgs", output_decay=decay)

    def within_entities(self) -> Self:
        """Return a copy with effects of entity and time."""
        return replace(self, effects=("entity", "time"))

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FittedLevelNetworks:
        """Search size and initial values and keep the best network.

        Without `selection`, `selection_share` of the panel's units is set aside to select on.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        ordered, design, sample = self._searched(panel, selection=selection, rng=rng)
        learned = learn(sample, self, rng=rng)
        everyone = np.ones((1, ordered.n_obs))
        found = add_effects(learned.networks[0], ordered, design, self.effects, weights=everyone)
        return FittedLevelNetworks(
            design=design,
            model=OneNetwork(found.networks),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            effects=found.effects,
        )

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedLevelDraws:
        """Search the size once on all rows that some draw uses, then train one network of it a draw.

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
        rows = drawn_rows(panel, weights=weights, selection=selection)
        design = make_design(rows.trained_on)
        draws = sample_of_draws(rows, design, effects=self.effects)
        whole = sample_to_search(rows.panel, draws, share=self.selection_share, rng=rng)
        require_rows(draws, where="")
        prepared = PreparedMlp(
            self, self.effects, panel, None, design, search_size(whole, self, where="", rng=rng)
        )
        return prepared.fit_rows(rows, weights, [stream_at(rng, at) for at in range(len(weights))])

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedMlp:
        """Search the size of the networks of draws, as for one fit.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        _, design, sample = self._searched(panel, selection=selection, rng=rng)
        return PreparedMlp(
            self, self.effects, panel, selection, design, search_size(sample, self, where="", rng=rng)
        )

    def _searched(
        self, panel: Panel, *, selection: Panel | None, rng: Generator
    ) -> tuple[Panel, Design, NetworkSample]:
        """Return the rows in canonical order, their design, and the sample that sizes are searched on."""
        ordered = panel.take(panel.canonical_order)
        design = make_design(ordered)
        sample = sample_to_fit(
            ordered,
            design,
            selection=selection,
            share=self.selection_share,
            rng=rng,
            effects=self.effects,
        )
        return ordered, design, sample
