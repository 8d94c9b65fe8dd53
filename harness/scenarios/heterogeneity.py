"""Scenario ``heterogeneity``: what groups of rows have to say, and whether they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import Attempt
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.language import marked
from harness.scenarios import grid as grids
from harness.scenarios.bands import limits_of
from harness.scenarios.draws import FitAndDraws, Numbers, some_at_a_time
from harness.scenarios.grid import Positions
from harness.scenarios.scenario import Concluded, Evaluated, Resampled, Rows, Sample
from harness.scenarios.truth import Truths
from harness.tables.heterogeneity import HETEROGENEITY, HETEROGENEITY_DIFFERENCES, HETEROGENEITY_ROWS
from harness.tables.table import STATUS, ResultTable

if TYPE_CHECKING:
    import pandas as pd

# Reason instead of a group's own model.
NOT_REFITTED = marked("separate models by group were not requested (`refit: false`, set by --quick)")


Mode = Literal["pooled", "refit"]
Measure = Literal["median", "effect"]

# Of the levels of a group's rows: enough to draw a box or a violin.
QUANTILES = np.linspace(0.0, 1.0, 41)

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
        return {"group": self.group.name, "mode": self.mode, **self.tried.how}


def measured(found: FitAndDraws, *, positions: Positions, at: int) -> Measured:
    """Return what a fit and its draws say of a group.

    Parameters
    ----------
    found : ``curve`` on a grid, and ``slopes``, the mean slope of each group's rows
    positions : of the group's rows on the grid
    at : position of the group among those of the slopes
    """
    curves = found.draws["curve"]
    levels = grids.on_curve(found.fit["curve"], positions)
    medians = some_at_a_time(
        lambda some: np.asarray(np.median(grids.on_curve(curves[some], positions), axis=-1)),
        n_draws=len(curves),
        n_obs=positions.left.size,
    )
    median, effect = float(np.median(levels)), float(found.fit["slopes"][at])
    draws: dict[Measure, Floats] = {"median": medians, "effect": found.draws["slopes"][:, at]}
    return Measured(levels, {"median": median, "effect": effect}, draws)


def group_rows(answers: Iterable[GroupAnswer], *, level: float) -> Rows:
    """Return a row for each group and mode: median level and effect, each with its interval."""
    rows = []
    for answer in answers:
        row = answer.place | {"n_obs": answer.group.n_obs, "n_entities": answer.group.n_entities}
        if (found := answer.tried.value) is not None:
            row.update({str(measure): estimate for measure, estimate in found.estimates.items()})
            limits = (limits_of(draws, level=level) for draws in found.draws.values())
            (median_low, median_high), (low, high) = limits
            row |= {"median_low": median_low, "median_high": median_high, "conf_low": low, "conf_high": high}
            row["n_draws"] = found.draws["effect"].size
        rows.append(row)
    return rows


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

    There is none where there is one group.

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
    columns = ["group", "other", "mode", "measure", "difference", "conf_low", "conf_high", "p_value"]
    columns += STATUS
    return pd.DataFrame(rows, columns=columns)


def _difference(first: GroupAnswer, other: GroupAnswer, measure: Measure, *, level: float) -> dict[str, Any]:
    names = {"group": first.group.name, "other": other.group.name}
    one, another = first.tried.value, other.tried.value
    if one is None or another is None:
        return (first if another is not None else other).place | names
    n_draws = min(one.draws[measure].size, another.draws[measure].size)
    draws = difference_of(one.draws[measure][:n_draws], another.draws[measure][:n_draws])
    low, high = limits_of(draws, level=level)
    difference = float(difference_of(one.estimates[measure], another.estimates[measure]))
    numbers = {"difference": difference, "conf_low": low, "conf_high": high}
    return first.place | names | numbers | {"p_value": _p_value(difference, draws)}


def _p_value(difference: float, draws: Floats) -> float:
    """Return the p-value of no difference, by t of as many degrees of freedom as draws less one.

    Few draws have no quantiles far out, which a p-value adjusted for many pairs asks for.
    """
    from scipy.stats import t

    error = float(draws.std(ddof=1)) if draws.size > 1 else 0.0
    return float(2.0 * t.sf(abs(difference) / error, draws.size - 1)) if error > 0.0 else np.nan


def difference_of(first: Floats | float, other: Floats | float) -> Floats:
    """Return a number less another, zero where they are alike but for rounding."""
    difference = np.asarray(first) - np.asarray(other)
    size = np.maximum(np.abs(first), np.abs(other))
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)


@dataclass(frozen=True, kw_only=True)
class HeterogeneityScenario(Resampled):
    """Levels and effects by group, from the fit on all rows and from a fit on each group.

    The level of a row is the net effect curve at the row's own exposure, and a group's number is the median
    over its rows. The effect is the mean slope over its rows, all else as observed; levels are not effects.
    With ``pooled`` both come from the fit on all rows, with ``refit`` from one on the group's rows alone.
    Groups are taken as they are: intervals say how sure the model is, not how groups were sampled.

    Attributes
    ----------
    by : column of the data that names each row's group
    grid : number of points of the curve, on straight lines between which levels are read off
    refit : whether a model is fitted on each group's rows as well, which takes as long as all else for every
        group; ``--quick`` leaves it out
    """

    name: ClassVar[str] = "heterogeneity"
    tables: ClassVar[tuple[ResultTable, ...]] = (HETEROGENEITY, HETEROGENEITY_DIFFERENCES, HETEROGENEITY_ROWS)

    by: str
    grid: Annotated[int, Field(ge=2, le=1000)] = 40
    refit: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the groups."""
        return (self.by,)

    @property
    def about(self) -> Mapping[str, str]:
        """The column of the groups."""
        return {"by": self.by}

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield the rows of each group, where a model of each is asked for."""
        if self.refit:
            for group, rows in self._groups(panel):
                yield Sample(self._sample(group), rows)

    def _sample(self, group: Group) -> str:
        return f"{self.by}={group.name}"

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return the curve, and the mean slope of each group's rows.

        Raises
        ------
        EstimationError
            Where the exposure has levels or does not vary.
        """
        require_continuous(panel)
        grids.require_variation(panel, panel.exposure)
        averaged = self._with_every_group(rows, panel)
        slopes = grids.row_slopes(model, averaged, exposure=panel.column(panel.exposure))
        means = [slopes[..., own].mean(axis=-1) for _, own in self._groups(averaged)]
        return {
            "curve": grids.partial_dependence(model, rows, self._points(panel)),
            "slopes": np.stack(means, axis=-1),
        }

    def _with_every_group(self, rows: Panel, panel: Panel) -> Panel:
        """Return some rows of a panel, and all rows of the groups that have none of these."""
        among = np.isin(panel.group(self.by).codes, rows.group(self.by).codes)
        return rows if among.all() else rows.joined(panel.take(np.flatnonzero(~among)))

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return levels and effects of every group, their differences, and quantiles of the levels."""
        answers = [*self._measured(evaluated.panel, evaluated.whole, "pooled"), *self._refitted(evaluated)]
        return {
            "heterogeneity": group_rows(answers, level=self.level),
            "heterogeneity_differences": difference_rows(answers, level=self.level),
            "heterogeneity_rows": level_rows(answers),
        }

    def _refitted(self, evaluated: Evaluated) -> Iterator[GroupAnswer]:
        for group, rows in self._groups(evaluated.panel):
            none: Attempt[FitAndDraws] = Attempt(None, "refused", NOT_REFITTED)
            tried = evaluated.samples[self._sample(group)] if self.refit else none
            if tried.value is None:
                yield GroupAnswer(group, "refit", tried.without_value())
            else:
                yield from self._measured(evaluated.panel.take(rows), tried.value, "refit")

    def _measured(self, panel: Panel, found: FitAndDraws, mode: Mode) -> Iterator[GroupAnswer]:
        positions = grids.locate(self._points(panel), panel.column(panel.exposure))
        for at, (group, rows) in enumerate(self._groups(panel)):
            own = measured(found, positions=positions.take(rows), at=at)
            yield GroupAnswer(group, mode, Attempt(own, "ok", ""))

    def _points(self, panel: Panel) -> Floats:
        return grids.exposure_grid(panel.column(panel.exposure), n_grid=self.grid, spacing="uniform")

    def _groups(self, panel: Panel) -> Iterator[tuple[Group, Ints]]:
        """Yield the groups that have rows, with the positions of these."""
        key = panel.group(self.by)
        for code, label in enumerate(key.labels):
            rows = np.flatnonzero(key.codes == code)
            if rows.size:
                yield Group(label, rows.size, np.unique(panel.entity.codes[rows]).size), rows

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true median level and the true mean effect of every group."""
        grid, slopes = self._points(panel), grids.row_slopes(fit, panel)
        levels = grids.on_curve(
            grids.partial_dependence(fit, panel, grid), grids.locate(grid, panel.column(panel.exposure))
        )
        return [
            {"kind": kind, "group": group.name, "truth": float(value)}
            for group, rows in self._groups(panel)
            for kind, value in (("median", np.median(levels[rows])), ("effect", slopes[rows].mean()))
        ]

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 25 grid points, and no model of each group."""
        return replace(super().quick(), grid=min(self.grid, 25), refit=False)
