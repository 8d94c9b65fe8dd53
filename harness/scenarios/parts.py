"""Scenarios that answer from pieces of work, each a task of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Protocol, runtime_checkable

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.guard import Attempt, Status, attempt
from harness.estimators.protocol import Estimator
from harness.scenarios.asked import Tables
from harness.scenarios.given_task import GivenTask


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, of whom and on which rows.

    Attributes
    ----------
    panel : all rows
    estimator : that is asked, its options
    name : of the estimator in the study; labels its random streams
    seed : root seed of the study
    """

    panel: Panel
    estimator: Estimator
    name: str
    seed: int


class Part(Protocol):
    """A piece of work that needs nothing but itself."""

    @property
    def label(self) -> str:
        """Its name among the parts of one question."""

    def run(self) -> Floats:
        """Do the work.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """


@runtime_checkable
class RestsOnParts(Protocol):
    """Capability of a part: others come first, which parts of several outcomes may have in common."""

    @property
    def needs(self) -> Sequence[Part]:
        """The others; those of equal label and content are one."""

    def run_with(self, found: Sequence[Floats]) -> Floats:
        """Do the work with what came of the others.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """


Found = Mapping[str, Attempt[Floats]]
"""What came of the parts, by label."""


@runtime_checkable
class WorksInParts(Protocol):
    """Capability of a scenario: its answer is put together from parts, which run and resume on their own."""

    def asked(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return whom it asks, by name: some estimators of the study, and those that it brings itself."""

    def parts(self, question: Question) -> Iterator[Part]:
        """Yield the parts of the answer."""

    def concluded(self, question: Question, found: Found) -> Tables:
        """Return the answer, with the status of every row where some have none; it takes seconds at most."""


@dataclass(frozen=True)
class PartCell:
    """Where a part belongs in a study."""

    outcome: str
    estimator: str
    scenario: str
    part: str

    def __str__(self) -> str:
        return " · ".join((self.outcome, self.estimator, self.scenario, self.part))


@dataclass(frozen=True, eq=False)
class PartResult:
    """How a part went; `found` is None unless `status` is ``ok``."""

    part_cell: PartCell
    found: Floats | None
    status: Status
    reason: str
    seconds: float

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)


@dataclass(frozen=True, eq=False)
class PartTask:
    """A part of an answer, whose work can be done in any process.

    Attributes
    ----------
    part_cell : where it belongs
    part : the work
    needs : tasks of the parts that it rests on, which come first
    """

    part_cell: PartCell
    part: Part
    needs: tuple[PartTask, ...] = ()

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.part_cell.estimator

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)

    def given(self, found: Sequence[PartResult]) -> GivenTask[Sequence[PartResult], PartResult]:
        """Return the task, ready to run, from what came of those that it needs."""
        return GivenTask(self, found)

    def run(self) -> PartResult:
        """Do the work, and keep the reason where that cannot be done."""
        return self._tried(self.part.run)

    def run_with(self, found: Sequence[PartResult]) -> PartResult:
        """Do the work with what came of the parts that it rests on; where one is missing, so is this."""
        part = self.part
        if not isinstance(part, RestsOnParts):
            return self.run()
        values = []
        for one in found:
            if one.found is None:
                return PartResult(self.part_cell, None, one.status, one.reason, 0.0)
            values.append(one.found)
        return self._tried(partial(part.run_with, values))

    def failed(self, reason: str) -> PartResult:
        """Return what stands for a result that could not be had."""
        return PartResult(self.part_cell, None, "failed", reason, 0.0)

    def _tried(self, work: Callable[[], Floats]) -> PartResult:
        start = perf_counter()
        tried = attempt(work)
        return PartResult(self.part_cell, tried.value, tried.status, tried.reason, perf_counter() - start)


def run_in_order(tasks: Iterable[PartTask]) -> Sequence[PartResult]:
    """Run tasks one after the other, those first that others need, and return what came of them."""
    found: dict[str, PartResult] = {}
    for task in tasks:
        ready = task.given([found[need.label] for need in task.needs]) if task.needs else task
        found[task.label] = ready.run()
    return list(found.values())


def answered_in_parts(scenario: WorksInParts, question: Question) -> Tables:
    """Return an answer, all of its parts run here one after the other."""
    found = {part.label: attempt(partial(part.run)) for part in scenario.parts(question)}
    return scenario.concluded(question, found)
