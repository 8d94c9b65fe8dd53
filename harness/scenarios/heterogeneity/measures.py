"""What a model says of a group of rows: the typical level of its curve, and the effect of the exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.dose import require_dose
from harness.estimators.guard import Status
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.grid import locate, on_curve
from harness.scenarios.partial_dependence import partial_dependence, row_slopes
from harness.scenarios.subject import DrawPlan, Subject
from harness.scenarios.support import require_variation

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


@dataclass(frozen=True, eq=False)
class SubjectAnswers:
    """What a fit says of every row of its panel, and what its draws say."""

    fit: RowAnswers
    draws: RowAnswers

    def of(self, rows: Ints, group: Group, mode: Mode) -> Measured:
        """Return what they say of some rows, (n_rows,) positions."""
        estimates = {measure: float(value) for measure, value in self.fit.of(rows).items()}
        return Measured(group, mode, self.fit.levels[rows], estimates, self.draws.of(rows))


def subject_answers(subject: Subject, plan: DrawPlan, grid: Floats) -> SubjectAnswers:
    """Return levels and slopes of all rows.

    Raises
    ------
    EstimationError
        Where the exposure has levels or does not vary, or the estimator refuses the draws.
    """
    panel = subject.panel
    require_dose(panel)
    require_variation(panel, panel.exposure)
    return SubjectAnswers(
        row_answers(subject.fit, panel, grid), row_answers(subject.draws(plan), panel, grid)
    )


def row_answers(model: Fitted | FittedDraws, panel: Panel, grid: Floats) -> RowAnswers:
    """Return what a model says of every row; levels are read off a curve on a grid, (n_grid,)."""
    places = locate(grid, panel.column(panel.exposure))
    levels = on_curve(partial_dependence(model, panel, grid), places)
    return RowAnswers(levels, row_slopes(model, panel))
