"""Where tasks run: in this process, or in worker processes of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from harness.arrays import sharing
from harness.errors import PluginError
from harness.estimators.guard import what_broke
from harness.language import Coded, marked
from harness.registry.plugin import LocalFiles
from harness.running.checkpoints import is_readable
from harness.running.isolation import CanFail, Task, run_isolated, run_on_one_thread
from harness.running.processes import (
    DeadWorkerError,
    ForkServer,
    ProcessPool,
    WorkerProcess,
    import_for_good,
    start_worker,
)

if TYPE_CHECKING:
    from harness.scenarios.task import Sealed

A = TypeVar("A")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

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
            for plugins in tuple(_isolated):
                _isolated.pop(plugins).end()

    @contextmanager
    def kept(self) -> Iterator[Workers]:
        """Return this process, which goes on anyhow."""
        yield self


@dataclass(frozen=True)
class LocalWorkers:
    """Processes of this machine, started afresh; several on Linux are copies of one.

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
        """Return workers whose processes go on from one pool to the next."""
        kept = KeptProcesses(self.n_jobs, self.memory_limit)
        try:
            yield kept
        finally:
            kept.end()


class KeptProcesses:
    """Processes that are started when they are first needed."""

    def __init__(self, n_jobs: int, memory_limit: float | None) -> None:
        self._n_jobs, self._memory_limit = n_jobs, memory_limit
        self._pool: ProcessPool | None = None
        self._server: ForkServer | None = None

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Return the processes."""
        try:
            if self._pool is None:
                self.start([TASK_MODULE])
            with sharing():
                yield Pool(self._started(), 2 * self._n_jobs, (DeadWorkerError,))
        except BaseException:
            self.end()
            raise

    def start(self, modules: Sequence[str]) -> None:
        """Start the processes, or the one that is copied, which import modules; do not wait for them."""
        pool = self._started()
        if self._server is not None:
            self._server.load(modules)
            return
        for _ in range(self._n_jobs):
            pool.submit(import_for_good, tuple(modules))

    def _started(self) -> ProcessPool:
        if self._pool is None:
            if self._n_jobs > 1 and sys.platform == "linux":
                self._server = ForkServer(self._memory_limit)
                self._pool = ProcessPool(self._server.copy, self._n_jobs, self._server.end)
            else:
                self._pool = ProcessPool(partial(start_worker, self._memory_limit), self._n_jobs)
        return self._pool

    def end(self) -> None:
        """End the processes, whatever they do."""
        if self._pool is not None:
            self._pool.end()
            self._pool = self._server = None


class FailingTask(Task[R_co], CanFail[R_co], Protocol):
    """A task that can fail."""


# Processes that do the tasks of plugins for this one, one at a time, by the plugins and their files' hash.
_isolated: dict[tuple[str, str], WorkerProcess] = {}


def _sent_result(task: Sealed[FailingTask[R]]) -> bytes:
    """Do a task of plugins, and return the pickled result; a failed one where it raises, or cannot travel."""
    from joblib.externals.loky.backend.reduction import dumps

    try:
        return bytes(dumps(_run(task)))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, or returns that cannot travel
        return bytes(dumps(task.open().failed(what_broke(error))))


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
    seconds : limit of its time; None is for ever
    files : of the folder of plugins, where there is one
    is_trusted : whether it is done here all the same; what it does to the process is undone then
    """

    task: Sealed[FailingTask[R_co]]
    label: str
    plugins: str
    seconds: float | None
    files: LocalFiles | None
    is_trusted: bool

    def run(self) -> R_co:
        """Do the work.

        Raises
        ------
        DeadWorkerError
            Where the process ended meanwhile.
        """
        if self.is_trusted:
            return _run(self.task)
        from joblib.externals.loky.backend.reduction import loads

        key = self.plugins, "" if self.files is None else self.files.sha256
        if key not in _isolated:
            _isolated[key] = start_worker(more_path=() if self.files is None else (self.files.here(),))
        try:
            sent = _isolated[key].call(_sent_result, self.task)
        except DeadWorkerError:
            del _isolated[key]
            raise
        result = loads(sent)
        is_damaged = isinstance(result, bytes) and not is_readable(result)
        return self.failed("its result cannot be read back") if is_damaged else cast("R_co", result)

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
        hint = marked("try each plugin alone: harness test-plugin; or leave out what it brings")
        return PluginError.at(
            "plugins", Coded("trying what the study asks of them failed: {reason}", reason=reason), hint=hint
        )


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
