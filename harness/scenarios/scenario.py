"""What a scenario is: a question put to every estimator through its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from harness.data.panel import Panel
from harness.estimators.protocol import Fitted, FittedDraws
from harness.evaluation.resample import ResampleUnit

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
"""Tidy tables by name, without the columns that name the outcome and the estimator."""


@dataclass(frozen=True)
class DrawPlan:
    """The bootstrap draws a scenario asks for; equal plans share their draws.

    Attributes
    ----------
    n_draws : >= 2
    unit : what is resampled
    """

    n_draws: int
    unit: ResampleUnit


class Scenario(Protocol):
    """A frozen dataclass of options that turns predictions into tables.

    Attributes
    ----------
    name : as written in YAML after ``kind:``
    tables : names of the tables that `answer` returns
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]

    @property
    def draw_plan(self) -> DrawPlan:
        """The draws its bands need."""

    def describe(self, panel: Panel) -> Tables:
        """Return the tables that depend on the data alone."""

    def answer(self, fit: Fitted, draws: FittedDraws, panel: Panel) -> Tables:
        """Return what one estimator answers.

        Parameters
        ----------
        fit : the estimator on all rows
        draws : its bootstrap draws
        panel : all rows
        """

    def quick(self) -> Self:
        """Return a copy with fewer draws, for ``--quick``."""
