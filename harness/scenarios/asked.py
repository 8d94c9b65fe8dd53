"""Scenarios that ask models for numbers, of a fit and of its draws alike, and make tables of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from numpy.random import Generator

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import Attempt
from harness.estimators.protocol import Fitted
from harness.rng import random_stream
from harness.scenarios.draws import DrawPlan, FitAndDraws, Numbers

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
"""Tidy tables by name, without the columns that name the outcome and the estimator."""

ALL_ROWS = "all rows"
"""Name of the rows of the study among those that estimators are fitted on."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows that estimators are fitted on as well.

    Attributes
    ----------
    name : labels their random streams
    rows : (n_rows,) positions in the panel
    """

    name: str
    rows: Ints


@dataclass(frozen=True, eq=False)
class Asked:
    """What one estimator said, for tables.

    Attributes
    ----------
    panel : all rows
    seed : root seed of the study
    carries_draws : whether the draws are the fit's own
    whole : of the fit on all rows
    samples : of the fits on other rows, by name, or why there is none
    """

    panel: Panel
    seed: int
    carries_draws: bool
    whole: FitAndDraws
    samples: Mapping[str, Attempt[FitAndDraws]]

    def rng(self, what: str, *labels: str | int) -> Generator:
        """Return the random stream of all rows and this outcome that is for something."""
        return random_stream(self.seed, what, self.panel.outcome, ALL_ROWS, *labels)


@runtime_checkable
class AsksModels(Protocol):
    """Capability of a scenario: all it asks is found draw by draw, so draws are made in blocks, anywhere."""

    @property
    def plan(self) -> DrawPlan:
        """The draws to ask for; fits that carry their own keep to those."""

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield the rows that estimators are to be fitted on, beside all of them."""

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return what is asked of a model; each number is linear in predictions.

        Then the numbers of a mean of draws are the means of theirs.

        Parameters
        ----------
        panel : the rows that are asked about, which say at which values
        rows : those whose predictions are averaged: all of them, or of many those of some entities

        Raises
        ------
        EstimationError
            Where nothing can be asked on these rows.
        """

    def concluded(self, asked: Asked) -> Tables:
        """Return the tables; it takes seconds at most."""
