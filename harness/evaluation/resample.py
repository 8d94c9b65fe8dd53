"""Bootstrap draws as weights on rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.rng import random_stream

ResampleUnit = Literal["entity", "row"]


def draw_counts(n_units: int, n_draws: int, rng: Generator) -> Ints:
    """Return how often each unit is drawn, (n_draws, n_units); every draw has n_units of them."""
    return rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=n_draws)


def draw_weights(panel: Panel, n_draws: int, *, unit: ResampleUnit, rng: Generator) -> Floats:
    """Return bootstrap weights on rows, (n_draws, n_obs), counts >= 0.

    Parameters
    ----------
    unit : what is drawn with replacement: whole entities, so that the dependence within an entity is kept
        (the cluster bootstrap), or single rows
    """
    if unit == "row":
        return draw_counts(panel.n_obs, n_draws, rng).astype(np.float64)
    present, position = np.unique(panel.entity.codes, return_inverse=True)
    per_entity = draw_counts(present.size, n_draws, rng).astype(np.float64)
    return per_entity[:, position]


def weights_of(panel: Panel, draws: range, *, unit: ResampleUnit, rng: Generator) -> Floats:
    """Return the weights of some of the draws that `draw_weights` makes, (n_taken, n_obs).

    Those before them are drawn and forgotten, one at a time, from where this process last stopped in the
    stream: blocks of draws in their order cost as much as all draws at once.

    Parameters
    ----------
    draws : positions, counted from 0, of step one
    rng : at the start of its stream
    """
    n_units = panel.n_obs if unit == "row" else panel.n_entities
    passed = _passed(str(rng.bit_generator.state), n_units)
    first = passed.n_draws if passed.n_draws <= draws.start else 0
    if first:
        rng.bit_generator.state = passed.state
    for _ in range(first, draws.start):
        draw_counts(n_units, 1, rng)
    weights = draw_weights(panel, len(draws), unit=unit, rng=rng)
    passed.n_draws, passed.state = draws.stop, rng.bit_generator.state
    return weights


@dataclass
class _Passed:
    """How far this process went in a stream of draws.

    Attributes
    ----------
    start : state of the stream before any draw
    n_units : of a draw
    n_draws : that were drawn
    state : of the stream after them
    """

    start: str
    n_units: int
    n_draws: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)


_passed = lru_cache(maxsize=8)(_Passed)


def out_of_bag(weights: Floats) -> Floats:
    """Return ones where a draw left a row out and zeros elsewhere, (n_draws, n_obs)."""
    return np.equal(weights, 0.0).astype(np.float64)


@dataclass(frozen=True)
class EntityDraws:
    """Draws of entities with replacement from one stream: the same for all who draw from equally many.

    Attributes
    ----------
    n_draws : >= 1
    seed, labels : of the stream
    """

    n_draws: int
    seed: int
    labels: tuple[str, ...]

    def sums(self, *values: Floats) -> tuple[Floats, ...]:
        """Return the sums of each of some values over the entities of each draw, (n_draws, ...).

        Parameters
        ----------
        values : (n_entities, ...) each, in one or two dimensions
        """
        n_entities = len(values[0])
        size = max(1, MOST_COUNTS // n_entities)
        found = tuple(np.empty((self.n_draws, *own.shape[1:])) for own in values)
        for first in range(0, self.n_draws, size):
            some = _counts_from(self, n_entities, first, size)
            for drawn, own in zip(found, values, strict=True):
                drawn[first : first + size] = some @ own
        return found


# Counts that are held as 64-bit numbers at a time, 32 MiB.
MOST_COUNTS = 2**22


@lru_cache(maxsize=1)  # where all draws are one block, gain after gain asks for the same
def _counts_from(draws: EntityDraws, n_entities: int, first: int, size: int) -> Floats:
    """Return a block of the counts of `_kept_counts` as 64-bit numbers, not to be written to."""
    block = _kept_counts(draws, n_entities)[first : first + size].astype(np.float64)
    block.flags.writeable = False
    return block


@lru_cache(maxsize=8)
def _kept_counts(draws: EntityDraws, n_entities: int) -> npt.NDArray[np.uint8]:
    """Return how often each entity is drawn, (n_draws, n_entities), not to be written to.

    A count has a mean of one; that it is above 255 has a chance below 1e-500.
    """
    rng = random_stream(draws.seed, *draws.labels)
    kept = np.empty((draws.n_draws, n_entities), dtype=np.uint8)
    size = max(1, MOST_COUNTS // n_entities)
    for first in range(0, draws.n_draws, size):
        some = kept[first : first + size]
        some[:] = draw_counts(n_entities, len(some), rng)
    kept.flags.writeable = False
    return kept
