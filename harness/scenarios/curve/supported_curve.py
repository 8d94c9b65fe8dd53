"""Partial dependence over the rows for which there are data near: small changes of the exposure, added up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.note import Note
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted
from harness.scenarios.joint_support import JointSupport
from harness.scenarios.support import least_entities

SMALL_SHARE = 0.5
"""Share of rows with data near them below which the curve of all rows is said to extrapolate."""


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
        message = (
            f"at {small.size} of {grid.size} exposures, between {small.min():.4g} and {small.max():.4g}, "
            f"fewer than {SMALL_SHARE:.0%} of the rows have others near them in {panel.exposure} and in "
            f"the main covariates (least share {share.min():.0%}): the mean over all rows extrapolates "
            "there; level_supported in curves.csv moves only the rows that have"
        )
        yield Note("W-EXTRAPOLATED", panel.exposure, message)
