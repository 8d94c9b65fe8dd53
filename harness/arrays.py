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
