"""Columns that hold the outcome, which a first draft does without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.shape.leakage import leaks
from harness.draft.column import RawColumn


def left_for_leaks(outcome: RawColumn, candidates: Sequence[RawColumn]) -> Mapping[str, str]:
    """Return the columns of numbers that would give the outcome away as controls, with the reason.

    Of two that make the outcome together, the one that goes with it more closely is left out.

    Parameters
    ----------
    candidates : controls of the draft; looked at in the rows in which all have a number
    """
    numbers = {column.name: column.numbers for column in (outcome, *candidates)}
    there = np.isfinite(np.stack(list(numbers.values()))).all(axis=0)
    whole = {name: values[there] for name, values in numbers.items()}
    left: dict[str, str] = {}
    for leak in leaks(whole, outcomes=[outcome.name], regressors=[column.name for column in candidates]):
        if len(leak.names) == 1:
            left[leak.what] = "the outcome is a function of it, or nearly so"
        elif left.keys().isdisjoint(leak.names):
            closest = max(leak.names, key=lambda name: _closeness(whole[name], whole[outcome.name]))
            left[closest] = f"the outcome is {leak.what}, up to a constant factor"
    return left


def _closeness(values: Floats, outcome: Floats) -> float:
    """Return the size of the rank correlation, which a few large entities do not decide."""
    return abs(float(pd.Series(values).rank().corr(pd.Series(outcome).rank())))
