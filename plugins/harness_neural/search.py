"""Search of a hidden size: candidate networks, compared on rows they were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.plugin import EstimationError, Floats, Note, Problem
from harness_neural.hidden import HiddenSize, one_unit_parameters
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch
    from harness_neural.batch.trace import LearningCurve


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
    size : the formula's hidden size, around which candidates were tried; None where the size is given
    n_obs : distinct rows trained on and selected on; the formula counts one that is both once
    candidates : in the order of their sizes and restarts
    chosen : the candidate with the least error on the selection rows; the smaller one of equals
    curve : learning curve of the chosen candidate
    networks : the chosen candidate's network
    point : (n_parameters,), its parameters as `initial_values` orders them, to start others from
    """

    where: str
    size: HiddenSize | None
    n_obs: int
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    curve: LearningCurve
    networks: NetworkBatch
    point: Floats

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the hidden size."""
        if self.size is None or not self.size.is_raised:
            return ()
        message = f"the formula gives N = {self.size.formula:.2f} for {self.n_obs} rows, using 1"
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
                what=f"{sample.weights.sum(axis=1).min():g} rows to train on, but one hidden unit with "
                f"{sample.n_distinct} inputs has {needed} parameters",
                expected=f"more than {needed} rows to train on",
                hint="use fewer inputs, or a protocol that leaves more rows to train on",
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
    from harness_neural.batch import TrainingTask, initial_values, train, without_unused

    require_rows(sample, where=where)
    n_obs, n_inputs = sample.X.shape
    n_rows = sample.n_rows
    sizes = options.sizes(n_obs=n_rows, n_inputs=sample.n_distinct)
    n_units = np.repeat(sizes.units, options.restarts)
    shape = (n_units.size, n_obs)
    task = TrainingTask(
        X=sample.X,
        outcome=sample.outcome,
        weights=np.broadcast_to(sample.weights, shape),
        selection=np.broadcast_to(sample.selection, shape),
        start=initial_values(n_units, n_inputs=n_inputs, rng=rng, limits=options.start_limits()),
        n_units=n_units,
        blind_steps=np.full(n_units.size, options.max_steps),
        levels=sample.levels,
    )
    trained = train(options.started(task), options.settings())
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
        size=sizes.formula,
        n_obs=n_rows,
        candidates=candidates,
        chosen=candidates[best],
        curve=trained.trace.curve(best),
        networks=trained.networks.take(np.array([best])),
        point=without_unused(trained.points[best], n_inputs=n_inputs, n_units=int(n_units[best])),
    )
