"""Poisson regression of any outcome from zero on, pooled or with effects of entities and periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import AbsorbedEffects, AbsorbingModels, Floats, Ints, Mask, Panel, marked
from harness_panel.covariance import (
    Clustered,
    CommonShocks,
    Conley,
    PredictionsAlone,
    Robust,
    Tested,
    WithCovariance,
    own_covariance,
)
from harness_panel.solver.draws import refuse_empty_draws
from harness_panel.solver.regression import Dimension, Regression, judged, require_each_once
from harness_panel.solver.within import Absorber, WithinFit, fit_within
from harness_panel.statistics import only_predicts

# Change of the deviance, as a share of it, below which iterations end; their greatest number.
_TOLERANCE, _MOST_STEPS = 1e-12, 100

# Share of the mean outcome below which a mean is on its way to zero: columns separate its row from others.
_SEPARATED = 1e-9

# Times that a step is halved which makes the deviance larger.
_MOST_HALVINGS = 20

# Options of the rival with effects.
TWO_WAY: Mapping[str, list[str]] = {"effects": ["entity", "time"]}

# Sandwich covariances of scores; others rest on a variance that is not assumed here.
PoissonCovariance = Annotated[Robust | Clustered | Conley | CommonShocks | Tested, Field(discriminator="use")]


@dataclass(frozen=True, eq=False)
class ExponentialModels:
    """Models whose logarithm is linear, one a draw.

    Attributes
    ----------
    index : the logarithm; a level whose outcomes are all zero has an effect of minus infinity
    of_new : (n_draws,) of each set of effects, logarithm of the mean of exp(effect) over the training rows
    """

    index: AbsorbingModels
    of_new: tuple[Floats, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        index = self.index.predict(panel)
        for effects, mean in zip(self.index.effects, self.of_new, strict=True):
            index[:, effects.unseen(panel)] += mean[:, None]
        return np.exp(index)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""
        return self.index.n_unseen(panel)


@dataclass(frozen=True, eq=False)
class Iterated:
    """The last step of iteratively reweighted least squares (Nelder & Wedderburn 1972).

    Attributes
    ----------
    within : the weighted regression of the working outcome
    working, weights : (n_obs,), its outcome and weights
    index : (n_obs,), logarithm of the mean
    """

    within: WithinFit
    working: Floats
    weights: Floats
    index: Floats


def iterate(panel: Panel, absorber: Absorber, counts: Floats, start: Floats | None = None) -> Iterated:
    """Return the Poisson regression of rows, each counted so often.

    Parameters
    ----------
    counts : (n_obs,), > 0
    start : (n_obs,), logarithms of means to begin at

    Raises
    ------
    EstimationError
        Where steps do not converge, as where columns separate the zeros from other outcomes.
    """
    y = panel.observed
    index = np.log((y + counts @ y / counts.sum()) / 2.0) if start is None else start
    before = np.inf
    with np.errstate(all="ignore"):
        for _ in range(_MOST_STEPS):
            mean = np.exp(index)
            working, weights = index + (y - mean) / mean, counts * mean
            within = fit_within(panel.X, working, weights, absorber)
            step = working - within.residuals / np.sqrt(weights) - index
            deviance = _deviance(y, index + step, counts)
            for _ in range(_MOST_HALVINGS):
                if deviance <= before * (1.0 + _TOLERANCE):
                    break
                step = step / 2.0
                deviance = _deviance(y, index + step, counts)
            index = index + step
            if not np.isfinite(deviance):
                break
            if before - deviance <= _TOLERANCE * max(deviance, 1e-300) + 1e-14:
                if np.exp(index).min() < _SEPARATED * y.mean():
                    break
                return Iterated(within, working, weights, index)
            before = deviance
    what = marked("Poisson regression does not converge on these rows")
    hint = marked("drop columns that separate rows of zero from others, or use `pooled_ols`")
    raise plugin.EstimationError.at(panel.outcome, what, hint=hint)


def _deviance(y: Floats, index: Floats, counts: Floats) -> float:
    """Return twice the loss of likelihood against a mean that fits every row."""
    ratio = np.where(y > 0.0, y * (np.log(np.where(y > 0.0, y, 1.0)) - index), 0.0)
    total = 2.0 * float(counts @ (ratio - y + np.exp(index)))
    return total if np.isfinite(total) else np.inf


@dataclass(frozen=True, eq=False)
class CountedRows:
    """Training rows, and those of levels whose outcomes are not all zero.

    Attributes
    ----------
    panel : all rows
    effects : keys whose levels have effects
    """

    panel: Panel
    effects: tuple[Dimension, ...]

    def informative(self, counts: Floats) -> Mask:
        """Return the rows that count and whose levels have an outcome above zero, (n_obs,)."""
        kept = counts > 0.0
        while True:
            before = int(kept.sum())
            for effect in self.effects:
                codes = plugin.key_of(self.panel, effect).codes
                kept &= (np.bincount(codes, kept * self.panel.observed)[codes]) > 0.0
            if int(kept.sum()) == before:
                return kept

    def absorber(self, rows: Panel) -> Absorber:
        """Return what takes the effects, or a constant, out of some rows."""
        sets = [plugin.read_effect_set(rows, effect) for effect in self.effects]
        sets.sort(key=lambda levels: -levels.n_levels)
        return Absorber.of(sets) if sets else Absorber.constant(rows.n_obs)

    def models(self, within: WithinFit, rows: Panel, counts: Floats) -> ExponentialModels:
        """Return what a regression of some of the rows predicts, as one draw.

        A level without a row that counts has the effect that its rows have given all else.

        Parameters
        ----------
        rows : those of the regression
        counts : (n_obs,), >= 0, of all rows
        """
        panel, centre = self.panel, self.panel.X.mean(axis=0)
        intercept = within.intercept + float((centre - within.centre) @ within.slopes)
        keys = {effect: plugin.key_of(panel, effect) for effect in self.effects}
        levels = {effect: np.full(len(key.labels), np.nan) for effect, key in keys.items()}
        groupings = self.absorber(rows).groupings
        for grouping, values in zip(groupings, within.effects(within.slopes[None]), strict=True):
            if isinstance(grouping, plugin.EffectSet):
                (effect,) = (one for one in self.effects if one == grouping.effect)
                position = {label: code for code, label in enumerate(keys[effect].labels)}
                levels[effect][[position[label] for label in grouping.labels]] = values[0]
            else:
                intercept += float(values[0, 0])
        index = (panel.X - centre) @ within.slopes + intercept
        effects, of_new = [], []
        for effect, key in keys.items():
            others = sum(levels[name][keys[name].codes] for name in self.effects if name != effect)
            rest = index + np.nan_to_num(others, neginf=-np.inf)
            is_open = np.isnan(levels[effect])
            levels[effect][is_open] = self._alone(key.codes, rest, counts, is_open.size)[is_open]
            of_rows = levels[effect][key.codes]
            is_finite = np.isfinite(of_rows) & (counts > 0.0)
            mean = float(np.average(of_rows[is_finite], weights=counts[is_finite]))
            intercept += mean
            present = np.unique(key.codes)
            labels = tuple(key.labels[code] for code in present.tolist())
            effects.append(AbsorbedEffects(effect, labels, (levels[effect][present] - mean)[None]))
            of_new.append(np.log([float(np.average(np.exp(of_rows - mean), weights=counts))]))
        slopes = within.slopes[None]
        logarithm = AbsorbingModels(centre, slopes, np.array([intercept]), tuple(effects))
        return ExponentialModels(logarithm, tuple(of_new))

    def _alone(self, codes: Ints, rest: Floats, counts: Floats, n_levels: int) -> Floats:
        """Return the effects, (n_levels,), that rows have given the rest of the index, (n_obs,)."""
        counted = np.where(np.bincount(codes, counts)[codes] > 0.0, counts, 1.0)
        outcomes, means = (
            np.bincount(codes, counted * each, n_levels) for each in (self.panel.observed, np.exp(rest))
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(np.log(outcomes / means), nan=-np.inf, neginf=-np.inf)


@dataclass(frozen=True, eq=False, repr=False)
class PoissonFit(plugin.LearnedFit):
    """A Poisson regression.

    Attributes
    ----------
    rows : training rows
    regression : of the working outcome at the solution, whose scores are those of the likelihood
    models : one draw
    table : slopes of the logarithm of the mean; None where only predictions were asked for
    n_zero : rows of levels whose outcomes are all zero, which say nothing of slopes
    """

    rows: Panel
    regression: Regression
    models: ExponentialModels
    table: plugin.CoefficientTable | None
    n_zero: int

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.models.predict(panel)[0])

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with the mean of exp(effect)."""
        return self.models.n_unseen(panel)

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped."""
        return self.regression.notes

    def slopes(self) -> plugin.CoefficientTable:
        """Return the slopes of the logarithm of the mean.

        Raises
        ------
        EstimationError
            Where only predictions were asked for.
        """
        if self.table is None:
            raise only_predicts()
        return self.table

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return slopes, per cent and elasticities, and statistics, as tidy tables by columns."""
        y, mean = self.rows.observed, self.predict(self.rows)
        deviance = _deviance(y, np.log(np.maximum(mean, 1e-300)), np.ones(y.size))
        null = _deviance(y, np.full(y.size, np.log(y.mean())), np.ones(y.size))
        statistics = (
            plugin.Statistic("n_obs", self.regression.n_obs, "rows that say something of slopes"),
            plugin.Statistic("n_zero_rows", self.n_zero, "rows of levels whose outcomes are all zero"),
            plugin.Statistic("deviance", deviance, "twice the log likelihood lost to a perfect fit"),
            plugin.Statistic("r2_deviance", 1.0 - deviance / null, "1 - deviance / deviance of a constant"),
        )
        return {
            "transformed_coefficients": plugin.transformed_slopes(self.slopes(), self.rows),
            "statistics": plugin.statistic_columns(statistics),
        }


