"""Columns of a regression taken apart: their means, their effects, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_panel.absorb import Absorber, absorb_in_place
from harness_panel.screening import Sizes


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of one regression, the outcome last.

    Attributes
    ----------
    left : (n_obs, n_columns), without means and effects, times the roots of the weights; in Fortran order
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    effects : (n_levels, n_columns) each, in the order of the absorber's groupings
    sizes : of the columns before and after
    """

    left: Floats
    centre: Floats
    effects: tuple[Floats, ...]
    sizes: Sizes


def take_apart(
    regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber, *, largest: Floats | None = None
) -> Columns:
    """Take means and effects out of a copy of columns, (n_obs, n), followed by an outcome, (n_obs,).

    Columns are handled one by one, so that little more than the copy is held in memory.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
    absorber : one that absorbs nothing leaves means where they are
    largest : (n + 1,), largest size of what columns and outcome were computed from; None knows only their own
    """
    left = np.empty((outcome.size, regressors.shape[1] + 1), order="F")
    left[:, :-1], left[:, -1] = regressors, outcome
    root = np.sqrt(weights)
    is_used = weights > 0
    own = np.array([np.abs(column[is_used]).max() for column in left.T])
    largest = own if largest is None else np.maximum(own, largest)
    centre = _centre(left, weights) if absorber.groupings else np.zeros(left.shape[1])
    centred = _lengths(left, root)
    effects = absorb_in_place(absorber, left, weights)
    left *= root[:, None]
    within = np.array([np.linalg.norm(column) for column in left.T])
    return Columns(left, centre, effects, Sizes(np.sqrt(weights.sum()) * largest, centred, within))


def _centre(columns: Floats, weights: Floats) -> Floats:
    """Take weighted means out of columns, in place, and return them."""
    total = weights.sum()
    centre = np.empty(columns.shape[1])
    for at, column in enumerate(columns.T):
        middle = weights @ column / total
        column -= middle
        # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
        rest = weights @ column / total
        column -= rest
        centre[at] = middle + rest
    return centre


def _lengths(columns: Floats, root: Floats) -> Floats:
    return np.array([np.linalg.norm(root * column) for column in columns.T])
