"""Least squares with many effects, by pyfixest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import (
    CanFitDraws,
    CanProfile,
    Combination,
    DrawSelection,
    EffectKey,
    EstimationError,
    Floats,
    GroupColumn,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    NeedsGroups,
    Panel,
    Problem,
    effect_named,
    read_effect_set,
    row_weights,
    rows_in_company,
)
from harness_fixest.clustered import CRV1
from harness_fixest.covariance import Hetero, Iid
from harness_fixest.effect_design import EffectDesign, LevelTrends
from harness_fixest.estimate import Request
from harness_fixest.feols_fit import FeolsFit, summary
from harness_fixest.findings import judge, refuse_impossible
from harness_fixest.jackknife import CRV3
from harness_fixest.levels import level_model
from harness_fixest.models import FeolsModels, stack
from harness_fixest.regression import FeolsRegression
from harness_fixest.wild_bootstrap import WildBootstrap

Covariance = Annotated[CRV1 | CRV3 | Hetero | Iid | WildBootstrap, Field(discriminator="use")]
"""Any of them, told apart by ``use``; an option that belongs to another kind is refused."""

Columns = Annotated[tuple[str, ...], Field(min_length=2)]
"""Columns and keys whose combinations are levels."""


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
    effects : keys whose levels have effects: ``entity``, ``time``, both, or none beside `absorb`
    absorb : further columns of the data whose levels have effects, such as ``industry``, and combinations of
        columns and keys such as ``[region, time]``
    trends : ``entity`` gives every entity a slope in time beside its effect
    covariance : CRV1 by entity unless another is asked for
    singletons : ``keep`` or ``drop`` rows that are the only one of a level, or are so once such rows are left
        out; no slope depends on them, but the factors for small samples do
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    """

    name: ClassVar[str] = "feols"
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasEffects, HasNotes, NeedsGroups}
    )

    effects: tuple[Literal["entity", "time"], ...] = ("entity",)
    absorb: tuple[str | Columns, ...] = ()
    trends: tuple[Literal["entity"], ...] = ()
    covariance: Covariance = field(default_factory=CRV1)
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
        if self.trends and ("entity",) not in sets:
            message = "trends: entity needs the entity among the effects"
            raise ValueError(message)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns that have effects, or clusters."""
        by = getattr(self.covariance, "by", ())
        named = [*(part for parts in self._sets for part in parts), *((by,) if isinstance(by, str) else by)]
        return tuple(dict.fromkeys(part for part in named if isinstance(effect_named(part), GroupColumn)))

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,
    ) -> FeolsFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, a key or column with effects has one level,
            or the exposure is constant, absorbed by the effects or determined by other columns; where columns
            or weights are asked for that the panel lacks; where pyfixest finds no solution.
        """
        weights = row_weights(panel, weighted=self.weighted)
        whole = self._regression(panel, weights)
        used = whole if self.singletons == "keep" else self._without_singletons(whole)
        refuse_impossible(used)
        estimate = used.estimate(self.covariance.request(used))
        notes = judge(used, estimate)
        table = self.covariance.table(used, estimate, rng=rng)
        model = level_model(panel, whole.design, estimate.all_slopes(len(panel.columns)))
        return FeolsFit(used, summary(whole, used, estimate), table, model, notes)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,
        rng: Generator,
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
        if not weights.any(axis=1).all():
            raise EstimationError(Problem("draws", "a draw has no row of positive weight", hint="draw again"))
        own = row_weights(panel, weighted=self.weighted)
        whole = self._regression(panel, own)
        refuse_impossible(whole)
        judge(whole, whole.estimate(Request("iid")))
        drawn = stack([_draw(whole, own * draw) for draw in weights])
        return drawn.knowing_left_out(panel, weights=weights, row_weights=own)

    @property
    def _sets(self) -> tuple[tuple[str, ...], ...]:
        named = (*self.effects, *self.absorb)
        return tuple((parts,) if isinstance(parts, str) else parts for parts in named)

    def _regression(self, panel: Panel, weights: Floats) -> FeolsRegression:
        sets = tuple(read_effect_set(panel, _effect(parts)) for parts in self._sets)
        entities = next((levels for levels in sets if levels.effect == "entity"), None)
        trend = (
            LevelTrends.of(entities, panel.period, weights) if self.trends and entities is not None else None
        )
        return FeolsRegression(panel, EffectDesign(sets, weights, trend))

    @staticmethod
    def _without_singletons(regression: FeolsRegression) -> FeolsRegression:
        rows = rows_in_company(regression.design.sets)
        if rows.size == 0:
            raise EstimationError(
                Problem("rows", "every row is the only one of a level", hint="absorb fewer effects")
            )
        return regression.take(rows)


def _draw(whole: FeolsRegression, weights: Floats) -> FeolsModels:
    """Return the model of the rows that have a weight, (n_obs,), with the levels of all rows."""
    rows = np.flatnonzero(weights > 0.0)
    drawn = replace(whole, design=replace(whole.design, weights=weights)).take(rows)
    slopes = drawn.estimate(Request("iid")).all_slopes(len(drawn.panel.columns))
    return level_model(drawn.panel, drawn.design, slopes).among(whole.design.sets, rows)


def _effect(parts: Sequence[str]) -> EffectKey:
    named = tuple(effect_named(part) for part in parts)
    return named[0] if len(named) == 1 else Combination(named)


def _in_words(sets: Sequence[Sequence[str]]) -> str:
    return ", ".join("^".join(parts) for parts in sets) or "nothing"
