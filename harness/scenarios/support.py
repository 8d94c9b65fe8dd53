"""Where data support a curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints, Mask

WINDOW = 0.05
"""Half-width of the neighbourhood of a grid point, as a share of the exposure's range."""

LEAST_SHARE = 0.01
"""Least share of the entities that must have a row in the neighbourhood; at least two entities."""


@dataclass(frozen=True, eq=False)
class Support:
    """Rows near each grid point.

    Attributes
    ----------
    n_obs, n_entities : (n_grid,), rows and entities within the neighbourhood
    supported : (n_grid,), whether enough entities are there to speak of the curve
    """

    n_obs: Ints
    n_entities: Ints
    supported: Mask


def support(exposure: Floats, entities: Ints, grid: Floats) -> Support:
    """Count rows and entities within `WINDOW` of each grid point.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    entities : (n_obs,), codes
    grid : (n_grid,), the exposure's unit
    """
    near = np.abs(exposure[None, :] - grid[:, None]) <= WINDOW * np.ptp(exposure)
    n_entities = np.array([np.unique(entities[row]).size for row in near], dtype=np.int64)
    least = max(2.0, LEAST_SHARE * np.unique(entities).size)
    return Support(near.sum(axis=1, dtype=np.int64), n_entities, n_entities >= least)
