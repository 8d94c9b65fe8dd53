"""Additive effects of entities and periods beside a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats, Ints, LevelEffects, Panel, key_of, with_left_out_levels
from harness_neural.design import Design
from harness_neural.names import Dimension

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch

Dimensions = tuple[Dimension, ...]


@dataclass(frozen=True, eq=False)
class WithEffects:
    """Networks and the effects that go with them; the networks' intercepts include the mean effect."""

    networks: NetworkBatch
    effects: tuple[LevelEffects, ...]


def codes_of(panel: Panel, dimensions: Dimensions) -> tuple[Ints, ...]:
    """Return the level of each row, (n_obs,) codes from 0, by each key."""
    return tuple(key_of(panel, dimension).codes for dimension in dimensions)


def add_effects(
    networks: NetworkBatch, panel: Panel, design: Design, dimensions: Dimensions, *, weights: Floats
) -> WithEffects:
    """Return networks with the effects that fit what they leave over.

    Parameters
    ----------
    panel : rows to fit effects to, those of levels that a network does not train on as well
    design : of the networks
    weights : (n_networks, n_obs), >= 0, how often a network trains on a row
    """
    if not dimensions:
        return WithEffects(networks, ())
    from harness_neural.batch.absorb import fit_effects

    residuals = design.outcome(panel) - networks.predict(design.inputs(panel))
    fitted = fit_effects(codes_of(panel, dimensions), residuals, weights=weights)
    known = []
    for dimension, deviations in zip(dimensions, fitted.deviations, strict=True):
        key = key_of(panel, dimension)
        present = np.unique(key.codes)
        labels = tuple(key.labels[code] for code in present.tolist())
        known.append(LevelEffects(dimension, labels, deviations[:, present]))
    left = residuals - fitted.means[:, None]
    for effects in known:
        left -= effects.of_rows(panel)
    complete = with_left_out_levels(known, panel, left, weights=weights, row_weights=np.ones(panel.n_obs))
    shifted = replace(networks, intercept=networks.intercept + fitted.means)
    return WithEffects(shifted, complete)
