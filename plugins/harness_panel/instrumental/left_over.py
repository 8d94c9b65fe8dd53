"""What columns explain of a target, and what they leave of it."""

from __future__ import annotations

import numpy as np

from harness.plugin import Floats


def projected(target: Floats, columns: Floats) -> Floats:
    """Return the projection of a target, (n_obs, n), on columns, (n_obs, n_columns)."""
    basis = np.linalg.qr(columns)[0]
    projection: Floats = basis @ (basis.T @ target)
    return projection


def less(target: Floats, columns: Floats) -> Floats:
    """Return what columns, (n_obs, n_columns), leave of a target, (n_obs, n), twice for accuracy."""
    if not columns.shape[1]:
        return target
    left: Floats = target - projected(target, columns)
    return left - projected(left, columns)
