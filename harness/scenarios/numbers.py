"""What scenarios ask of models: arrays by name, which are found draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.scenarios.draws import MOST_NUMBERS

Numbers = Mapping[str, Floats]
"""Of one fit arrays of any shape, of draws those shapes after (n_draws, ...)."""


@dataclass(frozen=True, eq=False)
class FitAndDraws:
    """Numbers of one fit and of its draws."""

    fit: Numbers
    draws: Numbers


def joined(parts: Sequence[Numbers]) -> Numbers:
    """Return the numbers of draws that were made in parts, those of the first part first."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def mean_of_draws(numbers: Numbers) -> Numbers:
    """Return the numbers of the fit that is the mean of draws; all are linear in predictions."""
    return {name: np.asarray(values.mean(axis=0)) for name, values in numbers.items()}


def some_at_a_time(call: Callable[[slice], Floats], *, n_draws: int, n_obs: int) -> Floats:
    """Return what a call gives for slices of draws, (n_draws, ...), so that few are held on every row."""
    size = max(1, MOST_NUMBERS // n_obs)
    return np.concatenate([call(slice(first, first + size)) for first in range(0, n_draws, size)])
