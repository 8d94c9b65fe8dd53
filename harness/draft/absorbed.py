"""Which effects leave nothing of a variable."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats, Ints

_NOTHING = 1e-9
"""What is left of a variable's spread, relative to it, where effects take all of it."""


def absorbing(values: Floats, entity: Ints, time: Ints) -> tuple[frozenset[str], ...]:
    """Return the sets of effects that determine a variable, the smallest only.

    Parameters
    ----------
    values : (n_rows,), NaN where missing
    entity, time : (n_rows,), codes
    """
    there = np.isfinite(values)
    values, entity, time = values[there], entity[there], time[there]
    one: list[frozenset[str]] = []
    if _is_determined(values, entity):
        one.append(frozenset({"entity"}))
    if _is_determined(values, time):
        one.append(frozenset({"time"}))
    if one:
        return tuple(one)
    return (frozenset({"entity", "time"}),) if _is_determined(values, entity, time) else ()


def _is_determined(values: Floats, *keys: Ints) -> bool:
    """Return whether sums of effects of the keys' levels give the values."""
    from scipy.sparse import coo_array, hstack
    from scipy.sparse.linalg import lsqr

    rows = np.arange(values.size)
    dummies = hstack([coo_array((np.ones(values.size), (rows, key))) for key in keys]).tocsr()
    centred = values - values.mean()
    left = lsqr(dummies, centred, atol=1e-12, btol=1e-12)[3]
    return bool(left <= _NOTHING * np.linalg.norm(centred))
