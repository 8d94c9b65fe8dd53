"""Blocks of draws: tasks that make some of the draws of a fit and ask them what scenarios ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from harness.data.panel import Panel
from harness.estimators.draws import CanPrepareDraws, DrawMaker, FitsByDraws, FittedDraws
from harness.estimators.guard import Attempt, Status, attempt, in_one_line
from harness.estimators.protocol import Estimator, HasNotes
from harness.scenarios.asked import AsksModels
from harness.scenarios.draw_source import DrawSource, OwnDraws, ScenarioDraws
from harness.scenarios.draws import (
    MOST_NUMBERS,
    MOST_SOLVED,
    Numbers,
    cut_draws,
    joined,
    refusals_of,
    too_many_refused,
)
from harness.scenarios.given_task import GivenTask
from harness.scenarios.place import FitPlace
from harness.scenarios.sealed import Sealed
from harness.scenarios.subsample import is_trained_anew
from harness.tables.preparation import Note

Preparation = Attempt[Sealed[DrawMaker]]
"""What draws have in common, on its way to those that make them, or why it could not be found."""


@dataclass(frozen=True, eq=False)
class PrepareTask:
    """What draws of one fit have in common, ready to be found in any process.

    What comes of it travels to the blocks and is not kept: it follows from the fields, and a run that is
    taken up finds it again for the blocks that are missing.

    Attributes
    ----------
    panel : the rows of the fit
    seed : root seed of the study
    """

    place: FitPlace
    source: DrawSource
    estimator: Estimator
    panel: Panel
    seed: int

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.place.estimator

    @property
    def cut(self) -> Iterator[range]:
        """The draws of each block, in order."""
        if isinstance(self.source, OwnDraws):
            return cut_draws(self.source.n_draws, n_obs=self.panel.n_obs)
        some = self.source.some
        n_obs = self.panel.n_obs if some is None else some.averaged.size
        most = MOST_NUMBERS if is_trained_anew(self.estimator) else MOST_SOLVED
        return cut_draws(self.source.n_draws, n_obs=n_obs, most_numbers=most)

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return f"{self.place} · what {self.source} have in common"

    @property
    def is_immediate(self) -> bool:
        """Whether draws have nothing in common that takes time to find."""
        return isinstance(self.source, ScenarioDraws) and not isinstance(self.estimator, CanPrepareDraws)

    def run(self) -> Preparation:
        """Prepare, and keep the reason where that cannot be done."""
        return attempt(lambda: Sealed(self._made()))

    def failed(self, reason: str) -> Preparation:
        """Return what stands for a result that could not be had."""
        return Attempt(None, "failed", reason)

    def _made(self) -> DrawMaker:
        if isinstance(self.source, ScenarioDraws):
            return self.source.resamples(self.estimator, self.panel, self.place, self.seed).prepare()
        if not isinstance(self.estimator, FitsByDraws):
            message = f"{type(self.estimator).__name__} is no estimator that fits by draws"
            raise TypeError(message)
        return self.estimator.prepare(self.panel, rng=self.place.stream(self.seed))


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
class BlockTask:
    """Some draws of a fit, with what scenarios ask of them.

    Attributes
    ----------
    prepare : finds what the draws have in common
    draws : positions among all draws of the fit
    scenarios : by id
    """

    prepare: PrepareTask
    draws: range
    scenarios: Mapping[str, AsksModels]

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.prepare.place.estimator

    @property
    def label(self) -> str:
        """Name of the block within the study."""
        own = self.prepare
        return f"{own.place} · {self.draws.start + 1} to {self.draws.stop} of {own.source}"

    @property
    def needs(self) -> tuple[PrepareTask, ...]:
        """What has to be found before."""
        return () if self.prepare.is_immediate else (self.prepare,)

    def given(self, found: Sequence[Preparation]) -> GivenTask[Preparation, BlockResult]:
        """Return the block, ready to run."""
        return GivenTask(self, found[0])

    def run(self) -> BlockResult:
        """Prepare, and run."""
        return self.run_with(self.prepare.run())

    def run_with(self, maker: Preparation) -> BlockResult:
        """Make the draws and ask them, and keep the reason where that cannot be done."""
        start = perf_counter()
        tried: Attempt[FittedDraws] = Attempt(None, maker.status, maker.reason)
        if maker.value is not None:
            made = maker.value
            tried = attempt(lambda: made.open().draw(self.draws))
        fits = tried.value
        refused = () if fits is None else refusals_of(fits)
        numbers: dict[str, Attempt[Numbers]] = {}
        if fits is not None and len(refused) < len(self.draws):
            panel, source = self.prepare.panel, self.prepare.source
            rows = source.averaged(panel) if isinstance(source, ScenarioDraws) else panel
            for name, scenario in self.scenarios.items():
                numbers[name] = attempt(partial(scenario.numbers, fits, panel, rows))
        return BlockResult(
            self.label,
            len(self.draws),
            tuple(in_one_line(error.problems[0]) for error in refused),
            numbers,
            tuple(fits.notes) if isinstance(fits, HasNotes) else (),
            tried.status,
            tried.reason,
            perf_counter() - start,
        )

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
    if too_many_refused(len(refusals), sum(block.n_draws for block in blocks)):
        return Attempt(None, "refused", refusals[0])
    for block in blocks:
        if block.status != "ok":
            return Attempt(None, block.status, block.reason)
    found = [block.numbers[scenario] for block in blocks if block.numbers]
    for answer in found:
        if answer.value is None:
            return answer
    return Attempt(joined([answer.value for answer in found if answer.value is not None]), "ok", "")
