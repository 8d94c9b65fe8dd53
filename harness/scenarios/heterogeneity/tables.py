"""What a model says of groups of rows, as tidy rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from harness.arrays import Floats
from harness.estimators.guard import Attempt
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.draws import FitAndDraws, some_at_a_time
from harness.scenarios.grid import Positions, on_curve
from harness.scenarios.scenario import Rows

if TYPE_CHECKING:
    import pandas as pd

Mode = Literal["pooled", "refit"]

Measure = Literal["median", "effect"]

# Of the levels of a group's rows: enough to draw a box or a violin.
QUANTILES = np.linspace(0.0, 1.0, 41)

# Columns of the table of differences, which has no row where there is one group.
DIFFERENCES = (
    *("group", "other", "mode", "measure", "difference", "conf_low", "conf_high"),
    *("status", "reason"),
)

# Share of two numbers by which they may differ in arithmetic alone, as the same slope in two groups does.
ROUNDING = 1e-9


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

    levels: Floats
    estimates: dict[Measure, float]
    draws: dict[Measure, Floats]


@dataclass(frozen=True, eq=False)
class GroupAnswer:
    """What a model says of a group, or why it says nothing; `place` starts each of its rows."""

    group: Group
    mode: Mode
    tried: Attempt[Measured]

    @property
    def place(self) -> dict[str, Any]:
        """Group, mode and how it went."""
        how = {"status": self.tried.status, "reason": self.tried.reason}
        return {"group": self.group.name, "mode": self.mode, **how}


def measured(found: FitAndDraws, *, positions: Positions, at: int) -> Measured:
    """Return what a fit and its draws say of a group.

    Parameters
    ----------
    found : ``curve`` on a grid, and ``slopes``, the mean slope of each group's rows
    positions : of the group's rows on the grid
    at : position of the group among those of the slopes
    """
    curves = found.draws["curve"]
    levels = on_curve(found.fit["curve"], positions)
    medians = some_at_a_time(
        lambda some: np.asarray(np.median(on_curve(curves[some], positions), axis=-1)),
        n_draws=len(curves),
        n_obs=positions.left.size,
    )
    estimates: dict[Measure, float] = {
        "median": float(np.median(levels)),
        "effect": float(found.fit["slopes"][at]),
    }
    return Measured(levels, estimates, {"median": medians, "effect": found.draws["slopes"][:, at]})


def group_rows(answers: Iterable[GroupAnswer], *, level: float) -> Rows:
    """Return a row for each group and mode: median level and effect, each with its interval."""
    return [
        answer.place
        | {"n_obs": answer.group.n_obs, "n_entities": answer.group.n_entities}
        | ({} if answer.tried.value is None else _numbers(answer.tried.value, level))
        for answer in answers
    ]


def _numbers(found: Measured, level: float) -> dict[str, float]:
    median_low, median_high = pointwise_limits(found.draws["median"], level=level)
    low, high = pointwise_limits(found.draws["effect"], level=level)
    return {
        "median": found.estimates["median"],
        "median_low": float(median_low),
        "median_high": float(median_high),
        "effect": found.estimates["effect"],
        "conf_low": float(low),
        "conf_high": float(high),
        "n_draws": found.draws["effect"].size,
    }


def level_rows(answers: Iterable[GroupAnswer]) -> Rows:
    """Return quantiles of the levels of each group's rows; one row without any where there is no answer."""
    rows = []
    for answer in answers:
        numbers: dict[str, Any] = {"level": np.nan}
        if answer.tried.value is not None:
            levels = answer.tried.value.levels
            numbers = {"quantile": QUANTILES, "level": np.quantile(levels, QUANTILES)}
        rows.append(numbers | answer.place)
    return rows


def difference_rows(answers: Sequence[GroupAnswer], *, level: float) -> pd.DataFrame:
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


def _difference(first: GroupAnswer, other: GroupAnswer, measure: Measure, *, level: float) -> dict[str, Any]:
    names = {"group": first.group.name, "other": other.group.name}
    one, another = first.tried.value, other.tried.value
    if one is None or another is None:
        return (first if another is not None else other).place | names
    n_draws = min(one.draws[measure].size, another.draws[measure].size)
    draws = difference_of(one.draws[measure][:n_draws], another.draws[measure][:n_draws])
    low, high = pointwise_limits(draws, level=level)
    difference = float(difference_of(one.estimates[measure], another.estimates[measure]))
    limits = {"difference": difference, "conf_low": float(low), "conf_high": float(high)}
    return first.place | names | limits


def difference_of(first: Floats | float, other: Floats | float) -> Floats:
    """Return a number less another, zero where they are alike but for rounding."""
    difference = np.asarray(first) - np.asarray(other)
    size = np.maximum(np.abs(first), np.abs(other))
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)
