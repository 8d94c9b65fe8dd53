"""Bootstrap draws as weights on rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel

ResampleUnit = Literal["entity", "row"]


def draw_counts(n_units: int, n_draws: int, rng: Generator) -> Ints:
    """Return how often each unit is drawn, (n_draws, n_units); every draw has n_units of them."""
    return rng.multinomial(n_units, np.full(n_units, 1.0 / n_units), size=n_draws)


def draw_weights(panel: Panel, n_draws: int, *, unit: ResampleUnit, rng: Generator) -> Floats:
    """Return bootstrap weights on rows, (n_draws, n_obs), counts >= 0.

    Parameters
    ----------
    unit : resampled with replacement: whole entities, which keeps the dependence within entities (cluster
        bootstrap), or single rows
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
    """Return one for rows that a draw omits and zero for others, (n_draws, n_obs)."""
    return np.equal(weights, 0.0).astype(np.float64)
