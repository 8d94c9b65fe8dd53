"""Difference and system GMM of panels whose outcome depends on its own past.

Moments are linear algebra of our own, checked against plm's ``pgmm``: pydynpd 0.2.2 does not run on numpy 2
and takes the model as a text to be parsed, and the GMM of linearmodels knows neither the first step's weights
nor Windmeijer's errors. Arrays are by entity and period, (n_entities, n_periods, ...); nan where there is no
row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, sqrt
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, EstimationError, Floats, Mask, Note, Panel, Statistic, Stream, marked
from harness_panel.diagnostics.effects import Check, Diagnostic, details_of
from harness_panel.estimators.linear import EntityMean, EntityMeanFit, LastValue, LastValueFit
from harness_panel.solver.equation import ExpandedModels, FurtherColumns
from harness_panel.solver.regression import Dimension, Regression, regress
from harness_panel.statistics import REPORTED, LevelledFit

# What takes the entity effects out.
Transformation = Literal["differences", "orthogonal_deviations"]

# Numbers of a matrix of all rows up to which moments are computed, 0.5 GB.
_MOST_NUMBERS = 2**26

# Eigenvalues of a scaled weight matrix that count as zero, as a share of the largest.
_NOTHING = 1e-10


def lagged(values: Floats, lag: int) -> Floats:
    """Return values so many periods before, nan where there are none."""
    shifted = np.full_like(values, np.nan)
    shifted[:, lag:] = values[:, : values.shape[1] - lag]
    return shifted


def transformer(is_row: Mask, transformation: Transformation) -> Floats:
    """Return what transforms each entity's rows, (n_entities, n_periods, n_periods); zero where none is made.

    The transformed row of a period is its difference from the period before, or the deviation of the period
    before from the mean of the rows that follow (Arellano & Bover 1995), in units of its error.
    """
    n_periods = is_row.shape[1]
    _refuse_large(is_row.size * n_periods)
    made = np.zeros((*is_row.shape, n_periods))
    for at in range(1, n_periods):
        later = is_row[:, at:].astype(float)
        if transformation == "differences":
            later[:, 1:] = 0.0
        n_later = later.sum(axis=1)
        share = np.where(is_row[:, at - 1] & (n_later > 0), 1.0 / np.maximum(n_later, 1.0), 0.0)
        scale = (share > 0.0).astype(float)
        if transformation == "orthogonal_deviations":
            scale *= -np.sqrt(n_later / (n_later + 1.0))
        made[:, at, at - 1] = -scale
        made[:, at, at:] = (scale * share)[:, None] * later
    return made


def lag_columns(values: Floats, is_row: Mask, lags: Iterable[int], *, collapsed: bool) -> Floats:
    """Return lags as instruments, (n_entities, n_periods, n): one a lag and period, or one a lag collapsed.

    What is missing counts as zero; instruments that are zero everywhere are left out.
    """
    n_periods, columns = is_row.shape[1], [np.zeros((*is_row.shape, 0))]
    for lag in lags:
        own = np.where(is_row, np.nan_to_num(lagged(values, lag)), 0.0)[:, :, None]
        columns.append(own if collapsed else own * np.eye(n_periods)[:, lag:])
        _refuse_large(sum(column.size for column in columns))
    found = np.concatenate(columns, axis=2)
    return np.asarray(found[:, :, np.any(found != 0.0, axis=(0, 1))])


def _refuse_large(n_numbers: int) -> None:
    if n_numbers > _MOST_NUMBERS:
        what = marked("the moments of all rows take more than {most} numbers")
        hint = marked("use fewer periods, `collapsed: true`, or a lower `last_lag`")
        raise EstimationError.at("instruments", Coded(what, most=f"{_MOST_NUMBERS:,}"), hint=hint)


def _inverse(matrix: Floats) -> tuple[Floats, int]:
    """Return the pseudo-inverse of a covariance of moments whatever their units, and its rank."""
    sizes = np.sqrt(np.diag(matrix))
    unit = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0.0)
    values, vectors = np.linalg.eigh(matrix * np.outer(unit, unit))
    kept = values > _NOTHING * values.max(initial=0.0)
    scaled = unit[:, None] * vectors[:, kept]
    return np.asarray(scaled / values[kept] @ scaled.T), int(kept.sum())


@dataclass(frozen=True, eq=False)
class Equations:
    """Rows of a dynamic panel, transformed and, for a system, in levels, with their instruments.

    Attributes
    ----------
    outcome, columns : (n_entities, n_periods) and (n_entities, n_periods, n_coef), zero without a whole row
    is_row : where there is a whole row
    transform : of the transformed equation, by `transformer`
    transformed, in_levels : (n_entities, n_periods, n), instruments of each equation
    """

    outcome: Floats
    columns: Floats
    is_row: Mask
    transform: Floats
    transformed: Floats
    in_levels: Floats

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Products of each entity's instruments with columns and outcome, (n_entities, n, n_coef + 1)."""
        both = np.concatenate([self.columns, self.outcome[:, :, None]], axis=2)
        products = [
            self.transformed.transpose(0, 2, 1) @ (self.transform @ both),
            self.in_levels.transpose(0, 2, 1) @ both,
        ]
        found = np.concatenate(products, axis=1)
        return found[:, :, :-1], found[:, :, -1]

    @property
    def n_transformed(self) -> int:
        """Rows of the transformed equation, which the literature prints."""
        return int(self.transform.any(axis=2).sum())

    def variance(self, estimate: Floats) -> float:
        """Return the variance of errors in levels by transformed residuals, were they independent."""
        residuals = self.transform @ (self.outcome - self.columns @ estimate)[:, :, None]
        size = np.square(self.transform).sum() * (1.0 - estimate.size / self.n_transformed)
        return float(np.square(residuals).sum() / size)

    def first_weights(self) -> tuple[Floats, int]:
        """Return the weights for independent errors of equal variance in levels, and the moments' rank."""
        spread = np.concatenate(
            [self.transform.transpose(0, 2, 1) @ self.transformed, self.in_levels], axis=2
        )
        flat = spread.reshape(-1, spread.shape[2])
        return _inverse(flat.T @ flat)


