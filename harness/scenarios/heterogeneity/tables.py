"""What a model says of groups of rows, as tidy rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import Status
from harness.estimators.protocol import Fitted
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.draws import FitAndDraws, some_at_a_time
from harness.scenarios.grid import Places, locate, on_curve
from harness.scenarios.partial_dependence import partial_dependence, row_slopes

if TYPE_CHECKING:
    import pandas as pd


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


QUANTILES = np.linspace(0.0, 1.0, 41)
"""Of the levels of a group's rows: enough to draw a box or a violin."""

DIFFERENCES = (
    *("group", "other", "mode", "measure", "difference", "conf_low", "conf_high"),
    *("status", "reason"),
)
"""Columns of the table of differences, which has no row where there is one group."""

ROUNDING = 1e-9
"""Share of two numbers by which they may differ in arithmetic alone, as the same slope in two groups does."""

AnyMeasured = Measured | Unmeasured


def group_rows(answers: Iterable[AnyMeasured], *, level: float) -> pd.DataFrame:
    """Return a row for each group and mode: median level and effect, each with its interval."""
    import pandas as pd

    return pd.DataFrame([_place(answer) | _size(answer) | _numbers(answer, level) for answer in answers])


def _place(answer: AnyMeasured) -> dict[str, Any]:
    how = {"status": "ok", "reason": ""}
    if isinstance(answer, Unmeasured):
        how = {"status": answer.status, "reason": answer.reason}
    return {"group": answer.group.name, "mode": answer.mode, **how}


def _size(answer: AnyMeasured) -> dict[str, int]:
    return {"n_obs": answer.group.n_obs, "n_entities": answer.group.n_entities}


def _numbers(answer: AnyMeasured, level: float) -> dict[str, float]:
    if isinstance(answer, Unmeasured):
        return {}
    median_low, median_high = pointwise_limits(answer.draws["median"], level=level)
    low, high = pointwise_limits(answer.draws["effect"], level=level)
    return {
        "median": answer.estimates["median"],
        "median_low": float(median_low),
        "median_high": float(median_high),
        "effect": answer.estimates["effect"],
        "conf_low": float(low),
        "conf_high": float(high),
        "n_draws": answer.draws["effect"].size,
    }


def level_rows(answers: Iterable[AnyMeasured]) -> pd.DataFrame:
    """Return quantiles of the levels of each group's rows; one row without any where there is no answer."""
    import pandas as pd

    frames = []
    for answer in answers:
        numbers: dict[str, Any] = {"level": [np.nan]}
        if isinstance(answer, Measured):
            numbers = {"quantile": QUANTILES, "level": np.quantile(answer.levels, QUANTILES)}
        frames.append(pd.DataFrame(numbers).assign(**_place(answer)))
    return pd.concat(frames, ignore_index=True)


def difference_rows(answers: Sequence[AnyMeasured], *, level: float) -> pd.DataFrame:
    """Return a row for each mode, measure and pair of groups: the first group's number less the other's.

    Draws of pooled groups come from the same fits and are compared draw by draw. Groups that are refitted
    have draws of their own, which are independent where no entity is in both groups.
    """
    import pandas as pd

    rows = [
        {"measure": measure, **_difference(first, other, measure, level=level)}
        for mode in get_args(Mode)
        for measure in get_args(Measure)
        for first, other in combinations([answer for answer in answers if answer.mode == mode], 2)
    ]
    return pd.DataFrame(rows, columns=[*DIFFERENCES])


def _difference(first: AnyMeasured, other: AnyMeasured, measure: Measure, *, level: float) -> dict[str, Any]:
    place = _place(other if isinstance(other, Unmeasured) else first)
    place |= {"group": first.group.name, "other": other.group.name}
    if isinstance(first, Unmeasured) or isinstance(other, Unmeasured):
        return place
    n_draws = min(first.draws[measure].size, other.draws[measure].size)
    draws = difference_of(first.draws[measure][:n_draws], other.draws[measure][:n_draws])
    low, high = pointwise_limits(draws, level=level)
    difference = float(difference_of(first.estimates[measure], other.estimates[measure]))
    return place | {"difference": difference, "conf_low": float(low), "conf_high": float(high)}


def difference_of(first: Floats | float, other: Floats | float) -> Floats:
    """Return a number less another, zero where they are alike but for rounding."""
    difference = np.asarray(first) - np.asarray(other)
    size = np.maximum(np.abs(first), np.abs(other))
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)
