"""Worker processes of this machine: started afresh, or on Linux copied from one that imported modules."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from threading import Lock, Thread, get_ident
from typing import NoReturn, TypeVar, cast

from harness.language import Coded, marked
from harness.running.isolation import IS_WORKER, SIDE_EFFECTS

R = TypeVar("R")

# Environment of a worker. Libraries that a task loads read of threads, where a limit reaches loaded ones
# alone. Python looks for modules where this process does, not in the folder of whoever starts it.
ENVIRONMENT: Mapping[str, str] = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "PYTHONSAFEPATH": "1",
    IS_WORKER: "1",
}

GB = 2**30

# How long a process may take to end that has closed its pipe.
SECONDS_TO_END = 2.0

# Of the Linux system call that asks for a signal once the parent has ended.
_PR_SET_PDEATHSIG = 1

# Pipes by which a call that goes on in this process is heard: one in a process that does calls, else none.
_HEARD: list[Connection] = []
_TELLING = Lock()

# What a new interpreter does: no garbage is collected among modules that stay.
_PROGRAM = """import gc; gc.disable(); import sys; sys.path[:] = {path!r}
from harness.running import processes; processes.{main}(*{arguments!r})"""


class DeadWorkerError(Exception):
    """A process ended that did a task.

    Parameters
    ----------
    how : it ended
    seconds : from the begin of the task to that
    code : its exit code, less than zero by a signal; None where nobody knows
    """

    def __init__(self, how: str = "it ended", seconds: float = 0.0, code: int | None = None) -> None:
        super().__init__(how, seconds, code)
        self.how, self.seconds, self.code = how, seconds, code

    @property
    def cause(self) -> str:
        """What is known of its end, why that most often is, and what helps."""
        if self.code is None:
            return marked("most often that is for want of memory: fewer draws or more memory help")
        if self.code >= 0:
            return Coded(
                "it ended with exit code {code}, by what it ran and seldom for want of memory: another "
                "version of the library that it called may help",
                code=self.code,
            )
        name = signal.Signals(-self.code).name
        crash = marked(
            "{signal} ended it, by a crash of what it ran and seldom for want of memory: another version of "
            "the library that it called may help"
        )
        memory = marked("{signal} ended it, most often for want of memory: fewer draws or more memory help")
        return Coded(memory if name == "SIGKILL" else crash, signal=name)


class WorkerProcess:
    """A process that does one call at a time, which come to it through a pipe.

    Parameters
    ----------
    pipe : this end of it
    started : the process; None for a copy, which ends with the one that it is a copy of
    code_of_copy : returns the exit code of a copy that has ended, None where nobody knows it
    """

    def __init__(
        self,
        pipe: Connection,
        started: subprocess.Popen[bytes] | None = None,
        code_of_copy: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._pipe, self._started, self._code_of_copy = pipe, started, code_of_copy
        self.is_dead = False

    def call(
        self, call: Callable[..., R], *arguments: object, heard: Callable[..., None] = lambda *_: None
    ) -> R:
        """Return what a call returns there, or raise what it raises.

        Parameters
        ----------
        call, arguments : what is called
        heard : called with what the call tells of itself meanwhile, by `tell`

        Raises
        ------
        DeadWorkerError
            Where the process ended meanwhile.
        """
        from joblib.externals.loky.backend.reduction import dumps

        sent, start = dumps((call, arguments)), time.monotonic()
        try:
            self._pipe.send_bytes(sent)
            is_result, value = self._pipe.recv()
            while is_result is None:
                heard(*value)
                is_result, value = self._pipe.recv()
        except (EOFError, OSError) as dead:
            self.is_dead = True
            seconds, code = time.monotonic() - start, self._exit_code()
            raise DeadWorkerError(_in_words(code), seconds, code) from dead
        if not is_result:
            raise value
        return cast("R", value)

    def end(self) -> None:
        """End it, whatever it does."""
        if self._started is not None:
            self._started.kill()
            self._started.wait()

    def _exit_code(self) -> int | None:
        if self._started is None:
            return self._code_of_copy()
        with suppress(subprocess.TimeoutExpired):
            self._started.wait(SECONDS_TO_END)
        self.end()
        return self._started.returncode


def _in_words(code: int | None) -> str:
    if code is None:
        return "it ended"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def start_worker(memory_limit: float | None = None, more_path: Sequence[str] = ()) -> WorkerProcess:
    """Start a process that does calls, and do not wait for it.

    Parameters
    ----------
    memory_limit : GB that it may hold; None for no limit
    more_path : where it looks for modules after all other places
    """
    ours, theirs = Pipe()
    with theirs:
        return WorkerProcess(ours, _interpreter("work", theirs, os.getpid(), memory_limit, path=more_path))


def _interpreter(
    main: str, pipe: Connection, *arguments: object, path: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a new interpreter that runs a function of this module; it has one end of a pipe.

    It hears no Ctrl-C from its start on: a terminal sends it to all, and this process ends its workers.
    """
    handle, folders = pipe.fileno(), [*map(str, dict.fromkeys((*sys.path, *path)))]
    program = _PROGRAM.format(path=folders, main=main, arguments=(handle, *arguments))
    with unheard_interrupt():
        command, variables = [sys.executable, "-c", program], {**os.environ, **ENVIRONMENT}
        if sys.platform == "win32":
            os.set_handle_inheritable(handle, True)
            startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=variables, startupinfo=startup)  # noqa: S603 - a program of ours
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=variables, pass_fds=[handle])  # noqa: S603 - as above


