"""One estimator fitted on some rows: its own tables, and what scenarios ask of it and of its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

from harness.estimators.guard import Attempt, Status, attempt
from harness.estimators.protocol import HasDraws
from harness.scenarios.blocks import BlockResult, BlockTask, Preparation, PrepareTask, of_all_draws
from harness.scenarios.draws import FitAndDraws, Numbers, joined, mean_of_draws
from harness.scenarios.fit_tables import NO_TABLES, FitTables, require_declared, tables_of
from harness.scenarios.scenario import AnswersAlone, EvaluatesModels, Scenario, Subject, Tables
from harness.scenarios.subsample import rates, rescaled, subsample_note
from harness.scenarios.task import ScenarioTask
from harness.tables.preparation import Note


@dataclass(frozen=True, eq=False)
class Answer:
    """What one estimator answered to one scenario; `tables` is empty unless `status` is ``ok``."""

    scenario: str
    tables: Tables
    status: Status
    reason: str

    @classmethod
    def of(cls, scenario: str, tried: Attempt[Tables]) -> Answer:
        """Return the answer that an attempt gave."""
        return cls(scenario, tried.value or {}, tried.status, tried.reason)


@dataclass(frozen=True, eq=False)
class SampleFitResult:
    """How a fit went, and what came of it.

    Attributes
    ----------
    label : of the task
    tables : what the fit itself gives
    numbers : of the fit, by scenario that asks models; the draws are empty unless the fit carries them
    answers : to the scenarios that are answered alone
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
class SampleFitTask(ScenarioTask[SampleFitResult]):
    """A fit that is ready to run in any process, or what a fit by draws tells next to its draws.

    Attributes
    ----------
    subject : what is fitted
    asking : scenarios that ask models, by id; none of a fit by draws
    others : scenarios that are answered alone, by id; none of a fit by draws
    level : of the coefficients' confidence limits
    prepare : finds what the draws of a fit by draws have in common; None for any other fit
    """

    subject: Subject
    asking: Mapping[str, EvaluatesModels]
    others: Mapping[str, Scenario]
    level: float
    prepare: PrepareTask | None = None

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.subject.name

    @property
    def label(self) -> str:
        """Name of the task within the study."""
        return f"{self.subject} · the fit itself"

    @property
    def needs(self) -> tuple[PrepareTask, ...]:
        """What has to be found before."""
        return () if self.prepare is None else (self.prepare,)

    def run_with(self, found: Sequence[Preparation]) -> SampleFitResult:
        """Fit, tabulate, and ask; of a fit by draws, tabulate what there is before the draws are made."""
        start = perf_counter()
        # The fit goes with this copy, and not with the task, which may be kept.
        own = replace(self.subject)
        tried: Attempt[object] = attempt(lambda: own.fit) if self.prepare is None else _opened(found[0])
        how = None if tried.status == "ok" else tried
        numbers = {
            name: Attempt(None, how.status, how.reason) if how else attempt(partial(_asked, scenario, own))
            for name, scenario in self.asking.items()
        }
        answers = tuple(
            Answer(name, {}, how.status, how.reason)
            if how
            else Answer.of(name, attempt(partial(_tables, scenario, own)))
            for name, scenario in self.others.items()
        )
        tables, wrong = tables_of(tried.value, level=self.level)
        return SampleFitResult(
            label=self.label,
            tables=tables,
            numbers=numbers,
            answers=answers,
            carries_draws=self.prepare is not None or isinstance(tried.value, HasDraws),
            status="failed" if wrong and not how else tried.status,
            reason=wrong if wrong and not how else tried.reason,
            seconds=perf_counter() - start,
        )

    def failed(self, reason: str) -> SampleFitResult:
        """Return what stands for a result that could not be had."""
        answers = tuple(Answer(name, {}, "failed", reason) for name in self.others)
        carries_draws = self.prepare is not None
        return SampleFitResult(self.label, NO_TABLES, {}, answers, carries_draws, "failed", reason, 0.0)


