"""Where tasks run: in this process, or in worker processes of this machine."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from queue import Empty
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from harness.data.shared_arrays import sharing
from harness.errors import PluginError
from harness.estimators.guard import what_broke
from harness.running.isolation import IS_WORKER, SIDE_EFFECTS, CanFail, Task, run_isolated, run_on_one_thread
from harness.terminal import echo

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from joblib.externals.loky import ProcessPoolExecutor

    from harness.running.fork_server import Server
    from harness.scenarios.task import Sealed

A = TypeVar("A")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

# Environment of a worker. Libraries that a task loads read of threads, where a limit reaches loaded ones
# alone. Python looks for modules where this process does, not in the folder of whoever starts it.
ENVIRONMENT: Mapping[str, str] = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "PYTHONSAFEPATH": "1",
    IS_WORKER: "1",
}


GB = 2**30

# Of the Linux system call that asks for a signal once the parent has ended.
_PR_SET_PDEATHSIG = 1

# Bytes by which a worker's memory may grow before loky puts another in its place, between two calls. Its own
# limit is passed by importing a library or two, and the new worker would import them again.
MOST_GROWTH = 2 * GB

# What a worker imports with its first task, if it has not before.
TASK_MODULE = "harness.running.graph"


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
    require : raises where no worker is left that could do a call; asked every few seconds while none is done
    """

    executor: Executor
    n_at_a_time: int
    worker_errors: tuple[type[BaseException], ...]
    require: Callable[[], None] = lambda: None


class Workers(Protocol):
    """Where tasks run."""

    def pool(self) -> AbstractContextManager[Pool]:
        """Start workers, or find them; the calls of one pool are done before the next is asked for."""


@runtime_checkable
class CanStartEarly(Protocol):
    """Capability of workers: they start, and import what tasks need, while the caller does other work."""

    def start(self, modules: Sequence[str]) -> None:
        """Start workers that are not there yet, each of which imports modules, and do not wait for them."""


class _InThisProcess:
    """Does a call at once."""

    def submit(self, call: Callable[[A], R], argument: A, /) -> Future[R]:
        """Return the result, or that a process ended in which it was to be found."""
        done: Future[R] = Future()
        try:
            done.set_result(call(argument))
        except DeadWorkerError as error:
            done.set_exception(error)
        return done


@dataclass(frozen=True)
class ThisProcess:
    """No other process: a task that ends the process ends the run."""

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Start nothing but what tasks apart need, which ends here."""
        try:
            yield Pool(_InThisProcess(), 1, (DeadWorkerError,))
        finally:
            for plugins in tuple(_beside):
                _end_beside(plugins)

    @contextmanager
    def kept(self) -> Iterator[Workers]:
        """Return this process, which goes on anyhow."""
        yield self


@dataclass(frozen=True)
class LocalWorkers:
    """Processes of this machine in a pool of loky's, started afresh; several on Linux are copies of one.

    Attributes
    ----------
    n_jobs : >= 1
    memory_limit : GB that one of them may hold; None for no limit
    """

    n_jobs: int = 1
    memory_limit: float | None = None

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Start the processes."""
        with self.kept() as workers, workers.pool() as pool:
            yield pool

    @contextmanager
    def kept(self) -> Iterator[Workers]:
        """Return workers whose processes go on from one pool to the next, as long as none of them dies.

        Where the system has no room for what processes wait by, that is this process alone.
        """
        if not can_start_processes():
            yield ThisProcess()
            return
        kept = KeptProcesses(self.n_jobs, self.memory_limit)
        try:
            yield kept
        finally:
            kept.end()


@cache
def can_start_processes() -> bool:
    """Return whether the system gives the semaphores that processes need; say so where it does not."""
    from multiprocessing import get_context

    try:
        get_context("spawn").Semaphore(1)
    except (OSError, ImportError) as error:
        why = f"the system gives no semaphores (/dev/shm): {error.args[-1]}"
        echo(f"{why}; all is done in one process, which takes longer", err=True)
        return False
    return True


class DeadWorkerError(Exception):
    """A process ended that a worker had a task done in."""


