"""Logit of an outcome of zero and one, given how many ones each entity has, so that no effect of it is left.

Our own, since that of statsmodels recurses in Python, to its limit where entities have many rows, and has
second derivatives by differences alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import plugin
from harness.plugin import EffectSet, EstimationError, Floats, Ints, Panel, Statistic, marked
from harness_panel.solver.regression import Regression, regress

# Numbers that hold the second moments of a block of entities, about; 32 MiB.
_BLOCK = 2**22

# Steps of Newton, at most, and halvings of one; squared length of the last in standard errors.
_MOST_STEPS, _MOST_HALVINGS, _LAST = 100, 30, 1e-16

# Share of the log likelihood, which is negative, that is rounding.
_ROUNDING = 1e-12

# Share of the information at slopes of zero from which less is left where columns separate ones from zeros.
_SEPARATED = 1e-7

# Halvings of an interval around an effect of an entity, which leave nothing of it.
_HALVINGS = 70

_LEVEL = 0.95


def logistic(log_odds: Floats) -> Floats:
    """Return probabilities, exact in their tails."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


def entity_effects(index: Floats, outcome: Floats, entities: plugin.Grouping) -> Floats:
    """Return the effects, (n_levels,), at which probabilities of an entity add up to its ones.

    Where its outcome never varies they are infinite.

    Parameters
    ----------
    index : (n_obs,), what else the log odds are made of
    """
    codes, ones, sizes = entities.codes, entities.sums(outcome), entities.sizes
    with np.errstate(divide="ignore"):
        middle = np.log(ones) - np.log(sizes - ones)
    highest, lowest = np.full((2, len(ones)), [[-np.inf], [np.inf]])
    np.maximum.at(highest, codes, index)
    np.minimum.at(lowest, codes, index)
    low, high = middle - highest, middle - lowest
    for _ in range(_HALVINGS):
        effects = (low + high) / 2.0
        is_low = entities.sums(logistic(effects[codes] + index)) < ones
        low, high = np.where(is_low, effects, low), np.where(is_low, high, effects)
    return np.asarray((low + high) / 2.0)


def given_count(chances: Floats, columns: Floats, counts: Ints) -> tuple[Floats, Floats, Floats]:
    """Return how likely entities are to have so many ones, and moments of their columns' sum given that.

    Rows come in one by one (Gail, Lubin & Rubinstein 1981), with their first and second derivatives.

    Parameters
    ----------
    chances : (n, n_rows), of each row to be a one
    columns : (n, n_rows, n_columns), summed over the ones
    counts : (n,)

    Returns
    -------
    (n,), probabilities; (n, n_columns), means; (n, n_columns, n_columns), covariances.
    """
    n, n_rows, width = columns.shape
    none = np.zeros((n, int(counts.max()) + 1))
    none[:, 0] = 1.0
    weight, first, second = (
        none,
        none[..., None] * np.zeros(width),
        none[..., None, None] * np.zeros((width,) * 2),
    )
    for row in range(n_rows):
        chance, x = chances[:, row, None], columns[:, row, None]
        less, of_less, square = (np.roll(one, 1, axis=1) for one in (weight, first, second))
        for one in (less, of_less, square):
            one[:, 0] = 0.0
        product = (of_less + less[..., None] * x / 2.0)[..., None] * x[..., None, :]
        square += product + product.swapaxes(-1, -2)
        second = second + chance[..., None, None] * (square - second)
        first = first + chance[..., None] * (of_less + less[..., None] * x - first)
        weight = weight + chance * (less - weight)
    final = np.arange(n), counts
    mean = first[final] / weight[final][:, None]
    covariance = second[final] / weight[final][:, None, None] - mean[:, :, None] * mean[:, None]
    return weight[final], mean, covariance


