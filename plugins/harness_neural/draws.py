"""Networks of bootstrap draws: one a draw, of the hidden size that was found or of one found for the draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness_neural.options import NetworkOptions
from harness_neural.sample import Sample
from harness_neural.search import Search

if TYPE_CHECKING:
    from harness_neural.batch import Networks, Trained


def train_draws(draws: Sample, found: Search, options: NetworkOptions, *, rng: Generator) -> Networks:
    """Train one network a draw.

    A draw without rows to stop by trains for as many steps as the chosen candidate of the search did, and has
    that candidate's size.
    """
    if options.draw_size == "full_sample":
        return _train(draws, found, options, n_units=found.chosen.n_units, rng=rng).networks
    return _best_of_each(draws, found, options, rng=rng)


def _train(draws: Sample, found: Search, options: NetworkOptions, *, n_units: int, rng: Generator) -> Trained:
    from harness_neural.batch import Task, initial_values, train

    n_draws, n_inputs = draws.weights.shape[0], draws.X.shape[1]
    sizes = np.full(n_draws, n_units)
    if options.draw_start == "full_sample" and n_units == found.chosen.n_units:
        start = np.tile(found.point, (n_draws, 1))
    else:
        start = initial_values(sizes, n_inputs=n_inputs, rng=rng)
    task = Task(
        X=draws.X,
        outcome=draws.outcome,
        weights=draws.weights,
        selection=draws.selection,
        start=start,
        n_units=sizes,
        blind_steps=np.full(n_draws, max(found.chosen.best_step, 1)),
        levels=draws.levels,
    )
    return train(task, options.settings())


def _best_of_each(draws: Sample, found: Search, options: NetworkOptions, *, rng: Generator) -> Networks:
    """Train every candidate of the search on every draw, one candidate at a time, and keep a draw's best."""
    from harness_neural.batch import Piece, gather

    trained = [_train(draws, found, options, n_units=one.n_units, rng=rng) for one in found.candidates]
    errors = np.stack([one.selection for one in trained])
    blind = ~draws.selection.any(axis=1)
    errors[:, blind] = np.inf
    errors[found.candidates.index(found.chosen), blind] = 0.0
    best = errors.argmin(axis=0)
    places = [np.flatnonzero(best == at) for at in range(len(trained))]
    return gather(
        [Piece(own, one.networks.take(own)) for own, one in zip(places, trained, strict=True) if own.size]
    )
