"""Search of a hidden size, and networks of bootstrap draws of the size that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.plugin import EstimationError, Floats, Ints, Message, Note, Problem, marked
from harness_neural.options import NetworkOptions, one_unit_parameters
from harness_neural.sample import NetworkSample

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch, Trained
    from harness_neural.batch.progress import LearningCurve


@dataclass(frozen=True)
class Candidate:
    """One network of a search.

    Attributes
    ----------
    n_units : hidden units
    restart : counts the initial values tried for this size, from 0
    steps, best_step : steps taken; the step whose weights were kept
    training_nmse, selection_nmse : of the kept weights, over the outcome's variance on the training rows
    """

    n_units: int
    restart: int
    steps: int
    best_step: int
    training_nmse: float
    selection_nmse: float


@dataclass(frozen=True, eq=False)
class SizeSearch:
    """What was tried and what was chosen.

    Attributes
    ----------
    where : the rows it was for, such as ``cluster 2`` of a map; empty for all
    formula : what the formula gives, around which candidates were tried; None where the size is given
    n_obs : distinct rows trained on and selected on; the formula counts one that is both once
    candidates : in the order of their sizes and restarts
    chosen : the candidate with the least error on the selection rows; the smaller one of equals
    curve : learning curve of the chosen candidate
    networks : the chosen candidate's network
    point : (n_parameters,), its parameters as `initial_values` orders them, to start others from
    """

    where: str
    formula: float | None
    n_obs: int
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    curve: LearningCurve
    networks: NetworkBatch
    point: Floats

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the hidden size."""
        if self.formula is None or self.formula >= 1.0:
            return ()
        message = Message(
            "the formula gives N = {formula} for {n_obs} rows, using 1",
            formula=f"{self.formula:.2f}",
            n_obs=self.n_obs,
        )
        return (Note("W-HIDDEN", self.where, message),)


def has_training_rows(sample: NetworkSample) -> npt.NDArray[np.bool_]:
    """Return whether each network, (n_networks,), trains on more rows than one unit has parameters."""
    return np.asarray(sample.weights.sum(axis=1) > one_unit_parameters(sample.n_distinct))


def require_rows(sample: NetworkSample, *, where: str) -> None:
    """Refuse a sample on which not even one hidden unit can be trained.

    Raises
    ------
    EstimationError
        Where a network has no more rows, counted with their weights, than one hidden unit has parameters.
    """
    if not has_training_rows(sample).all():
        needed = one_unit_parameters(sample.n_distinct)
        raise EstimationError(
            Problem(
                where=where,
                what=Message(
                    "{sum} rows to train on, but one hidden unit with {n_distinct} inputs has {needed} "
                    "parameters",
                    sum=f"{sample.weights.sum(axis=1).min():g}",
                    n_distinct=sample.n_distinct,
                    needed=needed,
                ),
                expected=f"more than {needed} rows to train on",
                hint=marked("use fewer inputs, or a protocol that leaves more rows to train on"),
            )
        )


def search_size(sample: NetworkSample, options: NetworkOptions, *, where: str, rng: Generator) -> SizeSearch:
    """Train candidate networks on a sample of one and return the search.

    Parameters
    ----------
    where : the rows it is for, in notes and messages; empty for all

    Raises
    ------
    EstimationError
        Where there are too few rows.
    """
    from harness_neural.batch import initial_values, without_unused

    require_rows(sample, where=where)
    n_inputs, n_rows = sample.X.shape[1], sample.n_rows
    sizes = options.sizes(n_obs=n_rows, n_inputs=sample.n_distinct)
    n_units = np.repeat(sizes.units, options.restarts)
    start = initial_values(n_units, n_inputs=n_inputs, rng=rng, limits=options.start_limits())
    trained = _train(sample, options, start=start, n_units=n_units, blind_steps=options.max_steps)
    candidates = tuple(
        Candidate(
            n_units=int(n_units[at]),
            restart=at % options.restarts,
            steps=int(trained.steps[at]),
            best_step=int(trained.best_step[at]),
            training_nmse=float(trained.loss[at]),
            selection_nmse=float(trained.selection[at]),
        )
        for at in range(n_units.size)
    )
    best = int(np.argmin(trained.selection))
    return SizeSearch(
        where=where,
        formula=sizes.formula,
        n_obs=n_rows,
        candidates=candidates,
        chosen=candidates[best],
        curve=trained.trace.curve(best),
        networks=trained.networks.take(np.array([best])),
        point=without_unused(trained.points[best], n_inputs=n_inputs, n_units=int(n_units[best])),
    )


