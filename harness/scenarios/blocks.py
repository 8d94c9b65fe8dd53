"""Blocks of draws: tasks that make some of the draws of a fit, of all entities or some, and ask them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import Attempt, Status, all_of, attempt, in_one_line, notes_of
from harness.estimators.protocol import CanFitDraws, CanPrepareDraws, DrawMaker, Estimator, FitsByDraws
from harness.evaluation.resample import ResampleUnit
from harness.language import DOTS, Coded, chained
from harness.scenarios import draws as resampling
from harness.scenarios.draws import DrawPlan, Numbers, Resamples
from harness.scenarios.grid import remembering
from harness.scenarios.scenario import EvaluatesModels, Subject
from harness.scenarios.task import ScenarioTask, Sealed, SubjectTask
from harness.tables.preparation import Note

# Entities that the smaller of two subsamples has at least.
LEAST_ENTITIES = 50

# Entities of the larger subsample for each of the smaller.
RATIO = 4

# Spreads fall with the root of the entities where an estimator has a fixed number of parameters.
FASTEST_RATE = 0.5


@dataclass(frozen=True, eq=False)
class Subsample:
    """Some entities of a panel, whole, that draws are made of instead of all.

    Attributes
    ----------
    rows : (n_rows,), positions
    averaged : (n_averaged,), positions of the rows that predictions of its draws are averaged over
    n_units : entities, or rows, that a draw has
    n_all : of them in the panel
    unit : which of the two
    """

    rows: Ints
    averaged: Ints
    n_units: int
    n_all: int
    unit: ResampleUnit

    def __str__(self) -> str:
        if self.unit == "entity":
            return Coded("{n} of {n_all} entities", n=self.n_units, n_all=self.n_all)
        return Coded("{n} of {n_all} rows", n=self.n_units, n_all=self.n_all)


def is_trained_anew(estimator: Estimator) -> bool:
    """Say whether draws of an estimator cost as much as fits: it solves none at once, or searches."""
    return not isinstance(estimator, CanFitDraws) or isinstance(estimator, CanPrepareDraws)


def draw_subsamples(
    panel: Panel, *, most_rows: int, unit: ResampleUnit, rng: Generator
) -> tuple[Subsample, ...]:
    """Return two subsamples of entities, the second a part of the first; none where all rows are few enough.

    Parameters
    ----------
    most_rows : of the larger one, unless `LEAST_ENTITIES` in the smaller one need more
    unit : what draws resample
    rng : of the order in which entities are taken
    """
    if panel.n_obs <= most_rows:
        return ()
    present, position, counts = np.unique(panel.entity.codes, return_inverse=True, return_counts=True)
    order = rng.permutation(present.size)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    fitting = int(np.searchsorted(np.cumsum(counts[order]), most_rows, side="right"))
    large = max(fitting, RATIO * LEAST_ENTITIES)
    if large >= present.size:
        return ()
    some = [np.flatnonzero(rank[position] < n_entities) for n_entities in (large, large // RATIO)]
    sizes = (large, large // RATIO) if unit == "entity" else [rows.size for rows in some]
    n_all = present.size if unit == "entity" else panel.n_obs
    return tuple(Subsample(rows, some[0], size, n_all, unit) for rows, size in zip(some, sizes, strict=True))


def rates(drawn: Sequence[Numbers], subsamples: Sequence[Subsample]) -> dict[str, float]:
    """Return by which power of the units the spread of each number falls between two subsamples, by name.

    It is the root of the mean variance over all elements that is compared (Bertail, Politis & Romano 1999,
    "On subsampling estimators with unknown rate of convergence"), and held between 0 and `FASTEST_RATE`.

    Parameters
    ----------
    drawn : of the larger subsample and of the smaller
    subsamples : these
    """
    larger, smaller = drawn
    span = np.log(subsamples[0].n_units / subsamples[1].n_units)
    found = {}
    for name, values in larger.items():
        large, small = _spread(values), _spread(smaller[name])
        is_known = large > 0.0 and small > 0.0
        rate = np.log(small / large) / span if is_known else FASTEST_RATE
        found[name] = float(np.clip(rate, 0.0, FASTEST_RATE))
    return found


def _spread(draws: Floats) -> float:
    variances = draws.var(axis=0, ddof=1)
    finite = variances[np.isfinite(variances)]
    return float(np.sqrt(finite.mean())) if finite.size else 0.0


def rescaled(fit: Numbers, drawn: Sequence[Numbers], subsamples: Sequence[Subsample]) -> Numbers:
    """Rescale subsample draws to the full sample: around the fit on all units, with the spread of these.

    A deviation from the mean of the draws of n of N units is taken times ``(n / N) ** rate``, by the rate at
    which spreads fall between the two subsamples.

    Parameters
    ----------
    fit : numbers of the fit on all rows
    drawn : of the larger subsample and of the smaller
    subsamples : these
    """
    powers = rates(drawn, subsamples)
    return {
        name: np.concatenate(
            [
                fit[name] + (some.n_units / some.n_all) ** power * (part[name] - part[name].mean(axis=0))
                for part, some in zip(drawn, subsamples, strict=True)
            ]
        )
        for name, power in powers.items()
    }


def subsample_note(where: str, subsamples: Sequence[Subsample], powers: Mapping[str, float]) -> Note:
    """Return a note of what draws of two subsamples rest on, and by which rates they were rescaled."""
    larger, smaller = subsamples
    n_large, n_small, n_all = larger.n_units, smaller.n_units, larger.n_all
    least, most = min(powers.values()), max(powers.values())
    numbers = {"n_large": f"{n_large:,}", "n_all": f"{n_all:,}", "n_small": f"{n_small:,}"}
    numbers |= {"least": f"{least:.2f}", "most": f"{most:.2f}"}
    message = Coded(
        "intervals use subsamples of {n_large} of the {n_all} entities, half of them of {n_small}; "
        "the spread falls with the number of entities to the power of {least} to {most} and is "
        "rescaled to all entities at that rate",
        **numbers,
    )
    if larger.unit == "row":
        message = Coded(
            "intervals use subsamples of {n_large} of the {n_all} rows, half of them of {n_small}; "
            "the spread falls with the number of rows to the power of {least} to {most} and is "
            "rescaled to all rows at that rate",
            **numbers,
        )
    return Note("W-SUBSAMPLE", where, message)


# What draws have in common, on its way to those that make them, or why it could not be found.
Preparation = Attempt[Sealed[DrawMaker]]


@dataclass(frozen=True, eq=False)
class PrepareTask(SubjectTask[Preparation]):
    """What draws of one fit have in common, ready to be found in any process.

    What comes of it travels to the blocks and is not kept: it follows from the fields, and a run that is
    taken up finds it again for the blocks that are missing.

    Attributes
    ----------
    subject : whose draws they are
    plan : the bootstrap draws that scenarios ask for; None for the draws that the fit is the mean of
    subsample : the rows that are drawn of; None for all
    """

    plan: DrawPlan | None = None
    subsample: Subsample | None = None

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self._by_draws.draws if self.plan is None else self.plan.n_draws

    @property
    def draws(self) -> str:
        """Whose draws they are, and how many."""
        if self.plan is None:
            return Coded("{n} draws of its own", n=self.n_draws)
        own = Coded("{n} draws by {unit}", n=self.n_draws, unit=self.plan.unit)
        return own if self.subsample is None else Coded("{draws}, of {rows}", draws=own, rows=self.subsample)

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        what = Coded("what {draws} have in common", draws=self.draws)
        return chained((str(self.subject), what), DOTS)

    @property
    def cut(self) -> Iterator[range]:
        """The draws of each block, in order."""
        some = self.subsample
        n_obs = self.subject.panel.n_obs if some is None else some.averaged.size
        is_solved = self.plan is not None and not is_trained_anew(self.subject.estimator)
        return resampling.cut_draws(
            self.n_draws,
            n_obs=n_obs,
            most_numbers=resampling.MOST_SOLVED if is_solved else resampling.MOST_NUMBERS,
        )

    @property
    def averaged(self) -> Panel:
        """The rows that predictions of draws are averaged over."""
        panel = self.subject.panel
        return panel if self.subsample is None else panel.take(self.subsample.averaged)

    def run_with(self, found: Sequence[object]) -> Preparation:
        """Prepare, and keep the reason where that cannot be done."""
        return attempt(lambda: Sealed(self._made()))

    def failed(self, reason: str) -> Preparation:
        """Return what stands for a result that could not be had."""
        return Attempt(None, "failed", reason)

    def _made(self) -> DrawMaker:
        own, some = self.subject, self.subsample
        if self.plan is None:
            return self._by_draws.prepare(own.panel, rng=own.stream)
        rows, panel = own.rows, own.panel
        if some is not None:
            rows, panel = f"{rows}, {some}", panel.take(some.rows)
            panel = replace(panel, entity=panel.entity.without_absent())
        return Resamples(own.estimator, panel, self.plan, own.seed, own.name, rows).prepare()

    @property
    def _by_draws(self) -> FitsByDraws:
        estimator = self.subject.estimator
        if not isinstance(estimator, FitsByDraws):
            message = f"{type(estimator).__name__} is no estimator that fits by draws"
            raise TypeError(message)
        return estimator


def prepare_tasks(subject: Subject, plan: DrawPlan) -> tuple[PrepareTask, ...]:
    """Return whose draws answer a plan: those of all rows, or half of them of each of two subsamples."""
    if is_trained_anew(subject.estimator):
        panel, rng = subject.panel, subject.rng("subsample")
        half = replace(plan, n_draws=max(2, plan.n_draws // 2))
        found = draw_subsamples(panel, most_rows=plan.most_rows, unit=plan.unit, rng=rng)
        if found:
            return tuple(PrepareTask(subject, half, some) for some in found)
    return (PrepareTask(subject, plan),)


@dataclass(frozen=True, eq=False)
class BlockResult:
    """What some draws answered.

    Attributes
    ----------
    label : of the task
    n_draws : how many were asked for
    refusals : why some of these are missing, a reason each
    numbers : by scenario; empty where all are missing
    notes : what the draws have to say
    status, reason, seconds : of making the draws
    """

    label: str
    n_draws: int
    refusals: tuple[str, ...]
    numbers: Mapping[str, Attempt[Numbers]]
    notes: tuple[Note, ...]
    status: Status
    reason: str
    seconds: float


@dataclass(frozen=True, eq=False)
class BlockTask(ScenarioTask[BlockResult]):
    """Some draws of a fit, with what scenarios ask of them.

    Attributes
    ----------
    prepare : finds what the draws have in common
    draws : positions among all draws of the fit
    scenarios : by id
    """

    prepare: PrepareTask
    draws: range
    scenarios: Mapping[str, EvaluatesModels]

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.prepare.estimator_id

    @property
    def label(self) -> str:
        """Name of the block within the study."""
        own = self.prepare
        first, last = self.draws.start + 1, self.draws.stop
        what = Coded("{first} to {last} of {draws}", first=first, last=last, draws=own.draws)
        return chained((str(own.subject), what), DOTS)

    @property
    def needs(self) -> tuple[PrepareTask, ...]:
        """What has to be found before; nothing where draws have nothing in common that takes time to find."""
        own = self.prepare
        has_shared = own.plan is None or isinstance(own.subject.estimator, CanPrepareDraws)
        return (own,) if has_shared else ()

    def run_with(self, found: Sequence[Preparation]) -> BlockResult:
        """Make the draws and ask them, and keep the reason where that cannot be done."""
        start = perf_counter()
        maker = found[0] if found else self.prepare.run()
        tried = maker.then(lambda made: made.open().draw(self.draws))
        fits = tried.value
        refused = () if fits is None else resampling.refusals_of(fits)
        numbers: dict[str, Attempt[Numbers]] = {}
        if fits is not None and len(refused) < len(self.draws):
            panel, rows = self.prepare.subject.panel, self.prepare.averaged
            with remembering():
                for name, scenario in self.scenarios.items():
                    numbers[name] = attempt(partial(scenario.numbers, fits, panel, rows))
        reasons = tuple(in_one_line(error.problems[0]) for error in refused)
        noted = tried.then(notes_of)
        how = noted.status, noted.reason, perf_counter() - start
        return BlockResult(self.label, len(self.draws), reasons, numbers, noted.value or (), *how)

    def failed(self, reason: str) -> BlockResult:
        """Return what stands for a result that could not be had."""
        return BlockResult(self.label, len(self.draws), (), {}, (), "failed", reason, 0.0)


def of_all_draws(blocks: Sequence[BlockResult], scenario: str) -> Attempt[Numbers]:
    """Return what all draws of a fit answered to a scenario, or why there is no answer.

    Parameters
    ----------
    blocks : in the order of their draws
    """
    refusals = [reason for block in blocks for reason in block.refusals]
    if resampling.too_many_refused(len(refusals), sum(block.n_draws for block in blocks)):
        return Attempt(None, "refused", refusals[0])
    for block in blocks:
        if block.status != "ok":
            return Attempt(None, block.status, block.reason)
    return all_of(block.numbers[scenario] for block in blocks if block.numbers).then(resampling.joined)
