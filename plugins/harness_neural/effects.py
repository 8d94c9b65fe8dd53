"""Additive effects of entities and periods beside a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness import Floats, Ints, Key, Panel
from harness_neural.names import Dimension

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch

Dimensions = tuple[Dimension, ...]


@dataclass(frozen=True, eq=False)
class LevelEffects:
    """Effects of the levels of one key, one set a network.

    Attributes
    ----------
    dimension : the key
    labels : (n_levels,), levels that some network has an effect for
    deviations : (n_networks, n_levels), from the mean effect over the rows a network is fitted to, in
        standardised outcome units; zero for a level that is not among these rows
    """

    dimension: Dimension
    labels: tuple[str, ...]
    deviations: Floats

    def of_rows(self, panel: Panel) -> Floats:
        """Return each row's deviation, (n_networks, n_obs); zero for a level without an effect."""
        codes = self._codes(panel)
        return np.where(codes >= 0, self.deviations[:, codes], 0.0)

    def is_unseen(self, panel: Panel) -> npt.NDArray[np.bool_]:
        """Return whether each row's level has no effect, (n_obs,)."""
        return np.asarray(self._codes(panel) < 0)

    def _codes(self, panel: Panel) -> Ints:
        return key_of(panel, self.dimension).codes_among(self.labels)


@dataclass(frozen=True, eq=False)
class WithEffects:
    """Networks and the effects that go with them; the networks' intercepts include the mean effect."""

    networks: NetworkBatch
    effects: tuple[LevelEffects, ...]


def count_unseen(effects: Sequence[LevelEffects], panel: Panel) -> int:
    """Return the number of rows of which some key's level has no effect."""
    is_unseen = np.zeros(panel.n_obs, dtype=np.bool_)
    for effect in effects:
        is_unseen |= effect.is_unseen(panel)
    return int(np.count_nonzero(is_unseen))


def key_of(panel: Panel, dimension: Dimension) -> Key:
    """Return one of the panel's keys."""
    return panel.entity if dimension == "entity" else panel.time


def codes_of(panel: Panel, dimensions: Dimensions) -> tuple[Ints, ...]:
    """Return the level of each row, (n_obs,) codes from 0, by each key."""
    return tuple(key_of(panel, dimension).codes for dimension in dimensions)


def joint_codes(first: Panel, second: Panel, dimensions: Dimensions) -> tuple[Ints, ...]:
    """Return the levels of the rows of one panel, then of another, by each key; they match by label."""
    found = []
    for dimension in dimensions:
        own, other = key_of(first, dimension), key_of(second, dimension)
        known = set(own.labels)
        labels = own.labels + tuple(label for label in other.labels if label not in known)
        found.append(np.concatenate([own.codes, other.codes_among(labels)]))
    return tuple(found)


def add_effects(
    networks: NetworkBatch, panel: Panel, dimensions: Dimensions, *, residuals: Floats, weights: Floats
) -> WithEffects:
    """Return networks with the effects that fit what they leave over.

    Parameters
    ----------
    panel : rows to fit effects to
    residuals : (n_networks, n_obs), standardised outcome less prediction
    weights : (n_networks, n_obs), >= 0
    """
    from harness_neural.batch.absorb import fit_effects

    fitted = fit_effects(codes_of(panel, dimensions), residuals, weights=weights)
    is_used = np.asarray(weights.any(axis=0))
    effects = []
    for dimension, deviations in zip(dimensions, fitted.deviations, strict=True):
        key = key_of(panel, dimension)
        present = np.unique(key.codes[is_used])
        labels = tuple(key.labels[code] for code in present.tolist())
        effects.append(LevelEffects(dimension, labels, deviations[:, present]))
    shifted = replace(networks, intercept=networks.intercept + fitted.means)
    return WithEffects(shifted, tuple(effects))
