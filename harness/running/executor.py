"""Tasks spread over workers, each on one thread; a task whose worker dies is tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from harness.errors import ArtifactError, Problem
from harness.estimators.guard import what_broke
from harness.running.isolation import CanFail, Task, limit_reached, run_on_one_thread
from harness.running.processes import DeadWorkerError
from harness.running.workers import Pool, Workers

R = TypeVar("R")

# Times a task is tried while others run; the next and last time it runs alone.
MAX_SHARED_ATTEMPTS = 2

# Seconds after which workers that have done nothing are looked for.
LOOK = 5.0

# The position of a task among the tasks, and its result.
Done = tuple[int, R]


@dataclass(eq=False)
class _Attempt(Generic[R]):
    """A task at its position, and the workers that died while it waited or ran there."""

    position: int
    task: Task[R]
    worker_errors: int = 0


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
            after = error.seconds if isinstance(error, DeadWorkerError) else 0.0
            reason = limit_reached(attempt.task, after)
            if reason and isinstance(attempt.task, CanFail):
                yield attempt.position, attempt.task.failed(reason)
                continue
            attempt.worker_errors += 1
            lost.append(attempt)
        except Exception as error:
            if not isinstance(attempt.task, CanFail):
                raise
            reason = f"no worker could do it: {what_broke(error)}"
            yield attempt.position, attempt.task.failed(reason)


def iter_results(tasks: Iterable[Task[R]], *, workers: Workers) -> Iterator[Done[R]]:
    """Run tasks and yield their results as they come, in any order.

    Tasks are consumed as workers become free, so that few wait in memory, and a result is kept no longer than
    the caller keeps it. An iterator of tasks that has ended is asked again whenever results have come, so
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
        what=f"the worker process died each of the {dead.worker_errors} times that this was tried, the last "
        "time with no other task beside it; most often that is for want of memory",
        hint="run again with --resume, which keeps what is done, with more memory or fewer draws",
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
