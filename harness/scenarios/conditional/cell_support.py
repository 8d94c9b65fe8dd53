"""Where data support a surface over two variables."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.errors import EstimationError, Problem
from harness.scenarios.support import Support, least_entities

CELL_WINDOW = 0.1
"""Half-width of the neighbourhood of a cell along each axis, as a share of the variable's range."""

TOUCH = 1e-9
"""A cell this close to the convex hull, as a share of the ranges, is in it."""


def cell_support(values: Floats, entities: Ints, first_grid: Floats, second_grid: Floats) -> Support:
    """Return where pairs of values are near to data: enough entities around, and inside their convex hull.

    Parameters
    ----------
    values : (n_obs, 2), units of the two variables
    entities : (n_obs,), codes
    first_grid, second_grid : (n_first,) and (n_second,)

    Raises
    ------
    EstimationError
        Where all pairs lie on a line, so that there is no surface.
    """
    reach = CELL_WINDOW * np.ptp(values, axis=0)
    near = [
        np.abs(grid[:, None] - column) <= half
        for grid, column, half in zip((first_grid, second_grid), values.T, reach, strict=True)
    ]
    n_obs = near[0].astype(np.int64) @ near[1].T.astype(np.int64)
    n_entities = np.zeros_like(n_obs)
    for entity in np.unique(entities):
        rows = entities == entity
        n_entities += near[0][:, rows] @ near[1][:, rows].T
    enough = n_entities >= least_entities(entities)
    return Support(n_obs, n_entities, enough & in_hull(values, first_grid, second_grid))


def in_hull(values: Floats, first_grid: Floats, second_grid: Floats) -> Mask:
    """Return which cells of a grid are in the convex hull of pairs, (n_obs, 2), as (n_first, n_second).

    Raises
    ------
    EstimationError
        Where the pairs lie on a line.
    """
    from scipy.spatial import ConvexHull, QhullError

    low, width = values.min(axis=0), np.ptp(values, axis=0)
    try:
        hull = ConvexHull((values - low) / width)
    except QhullError as error:
        what = "exposure and moderator lie on a line, so that there is no surface over them"
        raise EstimationError(Problem("surface", what, hint="choose another moderator")) from error
    cells = np.stack(np.meshgrid(first_grid, second_grid, indexing="ij"), axis=-1)
    beyond = ((cells - low) / width) @ hull.equations[:, :2].T + hull.equations[:, 2]
    inside: Mask = (beyond <= TOUCH).all(axis=-1)
    return inside
