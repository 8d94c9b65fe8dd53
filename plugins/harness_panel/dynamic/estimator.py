"""Difference and system GMM of panels whose outcome depends on its own past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import EstimationError, Floats, Mask, Message, Note, Panel, Statistic, Stream, marked
from harness_panel.diagnostics.effects import Check, diagnostic_columns
from harness_panel.dynamic import moments
from harness_panel.dynamic.moments import Equations, Solution, Transformation, lagged
from harness_panel.estimators.linear import EntityMean, EntityMeanFit, LastValue, LastValueFit
from harness_panel.solver.equation import ExpandedModels, FurtherColumns
from harness_panel.solver.regression import Dimension, Regression, regress
from harness_panel.statistics import LevelledFit


@dataclass(frozen=True, eq=False)
class OutcomeLags(FurtherColumns):
    """Outcomes of earlier training rows, whatever the outcomes of the rows they are columns of.

    Attributes
    ----------
    n_lags : periods back
    past : the training rows
    means : of their entities, where there is no earlier row
    """

    n_lags: int
    past: LastValueFit
    means: EntityMeanFit

    @classmethod
    def of(cls, panel: Panel, n_lags: int) -> OutcomeLags:
        """Return the lags that a panel's rows give."""
        return cls(n_lags, LastValue().fit(panel), EntityMean().fit(panel))

    def names(self, outcome: str) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"{outcome} (lag {lag})" for lag in range(1, self.n_lags + 1))

    def is_known(self, panel: Panel) -> Mask:
        """Return whether the training rows have all lags of each row, (n_obs,)."""
        known = [self._before(panel, lag)[1] for lag in range(1, self.n_lags + 1)]
        return np.asarray(np.all(known, axis=0))

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the lags as its last controls: each the latest outcome so long before."""
        columns = [self._before(panel, lag)[0] for lag in range(1, self.n_lags + 1)]
        controls = (*panel.controls, *self.names(panel.outcome))
        return replace(panel, controls=controls, X=np.column_stack([panel.X, *columns]))

    def _before(self, panel: Panel, lag: int) -> tuple[Floats, Mask]:
        """Return the latest outcome so long before each row, and whether no period lies between."""
        at, is_there = self.past.earlier(replace(panel, period=panel.period - lag + 1))
        outcomes = np.where(is_there, self.past.observed[at], self.means.predict(panel))
        return outcomes, is_there & (self.past.period[at] == panel.period - lag)


@dataclass(frozen=True, eq=False, repr=False)
class DynamicFit(LevelledFit):
    """A fit by GMM.

    Attributes
    ----------
    options : how
    regression : of rows with all lags by least squares, which says what columns are kept
    model : columns and levels; one draw
    lags : of the outcome
    solution : coefficients of the kept columns, and of periods and a constant after them
    """

    title: ClassVar[str] = marked("Dynamic panel GMM")

    options: DynamicGMM
    regression: Regression
    model: plugin.AbsorbingModels
    lags: OutcomeLags
    solution: Solution

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return ExpandedModels(self.lags, self.model)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether there are more instruments than entities."""
        counts = {"n_instruments": self.solution.n_instruments, "n_entities": len(self.solution.scores)}
        if counts["n_instruments"] <= counts["n_entities"]:
            return self.regression.notes
        words = marked(
            "{n_instruments} instruments are more than the {n_entities} entities: estimates are pulled "
            "towards least squares. Set `collapsed: true` or a lower `last_lag`."
        )
        return (*self.regression.notes, Note("W-INSTRUMENTS", self.outcome, Message(words, **counts)))

    def coefficients(self) -> plugin.CoefficientTable:
        """Return estimates with their covariance: robust of one step, Windmeijer's of two."""
        terms, solution = self.regression.terms, self.solution
        kinds = {1: marked("robust of one step"), 2: marked("Windmeijer (2005) of two steps")}
        n_rows, n_entities = int(solution.equations.is_row.sum()), len(solution.scores)
        how = plugin.Correction(
            kinds[self.options.steps], n_rows, solution.estimate.size, 0, (n_entities,), 1.0, inf
        )
        own = slice(len(terms))
        return plugin.CoefficientTable(terms, solution.estimate[own], solution.covariance[own, own], how)

    def statistics(self) -> Sequence[Statistic]:
        """Return counts, and the effect in the long run."""
        table, solution = self.coefficients(), self.solution
        at = [table.terms.index(name) for name in self.lags.names(self.outcome)]
        slope, left = table.estimate[0], 1.0 - table.estimate[at].sum()
        gradient = np.zeros(len(table.terms))
        gradient[at] = slope / left**2
        gradient[0] = 1.0 / left
        error = sqrt(float(gradient @ table.covariance @ gradient))
        what = "of one unit more of the exposure's first column that stays: slope over one less those of lags"
        return (
            Statistic("n_obs", table.correction.n_obs, "rows with all lags"),
            Statistic("n_entities", len(solution.scores), "entities with a row"),
            Statistic("n_instruments", solution.n_instruments, "independent instruments of both equations"),
            Statistic("long_run_effect", slope / left, what),
            Statistic("long_run_std_error", error, "of the effect in the long run, delta method"),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, and tests of autocorrelation and of the instruments."""
        solution = self.solution
        checks: dict[str, Check] = {
            "autocorrelation_1": lambda: solution.autocorrelation(1),
            "autocorrelation_2": lambda: solution.autocorrelation(2),
            "overidentification": solution.overidentification,
        }
        return {
            "statistics": plugin.statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(checks),
        }

    def remarks(self) -> Sequence[str]:
        """Return the equations and the number of instruments."""
        return (f"{self.options.type} GMM, {self.solution.n_instruments} instruments",)


@dataclass(frozen=True)
class DynamicGMM:
    """Lags of the outcome among the regressors, with entity effects, by GMM.

    Differences, or orthogonal deviations, take the entity effects out, and earlier values of the outcome are
    their instruments (Arellano & Bond 1991). A system adds the equation in levels, with earlier differences
    as instruments (Blundell & Bond 1998); it needs entities whose first distance from their long-run level
    does not go with that level. Covariates are strictly exogenous unless they are named below; they may go
    with the entity effect, and are instruments of the transformed equation alone.

    A prediction takes the latest training outcome before the row, the entity's mean where there is none, and
    effects of entity and period that fit the training rows best, given the coefficients. So it is one step
    ahead where the period before was trained on, and knows nothing of the past of a new entity.

    Attributes
    ----------
    type : difference or system
    transformation : what takes the entity effects out
    outcome_lags : lags of the outcome among the regressors
    predetermined : columns that errors move later on: their lags from one period back are instruments
    endogenous : columns that errors move at once, instrumented as the outcome is
    first_lag, last_lag : of outcome and endogenous columns that are instruments; predetermined ones start a
        lag before. All from the first where `last_lag` is not given
    collapsed : one instrument for each lag, and not for each lag in each period
    steps : one, or two with Windmeijer's (2005) standard errors
    period_effects : whether periods have effects
    missing_instruments : what an instrument before an entity's first row counts as: the mean of its column,
        so that estimates do not depend on where the column's zero is, or zero, as xtabond2 and pgmm have it
    """

    name: ClassVar[str] = "gmm"
    known_as: ClassVar[tuple[str, ...]] = (
        *("arellano_bond", "blundell_bond", "difference_gmm", "system_gmm", "dynamic_gmm", "dynamic_panel"),
        *("xtabond", "xtabond2", "xtdpdsys", "xtdpdgmm", "pgmm"),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitFolds, plugin.CanProfile, plugin.HasCoefficients, plugin.HasDetails),
            *(plugin.HasEffects, plugin.HasNotes),
        }
    )

    type: Literal["difference", "system"] = "difference"
    transformation: Transformation = "differences"
    outcome_lags: Annotated[int, Field(ge=1, le=5)] = 1
    predetermined: tuple[str, ...] = ()
    endogenous: tuple[str, ...] = ()
    first_lag: Annotated[int, Field(ge=2, le=20)] = 2
    last_lag: Annotated[int, Field(ge=2, le=100)] | None = None
    collapsed: bool = True
    steps: Literal[1, 2] = 2
    period_effects: bool = True
    missing_instruments: Literal["mean", "zero"] = "mean"

    def __post_init__(self) -> None:
        for option in ("predetermined", "endogenous"):  # a script gives lists
            object.__setattr__(self, option, tuple(getattr(self, option)))
        if self.last_lag is not None and self.last_lag < self.first_lag:
            raise ValueError(f"last_lag: at least first_lag, {self.first_lag}; found {self.last_lag}")
        if both := set(self.predetermined) & set(self.endogenous):
            raise ValueError(f"predetermined: columns that are not endogenous; found {sorted(both)}")

    def for_folds(self) -> Self:
        """Return the estimator: standard errors cost it next to nothing."""
        return self

    def fit(self, panel: Panel, *, rng: Stream = None, selection: Panel | None = None) -> DynamicFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the panel lacks a named column, no entity has rows enough, instruments do not identify the
            coefficients, or least squares refuse the rows.
        """
        lags = OutcomeLags.of(panel, self.outcome_lags)
        rows, is_known = lags.expand(panel), lags.is_known(panel)
        if not is_known.any():
            what = Message("no entity has {n} periods in a row", n=self.outcome_lags + 1)
            raise EstimationError.at("rows", what, hint=marked("use fewer `outcome_lags`"))
        effects: tuple[Dimension, ...] = ("entity", "time") if self.period_effects else ("entity",)
        regression = regress(rows.take(np.flatnonzero(is_known)), effects)
        for name in lags.names(panel.outcome):
            if name not in regression.terms:
                what = Message("other columns determine {name}", name=repr(name))
                hint = marked("drop lags of the outcome from the controls: they are among the regressors")
                raise EstimationError.at("outcome_lags", what, hint=hint)
        solution = Solution.of(self._equations(panel, regression), steps=self.steps)
        slopes = np.zeros(regression.panel.X.shape[1])
        slopes[regression.within.kept] = solution.estimate[: len(regression.terms)]
        known = regression.models(slopes[None], regression.weights[:, None])
        model = known.knowing_omitted(
            rows, panel.observed, weights=is_known[None].astype(float), row_weights=np.ones(panel.n_obs)
        )
        return DynamicFit(self, regression, model, lags, solution)

    def _equations(self, panel: Panel, regression: Regression) -> Equations:
        """Return the equations of the columns that a regression keeps, and of periods and a constant."""
        names, kinds = regression.terms[: -self.outcome_lags], self._kinds(panel)
        values = np.column_stack([panel.observed, panel.regressors(names)])
        means = values.mean(axis=0)
        entity, period = plugin.Grouping.of(panel.entity.codes), panel.period - panel.period.min()
        grid = np.full((entity.n_levels, int(period.max()) + 1, values.shape[1]), np.nan)
        grid[entity.codes, period] = values - means
        past = [lagged(grid[:, :, :1], lag) for lag in range(1, self.outcome_lags + 1)]
        whole = np.concatenate([grid, *past], axis=2)
        is_row: Mask = np.isfinite(whole).all(axis=2)
        whole[~is_row] = 0.0
        transform, is_system = moments.transformer(is_row, self.transformation), self.type == "system"
        made = np.asarray(transform.any(axis=2))
        levels = is_row[:, :, None] * self._dummies(is_row if is_system else made)
        exogenous = [at for at, name in enumerate(names, start=1) if name not in kinds]
        transformed, in_levels = [transform @ whole[:, :, exogenous]], [levels]
        if not is_system:
            transformed, in_levels = [*transformed, transform @ levels], [levels[:, :, :0]]
        if self.missing_instruments == "zero":
            grid += means
        for at, name in enumerate((None, *names)):
            first = self.first_lag if name is None else kinds.get(name, grid.shape[1])
            lags = range(first, min(self.last_lag or grid.shape[1], grid.shape[1] - 1) + 1)
            transformed.append(moments.lag_columns(grid[:, :, at], made, lags, collapsed=self.collapsed))
            if is_system and lags:
                change = grid[:, :, at] - lagged(grid[:, :, at], 1)
                before = [first - 1]
                in_levels.append(moments.lag_columns(change, is_row, before, collapsed=self.collapsed))
        columns = np.concatenate([whole[:, :, 1:], levels], axis=2)
        instruments = (np.concatenate(own, axis=2) for own in (transformed, in_levels))
        return Equations(whole[:, :, 0], columns, is_row, transform, *instruments)

    def _dummies(self, is_there: Mask) -> Floats:
        """Return dummies of periods with rows, (n_periods, n), and in a system a constant for the first."""
        unit, present = np.eye(is_there.shape[1]), np.flatnonzero(is_there.any(axis=0))
        if self.type == "difference":
            return unit[:, present if self.period_effects else []]
        return np.column_stack([np.ones(len(unit)), unit[:, present[1:] if self.period_effects else []]])

    def _kinds(self, panel: Panel) -> Mapping[str, int]:
        """Return the first lag that is an instrument of each column that is not strictly exogenous."""
        found: dict[str, int] = {}
        for option, first in (("predetermined", self.first_lag - 1), ("endogenous", self.first_lag)):
            for name in getattr(self, option):
                if name not in (panel.exposure, *panel.columns):
                    what = Message("{name} is not a regressor", name=repr(name))
                    raise EstimationError.at(option, what, f"some of {', '.join(panel.columns)}")
                found |= dict.fromkeys(panel.dependents(name), first)
        return found
