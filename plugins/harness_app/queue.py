"""Runs one after the other, each the command's own process, and one small folder that remembers them.

Of a run the folder has three files: what was asked, what its process tells of itself in lines of the protocol
(how far it is, and its result), and what else that prints. Where a run stands is read from these.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

from joblib import cpu_count
from pydantic import Field, TypeAdapter, ValidationError

from harness.plugin.commands import Session
from harness_app.tools import command

if sys.platform != "win32":
    import fcntl

HERE = ".harness-app"

# Seconds between two looks at what runs, and bytes of a file that are read, from its end.
PAUSE, MOST_READ = 0.3, 1_000_000


@dataclass(frozen=True)
class QueuedRun:
    """A run that was asked for.

    Attributes
    ----------
    spec : path within the folder
    process : number of its process, and of the group of its workers, once it has begun
    """

    number: int
    study: str
    spec: str
    quick: bool = False
    resume: bool = False
    process: int | None = None


@dataclass(frozen=True)
class Notice:
    """How far a run is: tasks done, and in all, and what runs now."""

    progress: int
    total: int
    message: str


@dataclass(frozen=True)
class _Result:
    content: list[dict[str, str]]
    is_error: Annotated[bool, Field(alias="isError")] = False


@dataclass(frozen=True)
class _Message:
    """A line that the process of a run has written: a notice, or its result."""

    params: Notice | None = None
    result: _Result | None = None


@dataclass(frozen=True)
class Standing:
    """Where a run stands.

    Attributes
    ----------
    refused : why it ended before its end, where that is known
    seconds : that are left if it goes on as fast; 0 where that is not known
    """

    state: Literal["waiting", "running", "finished", "stopped"]
    notices: list[Notice]
    refused: str = ""
    seconds: float = 0.0


_JOB, _MESSAGE = TypeAdapter(QueuedRun), TypeAdapter(_Message)


class Queue:
    """The runs of a folder, of which one is under way at a time.

    What a folder says that nobody here asked for is not begun; a run of an earlier page goes on.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._folder = session, session.folder / HERE
        self._waiting: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    def jobs(self) -> dict[int, QueuedRun]:
        """Return all runs that were asked for by their numbers, the latest first."""
        jobs = {}
        for path in self._folder.glob("*.json"):
            with suppress(ValidationError, OSError):
                job = _JOB.validate_json(path.read_bytes())
                jobs[job.number] = job
        return dict(sorted(jobs.items(), reverse=True))

    def add(self, study: str, spec: str, *, quick: bool, resume: bool = False) -> None:
        """Put a run at the end of the queue."""
        self._folder.mkdir(exist_ok=True)
        number = 1 + max(self.jobs(), default=0)
        self._keep(QueuedRun(number, study, spec, quick, resume))
        self._waiting.append(number)

    def _keep(self, job: QueuedRun) -> None:
        path = self._folder / f"{job.number}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(job)), encoding="utf-8")
        part.replace(path)

    def standing(self, job: QueuedRun) -> Standing:
        """Return where a run stands."""
        is_running, messages = self._is_running(job), list[_Message]()
        for line in self._read(job, ".jsonl").splitlines():
            with suppress(ValidationError):
                messages.append(_MESSAGE.validate_json(line))
        notices = [one.params for one in messages if one.params is not None]
        result = next((one.result for one in messages if one.result is not None), None)
        if is_running and notices and (done := notices[-1].progress):
            begun = (self._folder / f"{job.number}.json").stat().st_mtime
            return Standing("running", notices, "", (time.time() - begun) * (notices[-1].total / done - 1))
        if is_running or job.number in self._waiting:
            return Standing("running" if is_running else "waiting", notices)
        if result is None or result.is_error:
            texts = [] if result is None else [one.get("text", "") for one in result.content]
            return Standing("stopped", notices, "\n".join(texts))
        return Standing("finished", notices)

    def log(self, job: QueuedRun) -> str:
        """Return what a run has told of itself, and what else its process has printed."""
        standing = self.standing(job)
        lines = [f"{one.progress}/{one.total} {one.message}" for one in standing.notices]
        return "\n".join([*lines, self._read(job, ".log").decode(errors="replace"), standing.refused])

    def _read(self, job: QueuedRun, ending: str) -> bytes:
        with suppress(OSError), (self._folder / f"{job.number}{ending}").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_READ))
            return file.read()
        return b""

    def cancel(self, job: QueuedRun) -> None:
        """End a run, of which stays what is finished, or take it out of the queue."""
        if job.number in self._waiting:
            self._waiting.remove(job.number)
        elif job.process is not None and self._is_running(job):
            if sys.platform != "win32":
                # The group is there, since one of it holds the lock: the number can be nobody else's.
                with suppress(ProcessLookupError):
                    os.killpg(job.process, signal.SIGKILL)
            elif self._process is not None:
                self._process.kill()

    async def work(self) -> None:
        """Start what waits, one run after the other, until it is cancelled."""
        while True:
            with suppress(OSError, KeyError):  # where a file of the queue is gone
                self._look()
            await asyncio.sleep(PAUSE)

    def _look(self) -> None:
        jobs = self.jobs() if self._waiting else {}
        if jobs and not any(map(self._is_running, jobs.values())):
            self._begin(jobs[self._waiting.pop(0)])

    def _begin(self, job: QueuedRun) -> None:
        notices_path, log_path = (self._folder / f"{job.number}{ending}" for ending in (".jsonl", ".log"))
        with notices_path.open("wb") as notices, log_path.open("wb") as log:
            if sys.platform != "win32":
                fcntl.flock(notices, fcntl.LOCK_EX)
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and words of ours
                command(self._session.plugins.words, "mcp", "--folder", str(self._session.folder)),
                stdin=subprocess.PIPE,
                stdout=notices,
                stderr=log,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,
            )
        chosen = {"spec": job.spec, "quick": job.quick, "resume": job.resume, "jobs": cpu_count()}
        call = {"name": "run", "arguments": chosen, "_meta": {"progressToken": 1}}
        request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        # Without the request, which comes last, a process ends where the page is killed here.
        self._keep(replace(job, process=self._process.pid))
        if self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(json.dumps(request).encode() + b"\n")

    def _is_running(self, job: QueuedRun) -> bool:
        """Return whether a process of a run is there, which keeps its notices locked whoever began it."""
        if self._process is not None and self._process.poll() is None and self._process.pid == job.process:
            return True
        if sys.platform == "win32":
            return False
        with suppress(FileNotFoundError), (self._folder / f"{job.number}.jsonl").open("rb") as notices:
            try:
                fcntl.flock(notices, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
