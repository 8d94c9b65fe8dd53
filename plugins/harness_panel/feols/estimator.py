"""Least squares with many effects, by pyfixest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import CoefficientTable, EstimationError, Floats, Note, Panel, Problem, Statistic, marked
from harness_panel.covariance import Robust, Tested, columns_of, with_inference
from harness_panel.estimators.linear import LINEAR
from harness_panel.feols.effects import EffectDesign, FeolsModels, LevelTrends, count_effects, level_model
from harness_panel.feols.regression import FeolsCovariance, FeolsRegression, FeolsRows, covariance_of
from harness_panel.solver.draws import refuse_empty_draws
from harness_panel.statistics import LevelledFit

# Columns and keys whose combinations are levels.
Columns = Annotated[tuple[str, ...], Field(min_length=2)]


@dataclass(frozen=True, eq=False, repr=False)
class FeolsFit(LevelledFit):
    """One fit.

    Attributes
    ----------
    regression : the equation that was estimated
    n_alone : training rows that are the only ones of a level
    table : slopes with their covariance
    model : what predicts; one draw
    """

    title: ClassVar[str] = marked("Fixed effects by pyfixest")

    regression: FeolsRegression
    n_alone: int
    table: CoefficientTable
    model: FeolsModels

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether effects are counted as too many."""
        rows = self.regression.rows
        if len(rows.design.sets) <= 2:
            return self.regression.notes
        message = plugin.Coded(
            "The {taken} count as {n_effects} parameters. If they overlap this is somewhat too "
            "many, and standard errors are somewhat too large.",
            taken=rows.taken,
            n_effects=self.regression.n_effects,
        )
        return (*self.regression.notes, Note("W-EFFECTS", "effects", message))

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.table

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys and columns whose effects are absorbed, by name."""
        return tuple(levels.name for levels in self.regression.sets)

    def statistics(self) -> Sequence[Statistic]:
        """Return what describes the fit, every number with its definition."""
        regression = self.regression
        estimate, df, alone = regression.estimated, regression.df_resid, self.n_alone
        total = float(estimate.outcome @ estimate.outcome) * estimate.scale**2
        rss = regression.rss * estimate.scale**2
        explained = "share of what effects leave of the outcome that columns explain"
        levels = (
            Statistic(f"n_levels_{levels.name}", levels.n_levels, "levels of this set of effects")
            for levels in regression.sets
        )
        return (
            Statistic("n_obs", regression.n_obs, "rows of the estimated equation"),
            Statistic("df_resid", df, "rows less coefficients less independent effects"),
            Statistic("rss", rss, "sum of squared residuals of the estimated equation, times weights if any"),
            Statistic("sigma", sqrt(rss / df), "square root of rss / df_resid"),
            Statistic("r2", 1.0 - rss / total, explained),
            Statistic("n_effects", regression.n_effects, "independent effects, slopes in time among them"),
            Statistic("n_singleton_rows", alone, "rows alone in a level, or so once such rows are left out"),
            *levels,
        )

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics of the fit, each with its definition."""
        return {"statistics": plugin.statistic_columns(self.statistics())}


