"""Tasks kept from each other: one thread, a limit of time, and what one does to its process undone."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import TYPE_CHECKING, Protocol, TextIO, TypeVar, runtime_checkable

from harness.errors import TimeLimitReached
from harness.estimators.guard import what_broke
from harness.language import Coded, marked
from harness.registry.process_state import remembered_state
from harness.tables.preparation import Note
from harness.terminal import terminal_text

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

R_co = TypeVar("R_co", covariant=True)


class Task(Protocol[R_co]):
    """Work that needs nothing but itself."""

    @property
    def label(self) -> str:
        """Name of the task."""

    def run(self) -> R_co:
        """Do the work."""


@runtime_checkable
class HasLimit(Protocol):
    """Capability of a task: a limit of time."""

    @property
    def seconds(self) -> float | None:
        """The limit; None is none."""


@runtime_checkable
class CanFail(Protocol[R_co]):
    """Capability of a task: it knows what stands for its result where its worker dies, or cannot do it."""

    def failed(self, reason: str) -> R_co:
        """Return a failed result with this reason."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the numeric libraries that are loaded to one thread, so that no number depends on cores.

    Products of a few thousand rows are no faster on more, and threads that wait for each other on cores that
    others use take many times as long.
    """
    with _pools(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _pools(n_modules: int) -> ThreadpoolController:  # noqa: ARG001 - imports load libraries
    """Return what limits the libraries that are loaded; to look for them takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library keeps it for itself (GNU's does)."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


# Variable in the environment of workers that were started here; they may be ended without harm to others.
IS_WORKER = "HARNESS_WORKER"

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2

# What the C library is loaded by.
_C_LIBRARY = "ucrtbase" if sys.platform == "win32" else None

# Bytes of a task's output that are passed on to standard error.
MOST_SHOWN = 2_000


class SideEffects:
    """Counts what tasks of this process leave behind, once it is asked to."""

    def __init__(self) -> None:
        self._n_forks = 0
        self._is_watching = False

    def watch(self) -> None:
        """Catch what is written to the file descriptor of standard output, and count forks, from now on."""
        with TemporaryFile() as file:
            os.dup2(file.fileno(), STANDARD_OUTPUT)
        if sys.platform != "win32":
            os.register_at_fork(after_in_parent=self._forked)
        self._is_watching = True

    def _forked(self) -> None:
        self._n_forks += 1

    def forget(self) -> None:
        """Begin again from nothing."""
        self._n_forks = 0
        if self._is_watching:
            self._taken_output()

    def notes(self) -> Iterator[Note]:
        """Yield what was left behind since, and forget it."""
        if not self._is_watching:
            return
        if self._n_forks:
            message = marked("forked its process; copies that return from a task are stopped")
            yield Note("W-FORK", "", message)
            self._n_forks = 0
        output, n_bytes = self._taken_output()
        if n_bytes:
            with suppress(OSError):
                os.write(STANDARD_ERROR, terminal_text(output.decode("utf-8", "replace")).encode())
            message = marked(
                "wrote {n_bytes} bytes to standard output; they were redirected to standard error"
            )
            yield Note("W-OUTPUT", "", Coded(message, n_bytes=f"{n_bytes:,}"))

    def _taken_output(self) -> tuple[bytes, int]:
        """Return the first bytes that were written, and how many there were; they are there no more."""
        with suppress(OSError, ValueError, AttributeError):  # a plugin may have closed or exchanged it
            sys.stdout.flush()
        ctypes.CDLL(_C_LIBRARY).fflush(None)
        try:
            n_bytes = os.fstat(STANDARD_OUTPUT).st_size
            if not n_bytes:
                return b"", 0
            os.lseek(STANDARD_OUTPUT, 0, os.SEEK_SET)
            output = os.read(STANDARD_OUTPUT, MOST_SHOWN)
            os.ftruncate(STANDARD_OUTPUT, 0)
            os.lseek(STANDARD_OUTPUT, 0, os.SEEK_SET)
        except OSError:
            return b"", 0
        return output, n_bytes


# Of this process.
SIDE_EFFECTS = SideEffects()


R = TypeVar("R")


def run_isolated(task: Task[R]) -> R:
    """Run a task, and put back whatever it changed of its process.

    A copy of the process that comes back from a task, because a plugin forked in it, ends here. A worker
    hears no Ctrl-C, so a `KeyboardInterrupt` there is the plugin's own.
    """
    process, put_back = os.getpid(), remembered_state()
    SIDE_EFFECTS.forget()
    try:
        result = task.run()
    except KeyboardInterrupt as error:
        if IS_WORKER not in os.environ or not isinstance(task, CanFail):
            raise
        result = task.failed(what_broke(error))
    finally:
        if os.getpid() != process:
            os._exit(0)
        exchanged = put_back()
    if exchanged and isinstance(task, CanFail):
        result = task.failed(f"exchanged {', '.join(exchanged)} for its own, so none of its numbers counts")
    return result


# Seconds from which a task may have held much memory; giving it back takes milliseconds.
LONG = 1.0


def run_on_one_thread(task: Task[R], run: Callable[[Task[R]], R] = lambda task: task.run()) -> R:
    """Run a task with the numeric libraries held to one thread, so that results do not depend on cores.

    A worker waits for its next task, or for the end of the run, without the memory of a large one.
    """
    start = time.perf_counter()
    with one_thread():
        result = run(task)
    if time.perf_counter() - start > LONG:
        give_back()
    return result


# Seconds after the limit at which a worker is ended that did not come back to Python meanwhile.
GRACE = 5.0


def limit_reached(task: object, seconds: float) -> str:
    """Return that a task whose worker ended after so many seconds was at its limit; else empty."""
    limit = task.seconds if isinstance(task, HasLimit) else None
    return over_limit(limit) if limit is not None and seconds >= limit + GRACE else ""


def over_limit(seconds: float) -> str:
    """Return the reason of a task that was stopped."""
    return f"its limit of {seconds:g} s was reached"


@cache
def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


@contextmanager
def stopped_after(seconds: float | None) -> Iterator[None]:
    """Raise `TimeLimitReached` in the block once so many seconds have gone by; None is for ever.

    Code that does not come back to Python, such as a loop of a compiled library, hears of nothing; a worker
    of ours that is in such code is ended `GRACE` later.
    """
    if seconds is None:
        yield
        return
    if IS_WORKER in os.environ:
        faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=_nowhere())
    stop = _by_thread
    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        stop = _by_signal
    try:
        with stop(seconds):
            yield
    finally:
        if IS_WORKER in os.environ:
            faulthandler.cancel_dump_traceback_later()


if sys.platform != "win32":

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