@contextmanager
def unheard_interrupt() -> Iterator[None]:
    """Start processes and threads in the block that hear no Ctrl-C, nor what they start."""
    if sys.platform == "win32":
        yield
        return
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def work(handle: int, parent: int, memory_limit: float | None) -> None:
    """Do the calls that come through a pipe, in a new interpreter.

    Parameters
    ----------
    handle : of this end of the pipe
    parent : process that started this one
    memory_limit : GB that it may hold; None for no limit
    """
    gc.enable()
    _watch_parent(parent)
    _serve(_connection(handle), memory_limit)


def _connection(handle: int) -> Connection:
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(handle)
    return Connection(handle)


def tell(*message: object) -> None:
    """Let a call that goes on in this process say how far it is; elsewhere nobody hears it."""
    with _TELLING:
        for pipe in _HEARD:
            pipe.send((None, message))


def _serve(pipe: Connection, memory_limit: float | None) -> None:
    """Do the calls that come through a pipe until it is closed; what they print is caught.

    Memory beyond the limit is an error of what asks for it.
    """
    from joblib.externals.loky.backend.reduction import dumps

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if memory_limit is not None and sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory_limit * GB), most))
    SIDE_EFFECTS.watch()
    os.environ.pop("PYTHONSAFEPATH", None)
    _HEARD.append(pipe)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=_end_with_original)
    while True:
        try:
            call, arguments = pipe.recv()
            answer = dumps((True, call(*arguments)))
        except EOFError:
            return
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a call raises, or returns
            answer = _sent_error(error)
        with suppress(BrokenPipeError):
            pipe.send_bytes(answer)


def _sent_error(error: BaseException) -> memoryview:
    """Return the answer that raises an error there; one of that text where it cannot travel itself."""
    from joblib.externals.loky.backend.reduction import dumps, loads

    try:
        answer: memoryview = dumps((False, error))
        loads(answer)
    except Exception:  # noqa: BLE001 - whatever an exception of a plugin does when it is pickled
        answer = dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


def _watch_parent(parent: int) -> None:
    """Let this process end within a second or two of its parent, which may be killed without a word.

    Windows keeps the number of a parent that has ended: there, a worker ends with its task, when nobody
    waits for the result.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, name="end with the run", daemon=True).start()


def _end_with_original() -> None:
    """Exit a forked copy when the process that it was forked from exits."""
    _killed_with_parent()
    _watch_parent(os.getppid())


def _killed_with_parent() -> None:
    """Let Linux kill this process when its parent exits, also where it hangs in compiled code.

    Locks of threads that were not copied stay shut.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ForkServer:
    """A process that imports modules, runs nothing else, and is copied; its copies end with it. Linux alone.

    Parameters
    ----------
    memory_limit : GB that each copy may hold; None for no limit
    """

    def __init__(self, memory_limit: float | None) -> None:
        self._memory_limit, self._modules, self._lock = memory_limit, list[str](), Lock()
        self._begin()

    def _begin(self) -> None:
        self._n_copies = 0
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = _interpreter("be_copied", theirs, self._memory_limit)
        self._pipe.send(self._modules)

    def load(self, modules: Sequence[str]) -> None:
        """Let it import modules before it is copied next, and do not wait for it."""
        self._modules += modules
        with suppress(OSError), self._lock:  # one that has ended is started again when it is to be copied
            self._pipe.send([*modules])

    def copy(self) -> WorkerProcess:
        """Return a copy, which is there once the modules are imported, and do not wait for it.

        A process that has ended, such as one that was killed for want of memory, is started again.
        """
        ours, theirs = Pipe()
        with theirs, self._lock:
            try:
                self._copy_to(theirs)
            except OSError:
                self.end()
                self._begin()
                self._copy_to(theirs)
            self._n_copies += 1
            return WorkerProcess(ours, code_of_copy=partial(self._code_of, self._pipe, self._n_copies - 1))

    def _copy_to(self, pipe: Connection) -> None:
        self._pipe.send(None)
        send_handle(self._pipe, pipe.fileno(), self._process.pid)

    def _code_of(self, pipe: Connection, number: int) -> int | None:
        """Return the exit code of a copy, by its number, from its parent; None where that has ended too."""
        with suppress(EOFError, OSError), self._lock:
            pipe.send(number)
            code: int = pipe.recv()
            return code
        return None

    def end(self) -> None:
        """End it and its copies."""
        self._process.kill()
        self._process.wait()


