"""The estimator ``mlp``: a network with one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    Floats,
    HasDetails,
    HasEffects,
    HasNotes,
    Panel,
    Rung,
    SelectsRows,
)
from harness_neural.design import Design, make_design
from harness_neural.drawn import drawn_rows
from harness_neural.effects import WithEffects, add_effects
from harness_neural.fits import FittedLevelDraws, FittedLevelNetworks
from harness_neural.learn import learn, learn_draws
from harness_neural.models import OneNetwork
from harness_neural.names import Dimension
from harness_neural.options import NetworkOptions
from harness_neural.sample import sample_of_draws, sample_to_fit, sample_to_search

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch


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
        {CanFitDraws, CanProfile, CanRunQuick, HasDetails, HasEffects, HasNotes, SelectsRows}
    )

    effects: tuple[Dimension, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.effects)) < len(self.effects):
            raise ValueError(f"effects: entity, time, both or none, each once; found {list(self.effects)}")

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FittedLevelNetworks:
        """Search size and initial values and keep the best network.

        Without `selection`, `selection_share` of the panel's units is set aside to select on.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
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
        learned = learn(sample, self, rng=rng)
        everyone = np.ones((1, ordered.n_obs))
        found = self._with_effects(learned.networks[0], ordered, design, weights=everyone)
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
        learned = learn_draws(draws, whole, self, rng=rng)
        found = self._with_effects(learned.networks[0], panel, design, weights=weights)
        return FittedLevelDraws(
            design=design,
            model=OneNetwork(found.networks),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            effects=found.effects,
        )

    def _with_effects(
        self, networks: NetworkBatch, panel: Panel, design: Design, *, weights: Floats
    ) -> WithEffects:
        """Return networks and the effects that fit what they leave over, as `add_effects` has it."""
        if not self.effects:
            return WithEffects(networks, ())
        residuals = design.outcome(panel) - networks.predict(design.inputs(panel))
        return add_effects(networks, panel, self.effects, residuals=residuals, weights=weights)