def _opened(maker: Preparation) -> Attempt[object]:
    fit = None if maker.value is None else maker.value.open()
    return Attempt(fit, maker.status, maker.reason)


def _asked(scenario: EvaluatesModels, subject: Subject) -> FitAndDraws:
    """Return what a fit answers, and the draws that it carries."""
    panel, fit = subject.panel, subject.fit
    drawn = scenario.numbers(fit.draws, panel, panel) if isinstance(fit, HasDraws) else {}
    return FitAndDraws(scenario.numbers(fit, panel, panel), drawn)


def _tables(scenario: Scenario, subject: Subject) -> Tables:
    """Return the answer to a scenario, checked: the tables that it declares, and no other."""
    if not isinstance(scenario, AnswersAlone):
        message = f"{type(scenario).__name__} has no answer of its own"
        raise TypeError(message)
    answer = scenario.answer(subject)
    require_declared(answer, scenario)
    return answer


@dataclass(frozen=True, eq=False)
class SampleFound:
    """What came of a fit on some rows, and of the blocks of its draws in their order."""

    fit: SampleFitResult
    blocks: Sequence[tuple[BlockTask, BlockResult]]

    def numbers(self, scenario: str) -> Attempt[FitAndDraws]:
        """Return what the fit and its draws answered to a scenario."""
        own = self.fit.numbers.get(scenario)
        if own is not None and (own.value is None or self.fit.carries_draws):
            return own
        drawn = self._drawn(scenario)
        if (own is None and not self.fit.carries_draws) or not drawn:
            return Attempt(None, self.fit.status, self.fit.reason)
        for answer in drawn.values():
            if answer.value is None:
                return Attempt(None, answer.status, answer.reason)
        numbers = [answer.value for answer in drawn.values() if answer.value is not None]
        if own is None or own.value is None:
            return Attempt(FitAndDraws(mean_of_draws(numbers[0]), numbers[0]), "ok", "")
        fit, subsamples = own.value.fit, [task.subsample for task in drawn if task.subsample is not None]
        return Attempt(
            FitAndDraws(fit, rescaled(fit, numbers, subsamples) if subsamples else joined(numbers)), "ok", ""
        )

    def _drawn(self, scenario: str) -> Mapping[PrepareTask, Attempt[Numbers]]:
        """Return what draws answered to a scenario, by whose they are."""
        blocks: dict[PrepareTask, list[BlockResult]] = {}
        for task, result in self.blocks:
            if scenario in task.scenarios:
                blocks.setdefault(task.prepare, []).append(result)
        return {source: of_all_draws(own, scenario) for source, own in blocks.items()}

    @property
    def subsample_notes(self) -> tuple[Note, ...]:
        """On how many entities draws were trained, where not on all, a note for each scenario."""
        names = dict.fromkeys(name for task, _ in self.blocks for name in sorted(task.scenarios))
        found = []
        for name in names:
            drawn = self._drawn(name)
            some = [(task.subsample, answer.value) for task, answer in drawn.items()]
            subsamples = [subsample for subsample, numbers in some if subsample and numbers is not None]
            if len(subsamples) == len(drawn) > 1:
                powers = rates([numbers for _, numbers in some if numbers is not None], subsamples)
                found.append(subsample_note(name, subsamples, powers))
        return tuple(found)

    @property
    def own_blocks(self) -> tuple[BlockResult, ...]:
        """The blocks of the draws that the fit is the mean of."""
        return tuple(result for task, result in self.blocks if task.prepare.plan is None)

    @property
    def how(self) -> tuple[Status, str]:
        """Status and reason of the fit, of which its own draws are a part."""
        if self.fit.status == "ok":
            for block in self.own_blocks:
                if block.status != "ok":
                    return block.status, block.reason
        return self.fit.status, self.fit.reason

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the fit and its own draws have to say, each once."""
        said = [*self.fit.tables.notes, *(note for block in self.own_blocks for note in block.notes)]
        return tuple(dict.fromkeys(said))

    @property
    def seconds(self) -> float:
        """Of the fit and of all its blocks."""
        return self.fit.seconds + sum(result.seconds for _, result in self.blocks)