@dataclass(frozen=True, eq=False)
class ConditionalEstimate:
    """Slopes, and the likelihood there.

    Attributes
    ----------
    log_likelihood : of which rows of an entity are ones, given how many are
    score, information : first derivatives, (n_columns,), and second ones, negative, (n_columns, n_columns)
    """

    slopes: Floats
    log_likelihood: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class ConditionalLikelihood:
    """The likelihood of which rows of entities are ones, given how many are (Chamberlain 1980).

    Attributes
    ----------
    columns : (n_obs, n_columns)
    outcome : (n_obs,), zero or one, not the same in all rows of an entity
    entities : of the rows
    """

    columns: Floats
    outcome: Floats
    entities: plugin.Grouping

    def evaluate(self, slopes: Floats) -> ConditionalEstimate:
        """Return the likelihood at slopes, (n_columns,)."""
        index = self.columns @ slopes
        # Any effect leaves the likelihood as it is; with these, no probability of a count is tiny.
        effects = entity_effects(index, self.outcome, self.entities)
        log_odds = effects[self.entities.codes] + index
        value = -float(np.logaddexp(0.0, np.where(self.outcome > 0.0, -log_odds, log_odds)).sum())
        score, information = self.outcome @ self.columns, np.zeros((slopes.size,) * 2)
        for rows in self._blocks():
            counts = self.outcome[rows].sum(axis=1).astype(np.int64)
            chance, mean, covariance = given_count(logistic(log_odds[rows]), self.columns[rows], counts)
            value -= float(np.log(chance).sum())
            score = score - mean.sum(axis=0)
            information += covariance.sum(axis=0)
        return ConditionalEstimate(slopes, value, score, information)

    def _blocks(self) -> Iterator[Ints]:
        """Yield the rows of entities that have equally many, (n, n_rows)."""
        order, sizes = np.argsort(self.entities.codes, kind="stable"), np.bincount(self.entities.codes)
        starts = np.cumsum(sizes) - sizes
        for size in np.unique(sizes).tolist():
            rows = order[starts[sizes == size][:, None] + np.arange(size)]
            n_blocks = len(rows) * (size + 1) * self.columns.shape[1] ** 2 // _BLOCK + 1
            yield from (block for block in np.array_split(rows, n_blocks) if block.size)

    def maximum(self) -> ConditionalEstimate | None:
        """Return where the likelihood is greatest, by Newton's steps; None where it has no maximum."""
        now = self.evaluate(np.zeros(self.columns.shape[1]))
        least = _SEPARATED * np.linalg.eigvalsh(now.information)[0]
        for _ in range(_MOST_STEPS):
            if np.linalg.eigvalsh(now.information)[0] <= least:
                return None
            step = np.linalg.solve(now.information, now.score)
            gain = float(step @ now.score)
            after = self.evaluate(now.slopes + step)
            for _ in range(_MOST_HALVINGS):
                if after.log_likelihood >= now.log_likelihood * (1.0 + _ROUNDING):
                    break
                step = step / 2.0
                after = self.evaluate(now.slopes + step)
            now = after
            if gain <= _LAST:
                return now
        return None


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalLogitFit(plugin.LearnedFit):
    """A conditional logit.

    Attributes
    ----------
    rows : training rows, those of entities whose outcome never varies among them
    regression : by least squares, of the rows of the others; tells which columns are kept
    table : log odds for a unit more of a column
    null, log_likelihood : of the conditional likelihood, with slopes of zero and at the estimate
    entities : of the training rows
    effects : (n_levels,), log odds; infinite where the outcome never varies
    """

    rows: Panel
    regression: Regression
    table: plugin.CoefficientTable
    null: float
    log_likelihood: float
    entities: EffectSet
    effects: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return probabilities, (n_obs,); of a new entity their mean over the effects of training rows."""
        index, of_entity = self._index(panel), panel.entity.codes_among(self.entities.labels)
        probabilities = logistic(self.effects[of_entity] + index)
        shares = self.entities.sizes / self.rows.n_obs
        new = np.flatnonzero(of_entity < 0)
        for rows in np.array_split(new, new.size * self.effects.size // _BLOCK + 1):
            probabilities[rows] = logistic(index[rows, None] + self.effects) @ shares
        return np.asarray(probabilities)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows of entities that were not trained on."""
        return int((panel.entity.codes_among(self.entities.labels) < 0).sum())

    def _index(self, panel: Panel) -> Floats:
        within = self.regression.within
        return np.asarray((panel.X - within.centre)[:, within.kept] @ self.table.estimate)

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped, entities whose outcome never varies first."""
        n_entities = self.regression.panel.n_entities
        if n_entities == self.rows.n_entities:
            return self.regression.notes
        message = plugin.Coded(
            "The outcome is the same in all rows of {n} of {n_entities} entities, which say nothing of "
            "slopes.",
            n=self.rows.n_entities - n_entities,
            n_entities=self.rows.n_entities,
        )
        return (plugin.Note("W-METHOD", "", message), *self.regression.notes)

    def slopes(self) -> plugin.CoefficientTable:
        """Return log odds for a unit more of each column, errors by the inverse information."""
        return self.table

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return log odds, odds ratios, and statistics, as tidy tables by columns."""
        table, limits = self.table, self.table.conf_int(_LEVEL)
        odds = {
            "term": list(table.terms),
            "log_odds": table.estimate.tolist(),
            "std_error": table.std_error.tolist(),
            "p_value": table.p_value.tolist(),
            "odds_ratio": np.exp(table.estimate).tolist(),
            "conf_low": np.exp(limits[:, 0]).tolist(),
            "conf_high": np.exp(limits[:, 1]).tolist(),
        }
        varying, all_rows = self.regression.panel, self.rows
        same = "whose outcome is the same in all rows"
        statistics = (
            Statistic("n_obs", varying.n_obs, "rows that say something of slopes"),
            Statistic("n_entities", varying.n_entities, "entities whose outcome varies"),
            Statistic("n_same_rows", all_rows.n_obs - varying.n_obs, f"rows of entities {same}"),
            Statistic("n_same_entities", all_rows.n_entities - varying.n_entities, f"entities {same}"),
            Statistic("log_likelihood", self.log_likelihood, "given how many ones each entity has"),
            Statistic(
                "r2_mcfadden",
                1.0 - self.log_likelihood / self.null,
                "1 - log likelihood / that of slopes of zero",
            ),
        )
        return {"odds_ratios": odds, "statistics": plugin.statistic_columns(statistics)}