@dataclass(frozen=True, eq=False)
class Solution:
    """An estimate by GMM.

    Attributes
    ----------
    equations : what was estimated
    n_instruments : independent ones
    estimate, covariance : (n_coef,) and (n_coef, n_coef); Windmeijer's of two steps
    scores : (n_entities, n), moments of residuals
    to_estimate : (n_coef, n), what changes of the sums of moments change in the estimate
    hansen_j : sum of squared moments of two steps, by their weights
    sargan_j : the same of the first step, by its weights and the variance of its transformed residuals
    """

    equations: Equations
    n_instruments: int
    estimate: Floats
    covariance: Floats
    scores: Floats
    to_estimate: Floats
    hansen_j: float
    sargan_j: float

    @classmethod
    def of(cls, equations: Equations, *, steps: Literal[1, 2]) -> Solution:
        """Return the estimate of one or two steps.

        Raises
        ------
        EstimationError
            Where the instruments do not identify the coefficients.
        """
        of_columns, of_outcome = equations.moments
        slopes, level = of_columns.sum(axis=0), of_outcome.sum(axis=0)
        first, n_instruments = equations.first_weights()
        one, inverse = _to_estimate(slopes, first, n_instruments)
        estimate = one @ level
        scores = of_outcome - of_columns @ estimate
        sargan_j = float(scores.sum(axis=0) @ first @ scores.sum(axis=0)) / equations.variance(estimate)
        spread = scores.T @ scores
        robust = one @ spread @ one.T
        second, _ = _inverse(spread)
        two, inverse = _to_estimate(slopes, second, n_instruments)
        final = two @ level
        rest = level - slopes @ final
        hansen_j = float(rest @ second @ rest)
        if steps == 1:
            return cls(equations, n_instruments, estimate, robust, scores, one, hansen_j, sargan_j)
        # Windmeijer 2005: how the weights move with the first step's estimate, and the second's with them.
        weighted = second @ rest
        crossed = np.stack([own.T @ scores for own in of_columns.transpose(2, 0, 1)])
        moves = two @ ((crossed + crossed.transpose(0, 2, 1)) @ weighted).T
        covariance = inverse + moves @ inverse + inverse @ moves.T + moves @ robust @ moves.T
        scores = of_outcome - of_columns @ final
        return cls(equations, n_instruments, final, covariance, scores, two, hansen_j, sargan_j)

    def overidentification(self) -> Diagnostic:
        """Test whether all instruments agree, by the moments of two steps.

        Raises
        ------
        EstimationError
            Where there are as many instruments as coefficients.
        """
        caution = ""
        if self.n_instruments > len(self.scores):
            words = marked(
                "there are {n_instruments} instruments and {n_entities} entities: the test hardly ever "
                "rejects"
            )
            caution = Coded(words, n_instruments=self.n_instruments, n_entities=len(self.scores))
        return self._agreement("overidentification", self.hansen_j, "Hansen 1982, J of two steps", caution)

    def sargan(self) -> Diagnostic:
        """Test the same by the moments of one step, as if errors were independent and of one variance.

        Raises
        ------
        EstimationError
            Where there are as many instruments as coefficients.
        """
        caution = marked("holds for independent errors of equal variance; it rejects too often for others")
        return self._agreement("sargan", self.sargan_j, "Sargan 1958, of one step", caution)

    def _agreement(self, name: str, statistic: float, source: str, caution: str) -> Diagnostic:
        df = self.n_instruments - self.estimate.size
        if not df:
            raise EstimationError.at(name, marked("there are as many instruments as coefficients"))
        null = marked("all instruments are uncorrelated with the errors")
        return Diagnostic(name, null, statistic, "chi2", (df,), source, caution)

    def autocorrelation(self, order: int) -> Diagnostic:
        """Test differenced residuals for correlation with those some periods before.

        Raises
        ------
        EstimationError
            Where no entity has residuals so far apart.
        """
        own = self.equations
        difference = transformer(own.is_row, "differences")
        columns = difference @ own.columns
        residuals = (difference @ own.outcome[:, :, None])[:, :, 0] - columns @ self.estimate
        before = np.nan_to_num(lagged(residuals, order))
        products = np.sum(before * residuals, axis=1)
        if not products.any():
            what = marked("no entity has differences that are {order} periods apart")
            raise EstimationError.at("autocorrelation", Coded(what, order=order))
        slopes = np.einsum("it,itk->k", before, columns)
        variance = products @ products - 2.0 * slopes @ self.to_estimate @ (self.scores.T @ products)
        variance += slopes @ self.covariance @ slopes
        null: str = Coded("differenced errors have no autocorrelation of order {order}", order=order)
        if order == 1:
            null = marked("differenced errors have no autocorrelation of order 1, which they should have")
        statistic = float(products.sum() / np.sqrt(variance))
        return Diagnostic(f"autocorrelation_{order}", null, statistic, "normal", (), "Arellano & Bond 1991")