def train_draws(
    draws: NetworkSample, found: SizeSearch, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> NetworkBatch:
    """Train networks on every draw, and keep a draw's best on the rows it selects on.

    A draw without rows to stop by trains one network of the chosen candidate's size, for as many steps as
    that candidate did, or as the options say.

    Parameters
    ----------
    rngs : of each draw, for its initial values
    """
    from harness_neural.batch import gather

    trained = [
        _train_draws(draws, found, options, n_units=n_units, rngs=rngs)
        for n_units in _tried(draws, found, options)
    ]
    best = np.stack([start.selection for start in trained]).argmin(axis=0)
    positions = [np.flatnonzero(best == at) for at in range(len(trained))]
    pairs = zip(positions, trained, strict=True)
    return gather([(own, start.networks.take(own)) for own, start in pairs if own.size])


def _tried(draws: NetworkSample, found: SizeSearch, options: NetworkOptions) -> list[int]:
    """Return the hidden size of each network that a draw is tried with, the chosen candidate's first."""
    chosen = found.chosen.n_units
    if not (options.draws_select and draws.selection.any()):
        return [chosen]
    tried = {candidate.n_units for candidate in found.candidates}
    sizes = {chosen} if options.draw_size == "full_sample" else tried
    n_starts = options.draw_restarts if options.draw_start == "random" else 1
    return [size for size in [chosen, *sorted(sizes - {chosen})] for _ in range(n_starts)]


def _train_draws(
    draws: NetworkSample,
    found: SizeSearch,
    options: NetworkOptions,
    *,
    n_units: int,
    rngs: Sequence[Generator],
) -> Trained:
    from harness_neural.batch import initial_values

    n_draws, n_inputs = draws.weights.shape[0], draws.X.shape[1]
    sizes = np.full(n_draws, n_units)
    is_warm = options.draw_start == "full_sample" and n_units == found.chosen.n_units
    if is_warm:
        start = np.tile(found.point, (n_draws, 1))
    else:
        limits = options.start_limits()
        start = np.concatenate(
            [initial_values(sizes[:1], n_inputs=n_inputs, rng=own, limits=limits) for own in rngs],
        )
    blind_steps = max(found.chosen.best_step, 1) if options.draw_steps == "stopped" else options.draw_steps
    if not options.draws_select:
        draws = replace(draws, selection=np.zeros_like(draws.selection))
    return _train(draws, options, start=start, n_units=sizes, blind_steps=blind_steps, is_warm=is_warm)


def _train(
    sample: NetworkSample,
    options: NetworkOptions,
    *,
    start: Floats,
    n_units: Ints,
    blind_steps: int,
    is_warm: bool = False,
) -> Trained:
    """Train networks of these sizes, (n_networks,), on a sample of as many or of one."""
    from harness_neural.batch import TrainingTask, train

    shape = (n_units.size, len(sample.X))
    task = TrainingTask(
        X=sample.X,
        outcome=sample.outcome,
        weights=np.broadcast_to(sample.weights, shape),
        selection=np.broadcast_to(sample.selection, shape),
        start=start,
        n_units=n_units,
        blind_steps=np.full(n_units.size, blind_steps),
        levels=sample.levels,
    )
    return train(task if is_warm else options.started(task), options.settings())


@dataclass(frozen=True, eq=False)
class Learned:
    """Networks that were trained.

    Attributes
    ----------
    networks : for all rows, or for each cluster in order; each holds one network a draw, or one for a fit
    searches : of their sizes
    notes : warnings for the report
    """

    networks: tuple[NetworkBatch, ...]
    searches: tuple[SizeSearch, ...]
    notes: tuple[Note, ...]

    def followed_by(self, search: SizeSearch, networks: NetworkBatch) -> Learned:
        """Return these and further networks, which take in their outputs."""
        return Learned((*self.networks, networks), (*self.searches, search), (*self.notes, *search.notes))


def learn(sample: NetworkSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for all rows of a sample of one.

    Raises
    ------
    EstimationError
        Where there are too few rows.
    """
    search = search_size(sample, options, where="", rng=rng)
    return Learned((search.networks,), (search,), search.notes)


def learn_draws(
    draws: NetworkSample, search: SizeSearch, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> Learned:
    """Train one network a draw, of the size that a search on all rows found.

    Parameters
    ----------
    rngs : of each draw

    Raises
    ------
    EstimationError
        Where a draw has too few rows.
    """
    require_rows(draws, where="")
    return Learned((train_draws(draws, search, options, rngs=rngs),), (search,), search.notes)
