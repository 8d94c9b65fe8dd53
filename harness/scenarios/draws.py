"""Bootstrap draws of any estimator, and the numbers computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.evaluation.resample import ResampleUnit, out_of_bag, weights_of
from harness.rng import random_stream, stream_at

# Draws of a block. What they have in common is looked up once a block, and many networks train side by side
# faster than few, since the last of a block train alone: 50 networks cost 3 % more than 100 do. The more
# blocks there are, the less do workers wait for the last one.
FEWEST_DRAWS, MOST_DRAWS = 25, 50

# Blocks that many draws are at least cut into, so that several workers share them.
N_BLOCKS = 4

# Predictions of all draws of a block that are held at a time, 32 MiB.
MOST_NUMBERS = 2**22

# The same of draws that are solved for at once, which cost less than what they have in common: 128 MiB.
MOST_SOLVED = 2**24

# Share of the draws that may refuse their rows; the others stand for all.
MOST_REFUSED = 0.1


def cut_draws(n_draws: int, *, n_obs: int, most_numbers: int = MOST_NUMBERS) -> Iterator[range]:
    """Yield the draws of each block, in order.

    Blocks depend on the draws and rows alone, never on the workers: sums over the draws of a block are in
    one order, wherever it is made.

    Parameters
    ----------
    most_numbers : predictions of all draws of a block that may be held at a time
    """
    size = min(MOST_DRAWS, max(FEWEST_DRAWS, n_draws // N_BLOCKS), max(1, most_numbers // n_obs))
    for first in range(0, n_draws, size):
        yield range(first, min(first + size, n_draws))


@dataclass(frozen=True)
class DrawPlan:
    """The bootstrap draws that a scenario requests; equal plans share draws.

    Attributes
    ----------
    n_draws : >= 2
    unit : resampled unit
    most_rows : training rows at most, for estimators retrained for every draw
    """

    n_draws: int
    unit: ResampleUnit
    most_rows: int


@dataclass(frozen=True, eq=False)
class LoopedDraws:
    """Draws fitted one by one.

    Attributes
    ----------
    fits : of the draws that were not refused
    refusals : of the others
    """

    fits: Sequence[protocol.Fitted]
    refusals: Sequence[EstimationError] = ()

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.stack([np.array(fit.predict(panel)) for fit in self.fits])


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopedProfiles(LoopedDraws):
    """Draws fitted one by one, each of which has mean predictions without predicting every row."""

    profiles: Sequence[protocol.CanProfile]

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions over the rows at each point, (n_draws, n_points), outcome units."""
        return np.stack([np.array(fit.profile(panel, columns, points)) for fit in self.profiles])


@dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap draws of an estimator on some rows, made in any blocks.

    Attributes
    ----------
    estimator : its options
    panel : the rows
    plan : how many draws, and of what
    seed : root seed of the study
    name : of the estimator in the study
    rows : what `panel` holds, such as ``all rows``; all estimators are drawn the same units of them
    prepared : what draws have in common, of an estimator that finds it once
    """

    estimator: protocol.Estimator
    panel: Panel
    plan: DrawPlan
    seed: int
    name: str
    rows: str
    prepared: protocol.PreparedDraws | None = None

    def prepare(self) -> Self:
        """Return the same, ready to make draws.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        if not isinstance(self.estimator, protocol.CanPrepareDraws):
            return self
        prepared = self.estimator.prepare_draws(self.panel, selection=None, rng=self._rng("draws", self.name))
        return replace(self, prepared=prepared)

    def draw(self, draws: range) -> protocol.FittedDraws:
        """Return these draws, selecting on the rows each left out.

        Raises
        ------
        EstimationError
            Where the estimator refuses the draws; one that fits them one by one refuses each on its own.
        """
        weights = weights_of(self.panel, draws, unit=self.plan.unit, rng=self._rng("weights"))
        rng = self._rng("draws", self.name)
        rngs = [stream_at(rng, draw) for draw in draws]
        if self.prepared is not None:
            return self.prepared.fit(weights, selection=out_of_bag(weights), rngs=rngs)
        return fit_draws(self.estimator, self.panel, weights=weights, rngs=rngs)

    def _rng(self, what: str, *labels: str) -> Generator:
        plan, where = self.plan, (self.panel.outcome, self.rows)
        return random_stream(self.seed, what, *where, plan.unit, plan.n_draws, *labels)