def be_copied(handle: int, memory_limit: float | None) -> NoReturn:
    """Import the modules that come through a pipe, and copy this process when it asks, until it is closed.

    Asked by the number of a copy that has ended, it answers with its exit code.

    Parameters
    ----------
    handle : of this end of the pipe
    memory_limit : GB that each copy may hold; None for no limit
    """
    pipe, copies = _connection(handle), list[int]()
    while True:
        try:
            requested = pipe.recv()
            if isinstance(requested, list):
                _import_all(requested)
                continue
            if isinstance(requested, int):
                # One that has closed its pipe is at its end, and a signal then changes nothing of it.
                os.kill(copies[requested], signal.SIGKILL)
                pipe.send(os.waitstatus_to_exitcode(os.waitpid(copies[requested], 0)[1]))
                continue
            worker_handle = recv_handle(pipe)
        except EOFError:
            os._exit(0)
        original = os.getpid()
        if copy := os.fork():
            copies.append(copy)
            os.close(worker_handle)
            continue
        pipe.close()
        _killed_with_parent()
        if os.getppid() == original:
            gc.freeze()
            gc.enable()
            _serve(_connection(worker_handle), memory_limit)
        os._exit(0)


def _import_all(modules: Sequence[str]) -> None:
    """Import modules; one that is missing is left to whoever needs it."""
    for module in modules:
        with suppress(ImportError):
            import_module(module)


def import_for_good(modules: Sequence[str]) -> None:
    """Import modules; the collector of garbage looks at what they made neither now nor later."""
    gc.disable()
    try:
        _import_all(modules)
    finally:
        gc.freeze()
        gc.enable()


class ProcessPool:
    """Processes that do calls, each looked after by a thread here; one that has died is replaced.

    Parameters
    ----------
    start : starts a process, and does not wait for it
    n_processes : >= 1
    end_others : ends what it takes to start more, and processes that do not end alone
    """

    def __init__(
        self,
        start: Callable[[], WorkerProcess],
        n_processes: int,
        end_others: Callable[[], None] = lambda: None,
    ) -> None:
        self._start, self._end_others = start, end_others
        self._threads = ThreadPoolExecutor(n_processes, thread_name_prefix="worker")
        self._lock, self._has_ended = Lock(), False
        self._processes: dict[int, WorkerProcess] = {}

    def submit(self, call: Callable[..., R], /, *arguments: object) -> Future[R]:
        """Take a call on, and return where its result will be."""
        return self._threads.submit(self._do, call, *arguments)

    def end(self) -> None:
        """Cancel the calls that wait, and end the processes, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._has_ended = True
            for process in self._processes.values():
                process.end()
            self._end_others()
        self._threads.shutdown()

    def _do(self, call: Callable[..., R], *arguments: object) -> R:
        """Give a call to the process of this thread."""
        with self._lock:
            process = self._processes.get(get_ident())
            if self._has_ended:
                raise DeadWorkerError
            if process is None or process.is_dead:
                process = self._processes[get_ident()] = self._start()
        return process.call(call, *arguments)


@contextmanager
def imported_meanwhile(modules: Sequence[str]) -> Iterator[None]:
    """Import modules in a thread while the block runs, which ends with their import."""
    thread = Thread(target=_import_all, args=(modules,), name="imports")
    thread.start()
    try:
        yield
    finally:
        thread.join()
