"""Differences of mean predictions between the values of an exposure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.data.roles import MOST_LEVELS
from harness.errors import EstimationError, Problem
from harness.estimators.draws import FittedDraws
from harness.estimators.protocol import Fitted
from harness.scenarios.partial_dependence import mean_predictions


def exposure_values(panel: Panel) -> Floats:
    """Return the values of an exposure that has few, (n_values,), increasing; of levels their positions.

    Raises
    ------
    EstimationError
        Where it has one value, or more than `MOST_LEVELS`, or no row has the base.
    """
    values = np.unique(panel.column(panel.exposure))
    if panel.levels and values[0] > 0.0:
        what = f"no row has {panel.levels[0]!r}, the base, on these rows"
        raise EstimationError(Problem(panel.exposure, what, hint="list another base first: roles.levels"))
    if not 2 <= values.size <= MOST_LEVELS:
        what = f"has {values.size} different value{'s' if values.size > 1 else ''} on these rows"
        expected = f"an exposure of 2 to {MOST_LEVELS} values"
        raise EstimationError(Problem(panel.exposure, what, expected=expected, hint="ask `use: curve`"))
    return values


@dataclass(frozen=True, eq=False)
class AveragedRows:
    """Rows over which predictions are averaged, and columns that are held there.

    Attributes
    ----------
    labels : what tells the question apart, by column of the table; such as its group
    panel : the rows
    held : values of other columns that all rows get
    """

    labels: dict[str, str | float]
    panel: Panel
    held: dict[str, float]

    def means(self, model: Fitted | FittedDraws, values: Floats) -> Floats:
        """Return mean predictions were every row's exposure each of some values, (..., n_values)."""
        columns = (self.panel.exposure, *self.held)
        points = np.column_stack([values, *(np.full(values.size, at) for at in self.held.values())])
        return mean_predictions(model, self.panel, columns=columns, points=points)


@dataclass(frozen=True, eq=False)
class Contrast:
    """The difference of mean predictions between two values of the exposure.

    Attributes
    ----------
    question : whose rows it is over
    exposure_from, exposure_to : the values, or the names of the levels
    n_obs_from, n_obs_to : rows that have them, among those of the question
    estimate : outcome units, the mean at the latter less that at the former
    draws : (n_draws,), the same of every draw
    """

    question: AveragedRows
    exposure_from: float | str
    exposure_to: float | str
    n_obs_from: int
    n_obs_to: int
    estimate: float
    draws: Floats


def contrasts(question: AveragedRows, values: Floats, *, means: Floats, drawn: Floats) -> Iterator[Contrast]:
    """Yield the contrasts of a question: of each level with the base, or of each value with each lower.

    Parameters
    ----------
    values : (n_values,), increasing
    means, drawn : mean predictions at these, (n_values,) of the fit and (n_draws, n_values) of draws
    """
    observed = question.panel.column(question.panel.exposure)
    for low, high in _pairs(question.panel, values.size):
        yield Contrast(
            question=question,
            exposure_from=value_name(question.panel, values[low]),
            exposure_to=value_name(question.panel, values[high]),
            n_obs_from=int(np.count_nonzero(observed == values[low])),
            n_obs_to=int(np.count_nonzero(observed == values[high])),
            estimate=float(means[high] - means[low]),
            draws=drawn[:, high] - drawn[:, low],
        )


def value_name(panel: Panel, value: float) -> float | str:
    """Return a value of the exposure as tables have it: the name of a level, or the number."""
    return panel.levels[int(value)] if panel.levels else float(value)


def _pairs(panel: Panel, n_values: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the values that are compared, the lower first."""
    for low, high in combinations(range(n_values), 2):
        if not panel.levels or low == 0:
            yield low, high
