"""The runner of tasks: those that others need come first, and one whose worker dies is tried again.

What an earlier run kept is taken up. Every task runs on one thread of a worker.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from harness.errors import ArtifactError, Problem, TimeLimitReached
from harness.estimators.guard import what_broke
from harness.evaluation.fold_fit import FoldResult
from harness.language import Coded, marked
from harness.registry.plugin import LocalFiles
from harness.registry.registry import packages_of
from harness.running.checkpoints import CheckpointStore, KeptResults, TaskResult, encode
from harness.running.dependence import Environment
from harness.running.isolation import (
    SIDE_EFFECTS,
    CanFail,
    HasLimit,
    Task,
    limit_reached,
    over_limit,
    run_on_one_thread,
    stopped_after,
)
from harness.running.processes import DeadWorkerError
from harness.running.progress import Count
from harness.running.workers import Apart, FailingTask, Pool, Workers
from harness.scenarios.blocks import PrepareTask
from harness.scenarios.sample_fit import SampleFitResult
from harness.scenarios.task import PartResult, Sealed
from harness.tables.preparation import Note

R = TypeVar("R")

# Times a task is tried while others run; the next and last time it runs alone.
MAX_SHARED_ATTEMPTS = 2

# Seconds after which workers that have done nothing are looked for.
LOOK = 5.0

# The position of a task among the tasks, and its result.
Done = tuple[int, R]


@dataclass(eq=False)
class _Attempt(Generic[R]):
    """A task at its position, how many workers died while it waited or ran there, and the last of them."""

    position: int
    task: Task[R]
    worker_errors: int = 0
    last: DeadWorkerError = field(default_factory=DeadWorkerError)


def _round(
    pool: Pool, first: _Attempt[R], more: Callable[[], _Attempt[R] | None], lost: list[_Attempt[R]]
) -> Iterator[Done[R]]:
    """Yield the results of tasks on the workers of a pool as they come.

    After a worker has died, those that still come are yielded, and no further task is begun.

    Parameters
    ----------
    more : returns the task after it, None where there is none now
    lost : tasks whose worker died are added to it
    """
    running: dict[Future[R], _Attempt[R]] = {}
    attempt: _Attempt[R] | None = first
    while attempt is not None or running:
        if attempt is not None:
            try:
                running[pool.executor.submit(run_on_one_thread, attempt.task)] = attempt
            except pool.worker_errors:
                lost.append(attempt)
        if running and (attempt is None or len(running) >= pool.n_at_a_time):
            yield from _finished(pool, running, lost)
        attempt = None if lost else more()


def _finished(
    pool: Pool, running: dict[Future[R], _Attempt[R]], lost: list[_Attempt[R]]
) -> Iterator[Done[R]]:
    """Wait for a task to end, and yield the results of those that have, which nothing here keeps."""
    while not (done := wait(running, timeout=LOOK, return_when=FIRST_COMPLETED).done):
        pool.require()
    for future in done:
        attempt = running.pop(future)
        try:
            yield attempt.position, future.result()
        except pool.worker_errors as error:
            attempt.last = error if isinstance(error, DeadWorkerError) else DeadWorkerError()
            reason = limit_reached(attempt.task, attempt.last.seconds)
            if reason and isinstance(attempt.task, CanFail):
                yield attempt.position, attempt.task.failed(reason)
                continue
            attempt.worker_errors += 1
            lost.append(attempt)
        except Exception as error:
            if not isinstance(attempt.task, CanFail):
                raise
            reason = Coded("no worker could do it: {what_broke}", what_broke=what_broke(error))
            yield attempt.position, attempt.task.failed(reason)


def iter_results(tasks: Iterable[Task[R]], *, workers: Workers) -> Iterator[Done[R]]:
    """Run tasks and yield their results as they come, in any order.

    Tasks are consumed as workers become free, so that few wait in memory, and a result is kept no longer than
    the caller keeps it. An iterator of tasks that has ended is read again whenever results have come, so
    that tasks may follow from results. A task whose worker dies, and those that waited with it, are tried
    `MAX_SHARED_ATTEMPTS` times in all, then once more, when no others are left, with none next to it.

    Raises
    ------
    ArtifactError
        Where a worker dies that runs one task alone, which is no `CanFail`; after all other results.
    """
    new = enumerate(tasks)
    again: deque[_Attempt[R]] = deque()
    alone: deque[_Attempt[R]] = deque()
    problems = []

    def take() -> _Attempt[R] | None:
        """Take out a task to be run next to others, new ones first; None where there is none now."""
        for position, task in islice(new, 1):
            return _Attempt(position, task)
        return again.popleft() if again else None

    while (first := take()) is not None or alone:
        lost: list[_Attempt[R]] = []
        with workers.pool() as pool:
            yield from _round(pool, first or alone.popleft(), take if first else lambda: None, lost)
        for attempt in lost:
            if first is not None:
                (again if attempt.worker_errors < MAX_SHARED_ATTEMPTS else alone).append(attempt)
            elif isinstance(attempt.task, CanFail):
                yield attempt.position, attempt.task.failed(_given_up(attempt).what)
            else:
                problems.append(_given_up(attempt))
    if problems:
        raise ArtifactError(*problems)


def _given_up(dead: _Attempt[R]) -> Problem:
    return Problem(
        where=dead.task.label,
        what=Coded(
            "the worker process died each of the {n} times that this was tried, the last time with no other "
            "task alongside it; {cause}",
            n=dead.worker_errors,
            cause=dead.last.cause,
        ),
        hint=marked("run again with --resume, which keeps what is done"),
    )


def execute(tasks: Iterable[Task[R]], *, workers: Workers, on_done: Callable[[R], None]) -> Sequence[R]:
    """Run tasks and return their results in the order given.

    Parameters
    ----------
    on_done : called with each result as it arrives, in any order

    Raises
    ------
    ArtifactError
        As `iter_results` does.
    """
    results: dict[int, R] = {}
    for position, result in iter_results(tasks, workers=workers):
        results[position] = result
        on_done(result)
    return [results[position] for position in sorted(results)]


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
    continued: KeptResults | None = None,
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
    continued : what an earlier call with this store returned; its counts go on, its results are replaced

    Raises
    ------
    ArtifactError
        Where a result's file is damaged before it is read. A task whose worker dies each time it is tried, or
        that no worker can take on, is a failed result.
    """
    kept = KeptResults(store, environment) if continued is None else continued
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
