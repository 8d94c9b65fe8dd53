"""The runner of tasks: one that needs others comes after these, and what an earlier run kept is taken up."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, runtime_checkable

from harness.errors import TimeLimitReached
from harness.estimators.guard import what_broke
from harness.evaluation.fold_fit import FoldResult
from harness.registry.plugin import LocalFiles
from harness.registry.registry import packages_of
from harness.running.checkpoints import CheckpointStore, KeptResults, TaskResult, encode
from harness.running.dependence import Environment
from harness.running.executor import iter_results
from harness.running.isolation import SIDE_EFFECTS, CanFail, HasLimit, Task, over_limit, stopped_after
from harness.running.progress import Count
from harness.running.workers import Apart, FailingTask, Workers
from harness.scenarios.blocks import PrepareTask
from harness.scenarios.sample_fit import SampleFitResult
from harness.scenarios.task import PartResult, Sealed
from harness.tables.preparation import Note


class StudyTask(Task[TaskResult], CanFail[TaskResult], Protocol):
    """A task of a study, whose result can be kept."""

    @property
    def estimator_id(self) -> str:
        """Id of the estimator that it asks."""


# A task whose result is kept, or one whose result is passed on to others and not kept.
AnyTask = StudyTask | PrepareTask


@runtime_checkable
class RestsOnTasks(Protocol):
    """Capability of a task: it is run once others are done."""

    @property
    def needs(self) -> Sequence[AnyTask]:
        """The others; tasks of one label are one task."""

    def given(self, found: Sequence[Any]) -> StudyTask:
        """Return the task, ready to run, from what the others returned."""


@dataclass(frozen=True, eq=False)
class Job:
    """A task as a worker does it: within its limit of time, its result as bytes where it is kept.

    Attributes
    ----------
    seconds : > 0, that it may take; None is for ever
    """

    task: AnyTask
    seconds: float | None = None

    @property
    def label(self) -> str:
        """Name of the task, its own within the study."""
        return self.task.label

    def run(self) -> Any:  # noqa: ANN401 - bytes, or what is passed on from task to task
        """Do the work; where the time is over, or the result cannot be kept, that is a failed result."""
        try:
            with stopped_after(self.seconds):
                return self._kept(self.task.run())
        except TimeLimitReached:
            return self.failed(over_limit(self.seconds or 0.0))

    def failed(self, reason: str) -> Any:  # noqa: ANN401 - as `run` returns it
        """Return what stands for a result that could not be had."""
        failed = self.task.failed(reason)
        return failed if isinstance(self.task, PrepareTask) else encode(failed)

    def _kept(self, result: Any) -> Any:  # noqa: ANN401 - as the task returns it
        if isinstance(self.task, PrepareTask):
            return result
        try:
            return encode(with_notes(result, SIDE_EFFECTS.notes()))
        except Exception as error:  # noqa: BLE001 - whatever a plugin put into its tables
            return self.failed(f"its result cannot be kept: {what_broke(error)}")


T = TypeVar("T", bound=FailingTask[Any])


def kept_apart(
    task: T, own: frozenset[str], *, files: LocalFiles | None = None, is_trusted: bool
) -> T | Apart[Any]:
    """Return a task, or what keeps it from sharing its process where plugins that are not ours are in it.

    Parameters
    ----------
    own : packages that come with the harness
    files, is_trusted : see `Apart`
    """
    plugins = ", ".join(sorted({package.partition(".")[0] for package in packages_of(task)} - own))
    seconds = task.seconds if isinstance(task, HasLimit) else None
    return Apart(Sealed(task), task.label, plugins, seconds, files, is_trusted) if plugins else task


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


@dataclass(eq=False)
class TaskGraph:
    """An iterator over tasks that can be run now; when it ends, more may follow once some of them are done.

    Targets are looked at one by one, when nothing else is left to run. What is there already is not run, nor
    what only that needed.

    Attributes
    ----------
    targets : whose results are wanted
    results : where those of an earlier run are, and new ones go
    limits : returns the seconds that a task of an estimator may take, by its id
    apart : returns a task, or what keeps it from sharing its process with others
    listener : hears of each task as it is handed out, and when it need not be run any more
    labels : of the targets that were looked at
    """

    targets: Iterator[StudyTask]
    results: KeptResults
    limits: Callable[[str], float | None]
    apart: Callable[[Job], Job | Apart[Any]]
    listener: Count
    labels: list[str] = field(default_factory=list, init=False)
    _begun: list[str] = field(default_factory=list, init=False)
    _ready: deque[AnyTask] = field(default_factory=deque, init=False)
    _open: dict[str, _Node] = field(default_factory=dict, init=False)
    _kept: set[str] = field(default_factory=set, init=False)
    _announced: set[str] = field(default_factory=set, init=False)
    _passed: dict[str, Any] = field(default_factory=dict, init=False)
    _wanted: Counter[str] = field(default_factory=Counter, init=False)

    def __iter__(self) -> Iterator[Job | Apart[Any]]:
        return self

    def __next__(self) -> Job | Apart[Any]:
        while not self._ready:
            target = next(self.targets)
            self.labels.append(target.label)
            self._is_done(target)
        task = self._ready.popleft()
        self._begun.append(task.label)
        self.listener.begun(task.label)
        return self.apart(Job(task, self.limits(task.estimator_id)))

    def done(self, position: int, result: Any) -> None:  # noqa: ANN401 - as the task's run returns it
        """Take in the result of the task that came at a position, counted from 0."""
        done = self._begun[position]
        node = self._open.pop(done)
        if isinstance(node.task, PrepareTask):
            self._passed[done] = result
        else:
            self.results.put(node.task, result)
            self._kept.add(done)
        self._announce(done)
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
        if not isinstance(task, PrepareTask) and self.results.has(task):
            for done in all_tasks(task):
                self._announce(done.label)
            self._kept.add(task.label)
            return True
        node = self._open[task.label] = _Node(task)
        for need in task.needs if isinstance(task, RestsOnTasks) else ():
            if isinstance(need, PrepareTask):
                self._wanted[need.label] += 1
            if not self._is_done(need):
                node.missing.add(need.label)
                self._open[need.label].wanted_by.append(task.label)
        if not node.missing:
            self._release(task)
        return False

    def _announce(self, label: str) -> None:
        """Announce a task that need not be run any more, once."""
        if label not in self._announced:
            self._announced.add(label)
            self.listener.done(label)

    def _release(self, task: AnyTask) -> None:
        if isinstance(task, RestsOnTasks) and task.needs:
            task = task.given([self._taken(need) for need in task.needs])
        self._ready.append(task)

    def _taken(self, need: AnyTask) -> Any:  # noqa: ANN401 - as the task's run returns it
        """Return what a task returned; what is passed on is forgotten with the last that wants it."""
        if not isinstance(need, PrepareTask):
            return self.results.get(need.label)
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
            waiting += current.needs if isinstance(current, RestsOnTasks) else ()
    yield from seen.values()


def run_tasks(
    tasks: Iterable[StudyTask],
    store: CheckpointStore,
    environment: Environment,
    *,
    workers: Workers,
    limits: Callable[[str], float | None] = lambda _: None,
    apart: Callable[[Job], Job | Apart[Any]] = lambda job: job,
    listener: Count,
) -> KeptResults:
    """Run the tasks whose results the store does not hold, and return the results of all.

    Results travel and wait as bytes and are read when they are needed: by a task that rests on them, or when
    the last is there. This process alone writes to the store, so that workers need no disk in common with it.

    Parameters
    ----------
    environment : what all of the tasks depend on
    limits : returns the seconds that a task of an estimator may take, by its id
    apart : returns a task, or what keeps it from sharing its process with others
    listener : hears of each task as it is handed to a worker and as it is done, in any order

    Raises
    ------
    ArtifactError
        Where a result's file is damaged before it is read. A task whose worker dies each time it is tried, or
        that no worker can take on, is a failed result.
    """
    kept = KeptResults(store, environment)
    graph = TaskGraph(iter(tasks), kept, limits, apart, listener)
    for position, result in iter_results(graph, workers=workers):
        graph.done(position, result)
    kept.results = [kept.get(label) for label in graph.labels]
    return kept


def with_notes(result: TaskResult, notes: Iterable[Note]) -> TaskResult:
    """Return a result with further notes; one without numbers has its reason, a part of an answer none."""
    more = tuple(notes)
    if not more or isinstance(result, PartResult):
        return result
    if isinstance(result, FoldResult):
        if result.predictions is None:
            return result
        return replace(
            result, predictions=replace(result.predictions, notes=(*result.predictions.notes, *more))
        )
    if isinstance(result, SampleFitResult):
        return replace(result, tables=replace(result.tables, notes=(*result.tables.notes, *more)))
    return replace(result, notes=(*result.notes, *more))
