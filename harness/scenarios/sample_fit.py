"""One estimator fitted on some rows: its coefficients, and what scenarios ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from harness.data.panel import Panel
from harness.estimators.draws import HasDraws
from harness.estimators.guard import Attempt, Status, attempt
from harness.estimators.protocol import Estimator
from harness.scenarios.asked import AsksModels, Tables
from harness.scenarios.blocks import Preparation, PrepareTask
from harness.scenarios.draws import FitAndDraws
from harness.scenarios.fit_tables import NO_TABLES, FitTables, require_declared, tables_of
from harness.scenarios.given_task import GivenTask
from harness.scenarios.place import FitPlace
from harness.scenarios.scenario import Scenario
from harness.scenarios.subject import Subject

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, eq=False)
class Answer:
    """What one estimator answered to one scenario; `tables` is empty unless `status` is ``ok``."""

    scenario: str
    tables: Tables
    status: Status
    reason: str


@dataclass(frozen=True, eq=False)
class SampleFitResult:
    """How a fit went, and what came of it.

    Attributes
    ----------
    label : of the task
    tables : what the fit itself gives
    numbers : of the fit, by scenario that asks models; the draws are empty unless the fit carries them
    answers : to the scenarios that ask in their own way
    carries_draws : whether the fit carries draws
    status, reason, seconds : of the fit itself
    """

    label: str
    tables: FitTables
    numbers: Mapping[str, Attempt[FitAndDraws]]
    answers: tuple[Answer, ...]
    carries_draws: bool
    status: Status
    reason: str
    seconds: float


@dataclass(frozen=True, eq=False)
class SampleFitTask:
    """A fit that is ready to run in any process.

    Attributes
    ----------
    panel : the rows of the fit
    asking : scenarios that ask models, by id
    others : scenarios that ask in their own way, by id
    level : of the coefficients' confidence limits
    seed : root seed of the study
    """

    place: FitPlace
    estimator: Estimator
    panel: Panel
    asking: Mapping[str, AsksModels]
    others: Mapping[str, Scenario]
    level: float
    seed: int

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.place.estimator

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return f"{self.place} · the fit itself"

    def run(self) -> SampleFitResult:
        """Fit, tabulate, and ask."""
        start = perf_counter()
        tried = attempt(self.subject)
        numbers = {name: self._numbers(scenario, tried) for name, scenario in self.asking.items()}
        answers = tuple(self._answer(name, tried) for name in self.others)
        subject = tried.value
        return _result(
            self,
            subject.fit if subject else None,
            (tried.status, tried.reason),
            numbers=numbers,
            answers=answers,
            carries_draws=subject is not None and subject.carries_draws,
            start=start,
        )

    def failed(self, reason: str) -> SampleFitResult:
        """Return what stands for a result that could not be had."""
        answers = tuple(Answer(name, {}, "failed", reason) for name in self.others)
        return SampleFitResult(self.label, NO_TABLES, {}, answers, False, "failed", reason, 0.0)

    def subject(self) -> Subject:
        """Fit, ready to be asked."""
        fit = self.estimator.fit(self.panel, rng=self.place.stream(self.seed))
        where = self.place.estimator, self.place.sample
        return Subject(self.estimator, self.panel, fit, self.seed, *where)

    def _numbers(self, scenario: AsksModels, tried: Attempt[Subject]) -> Attempt[FitAndDraws]:
        if tried.value is None:
            return Attempt(None, tried.status, tried.reason)
        return attempt(partial(_asked, scenario, tried.value))

    def _answer(self, name: str, tried: Attempt[Subject]) -> Answer:
        if tried.value is None:
            return Answer(name, {}, tried.status, tried.reason)
        answered = attempt(partial(_tables, self.others[name], tried.value))
        return Answer(name, answered.value or {}, answered.status, answered.reason)


@dataclass(frozen=True, eq=False)
class OutlineTask:
    """What a fit by draws tells beside its draws.

    Attributes
    ----------
    prepare : finds what the draws have in common
    level : of the coefficients' confidence limits
    """

    prepare: PrepareTask
    level: float

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.prepare.place.estimator

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return f"{self.prepare.place} · the fit itself"

    @property
    def needs(self) -> tuple[PrepareTask, ...]:
        """What has to be found before."""
        return (self.prepare,)

    def given(self, found: Sequence[Preparation]) -> GivenTask[Preparation, SampleFitResult]:
        """Return the task, ready to run."""
        return GivenTask(self, found[0])

    def run(self) -> SampleFitResult:
        """Prepare, and run."""
        return self.run_with(self.prepare.run())

    def run_with(self, maker: Preparation) -> SampleFitResult:
        """Tabulate what there is to tell before the draws are made."""
        how, start = (maker.status, maker.reason), perf_counter()
        fit = maker.value.open() if maker.value is not None else None
        return _result(self, fit, how, numbers={}, answers=(), carries_draws=True, start=start)

    def failed(self, reason: str) -> SampleFitResult:
        """Return what stands for a result that could not be had."""
        return SampleFitResult(self.label, NO_TABLES, {}, (), True, "failed", reason, 0.0)


def _asked(scenario: AsksModels, subject: Subject) -> FitAndDraws:
    """Return what a fit answers, and the draws that it carries."""
    panel, fit = subject.panel, subject.fit
    drawn = scenario.numbers(fit.draws, panel, panel) if isinstance(fit, HasDraws) else {}
    return FitAndDraws(scenario.numbers(fit, panel, panel), drawn)


def _result(
    task: SampleFitTask | OutlineTask,
    fit: object,
    how: tuple[Status, str],
    *,
    numbers: Mapping[str, Attempt[FitAndDraws]],
    answers: tuple[Answer, ...],
    carries_draws: bool,
    start: float,
) -> SampleFitResult:
    """Return the result of a fit, which failed where any of its own tables did."""
    tables, wrong = tables_of(fit, level=task.level)
    status, reason = how
    if status == "ok" and wrong:
        status, reason = "failed", wrong
    return SampleFitResult(
        label=task.label,
        tables=tables,
        numbers=numbers,
        answers=answers,
        carries_draws=carries_draws,
        status=status,
        reason=reason,
        seconds=perf_counter() - start,
    )


def _tables(scenario: Scenario, subject: Subject) -> Tables:
    """Return the answer to a scenario, checked: the tables that it declares, and no other."""
    answer = scenario.answer(subject)
    require_declared(answer, scenario)
    return answer
