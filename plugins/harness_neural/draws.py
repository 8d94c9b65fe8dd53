"""Networks of bootstrap draws: the best of some initial values, of the size that was found or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import SizeSearch

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch, Trained


def train_draws(
    draws: NetworkSample, found: SizeSearch, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> NetworkBatch:
    """Train networks on every draw, and keep a draw's best on the rows it selects on.

    A draw without rows to stop by trains one network of the chosen candidate's size, for as many steps as
    that candidate did, or as the options say.

    Parameters
    ----------
    rngs : of each draw, for its initial values
    """
    from harness_neural.batch import Piece, gather

    trained = [
        _train(draws, found, options, n_units=n_units, rngs=rngs) for n_units in _tried(draws, found, options)
    ]
    best = np.stack([start.selection for start in trained]).argmin(axis=0)
    places = [np.flatnonzero(best == at) for at in range(len(trained))]
    return gather(
        [Piece(own, start.networks.take(own)) for own, start in zip(places, trained, strict=True) if own.size]
    )


def _tried(draws: NetworkSample, found: SizeSearch, options: NetworkOptions) -> list[int]:
    """Return the hidden size of each network that a draw is tried with, the chosen candidate's first."""
    chosen = found.chosen.n_units
    if not (options.draws_select and draws.selection.any()):
        return [chosen]
    tried = {candidate.n_units for candidate in found.candidates}
    sizes = {chosen} if options.draw_size == "full_sample" else tried
    n_starts = options.draw_restarts if options.draw_start == "random" else 1
    return [size for size in [chosen, *sorted(sizes - {chosen})] for _ in range(n_starts)]


def _train(
    draws: NetworkSample,
    found: SizeSearch,
    options: NetworkOptions,
    *,
    n_units: int,
    rngs: Sequence[Generator],
) -> Trained:
    from harness_neural.batch import TrainingTask, initial_values, train

    n_draws, n_inputs = draws.weights.shape[0], draws.X.shape[1]
    sizes = np.full(n_draws, n_units)
    found_best = max(found.chosen.best_step, 1)
    blind_steps = found_best if options.draw_steps == "stopped" else options.draw_steps
    is_warm = options.draw_start == "full_sample" and n_units == found.chosen.n_units
    if is_warm:
        start = np.tile(found.point, (n_draws, 1))
    else:
        limits = options.start_limits()
        start = np.concatenate(
            [initial_values(sizes[:1], n_inputs=n_inputs, rng=own, limits=limits) for own in rngs],
        )
    task = TrainingTask(
        X=draws.X,
        outcome=draws.outcome,
        weights=draws.weights,
        selection=draws.selection if options.draws_select else np.zeros_like(draws.selection),
        start=start,
        n_units=sizes,
        blind_steps=np.full(n_draws, blind_steps),
        levels=draws.levels,
    )
    return train(task if is_warm else options.started(task), options.settings())
