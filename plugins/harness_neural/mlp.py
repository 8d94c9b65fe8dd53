"""The estimator ``mlp``: a network with one hidden layer, and effects of entities and periods next to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness import plugin
from harness.plugin import AbsorbedEffects, Floats, LadderEntry, Panel, key_of, marked
from harness_neural.design import Design, NetworkSample
from harness_neural.estimator import FitT, NetworkEstimator
from harness_neural.fits import NetworkDrawsWithEffects, NetworksWithEffects, OneNetwork
from harness_neural.names import Dimension
from harness_neural.search import DrawSizes, Learned, learn, learn_draws, search_size

if TYPE_CHECKING:
    from harness_neural.batch.networks import NetworkBatch

# Decay of output weights of nuisance functions, a hundredth of the usual one next to effects.
# What it shrinks is shrunk in outcome and exposure alike, see ``docs/measured/effects.md``.
NUISANCE_DECAY = 1e-5


@plugin.checks_options
@dataclass(frozen=True)
class Mlp(NetworkEstimator[None]):
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
        LadderEntry(220, marked("Neural network"), is_drafted=True),
        LadderEntry(
            230,
            marked("Neural network with entity and time effects"),
            id="mlp_effects",
            options={"effects": ["entity", "time"]},
        ),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitDraws, plugin.CanLearnNuisances, plugin.CanLearnWithin, plugin.CanPrepareDraws),
            *(plugin.CanProfile, plugin.CanRunQuick, plugin.ChecksRows, plugin.DrawsMaySelect),
            *(plugin.HasDetails, plugin.HasEffects, plugin.HasNotes, plugin.SelectsRows),
        }
    )

    one = NetworksWithEffects
    many = NetworkDrawsWithEffects

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

    @property
    def keys(self) -> tuple[Dimension, ...]:
        """Keys whose levels have effects next to the networks."""
        return self.effects

    def fit_map(self, panel: Panel, design: Design, *, rng: Generator) -> None:
        """Return None: no map comes before the network."""

    def learn(self, sample: NetworkSample, map_fit: None, *, rng: Generator) -> Learned:
        """Search size and initial values on a sample of one, and return the best network."""
        return learn(sample, self, rng=rng)

    def search_sizes(self, whole: NetworkSample, map_fit: None, *, rng: Generator) -> DrawSizes:
        """Search the size of the network of draws on a sample of one."""
        return DrawSizes(further=search_size(whole, self, where="", rng=rng))

    def learn_draws(
        self, draws: NetworkSample, sizes: DrawSizes, map_fit: None, *, rngs: Sequence[Generator]
    ) -> Learned:
        """Train one network a draw."""
        return learn_draws(draws, sizes.last, self, rngs=rngs)

    def model(self, learned: Learned, map_fit: None) -> OneNetwork:
        """Return the network as a function of inputs."""
        return OneNetwork(learned.networks[0])

    def fitted(
        self,
        kind: type[FitT],
        learned: Learned,
        design: Design,
        map_fit: None,
        *,
        rows: Panel,
        weights: Floats,
    ) -> FitT:
        """Return a fit, or draws, by networks, with the effects that go with them."""
        networks, effects = add_effects(learned.networks[0], rows, design, self.effects, weights=weights)
        whole = replace(learned, networks=(networks,))
        fit = super().fitted(kind, whole, design, map_fit, rows=rows, weights=weights)
        return replace(fit, effects=effects)


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

    residuals = design.standardised_outcome(panel) - networks.predict(design.standardised(panel))
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
    complete = plugin.with_omitted_levels(
        known, panel, unexplained, weights=weights, row_weights=np.ones(panel.n_obs)
    )
    return replace(networks, intercept=networks.intercept + fitted.means), complete
