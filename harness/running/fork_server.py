"""Worker processes that are copies of one, which has imported what they need; not on Windows or macOS."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from multiprocessing import popen_forkserver, reduction, spawn, util
from multiprocessing.context import ForkServerContext, ForkServerProcess, set_spawning_popen
from multiprocessing.forkserver import ForkServer, read_signed
from typing import Any


class Server(ForkServer):
    """The process that is copied: it imports, and runs nothing else.

    Parameters
    ----------
    modules : it imports
    environment : variables that it and its copies have
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__()
        self.set_forkserver_preload(["harness.running.without_collector", *modules])
        self._environment = environment

    def ensure_running(self) -> None:
        """Start it where it is not there, without waiting for it; it hears no Ctrl-C from its start on."""
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with environment(self._environment):
                super().ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)

    def end(self) -> None:
        """End it, but not its copies."""
        pid, alive = (vars(self)[f"_forkserver_{name}"] for name in ("pid", "alive_fd"))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(alive)
            vars(self)["_forkserver_pid"] = None

    def context(self) -> ForkServerContext:
        """Return a context of `multiprocessing` whose processes are copies."""
        context = ForkServerContext()
        vars(context)["Process"] = partial(_process, self)
        return context


@contextmanager
def environment(added: Mapping[str, str]) -> Iterator[None]:
    """Let this process have further variables in the block, which processes that it starts keep."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
        os.environ.update({name: before[name] for name in added if name in before})


def _process(server: Server, *, target: Any, args: Any) -> ForkServerProcess:  # noqa: ANN401 - loky's own
    made = ForkServerProcess(target=target, args=args)
    vars(made)["_Popen"] = partial(_Copy, server)
    return made


class _Copy(popen_forkserver.Popen):
    """A copy. Unlike those of `multiprocessing` it does not run the script that this process runs."""

    def __init__(self, server: Server, process: ForkServerProcess) -> None:
        self._server = server
        super().__init__(process)

    def _launch(self, process: ForkServerProcess) -> None:
        del vars(process)["_Popen"]
        sent = BytesIO()
        known = spawn.get_preparation_data(process.name)
        set_spawning_popen(self)
        try:
            reduction.dump({key: known[key] for key in known if not key.startswith("init_main")}, sent)
            reduction.dump(process, sent)
        finally:
            set_spawning_popen(None)
        self.sentinel, writing = self._server.connect_to_new_process(vars(self)["_fds"])
        # A copy knows of the end of this process by the end of the pipe.
        self.finalizer = util.Finalize(self, _close, (os.dup(writing), self.sentinel))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(sent.getbuffer())
        self.pid = read_signed(self.sentinel)


def _close(*descriptors: int) -> None:
    for one in descriptors:
        os.close(one)
