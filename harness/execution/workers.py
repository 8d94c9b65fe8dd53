"""Where tasks run: in this process, or in worker processes of this machine."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")

ONE_THREAD: Mapping[str, str] = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
"""Environment of a worker: libraries that a task loads read it, where a limit reaches loaded ones alone."""


class Executor(Protocol):
    """What takes calls and does them, as `concurrent.futures.Executor` has it."""

    def submit(self, call: Callable[[A], R], argument: A, /) -> Future[R]:
        """Take a call on, and return where its result will be."""


@dataclass(frozen=True)
class Pool:
    """Workers that are ready.

    Attributes
    ----------
    executor : takes calls
    n_at_a_time : calls that keep all workers busy while few wait in memory
    worker_errors : errors of a call whose worker died
    """

    executor: Executor
    n_at_a_time: int
    worker_errors: tuple[type[BaseException], ...]


class Workers(Protocol):
    """Where tasks run."""

    def pool(self) -> AbstractContextManager[Pool]:
        """Start workers, or find them; those that were started end with the context."""


class _InThisProcess:
    """Does a call at once."""

    def submit(self, call: Callable[[A], R], argument: A, /) -> Future[R]:
        """Return the result."""
        done: Future[R] = Future()
        done.set_result(call(argument))
        return done


@dataclass(frozen=True)
class LocalWorkers:
    """Processes of this machine, started afresh by loky; with one, everything runs in this process."""

    n_jobs: int = 1

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Start the processes."""
        if self.n_jobs == 1:
            yield Pool(_InThisProcess(), 1, ())
            return
        from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

        # loky retires a worker whose memory has grown, between two calls, and warns; no call is lost by it.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        processes = ProcessPoolExecutor(
            max_workers=self.n_jobs, env=dict(ONE_THREAD), initializer=end_with, initargs=(os.getpid(),)
        )
        try:
            yield Pool(processes, 2 * self.n_jobs, (BrokenProcessPool,))
        finally:
            processes.shutdown(kill_workers=True)


def end_with(parent: int) -> None:
    """Let this process end within a second or two of its parent, which may be killed without a word.

    Parameters
    ----------
    parent : process that started this one
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, name="end with the run", daemon=True).start()
