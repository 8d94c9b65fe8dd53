"""One network for all rows, for one fit or for draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.random import Generator

from harness.plugin import Note
from harness_neural.draws import train_draws
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import SizeSearch, require_rows, search_size

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch


@dataclass(frozen=True, eq=False)
class Learned:
    """Networks that were trained.

    Attributes
    ----------
    networks : for all rows, or for each cluster in order; each holds one network a draw, or one for a fit
    searches : of their sizes
    notes : warnings for the report
    """

    networks: tuple[NetworkBatch, ...]
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]


def learn(sample: NetworkSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for all rows of a sample of one.

    Raises
    ------
    EstimationError
        Where there are too few rows.
    """
    search = search_size(sample, options, where="", rng=rng)
    return Learned((search.networks,), (search,), search.notes)


def learn_draws(
    draws: NetworkSample, search: SizeSearch, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> Learned:
    """Train one network a draw, of the size that a search on all rows found.

    Parameters
    ----------
    rngs : of each draw

    Raises
    ------
    EstimationError
        Where a draw has too few rows.
    """
    require_rows(draws, where="")
    return Learned((train_draws(draws, search, options, rngs=rngs),), (search,), search.notes)