@plugin.checks_options
@dataclass(frozen=True)
class Feols:
    """Least squares with an effect for every level of many sets, by `pyfixest.feols`.

    It is the estimator for large panels and many effects; with few it agrees with ``fixed_effects``. The
    table has no constant, since the effects hold it. Predictions are in levels: the mean outcome, plus
    (x - mean x) b, plus the deviation of each of the row's levels from the mean effect over the training
    rows, plus the entity's trend. A level that no training row has gets the mean effect, and an entity never
    seen the mean trend; `n_unseen` of the fit counts such rows. Levels are matched by label.

    Controls and moderators that are constant, absorbed by the effects or collinear with columns before them
    are dropped and noted; an exposure that the effects or several other columns determine is refused.

    ``entity`` and ``time`` stand for the keys wherever a column can be named.

    Attributes
    ----------
    effects : keys whose levels have effects: ``entity``, ``time``, both, or none next to `absorb`
    absorb : further columns of the data whose levels have effects, such as ``industry``, and combinations of
        columns and keys such as ``[region, time]``
    trends : ``entity`` gives every entity a slope in time next to its effect
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    singletons : ``keep`` or ``drop`` rows that are the only one of a level, or are so once such rows are left
        out; no slope depends on them, but the factors for small samples do
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    """

    name: ClassVar[str] = "feols"
    identifies: ClassVar[plugin.Identified] = "within"
    provides: ClassVar[frozenset[type]] = (LINEAR - {plugin.CanFitFolds}) | {
        plugin.ChecksRows,
        plugin.HasEffects,
    }

    effects: tuple[Literal["entity", "time"], ...] = ("entity",)
    absorb: tuple[str | Columns, ...] = ()
    trends: tuple[Literal["entity"], ...] = ()
    covariance: FeolsCovariance = field(default_factory=Tested)
    singletons: Literal["keep", "drop"] = "keep"
    weighted: bool = False

    def __post_init__(self) -> None:
        sets = self._sets
        if not sets or len({frozenset(parts) for parts in sets}) < len(sets):
            message = f"effects and absorb: at least one key or column, each once; found {_in_words(sets)}"
            raise ValueError(message)
        twice = [parts for parts in sets if len(set(parts)) < len(parts)]
        if twice:
            message = f"absorb: a combination has a column once; found {_in_words(twice)}"
            raise ValueError(message)
        if isinstance(self.covariance, Robust) and self.covariance.variant not in ("HC0", "HC1"):
            message = f"covariance: HC0 or HC1 with many effects; found {self.covariance.variant}"
            raise ValueError(message)
        if self.trends and ("entity",) not in sets:
            message = "trends: entity needs the entity among the effects"
            raise ValueError(message)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns that have effects, or clusters."""
        named = (part for parts in self._sets for part in parts)
        columns = (part for part in named if isinstance(plugin.effect_named(part), plugin.GroupColumn))
        return tuple(dict.fromkeys((*columns, *columns_of(self.covariance))))

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> FeolsFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, a key or column with effects has one level,
            or the exposure is constant, absorbed by the effects or determined by other columns; where columns
            or weights are asked for that the panel lacks; where pyfixest finds no solution.
        """
        whole, used, n_alone = self._used(panel)
        regression = used.regression(used.estimate())
        matrix, correction = covariance_of(regression, self.covariance)
        bare = CoefficientTable(regression.terms, regression.estimate, matrix, correction)
        table = with_inference(bare, self.covariance, regression, rng=rng)
        model = level_model(panel, whole.design, regression.within.slopes)
        return FeolsFit(regression, n_alone, table, model)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> FeolsModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        They multiply the weights of the rows, if these have any. The effect of a level without weight in a
        draw is that of all its rows, given the draw's slopes and its other levels, and its trend the mean
        one. A column that a draw cannot tell apart has slope zero in it.

        Raises
        ------
        EstimationError
            As by `fit`, or where a draw uses no row.
        """
        refuse_empty_draws(weights)
        own = plugin.row_weights(panel, weighted=self.weighted)
        whole = self._rows(panel, own)
        refuse_impossible(whole)
        whole.regression(whole.estimate())
        drawn = FeolsModels.stacked([_draw(whole, own * draw) for draw in weights])
        return drawn.knowing_omitted(panel, weights=weights, row_weights=own)

    @property
    def _sets(self) -> tuple[tuple[str, ...], ...]:
        named = (*self.effects, *self.absorb)
        return tuple((parts,) if isinstance(parts, str) else parts for parts in named)

    def check_rows(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> None:
        """Refuse rows without variation, or too few for the effects."""
        self._used(panel)

    def _used(self, panel: Panel) -> tuple[FeolsRows, FeolsRows, int]:
        """Return all rows, those that are estimated on, and how many are alone in a level."""
        whole = self._rows(panel, plugin.row_weights(panel, weighted=self.weighted))
        rows = plugin.non_singleton_rows(whole.design.sets)
        if self.singletons == "drop" and rows.size == 0:
            what = marked("every row is alone in a category of the effects")
            raise EstimationError(Problem("rows", what, hint=marked("absorb fewer effects")))
        used = whole if self.singletons == "keep" else whole.take(rows)
        refuse_impossible(used)
        return whole, used, panel.n_obs - rows.size

    def _rows(self, panel: Panel, weights: Floats) -> FeolsRows:
        sets = tuple(plugin.read_effect_set(panel, _effect(parts)) for parts in self._sets)
        entities = next((levels for levels in sets if levels.effect == "entity"), None)
        trend = None
        if self.trends and entities is not None:
            trend = LevelTrends.of(entities, panel.period, weights)
        return FeolsRows(panel, EffectDesign(sets, weights, trend))


def _draw(whole: FeolsRows, weights: Floats) -> FeolsModels:
    """Return the model of the rows that have a weight, (n_obs,), with the levels of all rows."""
    rows = np.flatnonzero(weights > 0.0)
    drawn = replace(whole, design=replace(whole.design, weights=weights)).take(rows)
    slopes = drawn.estimate().slopes
    return level_model(drawn.panel, drawn.design, slopes).among(whole.design.sets, rows)


def _effect(parts: Sequence[str]) -> plugin.EffectKey:
    named = tuple(plugin.effect_named(part) for part in parts)
    return named[0] if len(named) == 1 else plugin.Combination(named)


def _in_words(sets: Sequence[Sequence[str]]) -> str:
    return ", ".join("^".join(parts) for parts in sets) or "nothing"


def refuse_impossible(rows: FeolsRows) -> None:
    """Refuse rows that no equation with these effects can be estimated on.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary, a set of effects has one level, no entity has two
        periods for its trend, or rows are no more than effects.
    """
    panel, design, say = rows.panel, rows.design, plugin.Refusals(rows.panel, rows.taken)
    if not rows.varies[-1]:
        raise EstimationError(say.constant_outcome(float(panel.observed[0])))
    for levels in design.sets:
        if levels.n_levels < 2:
            raise EstimationError(say.single_level(levels.name))
    if design.trend is not None and not design.trend.has_slope.any():
        hint = marked("drop the trends, or use more periods")
        raise EstimationError(Problem("trends", marked("no entity has rows in two periods"), hint=hint))
    for at in range(len(panel.exposure_columns)):
        if not rows.varies[at]:
            raise EstimationError(say.constant_exposure(at, float(panel.X[0, at])))
    few = say.few_rows(n_columns=1, n_effects=count_effects(design))
    if few:
        raise EstimationError(few)