def _to_estimate(slopes: Floats, weights: Floats, n_instruments: int) -> tuple[Floats, Floats]:
    """Return what takes sums of moments to coefficients, and the inverse of the coefficients' information."""
    information = slopes.T @ weights @ slopes
    unit = 1.0 / np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    scaled = information * np.outer(unit, unit)
    if not np.linalg.eigvalsh(scaled)[0] > _NOTHING:
        what = marked("{n_instruments} instruments do not identify {n_coef} coefficients")
        hint = marked("use more lags, fewer controls, or more periods")
        counts = {"n_instruments": n_instruments, "n_coef": len(unit)}
        raise EstimationError.at("instruments", Coded(what, **counts), hint=hint)
    inverse = np.linalg.inv(scaled) * np.outer(unit, unit)
    return inverse @ slopes.T @ weights, inverse


@dataclass(frozen=True, eq=False)
class PastValues(FurtherColumns):
    """Values of earlier training rows, whatever the outcomes of the rows they are columns of.

    Attributes
    ----------
    lags : column and periods back of each; the column is empty for the outcome, whose lags stand last
    known : by column, the training rows, and means of their entities for where there is no earlier row
    """

    lags: tuple[tuple[str, int], ...]
    known: Mapping[str, tuple[LastValueFit, EntityMeanFit]]

    @classmethod
    def of(cls, panel: Panel, lags: Sequence[tuple[str, int]]) -> PastValues:
        """Return the lags that a panel's rows give."""
        columns = {name: panel.column(name) if name else panel.observed for name, _ in lags}
        rows = {name: replace(panel, observed=values) for name, values in columns.items()}
        known = {name: (LastValue().fit(one), EntityMean().fit(one)) for name, one in rows.items()}
        return cls(tuple(lags), known)

    def names(self, outcome: str) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(plugin.lag_term(name or outcome, lag) for name, lag in self.lags)

    def is_known(self, panel: Panel) -> Mask:
        """Return whether the training rows have all lags of each row, (n_obs,)."""
        return np.asarray(np.all([self._before(panel, *one)[1] for one in self.lags], axis=0))

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the lags as its last controls: each the latest value so long before."""
        columns = [self._before(panel, *one)[0] for one in self.lags]
        controls = (*panel.controls, *self.names(panel.outcome))
        return replace(panel, controls=controls, X=np.column_stack([panel.X, *columns]))

    def _before(self, panel: Panel, name: str, lag: int) -> tuple[Floats, Mask]:
        """Return the latest value so long before each row, and whether no period lies between."""
        past, means = self.known[name]
        row, is_there = past.earlier(replace(panel, period=panel.period - lag + 1))
        values = np.where(is_there, past.observed[row], means.predict(panel))
        return values, is_there & (past.period[row] == panel.period - lag)


@dataclass(frozen=True, eq=False, repr=False)
class DynamicFit(LevelledFit):
    """A fit by GMM.

    Attributes
    ----------
    options : how
    regression : of rows with all lags by least squares, which says what columns are kept
    model : columns and levels; one draw
    lags : of covariates and of the outcome
    solution : coefficients of the kept columns, and of periods and a constant after them
    """

    title: ClassVar[str] = marked("Dynamic panel GMM")

    options: DynamicGMM
    regression: Regression
    model: plugin.AbsorbingModels
    lags: PastValues
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
        return (*self.regression.notes, Note("W-INSTRUMENTS", self.outcome, Coded(words, **counts)))

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
        named = zip(self.lags.lags, self.lags.names(self.outcome), strict=True)
        by_column = {
            name: (column, table.terms.index(name)) for (column, _), name in named if name in table.terms
        }
        at = [row for column, row in by_column.values() if not column]
        first = [0, *(row for column, row in by_column.values() if column == table.terms[0])]
        slope, left = table.estimate[first].sum(), 1.0 - table.estimate[at].sum()
        gradient = np.zeros(len(table.terms))
        gradient[at] = slope / left**2
        gradient[first] = 1.0 / left
        error = sqrt(float(gradient @ table.covariance @ gradient))
        meaning = (
            "of one unit more of the exposure's first column that stays: slopes by one less those of lags"
        )
        return (
            Statistic("n_obs", table.correction.n_obs, "rows with all lags"),
            Statistic("n_equations", solution.equations.n_transformed, "rows of the transformed equation"),
            Statistic("n_entities", len(solution.scores), "entities with a row"),
            Statistic("n_instruments", solution.n_instruments, "independent instruments of both equations"),
            Statistic("long_run_effect", slope / left, meaning),
            Statistic("long_run_std_error", error, "of the effect in the long run, delta method"),
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, and tests of autocorrelation and of the instruments."""
        solution = self.solution
        checks: dict[str, Check] = {
            "autocorrelation_1": lambda: solution.autocorrelation(1),
            "autocorrelation_2": lambda: solution.autocorrelation(2),
            "overidentification": solution.overidentification,
            "sargan": solution.sargan,
        }
        return details_of(self.statistics(), checks)

    def remarks(self) -> Sequence[str]:
        """Return the equations and the number of instruments."""
        return (f"{self.options.type} GMM, {self.solution.n_instruments} instruments",)


