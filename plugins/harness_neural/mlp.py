"""The estimator ``mlp``: a network with one hidden layer, and effects of entities and periods next to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import (
    AbsorbedEffects,
    DrawSelection,
    Floats,
    LadderEntry,
    Panel,
    key_of,
    stream_at,
    with_omitted_levels,
)
from harness_neural.design import Design, make_design
from harness_neural.fits import FittedLevelDraws, FittedLevelNetworks, PreparedNetworks
from harness_neural.models import OneNetwork
from harness_neural.names import Dimension
from harness_neural.options import NetworkOptions
from harness_neural.sample import (
    DrawnRows,
    NetworkSample,
    drawn_rows,
    sample_of_draws,
    sample_to_fit,
    sample_to_search,
)
from harness_neural.search import SizeSearch, learn, learn_draws, require_rows, search_size

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch

NUISANCE_DECAY = 1e-5
"""Decay of output weights of nuisance functions, a hundredth of the usual one next to effects.

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
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(220, "Neural network", is_drafted=True),
        LadderEntry(
            230,
            "Neural network with entity and time effects",
            id="mlp_effects",
            options={"effects": ["entity", "time"]},
        ),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanLearnNuisances, plugin.CanLearnWithin, plugin.CanPrepareDraws),
            *(plugin.CanProfile, plugin.CanRunQuick, plugin.DrawsMaySelect, plugin.HasDetails),
            *(plugin.HasEffects, plugin.HasNotes, plugin.SelectsRows),
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
        ordered, design, sample = self._rows(panel, selection=selection, rng=rng)
        learned = learn(sample, self, rng=rng)
        everyone = np.ones((1, ordered.n_obs))
        networks, effects = add_effects(learned.networks[0], ordered, design, self.effects, weights=everyone)
        return FittedLevelNetworks(
            design=design,
            model=OneNetwork(networks),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            effects=effects,
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
        prepared = PreparedMlp(panel, None, design, None, self, search_size(whole, self, where="", rng=rng))
        return prepared.fit_rows(rows, [stream_at(rng, at) for at in range(len(weights))])

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedMlp:
        """Search the size of the networks of draws, as for one fit.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        _, design, sample = self._rows(panel, selection=selection, rng=rng)
        return PreparedMlp(panel, selection, design, None, self, search_size(sample, self, where="", rng=rng))

    def _rows(
        self, panel: Panel, *, selection: Panel | None, rng: Generator
    ) -> tuple[Panel, Design, NetworkSample]:
        """Return the rows in canonical order, their design, and the sample that sizes are searched on."""
        ordered = panel.take(panel.canonical_order)
        design = make_design(ordered)
        share, effects = self.selection_share, self.effects
        sample = sample_to_fit(ordered, design, selection=selection, share=share, rng=rng, effects=effects)
        return ordered, design, sample


@dataclass(frozen=True, eq=False)
class PreparedMlp(PreparedNetworks[FittedLevelDraws]):
    """What draws of a network have in common.

    Attributes
    ----------
    options : of the networks
    search : of the hidden size
    """

    options: Mlp
    search: SizeSearch

    @property
    def found(self) -> tuple[SizeSearch, ...]:
        """The search of the hidden size."""
        return (self.search,)

    def fit_rows(self, rows: DrawnRows, rngs: Sequence[Generator]) -> FittedLevelDraws:
        """Train one network a draw on rows of the panel."""
        design, effects = self.design, self.options.effects
        draws = sample_of_draws(rows, design, effects=effects)
        learned = learn_draws(draws, self.search, self.options, rngs=rngs)
        networks, levels = add_effects(learned.networks[0], self.panel, design, effects, weights=rows.given)
        return FittedLevelDraws(
            design=design,
            model=OneNetwork(networks),
            searches=learned.searches,
            notes=design.notes + learned.notes,
            effects=levels,
        )


def add_effects(
    networks: NetworkBatch, panel: Panel, design: Design, keys: tuple[Dimension, ...], *, weights: Floats
) -> tuple[NetworkBatch, tuple[AbsorbedEffects, ...]]:
    """Return networks, their intercepts with the mean effect, and the effects that fit their residuals.

    Parameters
    ----------
    panel : rows to fit effects to, those of levels that a network does not train on as well
    design : of the networks
    keys : whose levels have effects
    weights : (n_networks, n_obs), >= 0, how often a network trains on a row
    """
    if not keys:
        return networks, ()
    from harness_neural.batch.levels import fit_effects

    residuals = design.outcome(panel) - networks.predict(design.inputs(panel))
    fitted = fit_effects(tuple(key_of(panel, key).codes for key in keys), residuals, weights=weights)
    known = []
    for dimension, deviations in zip(keys, fitted.deviations, strict=True):
        key = key_of(panel, dimension)
        present = np.unique(key.codes)
        labels = tuple(key.labels[code] for code in present.tolist())
        known.append(AbsorbedEffects(dimension, labels, deviations[:, present]))
    unexplained = residuals - fitted.means[:, None]
    for effects in known:
        unexplained -= effects.of_rows(panel)
    complete = with_omitted_levels(
        known, panel, unexplained, weights=weights, row_weights=np.ones(panel.n_obs)
    )
    return replace(networks, intercept=networks.intercept + fitted.means), complete
