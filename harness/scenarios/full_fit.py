"""One estimator on all rows: its coefficients and its answers to the scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import Any

from harness.errors import EstimationError, Problem
from harness.estimators.guard import Attempt, Status, in_one_line
from harness.estimators.protocol import FitsByDraws, HasDraws
from harness.language import Coded
from harness.scenarios.blocks import BlockTask, PrepareTask, prepare_tasks
from harness.scenarios.draws import FitAndDraws
from harness.scenarios.sample_fit import FitTables, SampleFitTask, SampleFound, declared
from harness.scenarios.scenario import (
    ALL_ROWS,
    AsksRows,
    Evaluated,
    EvaluatesModels,
    NamesExposure,
    Sample,
    Scenario,
    Subject,
    Tables,
    WorksInParts,
    framed,
)
from harness.scenarios.task import SubjectTask, answered_in_parts

# Of coefficients' confidence limits where an answer alone is asked for.
LEVEL = 0.95


@dataclass(frozen=True, eq=False, kw_only=True)
class FullResult(FitTables):
    """How the fit on all rows went, and what came of it.

    Attributes
    ----------
    outcome, estimator : ids
    answers : to each scenario, by id
    status, reason : of the fit itself
    seconds : of the fit, its draws and the answers, added up over workers
    """

    outcome: str
    estimator: str
    answers: Mapping[str, Attempt[Tables]] = field(default_factory=dict)
    status: Status
    reason: str
    seconds: float = 0.0

    @property
    def label(self) -> str:
        """Name of the fit, for progress and manifest."""
        return " · ".join((self.outcome, self.estimator, ALL_ROWS))


@dataclass(frozen=True, eq=False)
class FullTask(SubjectTask[FullResult]):
    """A full-sample fit: its parts are ready to run in any process, and its answers when these are done.

    Attributes
    ----------
    subject : the estimator on all of its rows
    scenarios : by id
    exposure : of the study, which scenarios ask about that name no other
    level : of the coefficients' confidence limits
    """

    scenarios: Mapping[str, Scenario]
    exposure: str
    level: float

    @property
    def label(self) -> str:
        """Name of the fit."""
        return str(self.subject)

    @property
    def needs(self) -> tuple[SampleFitTask | BlockTask, ...]:
        """What has to be found before: fits and blocks of draws."""
        tasks: list[SampleFitTask | BlockTask] = []
        for fit, blocks in self._samples.values():
            tasks += [fit, *blocks]
        return tuple(tasks)

    def run_with(self, found: Sequence[Any]) -> FullResult:
        """Answer every scenario from what came of the fits and blocks."""
        start, results = perf_counter(), iter(found)
        samples = {
            name: SampleFound(next(results), [(block, next(results)) for block in blocks])
            for name, (_, blocks) in self._samples.items()
        }
        own = samples[ALL_ROWS]
        answers = {name: self._answer(name, scenario, samples) for name, scenario in self.scenarios.items()}
        notes = (*own.notes, *(note for sample in samples.values() for note in sample.subsample_notes))
        seconds = sum(sample.seconds for sample in samples.values()) + perf_counter() - start
        tables = replace(own.fit.tables, notes=notes)
        return replace(self._without_answers(*own.how), **vars(tables), answers=answers, seconds=seconds)

    def failed(self, reason: str) -> FullResult:
        """Return what stands for a result that could not be had."""
        answers: dict[str, Attempt[Tables]] = dict.fromkeys(self.scenarios, Attempt(None, "failed", reason))
        return replace(self._without_answers("failed", reason), answers=answers)

    def _without_answers(self, status: Status, reason: str) -> FullResult:
        outcome, estimator = self.subject.panel.outcome, self.subject.name
        return FullResult(outcome=outcome, estimator=estimator, status=status, reason=reason)

    def _answer(self, name: str, scenario: Scenario, samples: Mapping[str, SampleFound]) -> Attempt[Tables]:
        if why := self._why_not(name, scenario):
            return Attempt(None, "refused", why)
        if not isinstance(scenario, EvaluatesModels):
            return samples[ALL_ROWS].fit.answers[name]
        rows = self._rows_of(scenario)
        own, whole = self._samples[rows][0].subject, samples[rows]
        others = {key: sample.numbers(name) for key, sample in samples.items() if key not in {ALL_ROWS, rows}}

        def tables(found: FitAndDraws) -> Tables:
            asked = Evaluated(own.panel, own.seed, whole.fit.carries_draws, found, others)
            return declared(framed(scenario.concluded(asked)), scenario)

        return whole.numbers(name).then(tables)

    def _rows_of(self, scenario: EvaluatesModels) -> str:
        """Return the name of the fit that a scenario asks: that on all rows, or with another exposure."""
        about = scenario.exposure if isinstance(scenario, NamesExposure) else None
        return ALL_ROWS if about is None or about == self.subject.panel.exposure else about

    def _why_not(self, name: str, scenario: Scenario) -> str:
        """Return why a scenario is not asked: its exposure is none of this estimator's; else empty."""
        about, panel = scenario.exposure if isinstance(scenario, NamesExposure) else None, self.subject.panel
        exposure = about or self.exposure
        if exposure == self.exposure != panel.exposure:
            own = {"exposure": panel.exposure}
            what = Coded("'{name}' has a different exposure, '{exposure}'", name=self.subject.name, **own)
            hint = Coded("set `exposure: {exposure}` if the scenario has that option", **own)
            return in_one_line(
                Problem(name, what, Coded("the exposure {exposure}", exposure=repr(exposure)), hint)
            )
        if about is not None and about not in panel.columns:
            none_of_these, known = f"'{about}' is none of its regressors", ", ".join(panel.columns)
            return in_one_line(Problem(self.subject.name, none_of_these, expected=known))
        return ""

    @cached_property
    def _samples(self) -> Mapping[str, tuple[SampleFitTask, tuple[BlockTask, ...]]]:
        """The fits on all rows, with other exposures and on other rows, each with the blocks of its draws."""
        put = {name: one for name, one in self.scenarios.items() if not self._why_not(name, one)}
        asking: dict[str, dict[str, EvaluatesModels]] = {ALL_ROWS: {}}
        for name, scenario in put.items():
            if isinstance(scenario, EvaluatesModels):
                asking.setdefault(self._rows_of(scenario), {})[name] = scenario
        others = {name: one for name, one in put.items() if not isinstance(one, EvaluatesModels)}
        found = {ALL_ROWS: self._tasks(self.subject, asking[ALL_ROWS], others)}
        for exposure, scenarios in asking.items():
            if exposure != ALL_ROWS:
                found[exposure] = self._tasks(self.subject.about(exposure), scenarios, {})
        further: dict[str, tuple[Sample, dict[str, EvaluatesModels]]] = {}
        for name, asked in asking[ALL_ROWS].items():
            for sample in asked.samples(self.subject.panel):
                further.setdefault(sample.name, (sample, {}))[1][name] = asked
        for sample, scenarios in further.values():
            refitted = self.subject.refitted(sample.rows, name=sample.name)
            found[sample.name] = self._tasks(refitted, scenarios, {})
        return found

    def _tasks(
        self, subject: Subject, asking: Mapping[str, EvaluatesModels], others: Mapping[str, Scenario]
    ) -> tuple[SampleFitTask, tuple[BlockTask, ...]]:
        """Return a fit and the blocks of its draws; none where nobody asks them anything."""
        estimator = subject.estimator
        if isinstance(estimator, FitsByDraws) and not others:
            prepare = PrepareTask(subject)
            blocks = [BlockTask(prepare, draws, asking) for draws in prepare.cut] if asking else []
            return SampleFitTask(subject, {}, {}, self.level, prepare), tuple(blocks)
        fit = SampleFitTask(subject, asking, others, self.level)
        if HasDraws in estimator.provides:
            return fit, ()
        drawn: dict[str, tuple[PrepareTask, dict[str, EvaluatesModels]]] = {}
        for name, scenario in asking.items():
            for prepare in prepare_tasks(subject, scenario.plan):
                drawn.setdefault(prepare.label, (prepare, {}))[1][name] = scenario
        pairs = drawn.values()
        return fit, tuple(BlockTask(own, draws, scenarios) for own, scenarios in pairs for draws in own.cut)


def answer_in_process(scenario: Scenario, subject: Subject) -> Tables:
    """Return what one estimator answers to one scenario, all that it takes done here.

    Raises
    ------
    EstimationError
        Where the estimator refuses what the question needs.
    """
    if isinstance(scenario, WorksInParts):
        return answered_in_parts(scenario, subject)
    if isinstance(scenario, AsksRows):
        return framed(scenario.answer_of(subject.panel, rng=subject.rng(scenario.name)))
    task = FullTask(subject, {scenario.name: scenario}, subject.panel.exposure, LEVEL)
    answer = task.run().answers[scenario.name]
    if answer.value is None:
        raise EstimationError.at(scenario.name, answer.reason)
    return answer.value