@plugin.checks_options
@dataclass(frozen=True)
class Poisson(WithCovariance):
    """Poisson regression by quasi-likelihood: the logarithm of the mean is linear in columns and effects.

    It is consistent for the mean of any outcome from zero on, counts or not (Gourieroux, Monfort & Trognon
    1984; Santos Silva & Tenreyro 2006), with effects of entities as well (Wooldridge 1999). Entities and
    periods whose outcomes are all zero are predicted as zero; a new one by the mean of exp(effect). Dropped
    and refused columns are those of `fixed_effects`.

    Attributes
    ----------
    effects : keys whose levels have effects: none, ``entity``, ``time`` or both
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    """

    name: ClassVar[str] = "poisson"
    known_as: ClassVar[tuple[str, ...]] = ("ppml", "fepois", "xtpoisson", "poisson_regression", "ppmlhdfe")
    instead_of: ClassVar[Mapping[str, str]] = {
        "negative_binomial negbin nbreg zip": (
            "use `poisson`: it is right for the mean whatever the variance, and its errors are robust"
        )
    }
    identifies: ClassVar[plugin.Identified] = "within"
    takes: ClassVar[plugin.Takes] = "from zero"
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (
        plugin.SimpleRival(20, plugin.marked("Poisson regression")),
        plugin.SimpleRival(21, plugin.marked("Poisson regression on logs"), regressors="log"),
        plugin.SimpleRival(40, plugin.marked("Poisson fixed effects (entity, time)"), options=TWO_WAY),
        plugin.SimpleRival(
            41,
            plugin.marked("Poisson fixed effects (entity, time) on logs"),
            options=TWO_WAY,
            regressors="log",
        ),
    )
    as_learner: ClassVar[plugin.AsLearner] = "refused"
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            plugin.CanFitDraws,
            plugin.CanFitFolds,
            plugin.NeedsGroups,
            plugin.HasEffects,
            plugin.HasNotes,
            plugin.HasDetails,
        }
    )

    effects: tuple[Dimension, ...] = ()
    covariance: PoissonCovariance = field(default_factory=Tested)

    def __post_init__(self) -> None:
        require_each_once(self.effects)

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> PoissonFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where outcomes are negative, least squares refuse the rows, or steps do not converge.
        """
        counted, counts = self._counted(panel), np.ones(panel.n_obs)
        kept = np.flatnonzero(counted.informative(counts))
        rows = panel.take(kept)
        absorber = counted.absorber(rows)
        solved = iterate(rows, absorber, np.ones(rows.n_obs))
        working = replace(rows, observed=solved.working)
        regression = judged(working, absorber, solved.within, solved.weights)
        table = None
        kind: object = self.covariance
        if not isinstance(kind, PredictionsAlone):
            scores = regression.basis, regression.to_coefficients, regression.within.residuals
            matrix, correction = own_covariance(regression, self.covariance, *scores)
            table = plugin.CoefficientTable(regression.terms, regression.estimate, matrix, correction)
        models = counted.models(solved.within, rows, counts)
        return PoissonFit(panel, regression, models, table, panel.n_obs - rows.n_obs)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: plugin.DrawSelection, rng: Generator
    ) -> ExponentialModels:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0.

        Raises
        ------
        EstimationError
            As by `fit`, or where a draw has no row.
        """
        refuse_empty_draws(weights)
        counted = self._counted(panel)
        start = self.for_folds().fit(panel).models.index.predict(panel)[0]
        drawn = []
        for counts in weights:
            kept = np.flatnonzero(counted.informative(counts))
            rows = panel.take(kept)
            begin = start[kept] if np.isfinite(start[kept]).all() else None
            solved = iterate(rows, counted.absorber(rows), counts[kept], begin)
            drawn.append(counted.models(solved.within, rows, counts))
        of_new = zip(*(one.of_new for one in drawn), strict=True)
        return ExponentialModels(
            plugin.stacked([one.index for one in drawn]), tuple(map(np.concatenate, of_new))
        )

    def _counted(self, panel: Panel) -> CountedRows:
        n_negative = int((panel.observed < 0.0).sum())
        if n_negative:
            words = marked("{n_negative} of {n_obs} training rows are negative")
            what = plugin.Coded(words, n_negative=n_negative, n_obs=panel.n_obs)
            expected, hint = marked("an outcome from zero on"), marked("use `pooled_ols` or `fixed_effects`")
            raise plugin.EstimationError.at(panel.outcome, what, expected, hint)
        return CountedRows(panel, self.effects)
