"""Tasks of scenarios, which may need others, and parts of answers as tasks."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any, Generic, Self, TypeVar

import numpy as np

from harness.arrays import Floats, as_received, as_sent
from harness.estimators.guard import Attempt, Status, all_of, attempt
from harness.language import DOTS, chained, quoted
from harness.scenarios.scenario import Part, Subject, Tables, WorksInParts, framed

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ScenarioTask(ABC, Generic[R]):
    """Work that can be done in any process, once the tasks that it needs are done.

    Attributes
    ----------
    found : what those returned, where they are done; None before
    """

    found: Sequence[Any] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Name of the task within the study."""

    @property
    def needs(self) -> Sequence[ScenarioTask[Any]]:
        """The tasks that come first; those of one label are one task."""
        return ()

    @abstractmethod
    def run_with(self, found: Sequence[Any]) -> R:
        """Do the work with what the tasks that it needs returned, and keep the reason where that fails."""

    @abstractmethod
    def failed(self, reason: str) -> R:
        """Return what stands for a result that could not be had."""

    def given(self, found: Sequence[Any]) -> Self:
        """Return the task, ready to run, from what those that it needs returned."""
        return replace(self, found=found)

    def run(self) -> R:
        """Do the work, after that of the tasks that it needs unless these are done."""
        return run_in_process([self])[0] if self.found is None else self.run_with(self.found)


@dataclass(frozen=True, eq=False)
class SubjectTask(ScenarioTask[R]):
    """Work on one estimator and its rows, the `subject`."""

    subject: Subject

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.subject.name


def run_in_process(
    tasks: Iterable[ScenarioTask[R]], apart: Callable[[Any], Any] = lambda task: task
) -> list[R]:
    """Run tasks one after the other, those first that others need, each once, and return their results.

    Parameters
    ----------
    apart : returns a task, or what keeps it from sharing this process
    """
    found: dict[str, Any] = {}

    def result(task: ScenarioTask[Any]) -> Any:  # noqa: ANN401 - as the task returns it
        if task.label not in found:
            found[task.label] = apart(task.given([result(need) for need in task.needs])).run()
        return found[task.label]

    return [result(task) for task in tasks]


class Sealed(Generic[T]):
    """A value that stays bytes in every process that it passes through, until it is opened.

    The process that hands out tasks need not import the libraries of an estimator, nor make its objects, to
    pass on what one worker found to the others.

    Parameters
    ----------
    value : anything that can be pickled; it is only where it is sent to another process
    """

    def __init__(self, value: T) -> None:
        self._value: T | None = value
        self._content: Any = None

    def open(self) -> T:
        """Return the value."""
        if self._value is None:
            self._value = pickle.loads(self._content)  # noqa: S301 - a worker of this run wrote it
            self._content = None
        return self._value

    def __getstate__(self) -> object:
        from joblib.externals.loky.backend.reduction import dumps

        if self._content is None:
            return as_sent(np.frombuffer(dumps(self._value), dtype=np.uint8))
        return as_sent(self._content)

    def __setstate__(self, sent: object) -> None:
        self._value, self._content = None, as_received(sent)


@dataclass(frozen=True)
class PartCell:
    """Where a part belongs in a study."""

    outcome: str
    estimator: str
    scenario: str
    part: str

    def __str__(self) -> str:
        return chained(map(quoted, (self.outcome, self.estimator, self.scenario, self.part)), DOTS)


@dataclass(frozen=True, eq=False)
class PartResult:
    """How a part went."""

    part_cell: PartCell
    tried: Attempt[Floats]
    seconds: float

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)

    @property
    def status(self) -> Status:
        """Whether there is a value, and if not whether it was refused."""
        return self.tried.status


@dataclass(frozen=True, eq=False)
class PartTask(ScenarioTask[PartResult]):
    """A part of an answer, whose work can be done in any process.

    Attributes
    ----------
    part_cell : where it belongs
    part : the work
    rests_on : tasks of the parts that it needs
    """

    part_cell: PartCell
    part: Part
    rests_on: tuple[PartTask, ...] = ()

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that is asked."""
        return self.part_cell.estimator

    @property
    def label(self) -> str:
        """Name of the part within the study."""
        return str(self.part_cell)

    @property
    def needs(self) -> tuple[PartTask, ...]:
        """What has to be found before."""
        return self.rests_on

    def run_with(self, found: Sequence[PartResult]) -> PartResult:
        """Do the work with what came of the parts that it needs; where one is missing, so is this."""
        start = perf_counter()
        tried = all_of(one.tried for one in found).then(self.part.run)
        return PartResult(self.part_cell, tried, perf_counter() - start)

    def failed(self, reason: str) -> PartResult:
        """Return what stands for a result that could not be had."""
        return PartResult(self.part_cell, Attempt(None, "failed", reason), 0.0)


def answered_in_parts(scenario: WorksInParts, subject: Subject) -> Tables:
    """Return an answer, all of its parts run here one after the other."""
    found = {part.label: attempt(partial(run_part, part)) for part in scenario.parts(subject)}
    return framed(scenario.concluded(subject, found))


def run_part(part: Part) -> Floats:
    """Do the work of a part, and before it that of the parts that it needs."""
    return part.run([run_part(need) for need in part.needs])
