"""Differences of mean predictions between the values of an exposure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.partial_dependence import mean_predictions

MOST_VALUES = 10
"""Values of an exposure between which contrasts are taken; one of more values has a curve."""


def exposure_values(panel: Panel) -> Floats:
    """Return the values of an exposure that has few, (n_values,), increasing.

    Raises
    ------
    EstimationError
        Where it has one value, or more than `MOST_VALUES`.
    """
    values = np.unique(panel.column(panel.exposure))
    if not 2 <= values.size <= MOST_VALUES:
        what = f"has {values.size} different value{'s' if values.size > 1 else ''} on these rows"
        expected = f"an exposure of 2 to {MOST_VALUES} values"
        raise EstimationError(Problem(panel.exposure, what, expected=expected, hint="ask `use: curve`"))
    return values


@dataclass(frozen=True, eq=False)
class Question:
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
    exposure_from, exposure_to : the values
    n_obs_from, n_obs_to : rows that have them, among those of the question
    estimate : outcome units, the mean at the latter less that at the former
    draws : (n_draws,), the same of every draw
    """

    question: Question
    exposure_from: float
    exposure_to: float
    n_obs_from: int
    n_obs_to: int
    estimate: float
    draws: Floats


def contrasts(
    fit: Fitted, draws: FittedDraws, questions: Sequence[Question], values: Floats
) -> Iterator[Contrast]:
    """Yield the contrasts of every question, all pairs of values, lower less than higher.

    Parameters
    ----------
    values : (n_values,), increasing
    """
    for question in questions:
        means, drawn = question.means(fit, values), question.means(draws, values)
        observed = question.panel.column(question.panel.exposure)
        for low, high in combinations(range(values.size), 2):
            yield Contrast(
                question=question,
                exposure_from=float(values[low]),
                exposure_to=float(values[high]),
                n_obs_from=int(np.count_nonzero(observed == values[low])),
                n_obs_to=int(np.count_nonzero(observed == values[high])),
                estimate=float(means[high] - means[low]),
                draws=drawn[:, high] - drawn[:, low],
            )
