"""Array types used in signatures, and the one way an array is made read-only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def frozen_floats(values: npt.ArrayLike) -> Floats:
    """Return `values` as a C-ordered read-only float64 array; a read-only one comes back as it is."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array


def frozen_ints(values: npt.ArrayLike) -> Ints:
    """Return `values` as a C-ordered read-only int64 array; a read-only one comes back as it is."""
    array = np.ascontiguousarray(values, dtype=np.int64)
    if array.flags.writeable:
        array = array.copy()
        array.setflags(write=False)
    return array


_DENSE = 8
"""Values up to so many times the number of rows are counted, which is faster than sorting them."""


def numbered(values: Ints) -> tuple[Ints, Ints]:
    """Return the distinct values, sorted, and each row's position among them, of (n_obs,) values >= 0.

    Values that have no gaps are their own positions, and come back as they are.
    """
    if int(values.max()) > _DENSE * values.size:
        levels, codes = np.unique(values, return_inverse=True)
        return levels, codes
    counts = np.bincount(values)
    levels = np.flatnonzero(counts)
    if levels.size == counts.size:
        return levels, values
    position = np.zeros(counts.size, dtype=np.int64)
    position[levels] = np.arange(levels.size)
    return levels, position[values]
