"""Tasks spread over worker processes, each on one thread, results in the order of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from harness.errors import ArtifactError, Problem

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Task(Protocol[R_co]):
    """Work that needs nothing but itself."""

    def run(self) -> R_co:
        """Do the work."""


def run_on_one_thread(position: int, task: Task[R]) -> tuple[int, R]:
    """Run a task with the numeric libraries held to one thread, so that results do not depend on cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return position, task.run()


def execute(tasks: Iterable[Task[R]], *, n_jobs: int, on_done: Callable[[R], None]) -> Sequence[R]:
    """Run tasks and return their results in the order given.

    Parameters
    ----------
    tasks : consumed as workers become free, so that few wait in memory
    n_jobs : worker processes; with 1 everything runs in this process
    on_done : called with each result as it arrives, in any order

    Raises
    ------
    ArtifactError
        Where a worker process dies.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1)
    calls = (delayed(run_on_one_thread)(position, task) for position, task in enumerate(tasks))
    results: dict[int, R] = {}
    try:
        for position, result in parallel(calls):
            results[position] = result
            on_done(result)
    except TerminatedWorkerError as error:
        raise ArtifactError(
            Problem(
                where=f"task {len(results) + 1} or one near it",
                what="a worker process died, most often for want of memory",
                mend="run again with --resume, which keeps what is done, and with fewer --jobs",
            )
        ) from error
    return [results[position] for position in sorted(results)]
