"""A dynamic panel by GMM as R's pgmm and Stata's xtabond2 write it: lags of columns, and which instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.data.name import lag_term
from harness.data.panel import Panel
from harness.language import marked


@dataclass(frozen=True)
class Lags:
    """A column from one lag to another.

    Attributes
    ----------
    first, last : lags; 0 is the column itself, None all that there are
    """

    column: str
    first: int
    last: int | None

    @property
    def lags(self) -> tuple[int, ...]:
        """Return each lag of a column whose last one is known."""
        return tuple(range(self.first, 1 + (self.first if self.last is None else self.last)))


@dataclass(frozen=True)
class DynamicEquation:
    """The equation in differences, and its instruments.

    Attributes
    ----------
    regressors : the outcome's lags first
    instruments : columns whose levels instrument the differences; those of others are their own
    steps : one, or two with Windmeijer's errors
    collapsed : whether there is one instrument for each lag
    has_period_effects : whether periods have effects
    """

    regressors: tuple[Lags, ...]
    instruments: tuple[Lags, ...]
    steps: int
    collapsed: bool
    has_period_effects: bool

    @classmethod
    def of(cls, options: Mapping[str, Any], panel: Panel) -> DynamicEquation:
        """Return those of an estimator's options, on the rows of an outcome."""
        lags, first, last = options["covariate_lags"], options["first_lag"], options["last_lag"]
        instruments = [Lags(panel.outcome, first, last)]
        for option, start in (("predetermined", first - 1), ("endogenous", first)):
            named = dict.fromkeys(column for name in options[option] for column in panel.dependents(name))
            instruments += [Lags(column, start, last) for column in named]
        return cls(
            (
                Lags(panel.outcome, 1, options["outcome_lags"]),
                *(Lags(column, 0, lags.get(column, 0)) for column in panel.columns),
            ),
            tuple(instruments),
            options["steps"],
            options["collapsed"],
            options["period_effects"],
        )

    @staticmethod
    def of_no_other_program(options: Mapping[str, Any], panel: Panel) -> str:
        """Return which option pgmm and xtabond2 do not have alike, in words; empty where they have all."""
        if options["type"] != "difference":
            return marked("a system has the differences of its covariates as instruments there in levels too")
        if options["transformation"] != "differences":
            return marked("pgmm has no orthogonal deviations")
        is_whole = panel.n_obs == panel.n_entities * len(np.unique(panel.period))
        # Where all entities have all periods, period effects take up what is added to an instrument.
        if options["missing_instruments"] == "mean" and not (is_whole and options["period_effects"]):
            return marked(
                "an instrument before the first row of an entity is zero there: missing_instruments: zero"
            )
        return ""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients in the order of the regressors, as the run has them."""
        return tuple(lag_term(one.column, lag) for one in self.regressors for lag in one.lags)

    @property
    def exogenous(self) -> tuple[Lags, ...]:
        """Regressors whose differences stand for themselves."""
        others = {one.column for one in self.instruments}
        return tuple(one for one in self.regressors if one.column not in others)
