"""How many thresholds there are, by a bootstrap, and where each may be, by its likelihood ratio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from typing import Literal, TypeVar

import numpy as np
from numpy.random import Generator

from harness.plugin import EstimationError, Floats, Panel, Problem
from harness_panel.solver.absorb import without_effects
from harness_panel.solver.regression import Regression
from harness_panel.thresholds.search import FoundThresholds, ThresholdSearch, residual

Resample = Literal["signs", "entities"]
"""How errors are drawn: each entity's own with a random sign, or those of another entity."""


ErrorDraws = Callable[[Floats], Floats]
"""Returns the errors of all samples, (n_obs, n_draws), given those of any model, (n_obs,)."""


def error_draws(panel: Panel, resample: Resample, n_draws: int, rng: Generator) -> ErrorDraws:
    """Return draws of errors, the same for every model they are taken from.

    With ``signs`` each entity keeps its errors, with a sign of its own (wild cluster bootstrap), so that what
    varies between entities, depends on regressors or lasts within them stays as it is. With ``entities`` each
    has the errors of an entity that is drawn, of the same periods (Hansen 1999, section 4.2); errors have to
    be independent of regressors, and of entities with the same periods.

    Raises
    ------
    EstimationError
        Where entities have other periods than one another and their errors would be passed on.
    """
    if resample == "signs":
        sizes = (len(panel.entity.labels), n_draws)
        signs = rng.choice(np.array([-1.0, 1.0]), size=sizes)[panel.entity.codes]
        return lambda errors: errors[:, None] * signs
    order = panel.canonical_order
    entities, place = np.unique(panel.entity.codes, return_inverse=True)
    if panel.n_obs != entities.size * panel.n_periods:
        what = (
            f"errors of an entity go to another one, and {entities.size} entities in "
            f"{panel.n_periods} periods have {panel.n_obs} rows"
        )
        hint = "take `resample: signs`, which asks for no such thing"
        raise EstimationError(Problem("resample", what, expected="each entity in each period", hint=hint))
    row_of = order.reshape(entities.size, panel.n_periods)
    column = np.empty(panel.n_obs, dtype=np.int64)
    column[order] = np.tile(np.arange(panel.n_periods), entities.size)
    others = rng.integers(entities.size, size=(entities.size, n_draws))
    rows = row_of[others[place], column[:, None]]
    return lambda errors: errors[rows]


FloatsT = TypeVar("FloatsT", float, Floats)


@dataclass(frozen=True, eq=False)
class ThresholdTest:
    """A test of some number of thresholds against one more.

    Attributes
    ----------
    n_thresholds : of the alternative, >= 1; one is the test of linearity
    statistic : F of Hansen 1999, (S0 - S1) / (S1 / df)
    draws : (n_draws,), of bootstrap samples in which there is one less
    """

    n_thresholds: int
    statistic: float
    draws: Floats

    @property
    def p_value(self) -> float:
        """Share of statistics at least as large among those of the samples and the data's own, in (0, 1]."""
        return float((1 + np.sum(self.draws >= self.statistic)) / (1 + self.draws.size))

    def critical(self, level: float) -> float:
        """Return the value that a share `level` of the samples exceeds."""
        return float(np.quantile(self.draws, 1.0 - level))


def threshold_tests(
    base: Regression, search: ThresholdSearch, n_thresholds: int, draws: ErrorDraws
) -> tuple[ThresholdTest, ...]:
    """Test each number of thresholds up to some number, or that there are places for, against one less.

    The samples keep regressors, and have drawn residuals of the model with one threshold less.

    Parameters
    ----------
    base : the model without thresholds
    draws : of residuals, which all tests share
    """
    scores = search.scores(base.within.residuals[:, None])[:, :, 0]
    path = search.path(scores, n_thresholds)
    tests = []
    for number, (null, found) in enumerate(pairwise(path), start=1):
        statistic = _statistic(base, base.rss, null.explained, found.explained, number * search.n_terms)
        tests.append(ThresholdTest(number, statistic, _draws(base, search, scores, null, draws)))
    return tuple(tests)


def _statistic(base: Regression, rss: FloatsT, less: FloatsT, more: FloatsT, n_added: int) -> FloatsT:
    return (more - less) / ((rss - more) / (base.df_resid - n_added))


def _draws(
    base: Regression, search: ThresholdSearch, scores: Floats, null: FoundThresholds, draws: ErrorDraws
) -> Floats:
    """Return the statistics of samples in which the thresholds of `null` are all there are, (n_draws,)."""
    taken = list(null.positions)
    added = search.columns[:, taken, :].reshape(len(search.columns), -1)
    fitted = added @ search.coefficients(scores, taken)
    root = np.sqrt(base.weights)
    drawn = draws((base.within.residuals - fitted) / root)
    drawn = residual(base, root[:, None] * without_effects(base.absorber, drawn, base.weights))
    samples = fitted[:, None] + drawn
    rss, products = np.sum(samples**2, axis=0), search.scores(samples)
    n_added = (len(taken) + 1) * search.n_terms
    if not taken:
        return _statistic(base, rss, np.zeros_like(rss), search.gains(products, ()).max(axis=0), n_added)
    paths = [search.path(own, len(taken) + 1) for own in np.moveaxis(products, 2, 0)]
    # A sample without a place for one more is explained no better by it.
    less, more = (
        np.array([path[min(at, len(path) - 1)].explained for path in paths])
        for at in (len(taken), len(taken) + 1)
    )
    return _statistic(base, rss, less, more, n_added)


@dataclass(frozen=True, eq=False)
class PlaceLikelihood:
    """How likely each place of one threshold is, given the others (Hansen 1999, section 4.3).

    Attributes
    ----------
    at : the estimate, the variable's unit
    places : (n_places,), ascending
    ratio : (n_places,), likelihood ratio of the estimate to each place, >= 0; infinite where another
        threshold is too near
    """

    at: float
    places: Floats
    ratio: Floats

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the least and greatest place that is not rejected; between them some may be."""
        kept = self.places[self.ratio <= critical_ratio(level)]
        return float(kept.min()), float(kept.max())


def critical_ratio(level: float) -> float:
    """Return the likelihood ratio that the true place stays below with probability `level`, in (0, 1)."""
    return -2.0 * log(1.0 - sqrt(level))


def place_likelihoods(
    base: Regression, search: ThresholdSearch, found: FoundThresholds
) -> tuple[PlaceLikelihood, ...]:
    """Return the likelihood of each threshold's place, errors independent and of equal variance."""
    scores = search.scores(base.within.residuals[:, None])[:, :, 0]
    variance = (base.rss - found.explained) / (base.df_resid - len(found.positions) * search.n_terms)
    likelihoods = []
    for at, position in enumerate(found.positions):
        others = found.positions[:at] + found.positions[at + 1 :]
        explained = search.explained(scores, others) + search.gains(scores, others)
        ratio = np.maximum(found.explained - explained, 0.0) / variance
        ratio[position] = 0.0
        places = search.candidates.places
        likelihoods.append(PlaceLikelihood(float(places[position]), places, ratio))
    return tuple(likelihoods)