class KeptProcesses:
    """Processes that are started when they are first needed, and again after one has died."""

    def __init__(self, n_jobs: int, memory_limit: float | None) -> None:
        self._n_jobs, self._memory_limit = n_jobs, memory_limit
        self._processes: ProcessPoolExecutor | None = None
        self._server: Server | None = None

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Return the processes, in their place new ones where one has died."""
        from joblib.externals.loky import BrokenProcessPool

        try:
            with sharing():
                yield Pool(self._alive(), 2 * self._n_jobs, (BrokenProcessPool, DeadWorkerError))
        except BaseException:
            self.end()
            raise

    def start(self, modules: Sequence[str]) -> None:
        """Start the processes, or the one that is copied, which import modules; do not wait for them."""
        if not self._are_copies:
            processes = self._alive()
            for _ in range(self._n_jobs):
                processes.submit(_import, tuple(modules))
        elif self._server is None:
            from harness.running.fork_server import Server

            self._server = Server(modules, ENVIRONMENT)
            self._server.ensure_running()

    @property
    def _are_copies(self) -> bool:
        return self._n_jobs > 1 and sys.platform == "linux"

    def _alive(self) -> ProcessPoolExecutor:
        from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

        if self._processes is not None:
            try:
                self._processes.submit(int)
            except BrokenProcessPool:
                self._end_processes()
        if self._processes is None:
            if self._are_copies:
                self.start([TASK_MODULE])
            # loky retires a worker whose memory has grown, between two calls, and warns; no call is lost.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
            self._processes = ProcessPoolExecutor(
                max_workers=self._n_jobs,
                context=None if self._server is None else self._server.context(),
                env=ENVIRONMENT,
                initializer=begin,
                initargs=(None if self._are_copies else os.getpid(), self._memory_limit),
            )
        return self._processes

    def end(self) -> None:
        """End the processes, whatever they do."""
        self._end_processes()
        if self._server is not None:
            self._server.end()
            self._server = None

    def _end_processes(self) -> None:
        if self._processes is not None:
            _forget_waiting(self._processes)
            self._processes.shutdown(kill_workers=True)
            self._processes = None


class FailingTask(Task[R_co], CanFail[R_co], Protocol):
    """A task that can fail."""


# Processes beside this one, by the plugins whose tasks they do one at a time, and pipes to them: a semaphore
# would be left over where a worker that has such a process is killed.
_beside: dict[str, tuple[BaseProcess, Connection]] = {}


def _end_beside(plugins: str) -> None:
    """End a process beside this one, whatever it does."""
    from joblib.externals.loky.backend.utils import kill_process_tree

    process, pipe = _beside.pop(plugins)
    kill_process_tree(process)
    pipe.close()


def _serve(pipe: Connection, parent: int) -> None:
    """Do the tasks that come through a pipe, until it is closed."""
    from joblib.externals.loky.backend.reduction import dumps

    begin(parent, None)
    with suppress(EOFError):
        while True:
            task = pipe.recv()
            try:
                pipe.send_bytes(dumps(_run(task)))
            except Exception as error:  # noqa: BLE001 - whatever a plugin raises, or returns that cannot travel
                pipe.send_bytes(dumps(task.open().failed(what_broke(error))))


@dataclass(frozen=True, eq=False)
class Apart(Generic[R_co]):
    """A task of plugins that are not ours, done in a process beside the one that it is handed to.

    So what a plugin does to its process, such as to a class of the harness, moves no numbers of others. The
    process that waits does not even read the task, which would import the plugin.

    Attributes
    ----------
    task : what is done
    label : of it
    plugins : whose code it runs; tasks of the same plugins share a process
    is_trusted : whether it is done here all the same; what it does to the process is undone then
    """

    task: Sealed[FailingTask[R_co]]
    label: str
    plugins: str
    is_trusted: bool

    def run(self) -> R_co:
        """Do the work.

        Raises
        ------
        DeadWorkerError
            Where the process ended meanwhile.
        """
        if self.is_trusted or not can_start_processes():
            return _run(self.task)
        if self.plugins not in _beside:
            from joblib.externals.loky.backend import get_context

            own, theirs = get_context("loky").Pipe()
            process = get_context("loky").Process(target=_serve, args=(theirs, os.getpid()), env=ENVIRONMENT)
            process.start()
            theirs.close()
            _beside[self.plugins] = process, own
        _, pipe = _beside[self.plugins]
        try:
            pipe.send(self.task)
            return cast("R_co", pipe.recv())
        except (EOFError, ConnectionError) as dead:
            _end_beside(self.plugins)
            raise DeadWorkerError from dead

    def failed(self, reason: str) -> R_co:
        """Return what stands for a result that could not be had."""
        return self.task.open().failed(reason)


@dataclass(frozen=True, eq=False)
class Call(Generic[R]):
    """A call as a task.

    Attributes
    ----------
    of : dataclasses that tell whose code it runs
    """

    call: Callable[[], R]
    of: tuple[object, ...]
    label: str = "call"

    def run(self) -> R:
        """Do the work."""
        return self.call()

    def failed(self, reason: str) -> PluginError:
        """Return why it could not be done."""
        hint = "try each plugin alone: harness test-plugin; or leave out what it brings"
        return PluginError.at("plugins", f"trying what the study asks of them failed: {reason}", hint=hint)


def made_apart(call: Callable[[], R], of: tuple[object, ...], apart: Callable[[Any], Any]) -> R:
    """Return what a call returns that is made in a process beside this one where `apart` says so.

    Parameters
    ----------
    of : dataclasses that tell whose code it runs

    Raises
    ------
    PluginError
        Where that process ends.
    """
    task = Call(call, of)
    with ThisProcess().pool():
        try:
            found = apart(task).run()
        except DeadWorkerError as dead:
            raise task.failed("their process ended") from dead
    if isinstance(found, PluginError):
        raise found
    return cast("R", found)


def _run(task: Sealed[FailingTask[R]]) -> R:
    return run_on_one_thread(task.open(), run_isolated)


def _forget_waiting(processes: ProcessPoolExecutor) -> None:
    """Take back calls that are not yet on their way to a worker.

    loky forgets them when it is told to kill its workers, but not that they wait: its thread would look for
    one, and end with a traceback that everybody sees.
    """
    with suppress(Empty):
        while True:
            processes._work_ids.get_nowait()


def _import(modules: Sequence[str]) -> None:
    """Import modules for good: the collector of garbage looks at what they made neither now nor later."""
    gc.disable()
    try:
        for module in modules:
            import_module(module)
    finally:
        gc.freeze()
        gc.enable()


def begin(parent: int | None, memory_limit: float | None) -> None:
    """Make this process a worker: it hears no Ctrl-C, what it prints is caught, and it ends with its parent.

    The parent ends it after Ctrl-C, which a terminal sends to all. Memory beyond the limit is an error of
    what asks for it.

    Parameters
    ----------
    parent : process that started this one; None for a copy of one that another started
    memory_limit : GB that it may hold; None for no limit
    """
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = MOST_GROWTH
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory_limit is not None and sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory_limit * GB), most))
    SIDE_EFFECTS.watch()
    del os.environ["PYTHONSAFEPATH"]
    if parent is None:
        gc.freeze()
        gc.enable()
    end_with(parent)


def end_with(parent: int | None) -> None:
    """Let this process end within a second or two of its parent, which may be killed without a word.

    Copies that it makes of itself by forking end with it. Windows keeps the number of a parent that has
    ended: there, a worker of loky ends with its task, when nobody waits for the result.

    Parameters
    ----------
    parent : process that started this one; None for a copy of one that another started
    """
    from multiprocessing import parent_process

    other = parent_process()
    _watch(partial(_is_from, parent) if parent is not None or other is None else other.is_alive)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=_end_with_original)


def _end_with_original() -> None:
    """Let this copy of a process end with it.

    Linux sees to it also where the copy hangs in compiled code, since locks of threads that were not copied
    stay shut.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _watch(partial(_is_from, os.getppid()))


def _is_from(parent: int | None) -> bool:
    return os.getppid() == parent


def _watch(is_wanted: Callable[[], bool]) -> None:
    def watch() -> None:
        while is_wanted():
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, name="end with the run", daemon=True).start()


@contextmanager
def imported_meanwhile(modules: Sequence[str]) -> Iterator[None]:
    """Import modules in a thread beside what is done in the block, which ends with their import."""

    def import_all() -> None:
        # One that cannot be imported is told of by whoever needs it.
        with suppress(ImportError):
            for module in modules:
                import_module(module)

    thread = Thread(target=import_all, name="imports")
    thread.start()
    try:
        yield
    finally:
        thread.join()
