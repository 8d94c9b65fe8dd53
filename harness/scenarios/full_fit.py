"""One estimator on all rows: its coefficients and its answers to the scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING

from harness.data.panel import Panel
from harness.errors import Problem
from harness.estimators.draws import FitsByDraws, HasDraws
from harness.estimators.guard import attempt, in_one_line
from harness.estimators.protocol import Estimator
from harness.scenarios.asked import ALL_ROWS, Asked, AsksModels, Sample, Tables
from harness.scenarios.blocks import BlockResult, BlockTask, Preparation, PrepareTask
from harness.scenarios.draw_source import OwnDraws, scenario_draws
from harness.scenarios.draws import FitAndDraws
from harness.scenarios.fit_tables import require_declared
from harness.scenarios.full_result import FullResult, failed_result, full_label, full_result
from harness.scenarios.place import FitPlace
from harness.scenarios.sample_fit import (
    Answer,
    OutlineTask,
    SampleFitResult,
    SampleFitTask,
)
from harness.scenarios.sample_found import FoundBlock, SampleFound
from harness.scenarios.scenario import AsksAbout, Scenario

if TYPE_CHECKING:
    pass


Step = SampleFitTask | OutlineTask | BlockTask
"""A task that a fit on all rows waits for."""

StepResult = SampleFitResult | BlockResult
"""What such a task returns."""


@dataclass(frozen=True, eq=False)
class SampleSteps:
    """The tasks of a fit on some rows: the fit itself, and the draws, whose they are and of which scenarios.

    Attributes
    ----------
    blocks : in the order of their draws
    """

    fit: SampleFitTask | OutlineTask
    blocks: tuple[BlockTask, ...]


@dataclass(frozen=True, eq=False)
class ReadyFull:
    """A fit on all rows of which all is found but the tables of the answers.

    Attributes
    ----------
    found : by sample
    refused : why scenarios are not asked, by id
    """

    place: FitPlace
    scenarios: Mapping[str, Scenario]
    panel: Panel
    seed: int
    found: Mapping[str, SampleFound]
    refused: Mapping[str, str]

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.place.estimator

    @property
    def label(self) -> str:
        """Name of the fit."""
        return str(self.place)

    def run(self) -> FullResult:
        """Answer every scenario."""
        start = perf_counter()
        own = self.found[ALL_ROWS]
        answers = tuple(self._answer(name, scenario) for name, scenario in self.scenarios.items())
        status, reason = own.how
        seconds = sum(sample.seconds for sample in self.found.values())
        return full_result(
            self.place,
            own.fit.tables,
            (status, reason),
            answers=answers,
            notes=(*own.notes, *(note for found in self.found.values() for note in found.subsample_notes)),
            seconds=seconds + perf_counter() - start,
        )

    def failed(self, reason: str) -> FullResult:
        """Return what stands for a result that could not be had."""
        return failed_result(self.place, self.scenarios, reason)

    def _answer(self, name: str, scenario: Scenario) -> Answer:
        if name in self.refused:
            return Answer(name, {}, "refused", self.refused[name])
        if not isinstance(scenario, AsksModels):
            answers = self.found[ALL_ROWS].fit.answers
            return next(answer for answer in answers if answer.scenario == name)
        whole = self.found[_rows_of(scenario, self.panel)].numbers(name)
        if whole.value is None:
            return Answer(name, {}, whole.status, whole.reason)
        tried = attempt(partial(self._tables, name, scenario, whole.value))
        return Answer(name, tried.value or {}, tried.status, tried.reason)

    def _tables(self, name: str, scenario: AsksModels, whole: FitAndDraws) -> Tables:
        rows = _rows_of(scenario, self.panel)
        panel = self.panel if rows == ALL_ROWS else self.panel.with_exposure(rows)
        samples = {
            sample: found.numbers(name)
            for sample, found in self.found.items()
            if sample not in {ALL_ROWS, rows}
        }
        asked = Asked(panel, self.seed, self.found[rows].fit.carries_draws, whole, samples)
        answer = scenario.concluded(asked)
        require_declared(answer, self.scenarios[name])
        return answer


@dataclass(frozen=True, eq=False)
class FullTask:
    """A full-sample fit: its parts are ready to run in any process, and its answers when these are done.

    Attributes
    ----------
    scenarios : by id
    panel : the rows and columns of this estimator
    exposure : of the study, which scenarios ask about that name no other
    level : of the coefficients' confidence limits
    seed : root seed of the study
    """

    outcome: str
    estimator_id: str
    estimator: Estimator
    scenarios: Mapping[str, Scenario]
    panel: Panel
    exposure: str
    level: float
    seed: int

    @property
    def label(self) -> str:
        """Name of the fit."""
        return full_label(self.outcome, self.estimator_id)

    @property
    def needs(self) -> tuple[Step, ...]:
        """What has to be found before: fits and blocks of draws."""
        return tuple(task for steps in self._steps.values() for task in (steps.fit, *steps.blocks))

    def given(self, found: Sequence[StepResult]) -> ReadyFull:
        """Return the task, ready to answer, from the results of what it needs, in their order."""
        results = iter(found)
        samples = {name: _found(steps, results) for name, steps in self._steps.items()}
        place = FitPlace(self.outcome, self.estimator_id)
        return ReadyFull(place, self.scenarios, self.panel, self.seed, samples, self._refused)

    def run(self) -> FullResult:
        """Fit on all rows, make the draws and answer every scenario, one after the other, here."""
        prepared: dict[PrepareTask, Preparation] = {}
        found: list[StepResult] = []
        for task in self.needs:
            if isinstance(task, SampleFitTask) or not task.needs:
                found.append(task.run())
                continue
            for need in task.needs:
                if need not in prepared:
                    prepared[need] = need.run()
            found.append(task.given([prepared[need] for need in task.needs]).run())
        return self.given(found).run()

    def failed(self, reason: str) -> FullResult:
        """Return what stands for a result that could not be had."""
        return failed_result(FitPlace(self.outcome, self.estimator_id), self.scenarios, reason)

    @cached_property
    def _refused(self) -> Mapping[str, str]:
        """Why some scenarios are not asked, by id: their exposure is none of this estimator's."""
        return {
            name: why for name, scenario in self.scenarios.items() if (why := self._why_not(name, scenario))
        }

    def _why_not(self, name: str, scenario: Scenario) -> str:
        about = scenario.exposure if isinstance(scenario, AsksAbout) else None
        asked = about or self.exposure
        if asked == self.exposure != self.panel.exposure:
            what = f"'{self.estimator_id}' has another exposure, '{self.panel.exposure}'"
            hint = f"ask `exposure: {self.panel.exposure}` where the scenario has that option"
            return in_one_line(Problem(name, what, f"the exposure '{asked}'", hint))
        if about is not None and about not in self.panel.columns:
            what, known = f"'{about}' is none of its regressors", ", ".join(self.panel.columns)
            return in_one_line(Problem(self.estimator_id, what, expected=known))
        return ""

    @cached_property
    def _steps(self) -> Mapping[str, SampleSteps]:
        """The tasks of the fits on all rows, and of those on other rows that scenarios ask for, by name."""
        put = {name: scenario for name, scenario in self.scenarios.items() if name not in self._refused}
        asking: dict[str, dict[str, AsksModels]] = {ALL_ROWS: {}}
        others = {name: scenario for name, scenario in put.items() if not isinstance(scenario, AsksModels)}
        for name, scenario in put.items():
            if isinstance(scenario, AsksModels):
                asking.setdefault(_rows_of(scenario, self.panel), {})[name] = scenario
        place = FitPlace(self.outcome, self.estimator_id)
        steps = {ALL_ROWS: self._of_sample(place, self.panel, asking[ALL_ROWS], others)}
        for rows, scenarios in asking.items():
            if rows != ALL_ROWS:
                panel = self.panel.with_exposure(rows)
                steps[rows] = self._of_sample(replace(place, exposure=rows), panel, scenarios, {})
        for sample, scenarios in self._samples(asking[ALL_ROWS]):
            panel = self.panel.take(sample.rows)
            steps[sample.name] = self._of_sample(replace(place, sample=sample.name), panel, scenarios, {})
        return steps

    def _samples(self, asking: Mapping[str, AsksModels]) -> Iterator[tuple[Sample, dict[str, AsksModels]]]:
        """Yield further rows to fit on, each with the scenarios that ask for it."""
        samples: dict[str, Sample] = {}
        scenarios: dict[str, dict[str, AsksModels]] = {}
        for name, scenario in asking.items():
            for sample in scenario.samples(self.panel):
                samples.setdefault(sample.name, sample)
                scenarios.setdefault(sample.name, {})[name] = scenario
        for name, sample in samples.items():
            yield sample, scenarios[name]

    def _of_sample(
        self,
        place: FitPlace,
        panel: Panel,
        asking: Mapping[str, AsksModels],
        others: Mapping[str, Scenario],
    ) -> SampleSteps:
        estimator = self.estimator
        if isinstance(estimator, FitsByDraws) and not others:
            prepare = PrepareTask(place, OwnDraws(estimator.draws), estimator, panel, self.seed)
            return SampleSteps(OutlineTask(prepare, self.level), _blocks(prepare, asking))
        fit = SampleFitTask(place, estimator, panel, asking, others, self.level, self.seed)
        if HasDraws in estimator.provides:
            return SampleSteps(fit, ())
        plans = dict.fromkeys(scenario.plan for scenario in asking.values())
        blocks = [
            block
            for plan in plans
            for source in scenario_draws(estimator, panel, plan, place, self.seed)
            for block in _blocks(
                PrepareTask(place, source, estimator, panel, self.seed),
                {key: scenario for key, scenario in asking.items() if scenario.plan == plan},
            )
        ]
        return SampleSteps(fit, tuple(blocks))


def _rows_of(scenario: AsksModels, panel: Panel) -> str:
    """Return the name of the fit that a scenario asks: that on all rows, or that with another exposure."""
    about = scenario.exposure if isinstance(scenario, AsksAbout) else None
    return ALL_ROWS if about is None or about == panel.exposure else about


def _blocks(prepare: PrepareTask, scenarios: Mapping[str, AsksModels]) -> tuple[BlockTask, ...]:
    """Return the blocks of all draws of a source; none where nobody asks them anything."""
    if not scenarios:
        return ()
    return tuple(BlockTask(prepare, draws, scenarios) for draws in prepare.cut)


def _found(steps: SampleSteps, results: Iterator[StepResult]) -> SampleFound:
    """Return what came of a fit on some rows, its results taken from the head of all of them."""
    fit = next(results)
    blocks = [(task, next(results)) for task in steps.blocks]
    if not isinstance(fit, SampleFitResult):
        message = f"{fit.label} is not the fit that {steps.fit.label} names"
        raise TypeError(message)
    return SampleFound(
        fit,
        tuple(
            FoundBlock(task.prepare.source, frozenset(task.scenarios), result)
            for task, result in blocks
            if isinstance(result, BlockResult)
        ),
    )
