"""Workers of a dask cluster, on this machine or on many."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from harness.arrays import AnyArray, sharing
from harness.errors import ArtifactError, MachineError, Problem
from harness.language import Coded, marked
from harness.running.processes import DeadWorkerError, unheard_interrupt
from harness.running.workers import Pool

if TYPE_CHECKING:
    from distributed import Client


# Level of what is logged that nothing reaches.
UNSAID = logging.CRITICAL + 1

# How long a scheduler is waited for, and its first worker.
SECONDS_TO_ANSWER = 20

# How long what is no scheduler has to say what it is.
SECONDS_TO_SPEAK = 2

# How long a cluster without any worker is waited for: one that restarts a worker takes a few seconds.
SECONDS_WITHOUT = 60


@dataclass
class _Presence:
    """Whether a cluster has a worker, and when it was last known to have one."""

    client: Client
    where: str
    last: float = field(default_factory=time.monotonic)

    def require(self) -> None:
        """Refuse to wait on, once there has been no worker for `SECONDS_WITHOUT`.

        Raises
        ------
        MachineError
        """
        threads: Mapping[str, int] = {}
        with suppress(OSError, RuntimeError):  # the scheduler has gone, or is not there yet again
            threads = self.client.nthreads()
        if threads:
            self.last = time.monotonic()
        elif time.monotonic() - self.last > SECONDS_WITHOUT:
            what = Coded("no worker has been there for {n} seconds", n=SECONDS_WITHOUT)
            raise MachineError.at(self.where, what, hint=marked("start `dask worker ADDRESS --nthreads 1`"))


@dataclass(frozen=True)
class DaskWorkers:
    """Workers that a dask scheduler knows.

    A task whose worker dies goes to another, as often as the scheduler's setting ``allowed-failures`` says;
    only after that does the death count in `harness.running.graph.iter_results`. A worker that takes
    more than its limit of memory is ended by dask; on a cluster started here the limit is an equal share
    of the machine's memory.

    Attributes
    ----------
    scheduler : address of a running scheduler, such as ``tcp://10.0.0.1:8786``; None starts one on this
        machine, with `n_jobs` workers
    n_jobs : >= 1
    """

    scheduler: str | None
    n_jobs: int

    @contextmanager
    def pool(self) -> Iterator[Pool]:
        """Connect to the scheduler, or start one.

        Raises
        ------
        ArtifactError
            Where dask is not installed, no scheduler answers, or its workers cannot give the same numbers as
            this process: they have several threads, or other versions.
        """
        try:
            from distributed import KilledWorker
            from distributed.client import ClosedClientError

            from harness.running.cluster_worker import OpeningExecutor, computes_with
        except ImportError as error:
            hint = marked("pip install 'panel-harness[dask]', or --backend local")
            raise ArtifactError.at("--backend dask", marked("dask is not installed"), hint=hint) from error
        # What they log when a run ends before its end is said once, by the command.
        for name in ("distributed", "distributed.client", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(UNSAID)
        with self._client() as (client, arrays):
            n_workers = _require_alike(client)
            executor = client.get_executor(pure=False)
            opening = OpeningExecutor(executor, computes_with(), arrays)
            try:
                errors = (KilledWorker, CancelledError, ClosedClientError, DeadWorkerError)
                yield Pool(opening, 2 * n_workers, errors, _Presence(client, self._where).require)
            finally:
                # What still runs when an error ends the block has no reader; a closed client has nothing.
                with suppress(ClosedClientError):
                    executor.shutdown(wait=False)
            if client.status != "running":
                what, hint = (
                    marked("the scheduler has gone"),
                    marked("start `dask scheduler`, and its workers"),
                )
                raise MachineError.at(self._where, what, hint=hint)

    @property
    def _where(self) -> str:
        return "--backend dask" if self.scheduler is None else f"--scheduler {self.scheduler}"

    @contextmanager
    def _client(self) -> Iterator[tuple[Client, list[str]]]:
        import dask
        from distributed import Client, LocalCluster

        # A task carries its panel, which dask takes for a mistake from 10 MB on.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            if self.scheduler is not None:
                with _connected(self.scheduler) as client, _sending(client) as arrays:
                    yield client, arrays
                return
            with sharing(), ExitStack() as ends:
                options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": UNSAID}
                resource_tracker.ensure_running()  # whose start lets its thread hear signals
                with unheard_interrupt():
                    cluster = ends.enter_context(LocalCluster(n_workers=self.n_jobs, **options))
                yield ends.enter_context(Client(cluster)), []


def _connected(scheduler: str) -> Client:
    """Return a client of a running scheduler that has a worker."""
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    deadline, known = time.monotonic() + SECONDS_TO_ANSWER, ""
    try:
        asyncio.run(asyncio.wait_for(_identity(scheduler), SECONDS_TO_ANSWER / 2))
        known = "the scheduler is there without a worker"
        with warnings.catch_warnings(
            category=VersionMismatchWarning, action="ignore"
        ):  # said below, by worker
            client = Client(scheduler, timeout=deadline - time.monotonic())
        client.wait_for_workers(1, timeout=max(1.0, deadline - time.monotonic()))
    # What is no scheduler may say anything, such as that a message of petabytes follows.
    except (OSError, ValueError, TypeError, KeyError, MemoryError, RuntimeError) as error:
        words = marked("no scheduler with a worker answers there within {n} seconds: {reason}")
        hint = marked("start `dask scheduler`, and elsewhere `dask worker ADDRESS --nworkers N --nthreads 1`")
        what = Coded(words, n=SECONDS_TO_ANSWER, reason=known or _what_answers(scheduler))
        raise ArtifactError.at(f"--scheduler {scheduler}", what, hint=hint) from error
    return client


async def _identity(scheduler: str) -> None:
    """Ask a scheduler who it is, since a client would wait for ever where nobody answers at all.

    Raises
    ------
    ValueError
        Where it is another server of dask, such as a worker.
    """
    from distributed.comm.core import connect

    connection = await connect(scheduler, timeout=SECONDS_TO_ANSWER / 2)
    try:
        await connection.write({"op": "identity", "reply": True})
        identity = await connection.read()
    finally:
        connection.abort()
    if identity["type"] != "Scheduler":
        message = f"is a {identity['type']}"
        raise ValueError(message)


def _what_answers(scheduler: str) -> str:
    """Return what is there that is no scheduler with a worker."""
    scheme, _, address = scheduler.rpartition("://")
    host, _, port = address.strip("/").rpartition(":")
    if scheme not in ("", "tcp") or not port.isdecimal():
        return "the address is not of the form tcp://HOST:PORT"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_TO_SPEAK) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = connection.recv(40)
    except TimeoutError:
        return "what listens there says nothing"
    except (OSError, OverflowError) as error:
        return f"nothing can be reached there ({error})"
    return f"what listens there answers {answer!r}" if answer else "what listens there hangs up"


@contextmanager
def _sending(client: Client) -> Iterator[list[str]]:
    """Send each large array of the tasks submitted meanwhile once to every worker, also to later ones.

    Yields
    ------
    names of those that were sent so far
    """
    from harness.running.cluster_worker import KeptArray

    sent: list[str] = []

    def send(name: str, array: AnyArray) -> None:
        client.register_plugin(KeptArray(array), name=name)
        sent.append(name)

    with sharing(send):
        try:
            yield sent
        finally:
            with suppress(OSError, RuntimeError, ValueError):  # the scheduler has gone, or has started again
                for name in sent:
                    client.unregister_worker_plugin(name)


def _require_alike(client: Client) -> int:
    """Return the number of workers, all of one thread and of this process's versions, or refuse them."""
    from harness.running.cluster_worker import computes_with

    threads: Mapping[str, int] = client.nthreads()
    own, theirs = computes_with(), client.run(computes_with, on_error="return")
    problems = [
        Problem(
            worker,
            Coded("has {n} threads", n=n_threads),
            marked("1 thread a worker"),
            marked("start workers with --nthreads 1"),
        )
        for worker, n_threads in threads.items()
        if n_threads != 1
    ]
    for worker, found in theirs.items():
        if isinstance(found, Exception):
            what = Coded(
                "has no harness {version}: {reason}", version=own["panel-harness"], reason=str(found)
            )
        elif other := [name for name in own if found.get(name) != own[name]]:
            named = (
                f"{one} {found[one]} (here {own[one]})" if one in found else f"no {one}" for one in other
            )
            what = Coded("has {list}", list=", ".join(named))
        else:
            continue
        hint = marked("install the same versions, of the same source, everywhere, and start its worker again")
        problems.append(Problem(worker, what, marked("the versions and the code of this process"), hint))
    if problems:
        raise ArtifactError(*problems)
    return len(threads)
