"""Partial dependence over the rows for which there are data near, and which rows these are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.panel import Panel
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted, FittedDraws
from harness.language import Message
from harness.scenarios.grid import WINDOW, least_entities
from harness.tables.preparation import Note

# Rows that are compared with each other; of more, so many are taken evenly.
MOST_ROWS = 2000

# Share of the rows that count as near others at their own exposure; it sets what near means.
NEAR_SHARE = 0.95

# Share of the longest direction's length below which a direction is rounding.
LEAST_SIZE = 1e-8

# Answers that a process keeps: all estimators of an outcome, and all blocks of their draws, ask the same.
MOST_KEPT = 16


@dataclass(frozen=True, eq=False)
class JointSupport:
    """Rows that are supported at each exposure of a grid.

    Attributes
    ----------
    rows : (n_rows,), positions in the panel of the rows that were compared
    near : (n_grid, n_rows), whether rows like each are observed at each exposure
    """

    rows: Ints
    near: Mask

    @property
    def share(self) -> Floats:
        """Share of the rows that are supported at each exposure, (n_grid,), in [0, 1]."""
        return np.asarray(self.near.mean(axis=1))


def joint_support(panel: Panel, grid: Floats) -> JointSupport:
    """Return which rows are supported at each exposure: rows of other entities like them are observed there.

    At an exposure a row is as far from the data as from the nearest row of another entity with an exposure
    within `WINDOW` of the range, by the Mahalanobis distance of the main covariates' ranks, which heavy tails
    do not distort (Rosenbaum 2010, section 8.3). It is supported if that is no farther than all but one in
    twenty rows are at their own exposure: as near as data are to each other (on distance to the data as a
    measure of extrapolation, King and Zeng 2006). The main covariates are the moderators, or the controls of
    a study without any; columns that follow from the exposure are none. Without covariates every row is
    supported wherever another entity is observed.

    Parameters
    ----------
    grid : (n_grid,), the exposure's unit
    """
    rows = np.unique(np.linspace(0, panel.n_obs - 1, min(panel.n_obs, MOST_ROWS)).round().astype(np.int64))
    rows = rows[np.argsort(panel.column(panel.exposure)[rows], kind="stable")]
    exposure, entities = panel.column(panel.exposure)[rows], panel.entity.codes[rows].astype(np.int64)
    moved = panel.dependents(panel.exposure)
    names = [name for name in panel.moderators or panel.controls if name not in moved]
    # A row of zeros, which is no direction, stands there also where there is no covariate.
    covariates = np.stack([np.zeros(rows.size), *(panel.column(name)[rows] for name in names)])
    near = _near(exposure.tobytes(), entities.tobytes(), covariates.tobytes(), grid.tobytes())
    return JointSupport(rows, near)


@lru_cache(maxsize=MOST_KEPT)
def _near(exposure_bytes: bytes, entity_bytes: bytes, covariate_bytes: bytes, grid_bytes: bytes) -> Mask:
    """Return whether rows like each are observed at each exposure of a grid, (n_grid, n_rows), read-only.

    Arrays come as their bytes, so that equal ones of different objects are known again.
    """
    exposure, grid = np.frombuffer(exposure_bytes), np.frombuffer(grid_bytes)
    entities = np.frombuffer(entity_bytes, dtype=np.int64)
    distance = _distances(np.frombuffer(covariate_bytes).reshape(-1, exposure.size))
    distance[entities[:, None] == entities[None, :]] = np.inf
    reach = WINDOW * np.ptp(exposure)

    def within(at: Floats) -> Iterator[slice]:
        starts, ends = np.searchsorted(exposure, at - reach), np.searchsorted(exposure, at + reach, "right")
        return map(slice, starts, ends)

    own = np.array([row[others].min() for row, others in zip(distance, within(exposure), strict=True)])
    farthest = np.quantile(own, NEAR_SHARE, method="inverted_cdf")
    nearest = np.stack([distance[:, others].min(axis=1, initial=np.inf) for others in within(grid)])
    near: Mask = np.isfinite(nearest) & (nearest <= farthest)
    near.setflags(write=False)
    return near


def _distances(covariates: Floats) -> Floats:
    """Return the squared distance between any two rows, (n_rows, n_rows).

    Parameters
    ----------
    covariates : (n_covariates, n_rows); those that do not vary are no direction
    """
    import pandas as pd
    from scipy.spatial.distance import cdist

    # scipy's ranks come with all its distributions, which take longer to import than any study to compare.
    varying = pd.DataFrame(covariates[np.ptp(covariates, axis=1) > 0.0].T).rank().to_numpy()
    points = whitened(np.column_stack([np.zeros(covariates.shape[1]), varying]))
    if not points.shape[1]:
        return np.zeros((len(points), len(points)))
    return np.asarray(cdist(points, points, "sqeuclidean"))


def whitened(columns: Floats) -> Floats:
    """Return columns, (n_rows, n_columns), turned and scaled to be uncorrelated, with mean 0 and variance 1.

    Directions in which they do not vary are left out.
    """
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    turned, sizes, _ = np.linalg.svd(centred[:, spread > 0.0] / spread[spread > 0.0], full_matrices=False)
    kept = turned[:, sizes > LEAST_SIZE * sizes.max(initial=0.0)]
    return np.asarray(kept * np.sqrt(len(columns)))


# Share of rows with data near them below which the curve of all rows is said to extrapolate.
SMALL_SHARE = 0.5


def supported_dependence(
    model: Fitted | FittedDraws, panel: Panel, grid: Floats, joint: JointSupport
) -> Floats:
    """Return mean predictions at each exposure, moved only as far as rows with data near them move.

    From each grid point to the next it changes by the mean change of the rows that are supported at both. So
    a row counts where data are near it, and that other rows count elsewhere does not move the curve, as it
    would move the mean over those supported at each point (Apley and Zhu 2020, section 2, on conditional
    means). At the point with the greatest share the level is the mean over the rows supported there. Where
    every row is supported it is the partial dependence.

    Returns
    -------
    (n_grid,) for one fit and (n_draws, n_grid) for draws, outcome units; NaN beyond a step for which rows of
    too few entities are supported.
    """
    some, anchor = panel.take(joint.rows), int(joint.share.argmax())
    least = least_entities(panel.entity.codes)
    before = predict_any(model, some.with_column(panel.exposure, float(grid[0])))
    level, changes = _mean(before, some, joint.near[0], least), []
    for place in range(1, grid.size):
        here = predict_any(model, some.with_column(panel.exposure, float(grid[place])))
        both = joint.near[place] & joint.near[place - 1]
        changes.append(_mean(here - before, some, both, least))
        if place == anchor:
            level = _mean(here, some, joint.near[anchor], least)
        before = here
    climbed = np.stack([np.zeros_like(level), *changes[anchor:]], axis=-1).cumsum(axis=-1)
    behind = np.stack([np.zeros_like(level), *changes[:anchor][::-1]], axis=-1).cumsum(axis=-1)
    moved = np.concatenate([-behind[..., :0:-1], climbed], axis=-1)
    return np.asarray(level[..., None] + moved)


def _mean(values: Floats, panel: Panel, rows: Mask, least: float) -> Floats:
    """Return the mean of values, (..., n_obs), over some rows; NaN where these are of too few entities."""
    if np.unique(panel.entity.codes[rows]).size < least:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values[..., rows].mean(axis=-1))


def extrapolation_notes(panel: Panel, grid: Floats, joint: JointSupport) -> Iterator[Note]:
    """Yield a warning where the curve of all rows rests on rows without data near them, most of all rows."""
    share = joint.share
    small = grid[share < SMALL_SHARE]
    if small.size:
        range_of = {"small": f"{small.min():.4g}", "small_2": f"{small.max():.4g}"}
        shares = {"SMALL_SHARE": f"{SMALL_SHARE:.0%}", "share": f"{share.min():.0%}"}
        sizes = {"size": small.size, "size_2": grid.size, "exposure": panel.exposure}
        message = Message(
            "at {size} of {size_2} values of {exposure}, between {small} and {small_2}, fewer than "
            "{SMALL_SHARE} of the rows have close neighbours in exposure and main covariates "
            "(lowest share {share}): the mean over all rows extrapolates there; level_supported in "
            "curves.csv averages over rows with neighbours only",
            **(sizes | range_of | shares),
        )
        yield Note("W-EXTRAPOLATED", panel.exposure, message)