@plugin.checks_options
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
    covariate_lags : by column, how many of its lags are among the regressors as well; unlike steps that lag a
        column they cost no period more than the lags of the outcome do
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
    linear_model: ClassVar[plugin.LinearModel | None] = "dynamic"
    identifies: ClassVar[plugin.Identified] = "dynamics"
    as_learner: ClassVar[plugin.AsLearner] = "refused"
    known_as: ClassVar[tuple[str, ...]] = (
        *("arellano_bond", "blundell_bond", "difference_gmm", "system_gmm", "dynamic_gmm", "dynamic_panel"),
        *("xtabond", "xtabond2", "xtdpdsys", "xtdpdgmm", "pgmm"),
    )
    provides: ClassVar[frozenset[type]] = REPORTED | {plugin.CanFitFolds, plugin.HasEffects}

    type: Literal["difference", "system"] = "difference"
    transformation: Transformation = "differences"
    outcome_lags: Annotated[int, Field(ge=1, le=5)] = 1
    covariate_lags: Mapping[str, Annotated[int, Field(ge=1, le=5)]] = field(default_factory=dict, hash=False)
    predetermined: tuple[str, ...] = ()
    endogenous: tuple[str, ...] = ()
    first_lag: Annotated[int, Field(ge=2, le=20)] = 2
    last_lag: Annotated[int, Field(ge=2, le=100)] | None = None
    collapsed: bool = True
    steps: Literal[1, 2] = 2
    period_effects: bool = True
    missing_instruments: Literal["mean", "zero"] = "mean"

    def __post_init__(self) -> None:
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
        past = [(name, lag) for name, most in self.covariate_lags.items() for lag in range(1, most + 1)]
        for name in self.covariate_lags:
            self._require_regressor("covariate_lags", name, panel)
        past += [("", lag) for lag in range(1, self.outcome_lags + 1)]
        lags = PastValues.of(panel, past)
        rows, is_known = lags.expand(panel), lags.is_known(panel)
        if not is_known.any():
            what = Coded("no entity has {n} periods in a row", n=self.outcome_lags + 1)
            raise EstimationError.at("rows", what, hint=marked("use fewer `outcome_lags`"))
        effects: tuple[Dimension, ...] = ("entity", "time") if self.period_effects else ("entity",)
        regression = regress(rows.take(np.flatnonzero(is_known)), effects)
        for name in lags.names(panel.outcome)[-self.outcome_lags :]:
            if name not in regression.terms:
                what = Coded("other columns determine {name}", name=repr(name))
                hint = marked("drop lags of the outcome from the controls: they are among the regressors")
                raise EstimationError.at("outcome_lags", what, hint=hint)
        solution = Solution.of(self._equations(panel, regression, lags), steps=self.steps)
        slopes = np.zeros(regression.panel.X.shape[1])
        slopes[regression.within.kept] = solution.estimate[: len(regression.terms)]
        known = regression.models(slopes[None], regression.weights[:, None])
        model = known.knowing_omitted(
            rows, panel.observed, weights=is_known[None].astype(float), row_weights=np.ones(panel.n_obs)
        )
        return DynamicFit(self, regression, model, lags, solution)

    def _equations(self, panel: Panel, regression: Regression, lags: PastValues) -> Equations:
        """Return the equations of the columns that a regression keeps, and of periods and a constant."""
        names, kinds = regression.terms[: -self.outcome_lags], self._kinds(panel)
        of_lags = dict(zip(lags.names(panel.outcome), lags.lags, strict=True))
        sources = [of_lags.get(name, (name, 0)) for name in names]
        columns_of_grid = list(dict.fromkeys(name for name, _ in sources))
        values = np.column_stack([panel.observed, panel.regressors(columns_of_grid)])
        means = values.mean(axis=0)
        entity, period = plugin.Grouping.of(panel.entity.codes), panel.period - panel.period.min()
        grid = np.full((entity.n_levels, int(period.max()) + 1, values.shape[1]), np.nan)
        grid[entity.codes, period] = values - means
        number = {name: column for column, name in enumerate(columns_of_grid, start=1)}
        past = [(number[name], lag) for name, lag in sources]
        past += [(0, lag) for lag in range(1, self.outcome_lags + 1)]
        whole = np.stack([grid[:, :, 0], *(lagged(grid[:, :, column], lag) for column, lag in past)], axis=2)
        is_row: Mask = np.isfinite(whole).all(axis=2)
        whole[~is_row] = 0.0
        transform, is_system = transformer(is_row, self.transformation), self.type == "system"
        made = np.asarray(transform.any(axis=2))
        levels = is_row[:, :, None] * self._dummies(is_row if is_system else made)
        exogenous = [at for at, (name, _) in enumerate(sources, start=1) if name not in kinds]
        transformed, in_levels = [transform @ whole[:, :, exogenous]], [levels]
        if not is_system:
            transformed, in_levels = [*transformed, transform @ levels], [levels[:, :, :0]]
        if self.missing_instruments == "zero":
            grid += means
        for at, name in enumerate((None, *columns_of_grid)):
            first = self.first_lag if name is None else kinds.get(name, grid.shape[1])
            own = range(first, min(self.last_lag or grid.shape[1], grid.shape[1] - 1) + 1)
            transformed.append(lag_columns(grid[:, :, at], made, own, collapsed=self.collapsed))
            if is_system and own:
                change = grid[:, :, at] - lagged(grid[:, :, at], 1)
                before = [first - 1]
                in_levels.append(lag_columns(change, is_row, before, collapsed=self.collapsed))
        columns = np.concatenate([whole[:, :, 1:], levels], axis=2)
        instruments = (np.concatenate(parts, axis=2) for parts in (transformed, in_levels))
        return Equations(whole[:, :, 0], columns, is_row, transform, *instruments)

    def _dummies(self, is_there: Mask) -> Floats:
        """Return dummies of periods with rows, (n_periods, n), and in a system a constant for the first."""
        unit, present = np.eye(is_there.shape[1]), np.flatnonzero(is_there.any(axis=0))
        if self.type == "difference":
            return unit[:, present if self.period_effects else []]
        return np.column_stack([np.ones(len(unit)), unit[:, present[1:] if self.period_effects else []]])

    @staticmethod
    def _require_regressor(option: str, name: str, panel: Panel) -> None:
        if name not in (panel.exposure, *panel.columns):
            what = Coded("{name} is not a regressor", name=repr(name))
            raise EstimationError.at(
                option, what, Coded("some of {names}", names=", ".join(map(repr, panel.columns)))
            )

    def _kinds(self, panel: Panel) -> Mapping[str, int]:
        """Return the first lag that is an instrument of each column that is not strictly exogenous."""
        found: dict[str, int] = {}
        for option, first in (("predetermined", self.first_lag - 1), ("endogenous", self.first_lag)):
            for name in getattr(self, option):
                self._require_regressor(option, name, panel)
                found |= dict.fromkeys(panel.dependents(name), first)
        return found
