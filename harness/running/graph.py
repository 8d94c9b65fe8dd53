"""Tasks in an order in which they can be run: one that needs others comes after these."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from harness.running.executor import iter_results
from harness.running.isolation import CanFail, Task
from harness.running.result_file import TaskResult
from harness.running.workers import Workers
from harness.scenarios.blocks import PrepareTask


class StudyTask(Task[TaskResult], CanFail[TaskResult], Protocol):
    """A task of a study, whose result can be kept."""

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that it asks."""


AnyTask = StudyTask | PrepareTask
"""A task whose result is kept, or one whose result is passed on to others and not kept."""

Runnable = Task[Any]
"""What is run in the place of a task."""


@runtime_checkable
class Waits(Protocol):
    """Capability of a task: it is run once others are done."""

    @property
    def needs(self) -> Sequence[AnyTask]:
        """The others; tasks of one label are one task."""

    def given(self, found: Sequence[Any]) -> StudyTask:
        """Return the task, ready to run, from what the others returned."""


class Watch(Protocol):
    """Who is told how far tasks are."""

    def begun(self, label: str) -> None:
        """Take note of a task that was handed to a worker."""

    def done(self, label: str) -> None:
        """Take note of a task that need not be run any more."""


class Results(Protocol):
    """Where results of tasks are put, and where those of an earlier run may be."""

    def has(self, task: StudyTask) -> bool:
        """Return whether a result is there already, of this very task."""

    def put(self, task: StudyTask, result: Any) -> None:  # noqa: ANN401 - as the task's run returns it
        """Take in the result of a task."""

    def get(self, label: str) -> TaskResult:
        """Return a result that is there."""


@dataclass(eq=False)
class _Node:
    """A task that is not done.

    Attributes
    ----------
    missing : labels of what it waits for
    wanted_by : labels of those that wait for it
    """

    task: AnyTask
    missing: set[str] = field(default_factory=set)
    wanted_by: list[str] = field(default_factory=list)


class TaskGraph:
    """An iterator over tasks that can be run now; when it ends, more may follow once some of them are done.

    Targets are looked at one by one, when nothing else is left to run. What is there already is not run, nor
    what only that needed.

    Parameters
    ----------
    targets : whose results are wanted
    results : where those of an earlier run are, and new ones go
    ready : turns a task that can be run into what is run in its place
    watch : told of each task as it is handed out, and when it need not be run any more
    """

    def __init__(
        self,
        targets: Iterable[StudyTask],
        results: Results,
        *,
        ready: Callable[[AnyTask], Runnable],
        watch: Watch,
    ) -> None:
        self._targets = iter(targets)
        self._results = results
        self._as_ready = ready
        self._watch = watch
        self._begun: list[str] = []
        self._ready: deque[AnyTask] = deque()
        self._open: dict[str, _Node] = {}
        self._kept: set[str] = set()
        self._told: set[str] = set()
        self._passed: dict[str, Any] = {}
        self._wanted: dict[str, int] = {}
        self.labels: list[str] = []

    def __iter__(self) -> Iterator[Runnable]:
        return self

    def __next__(self) -> Runnable:
        while not self._ready:
            target = next(self._targets)
            self.labels.append(target.label)
            self._is_done(target)
        task = self._ready.popleft()
        self._begun.append(task.label)
        self._watch.begun(task.label)
        return self._as_ready(task)

    def done(self, position: int, result: Any) -> None:  # noqa: ANN401 - as the task's run returns it
        """Take in the result of the task that came at a position, counted from 0."""
        done = self._begun[position]
        node = self._open.pop(done)
        if isinstance(node.task, PrepareTask):
            self._passed[done] = result
        else:
            self._results.put(node.task, result)
            self._kept.add(done)
        self._tell_done(done)
        for label in node.wanted_by:
            waiting = self._open[label]
            waiting.missing.discard(done)
            if not waiting.missing:
                self._release(waiting.task)

    def _is_done(self, task: AnyTask) -> bool:
        """Return whether a task need not be run; one that has to be is put in its place."""
        if task.label in self._open:
            return False
        if task.label in self._passed or task.label in self._kept:
            return True
        if not isinstance(task, PrepareTask) and self._results.has(task):
            for done in all_tasks(task):
                self._tell_done(done.label)
            self._kept.add(task.label)
            return True
        node = self._open[task.label] = _Node(task)
        for need in task.needs if isinstance(task, Waits) else ():
            if isinstance(need, PrepareTask):
                self._wanted[need.label] = self._wanted.get(need.label, 0) + 1
            if not self._is_done(need):
                node.missing.add(need.label)
                self._open[need.label].wanted_by.append(task.label)
        if not node.missing:
            self._release(task)
        return False

    def _tell_done(self, label: str) -> None:
        """Tell of a task that need not be run any more, once."""
        if label not in self._told:
            self._told.add(label)
            self._watch.done(label)

    def _release(self, task: AnyTask) -> None:
        if isinstance(task, Waits) and task.needs:
            task = task.given([self._taken(need) for need in task.needs])
        self._ready.append(task)

    def _taken(self, need: AnyTask) -> Any:  # noqa: ANN401 - as the task's run returns it
        """Return what a task returned; what is passed on is forgotten with the last that wants it."""
        if not isinstance(need, PrepareTask):
            return self._results.get(need.label)
        self._wanted[need.label] -= 1
        return self._passed[need.label] if self._wanted[need.label] else self._passed.pop(need.label)


def all_tasks(task: AnyTask) -> Iterator[AnyTask]:
    """Yield a task and all that it rests on, each once."""
    seen: dict[str, AnyTask] = {}
    waiting = [task]
    while waiting:
        current = waiting.pop()
        if current.label not in seen:
            seen[current.label] = current
            waiting += current.needs if isinstance(current, Waits) else ()
    yield from seen.values()


class InMemory:
    """Results of one run, which are kept nowhere else."""

    def __init__(self) -> None:
        self._found: dict[str, TaskResult] = {}

    def has(self, task: StudyTask) -> bool:
        """Return that there is none."""
        return False

    def put(self, task: StudyTask, result: TaskResult) -> None:
        """Take in the result of a task."""
        self._found[task.label] = result

    def get(self, label: str) -> TaskResult:
        """Return the result of a task."""
        return self._found[label]


def run_all(targets: Iterable[StudyTask], *, workers: Workers, watch: Watch) -> Sequence[TaskResult]:
    """Run tasks and all that they rest on, keep nothing, and return the results of the tasks in their order.

    Parameters
    ----------
    watch : told of each task as it is handed to a worker and as it is done, in any order

    Raises
    ------
    ArtifactError
        As `harness.running.executor.iter_results` does.
    """
    results = InMemory()
    graph = TaskGraph(targets, results, ready=lambda task: task, watch=watch)
    for done in iter_results(graph, workers=workers):
        graph.done(done.position, done.result)
    return [results.get(label) for label in graph.labels]
