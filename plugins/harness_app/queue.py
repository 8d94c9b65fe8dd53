"""Runs one after the other, each the command's own process, and one small folder that remembers them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Literal

from joblib import cpu_count
from pydantic import TypeAdapter, ValidationError

from harness_app.child import command, request
from harness_app.notices import Notice, end_of, messages_of

if sys.platform != "win32":
    import fcntl

HERE = ".harness-app"
LOCK = "running.lock"

# Seconds between two looks at what runs, and bytes of its notices that are read.
PAUSE, MOST_OF_A_LOG, MOST_OF_A_RESULT = 0.3, 20_000, 2_000_000

State = Literal["waiting", "running", "finished", "ended", "cancelled"]


@dataclass(frozen=True)
class QueuedRun:
    """A run that was asked for.

    Attributes
    ----------
    spec : path within the folder
    refused : why it ended before its end, where that is known
    process : number of its process, and of the group of its workers, while it runs
    """

    number: int
    study: str
    spec: str
    quick: bool = False
    resume: bool = False
    state: State = "waiting"
    refused: str = ""
    process: int | None = None

    @property
    def request(self) -> bytes:
        """The call of the tool that does it, with notices of progress."""
        chosen = {"spec": self.spec, "quick": self.quick, "resume": self.resume, "jobs": cpu_count()}
        call = {"name": "run", "arguments": chosen, "_meta": {"progressToken": 1}}
        return request(1, "tools/call", call)

    @property
    def may_resume(self) -> bool:
        """Whether it ended before its end."""
        return self.state in ("cancelled", "ended")


_JOB = TypeAdapter(QueuedRun)


class Queue:
    """The runs of a folder, of which one is under way at a time."""

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self._root, self._words = root, words
        self._folder = root / HERE
        self._process: subprocess.Popen[bytes] | None = None
        # What a folder says that nobody here asked for is not begun; a run of an earlier page goes on.
        if not self._is_held():
            for job in self.jobs():
                if job.state == "waiting":
                    self._keep(replace(job, state="cancelled", process=None))
                elif job.state == "running":
                    self._keep(self._ended(job))

    def jobs(self) -> list[QueuedRun]:
        """Return all runs that were asked for, the latest first."""
        jobs = []
        for path in self._folder.glob("*.json"):
            with suppress(ValidationError, OSError):
                jobs.append(_JOB.validate_json(path.read_bytes()))
        return sorted(jobs, key=lambda job: -job.number)

    def job(self, number: int) -> QueuedRun | None:
        """Return a run by its number."""
        return next((job for job in self.jobs() if job.number == number), None)

    def add(self, study: str, spec: str, *, quick: bool, resume: bool = False) -> QueuedRun:
        """Put a run at the end of the queue."""
        self._folder.mkdir(exist_ok=True)
        number = 1 + max((job.number for job in self.jobs()), default=0)
        job = QueuedRun(number, study, spec, quick, resume)
        self._keep(job)
        return job

    def _keep(self, job: QueuedRun) -> None:
        path = self._folder / f"{job.number}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(job)), encoding="utf-8")
        part.replace(path)

    def log(self, job: QueuedRun) -> str:
        """Return the end of what a run has told of itself, and what else its process has printed."""
        lines = [f"{one.progress}/{one.total} {one.message}" for one in self._notices(job)]
        return "\n".join([*lines, self._read(job, ".log").decode(errors="replace"), job.refused])

    def progress(self, job: QueuedRun) -> tuple[Notice | None, float]:
        """Return how far a run is, and the seconds that are left if as fast; 0 where that is not known."""
        notice = next(reversed(self._notices(job)), None)
        if notice is None or job.state != "running" or not notice.progress:
            return notice, 0.0
        begun = (self._folder / f"{job.number}.json").stat().st_mtime
        return notice, (time.time() - begun) * (notice.total / notice.progress - 1)

    def _notices(self, job: QueuedRun) -> list[Notice]:
        return [one.params for one in messages_of(self._read(job, ".jsonl")) if one.params is not None]

    def _read(self, job: QueuedRun, ending: str, most: int = MOST_OF_A_LOG) -> bytes:
        return end_of(self._folder / f"{job.number}{ending}", most)

    def _ended(self, job: QueuedRun) -> QueuedRun:
        """Return a run whose process is gone, as that has left it."""
        ended = replace(job, state="ended", process=None)
        for result in (one.result for one in messages_of(self._read(job, ".jsonl", MOST_OF_A_RESULT))):
            if result is not None and result.is_error:
                ended = replace(ended, refused="\n".join(one.text for one in result.content))
            elif result is not None:
                ended = replace(ended, state="finished")
        return ended

    def cancel(self, job: QueuedRun) -> None:
        """End a run, of which stays what is finished, or take it out of the queue."""
        if job.state == "waiting":
            self._keep(replace(job, state="cancelled"))
        elif job.state == "running" and job.process is not None and self._is_held():
            if sys.platform != "win32":
                # The group is there, since one of it holds the lock: the number can be nobody else's.
                with suppress(ProcessLookupError):
                    os.killpg(job.process, signal.SIGKILL)
            elif self._process is not None:
                self._process.kill()
            self._keep(replace(job, state="cancelled", process=None))

    async def work(self) -> None:
        """Start what waits, one run after the other, and note how each ended, until it is cancelled."""
        while True:
            with suppress(OSError):
                self._look()
            await asyncio.sleep(PAUSE)

    def _look(self) -> None:
        jobs = self.jobs()
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is None and self._is_held():  # a run that an earlier page began
            return
        for job in jobs:
            if job.state == "running":
                self._keep(self._ended(job))
        self._process = None
        waiting = [job for job in jobs if job.state == "waiting"]
        if waiting:
            self._begin(waiting[-1])

    def _begin(self, job: QueuedRun) -> None:
        paths = (self._folder / name for name in (LOCK, f"{job.number}.jsonl", f"{job.number}.log"))
        with ExitStack() as stack:
            lock, notices, log = (stack.enter_context(path.open("wb")) for path in paths)
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and words of ours
                command(self._words, "mcp", "--folder", str(self._root)),
                stdin=subprocess.PIPE,
                stdout=notices,
                stderr=log,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,
                pass_fds=_taken(lock),
            )
        self._keep(replace(job, state="running", process=self._process.pid))
        if self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(job.request)

    def _is_held(self) -> bool:
        """Return whether a process of a run is there, which keeps the lock whatever becomes of the page."""
        if sys.platform == "win32":
            return self._process is not None and self._process.poll() is None
        with suppress(FileNotFoundError), (self._folder / LOCK).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


def _taken(lock: IO[bytes]) -> tuple[int, ...]:
    """Take a lock, and return what a child inherits to keep it."""
    if sys.platform == "win32":
        return ()
    fcntl.flock(lock, fcntl.LOCK_EX)
    return (lock.fileno(),)
