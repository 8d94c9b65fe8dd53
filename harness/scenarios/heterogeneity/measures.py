"""What a model says of a group of rows: the typical level of its curve, and the effect of the exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import Status
from harness.estimators.protocol import Fitted
from harness.scenarios.grid import Places, locate, on_curve
from harness.scenarios.numbers import FitAndDraws, some_at_a_time
from harness.scenarios.partial_dependence import partial_dependence, row_slopes

Mode = Literal["pooled", "refit"]

Measure = Literal["median", "effect"]


@dataclass(frozen=True)
class Group:
    """Some rows of a panel.

    Attributes
    ----------
    name : label of the group
    n_obs, n_entities : its size
    """

    name: str
    n_obs: int
    n_entities: int


@dataclass(frozen=True, eq=False)
class Measured:
    """What a model says of a group.

    Attributes
    ----------
    levels : (n_rows,), the curve at each row's own exposure, outcome units
    estimates : median of the levels, and mean effect in outcome units per unit of exposure
    draws : the same of every draw, (n_draws,) each
    """

    group: Group
    mode: Mode
    levels: Floats
    estimates: dict[Measure, float]
    draws: dict[Measure, Floats]


@dataclass(frozen=True)
class Unmeasured:
    """A group for which there is no answer, and why."""

    group: Group
    mode: Mode
    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class RowAnswers:
    """What a model says of every row.

    Attributes
    ----------
    levels : (n_obs,) for one fit and (n_draws, n_obs) for draws, the curve at each row's own exposure
    slopes : of the same shape, each row's slope
    """

    levels: Floats
    slopes: Floats

    def of(self, rows: Ints) -> dict[Measure, Floats]:
        """Return the median level and the mean slope of some rows, (n_rows,) positions, one of each draw."""
        return {
            "median": np.asarray(np.median(self.levels[..., rows], axis=-1)),
            "effect": np.asarray(self.slopes[..., rows].mean(axis=-1)),
        }


def measured(group: Group, mode: Mode, found: FitAndDraws, *, places: Places, at: int) -> Measured:
    """Return what a fit and its draws say of a group.

    Parameters
    ----------
    found : ``curve`` on a grid, and ``slopes``, the mean slope of each group's rows
    places : of the group's rows on the grid
    at : position of the group among those of the slopes
    """
    curves, n_rows = found.draws["curve"], places.left.size
    levels = on_curve(found.fit["curve"], places)
    medians = some_at_a_time(
        lambda some: np.asarray(np.median(on_curve(curves[some], places), axis=-1)),
        n_draws=len(curves),
        n_obs=n_rows,
    )
    estimates: dict[Measure, float] = {
        "median": float(np.median(levels)),
        "effect": float(found.fit["slopes"][at]),
    }
    draws: dict[Measure, Floats] = {"median": medians, "effect": found.draws["slopes"][:, at]}
    return Measured(group, mode, levels, estimates, draws)


def row_answers(model: Fitted | FittedDraws, panel: Panel, grid: Floats) -> RowAnswers:
    """Return what a model says of every row; levels are read off a curve on a grid, (n_grid,)."""
    places = locate(grid, panel.column(panel.exposure))
    levels = on_curve(partial_dependence(model, panel, grid), places)
    return RowAnswers(levels, row_slopes(model, panel))