def _repeated(weights: Floats) -> Ints:
    """Return positions repeated as often as their weight says."""
    return np.repeat(np.arange(weights.size), weights.astype(np.int64))


def drawn_panel(panel: Panel, weights: Floats) -> Panel:
    """Return the panel that one draw of weights, (n_obs,) counts, stands for.

    Whole entities are copied under names of their own where their rows have one weight; rows are repeated
    where they have not.
    """
    first = np.unique(panel.entity.codes, return_index=True)
    per_entity = np.zeros(len(panel.entity.labels))
    per_entity[first[0]] = weights[first[1]]
    if np.array_equal(per_entity[panel.entity.codes], weights):
        return panel.resample(_repeated(per_entity))
    return panel.take(_repeated(weights))


def fit_draws(
    estimator: protocol.Estimator, panel: Panel, *, weights: Floats, rngs: Sequence[Generator]
) -> protocol.FittedDraws:
    """Fit an estimator once a draw, selecting on the rows the draw left out.

    Parameters
    ----------
    weights : (n_draws, n_obs), counts
    rngs : of each draw; an estimator that fits draws at once takes the first

    Raises
    ------
    EstimationError
        Where the estimator refuses the draws; one that fits them one by one refuses each on its own.
    """
    if isinstance(estimator, protocol.CanFitDraws):
        return estimator.fit_draws(panel, weights=weights, selection=out_of_bag(weights), rng=rngs[0])
    fits, refusals = [], []
    for draw, own in zip(weights, rngs, strict=True):
        omitted = np.flatnonzero(draw == 0)
        try:
            aside = panel.take(omitted) if omitted.size else None
            fits.append(estimator.fit(drawn_panel(panel, draw), rng=own, selection=aside))
        except EstimationError as error:
            refusals.append(error)
    profiles = [fit for fit in fits if isinstance(fit, protocol.CanProfile)]
    if fits and len(profiles) == len(fits):
        return LoopedProfiles(fits, refusals, profiles=profiles)
    return LoopedDraws(fits, refusals)


def refusals_of(draws: protocol.FittedDraws) -> Sequence[EstimationError]:
    """Return why draws are missing among those that were asked for."""
    return draws.refusals if isinstance(draws, LoopedDraws) else ()


def too_many_refused(n_refused: int, n_draws: int) -> bool:
    """Return whether too few draws are left to stand for all."""
    return n_refused > MOST_REFUSED * n_draws


def require_few_refused(draws: protocol.FittedDraws, n_draws: int) -> None:
    """Refuse draws of which more than a tenth are missing.

    Raises
    ------
    EstimationError
        The first refusal.
    """
    refused = refusals_of(draws)
    if too_many_refused(len(refused), n_draws):
        raise refused[0]


# Of one fit arrays of any shape, of draws those shapes after (n_draws, ...).
Numbers = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class WithDraws:
    """Some numbers of one fit and of its draws.

    Attributes
    ----------
    estimate : any shape
    draws : that shape after (n_draws, ...)
    """

    estimate: Floats
    draws: Floats

    def by(self, function: Callable[[Floats], Floats]) -> WithDraws:
        """Return what a function makes of the estimate and of the draws."""
        return WithDraws(function(self.estimate), function(self.draws))


@dataclass(frozen=True, eq=False)
class FitAndDraws:
    """Numbers of one fit and of its draws, by name."""

    fit: Numbers
    draws: Numbers

    def of(self, name: str) -> WithDraws:
        """Return the numbers of this name."""
        return WithDraws(self.fit[name], self.draws[name])


def joined(parts: Sequence[Numbers]) -> Numbers:
    """Return the numbers of draws that were made in parts, those of the first part first."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def mean_of_draws(numbers: Numbers) -> Numbers:
    """Return the numbers of the fit that is the mean of draws; all are linear in predictions."""
    return {name: np.asarray(values.mean(axis=0)) for name, values in numbers.items()}


def some_at_a_time(call: Callable[[slice], Floats], *, n_draws: int, n_obs: int) -> Floats:
    """Return what a call gives for slices of draws, (n_draws, ...), so that few are held on every row."""
    size = max(1, MOST_NUMBERS // n_obs)
    return np.concatenate([call(slice(first, first + size)) for first in range(0, n_draws, size)])