@plugin.checks_options
@dataclass(frozen=True)
class ConditionalLogit:
    """Logit with effects of entities of an outcome of zero and one, by conditional likelihood.

    Given how many ones an entity has, its effect is no part of the likelihood (Chamberlain 1980), so that
    slopes are consistent however few periods there are; entities whose outcome never varies say nothing of
    them. Standard errors are those of the inverse information, as of R's ``clogit`` and Stata's ``xtlogit,
    fe``. Dropped and refused columns are those of `fixed_effects`; effects of periods are columns, by the
    step ``indicator``.

    Probabilities need the effects that the likelihood leaves out: an entity has the one at which its
    probabilities add up to its ones, which few periods exaggerate, so that one whose outcome never varies is
    predicted as zero or one; a new entity has the mean probability over the effects of the training rows.
    """

    name: ClassVar[str] = "conditional_logit"
    known_as: ClassVar[tuple[str, ...]] = ("clogit", "xtlogit", "fe_logit", "fixed_effects_logit", "felogit")
    takes: ClassVar[plugin.Takes] = "zero or one"
    as_learner: ClassVar[plugin.AsLearner] = "refused"
    provides: ClassVar[frozenset[type]] = frozenset(
        {plugin.ChecksRows, plugin.HasEffects, plugin.HasNotes, plugin.HasDetails}
    )

    def check_rows(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> None:
        """Refuse other outcomes than zero and one.

        Raises
        ------
        EstimationError
            Where some are neither.
        """
        n_others = int(np.sum((panel.observed != 0.0) & (panel.observed != 1.0)))
        if n_others:
            words = marked("{n_others} of {n_obs} training rows are neither 0 nor 1")
            what = plugin.Coded(words, n_others=n_others, n_obs=panel.n_obs)
            expected, hint = (
                marked("an outcome of 0 and 1"),
                marked("use `fixed_effects`, or the step `recode`"),
            )
            raise EstimationError.at(panel.outcome, what, expected, hint)

    def fit(
        self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None
    ) -> ConditionalLogitFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where outcomes are neither zero nor one, or vary within no entity, least squares refuse the rows,
            or columns separate ones from zeros.
        """
        self.check_rows(panel)
        entities = plugin.read_effect_set(panel, "entity")
        share = (entities.sums(panel.observed) / entities.sizes)[entities.codes]
        varying = panel.take(np.flatnonzero((share > 0.0) & (share < 1.0)))
        if not varying.n_obs:
            what = marked("it is the same in all rows of every entity")
            raise EstimationError.at(panel.outcome, what, hint=marked("use `pooled_ols`"))
        regression = regress(varying, ("entity",))
        # Columns without entity means, of length one: units and correlations of columns change no step.
        scale = float(np.sqrt(varying.n_obs))
        (of_varying,) = regression.sets
        likelihood = ConditionalLikelihood(scale * regression.basis, varying.observed, of_varying)
        solution = likelihood.maximum()
        if solution is None:
            what = marked("columns separate ones from zeros within entities: the likelihood has no maximum")
            hint = marked("drop columns that tell all ones from zeros, or use `fixed_effects`")
            raise EstimationError.at(panel.outcome, what, hint=hint)
        to_slopes = scale * regression.to_coefficients
        covariance = to_slopes @ np.linalg.solve(solution.information, to_slopes.T)
        counts = varying.n_obs, regression.n_coef, 0, ()
        correction = plugin.Correction(marked("inverse information"), *counts, 1.0, np.inf)
        table = plugin.CoefficientTable(regression.terms, to_slopes @ solution.slopes, covariance, correction)
        within = regression.within
        index = (panel.X - within.centre)[:, within.kept] @ table.estimate
        null = likelihood.evaluate(np.zeros_like(solution.slopes)).log_likelihood
        effects = entity_effects(index, panel.observed, entities)
        return ConditionalLogitFit(panel, regression, table, null, solution.log_likelihood, entities, effects)
