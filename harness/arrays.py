"""Array types for signatures, and read-only arrays."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
NumberT = TypeVar("NumberT", np.float64, np.int64)


def frozen_floats(values: npt.ArrayLike) -> Floats:
    """Return `values` as a C-ordered read-only float64 array; a read-only one comes back as it is.

    A copy lies in bytes, so that nobody can make it writable again.
    """
    array = np.ascontiguousarray(values, dtype=np.float64)
    return np.ndarray(array.shape, array.dtype, array.tobytes()) if array.flags.writeable else array


def frozen_ints(values: npt.ArrayLike) -> Ints:
    """Return `values` as a C-ordered read-only int64 array, as `frozen_floats` does."""
    array = np.ascontiguousarray(values, dtype=np.int64)
    return np.ndarray(array.shape, array.dtype, array.tobytes()) if array.flags.writeable else array


def locked(values: npt.NDArray[NumberT]) -> npt.NDArray[NumberT]:
    """Return an array that nobody else holds as a read-only one, without the copy of `frozen_floats`."""
    return np.asarray(values.data.toreadonly())


# Values up to so many times the number of rows are counted, which is faster than sorting them.
_DENSE = 8


def numbered(values: Ints) -> tuple[Ints, Ints]:
    """Return the sorted distinct values and each row's index among them, of (n_obs,) values >= 0.

    Values without gaps are returned unchanged.
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
