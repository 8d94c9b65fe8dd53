"""What groups answer as tidy rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from harness.arrays import Floats
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.heterogeneity.measures import Measure, Measured, Mode, Unmeasured

if TYPE_CHECKING:
    import pandas as pd

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
