"""The least-squares search for thresholds, how many there are, by a bootstrap, and where each may be.

By Frisch-Waugh-Lovell the sum of squares that thresholds explain depends on the columns that they add, less
effects and other regressors, and on nothing else. Those of all candidates are made once; their cross products
then answer every search, of the data and of each bootstrap sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import log, sqrt
from typing import Literal, TypeVar

import numpy as np
from numpy.random import Generator

from harness.plugin import Coded, EstimationError, Floats, Mask, Panel, Problem, marked
from harness_panel.solver.regression import Regression
from harness_panel.solver.within import without_effects

# Thresholds of one sample, positions among the places, ascending.
Found = tuple[int, ...]

# Share of a candidate's columns that has to be left once effects and other regressors are taken out.
_NOTHING = 1e-10


@dataclass(frozen=True, eq=False)
class _GivenFixed:
    """Candidates given some fixed thresholds.

    Attributes
    ----------
    shares : (n_places, n_terms, n_fixed * n_terms), coefficients of candidates on fixed columns
    whitening : (n_places, n_terms, n_terms), makes the residuals of a candidate's columns orthonormal
    is_apart : (n_places,)
    """

    shares: Floats
    whitening: Floats
    is_apart: Mask


@dataclass(frozen=True, eq=False)
class ThresholdSearch:
    """Cross products of what thresholds would add to a model, for each place where one may be.

    Attributes
    ----------
    base : the model without thresholds, which knows effects, regressors and weights
    places : (n_places,), ascending values of the variable
    shares : (n_places,), share of the rows at or below each
    trim : share of the rows that every regime has at least
    columns : (n_obs, n_places, n_terms), added columns less effects and other regressors, times the roots of
        the weights, each of length one before anything is taken out
    gram : (n_places, n_terms, n_places, n_terms), their cross products
    known : what was found out about candidates given fixed thresholds
    """

    base: Regression
    places: Floats
    shares: Floats
    trim: float
    columns: Floats
    gram: Floats
    known: dict[tuple[int, ...], _GivenFixed] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, base: Regression, variable: str, counts: Floats, *, n_places: int, trim: float, have_levels: bool
    ) -> ThresholdSearch:
        """Return the search among quantiles of a variable.

        Parameters
        ----------
        counts : (n_obs,), >= 0, how often rows count

        Raises
        ------
        EstimationError
            Where no candidate would add anything.
        """
        places, shares = quantiles(base.panel.column(variable), counts, n_places=n_places, trim=trim)
        columns = _within(base, _added(base.panel, variable, places, have_levels=have_levels))
        flat = columns.reshape(len(columns), -1)
        gram = (flat.T @ flat).reshape(*columns.shape[1:], *columns.shape[1:])
        own = np.arange(places.size)
        if not own.size or not (np.linalg.eigvalsh(gram[own, :, own, :])[:, -1] > _NOTHING).any():
            what = Coded(
                "no value of it leaves {trim} of the rows and an identified slope on both sides",
                trim=f"{trim:.0%}",
            )
            hint = marked("choose another `variable`, a smaller `trim`, or fixed_effects")
            raise EstimationError(
                Problem(Coded("threshold in {variable}", variable=repr(variable)), what, hint=hint)
            )
        return cls(base, places, shares, trim, columns, gram)

    @cached_property
    def own(self) -> Floats:
        """Products of the columns with the errors of the model without thresholds, (n_places, n_terms)."""
        return self.scores(self.base.within.residuals[:, None])[:, :, 0]

    def scores(self, residuals: Floats) -> Floats:
        """Return products of the columns with residuals, (n_places, n_terms, n_samples).

        Parameters
        ----------
        residuals : (n_obs, n_samples), times the roots of the weights
        """
        n_places, n_terms = self.columns.shape[1:]
        return (self.columns.reshape(len(residuals), -1).T @ residuals).reshape(n_places, n_terms, -1)

    def path(self, scores: Floats, n_thresholds: int) -> tuple[Found, ...]:
        """Return the best without thresholds, with one, and so on, as far as there are places for more.

        Parameters
        ----------
        scores : (n_places, n_terms), of one sample

        Notes
        -----
        Each threshold is found given those before it, and then all anew given the others, until none moves
        (Hansen 1999, section 5; Bai 1997).
        """
        path: list[Found] = [()]
        while len(path) <= n_thresholds:
            gains = self.gains(scores, path[-1])
            if not gains.max() > 0.0:
                break
            path.append(self._settled(scores, [*path[-1], int(gains.argmax())]))
        return tuple(path)

    def best(self, n_thresholds: int) -> Found:
        """Return the thresholds that explain most.

        Raises
        ------
        EstimationError
            Where there are no places for so many.
        """
        path = self.path(self.own, n_thresholds)
        if len(path) <= n_thresholds:
            what = Coded("no value remains for threshold number {path}", path=len(path))
            hint = marked("set fewer thresholds, or a smaller `trim`")
            raise EstimationError(Problem("thresholds", what, hint=hint))
        return path[n_thresholds]

    def explained(self, scores: Floats, positions: Sequence[int]) -> float:
        """Return the sum of squares that thresholds explain, given scores, (n_places, n_terms)."""
        return float(scores[list(positions)].ravel() @ self.coefficients(scores, positions))

    def coefficients(self, scores: Floats, positions: Sequence[int]) -> Floats:
        """Return coefficients of the added columns, (n_positions * n_terms,)."""
        return np.asarray(self._inverse(positions) @ scores[list(positions)].ravel())

    def gains(self, scores: Floats, fixed: Sequence[int]) -> Floats:
        """Return what each candidate explains in addition to fixed ones.

        Parameters
        ----------
        scores : (n_places, n_terms, ...)

        Returns
        -------
        (n_places, ...); minus infinity where a candidate is too near a fixed one.
        """
        given = self._given(tuple(fixed))
        residual = scores
        if fixed:
            own = scores[list(fixed)].reshape(-1, *scores.shape[2:])
            residual = scores - np.tensordot(given.shares, own, axes=1)
        gains: Floats = np.sum(np.einsum("pij,pi...->pj...", given.whitening, residual) ** 2, axis=1)
        gains[~given.is_apart] = -np.inf
        return gains

    @property
    def n_terms(self) -> int:
        """Columns that a threshold adds."""
        return int(self.columns.shape[2])

    def _settled(self, scores: Floats, positions: list[int]) -> Found:
        """Return positions, ascending, of which none explains more elsewhere given the others."""
        has_moved = len(positions) > 1
        while has_moved:
            has_moved = False
            for at, position in enumerate(positions):
                gains = self.gains(scores, sorted(positions[:at] + positions[at + 1 :]))
                place = int(gains.argmax())
                # Equal to rounding is no reason to move.
                if gains[place] > gains[position] * (1.0 + 1e-9):
                    positions[at], has_moved = place, True
        return tuple(sorted(positions))

    def _inverse(self, positions: Sequence[int]) -> Floats:
        taken, size = list(positions), len(positions) * self.n_terms
        gram = self.gram[np.ix_(taken, range(self.n_terms), taken, range(self.n_terms))]
        values, vectors = np.linalg.eigh(gram.reshape(size, size))
        is_new = values > _NOTHING * values.max(initial=0.0)
        return np.asarray((vectors[:, is_new] / values[is_new]) @ vectors[:, is_new].T)

    def _given(self, fixed: tuple[int, ...]) -> _GivenFixed:
        """Return the candidates given fixed thresholds; samples share it, so it is kept."""
        if fixed in self.known:
            return self.known[fixed]
        places = np.arange(self.places.size)
        gram = self.gram[places, :, places, :]
        across = self.gram[:, :, list(fixed), :].reshape(*gram.shape[:2], -1)
        shares = across @ self._inverse(fixed)
        values, vectors = np.linalg.eigh(gram - shares @ across.transpose(0, 2, 1))
        is_new = values > _NOTHING
        roots = np.where(is_new, 1.0 / np.sqrt(np.where(is_new, values, 1.0)), 0.0)
        distances = np.abs(self.shares[:, None] - self.shares[list(fixed)])
        apart = np.asarray((distances >= self.trim - 1e-12).all(axis=1))
        self.known[fixed] = _GivenFixed(shares, vectors * roots[:, None, :], apart)
        return self.known[fixed]


def quantiles(values: Floats, counts: Floats, *, n_places: int, trim: float) -> tuple[Floats, Floats]:
    """Return quantiles where a threshold may be, ascending, and the share of the rows at or below each.

    Parameters
    ----------
    values, counts : (n_obs,); counts say how often a row is there, >= 0
    trim : share of the rows that every regime has at least
    """
    used = counts > 0
    levels, codes = np.unique(values[used], return_inverse=True)
    shares = np.cumsum(np.bincount(codes, weights=counts[used])) / counts.sum()
    # A share that is trim up to rounding is enough.
    inside = np.flatnonzero((shares >= trim - 1e-12) & (shares <= 1.0 - trim + 1e-12))
    at = np.searchsorted(shares[inside], np.linspace(trim, 1.0 - trim, n_places) - 1e-12)
    chosen = inside[np.unique(at[at < inside.size])]
    return levels[chosen], shares[chosen]


def _added(panel: Panel, variable: str, places: Floats, *, have_levels: bool) -> Floats:
    """Return what each candidate adds, (n_obs, n_places, n_terms); a slope, and with levels a level."""
    is_above = panel.column(variable)[:, None] > places
    exposure = panel.column(panel.exposure)
    if not have_levels:
        return (exposure[:, None] * is_above)[:, :, None]
    return np.stack([(exposure - exposure.mean())[:, None] * is_above, is_above.astype(np.float64)], axis=2)


def _within(base: Regression, added: Floats) -> Floats:
    """Return columns of unit length less effects and regressors, times the roots of the weights."""
    flat = added.reshape(len(added), -1)
    root = np.sqrt(base.weights)[:, None]
    lengths = np.linalg.norm(root * flat, axis=0)
    scaled = flat / np.where(lengths > 0.0, lengths, 1.0)
    return residual(base, root * without_effects(base.absorber, scaled, base.weights)).reshape(added.shape)


def residual(base: Regression, within: Floats) -> Floats:
    """Return columns without effects, (n_obs, n), less what the regressors of a model explain."""
    basis = base.within.basis
    return np.asarray(within - basis @ (basis.T @ within))


# How errors are drawn: each entity's own with a random sign, or those of another entity.
Resample = Literal["signs", "entities"]


# Returns the errors of all samples, (n_obs, n_draws), given those of any model, (n_obs,).
ErrorDraws = Callable[[Floats], Floats]


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
        what = Coded(
            "residuals are resampled across entities, which needs a balanced panel: {size} "
            "entities in {n_periods} periods have {n_obs} rows",
            size=entities.size,
            n_periods=panel.n_periods,
            n_obs=panel.n_obs,
        )
        hint = marked("use `resample: signs`, which does not need one")
        raise EstimationError(
            Problem("resample", what, expected=marked("each entity in each period"), hint=hint)
        )
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
    search: ThresholdSearch, n_thresholds: int, draws: ErrorDraws
) -> tuple[ThresholdTest, ...]:
    """Test each number of thresholds up to some number, or that there are places for, against one less.

    The samples keep regressors, and have drawn residuals of the model with one threshold less.

    Parameters
    ----------
    draws : of residuals, which all tests share
    """
    tests = []
    for null, found in pairwise(search.path(search.own, n_thresholds)):
        less, more = (search.explained(search.own, positions) for positions in (null, found))
        statistic = _statistic(search, len(found), search.base.rss, less, more)
        tests.append(ThresholdTest(len(found), statistic, _draws(search, null, draws)))
    return tuple(tests)


def _statistic(search: ThresholdSearch, number: int, rss: FloatsT, less: FloatsT, more: FloatsT) -> FloatsT:
    return (more - less) / ((rss - more) / (search.base.df_resid - number * search.n_terms))


def _draws(search: ThresholdSearch, null: Found, draws: ErrorDraws) -> Floats:
    """Return the statistics of samples in which the thresholds of `null` are all there are, (n_draws,)."""
    base, number = search.base, len(null) + 1
    added = search.columns[:, list(null), :].reshape(len(search.columns), -1)
    fitted = added @ search.coefficients(search.own, null)
    root = np.sqrt(base.weights)
    drawn = draws((base.within.residuals - fitted) / root)
    drawn = residual(base, root[:, None] * without_effects(base.absorber, drawn, base.weights))
    samples = fitted[:, None] + drawn
    rss, products = np.sum(samples**2, axis=0), search.scores(samples)
    if not null:
        return _statistic(search, number, rss, np.zeros_like(rss), search.gains(products, ()).max(axis=0))
    samples_scores = np.moveaxis(products, 2, 0)
    paths = [search.path(scores, number) for scores in samples_scores]
    # A sample without a place for one more is explained no better by it.
    less, more = (
        np.array(
            [
                search.explained(scores, path[min(at, len(path) - 1)])
                for scores, path in zip(samples_scores, paths, strict=True)
            ]
        )
        for at in (number - 1, number)
    )
    return _statistic(search, number, rss, less, more)


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


def place_likelihoods(search: ThresholdSearch, found: Found) -> tuple[PlaceLikelihood, ...]:
    """Return the likelihood of each threshold's place, errors independent and of equal variance."""
    most = search.explained(search.own, found)
    variance = (search.base.rss - most) / (search.base.df_resid - len(found) * search.n_terms)
    likelihoods = []
    for at, position in enumerate(found):
        others = found[:at] + found[at + 1 :]
        explained = search.explained(search.own, others) + search.gains(search.own, others)
        ratio = np.maximum(most - explained, 0.0) / variance
        ratio[position] = 0.0
        likelihoods.append(PlaceLikelihood(float(search.places[position]), search.places, ratio))
    return tuple(likelihoods)
