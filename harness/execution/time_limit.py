"""Limits of time: a task that reaches its own ends as a failed result that says so."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from harness.errors import TimeLimitReached
from harness.execution.workers import IS_WORKER

GRACE = 5.0
"""Seconds after the limit at which a worker is ended that did not come back to Python meanwhile."""


@dataclass(frozen=True)
class TimeLimits:
    """How long one task may take, in seconds; None is for ever.

    Attributes
    ----------
    general : of every task
    of_estimators : of the tasks of an estimator, by its id, in the place of the general one
    """

    general: float | None
    of_estimators: Mapping[str, float]

    def of(self, estimator: str) -> float | None:
        """Return the limit of a task of an estimator."""
        return self.of_estimators.get(estimator, self.general)


NO_LIMITS = TimeLimits(None, {})


@dataclass(frozen=True, eq=False)
class Limited:
    """A task and how long it may take.

    Attributes
    ----------
    task : a task that knows what stands for its result
    seconds : > 0
    """

    task: Any
    seconds: float

    @property
    def label(self) -> str:
        """Name of the task."""
        return str(self.task.label)

    def run(self) -> Any:  # noqa: ANN401 - what the task returns
        """Do the work, or return a failed result once the time is over."""
        try:
            with _stopped_after(self.seconds):
                return self.task.run()
        except TimeLimitReached:
            return self.failed(f"its limit of {self.seconds:g} s was reached")

    def failed(self, reason: str) -> Any:  # noqa: ANN401 - what the task returns
        """Return what stands for a result that could not be had."""
        return self.task.failed(reason)


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitReached` in the block once so many seconds have gone by.

    Code that does not come back to Python, such as a loop of a compiled library, hears of nothing; a worker
    of ours that is in such code is ended `GRACE` later.
    """
    if IS_WORKER in os.environ:
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True)
    stop = _by_signal if threading.current_thread() is threading.main_thread() else _by_thread
    try:
        with stop(seconds):
            yield
    finally:
        if IS_WORKER in os.environ:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    """Stop the main thread, also where it sleeps."""

    def reached(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal.signal has it
        raise TimeLimitReached

    before = signal.signal(signal.SIGALRM, reached)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    """Stop another thread, such as that of a dask worker, at the next line of Python it comes to."""
    thread = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(
        seconds,
        lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeLimitReached)),
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
