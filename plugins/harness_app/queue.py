"""Runs one after the other, each the command's own process, and one small folder that remembers them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Literal

from pydantic import TypeAdapter, ValidationError

from harness_app.child import command

if sys.platform != "win32":
    import fcntl

HERE = ".harness-app"
LOCK = "running.lock"

# Seconds between two looks at what runs, and bytes of a log that are read.
PAUSE, MOST_OF_A_LOG = 0.3, 20_000

State = Literal["waiting", "running", "ended", "cancelled"]

# What becomes of a run where no page and no process of it is there.
WITHOUT_A_PAGE: Mapping[State, State] = {
    "waiting": "cancelled",
    "running": "ended",
    "ended": "ended",
    "cancelled": "cancelled",
}

# The counts of a line of progress, done before all or, in Chinese, after.
COUNTS = re.compile(r"^(?P<done>\d+) of (?P<total>\d+) done|^(?P<all>\d+) 项中已完成 (?P<made>\d+) 项")


@dataclass(frozen=True)
class QueuedRun:
    """A run that was asked for.

    Attributes
    ----------
    spec : path within the folder
    code : exit code of the command; None where it has none, or nobody was there to see it
    process : number of its process, and of the group of its workers, while it runs
    """

    number: int
    study: str
    spec: str
    quick: bool = False
    resume: bool = False
    state: State = "waiting"
    code: int | None = None
    process: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The command of the run, without its plugins."""
        return (
            "run",
            self.spec,
            *(("--quick",) if self.quick else ()),
            *(("--resume",) if self.resume else ()),
        )

    @property
    def may_resume(self) -> bool:
        """Whether it ended before its end."""
        return self.state in ("cancelled", "ended") and self.code != 0


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
                self._keep(replace(job, state=WITHOUT_A_PAGE[job.state], process=None))

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
        """Return the end of what the command has printed."""
        with suppress(OSError), (self._folder / f"{job.number}.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_OF_A_LOG))
            return file.read().decode(errors="replace")
        return ""

    def progress(self, job: QueuedRun) -> tuple[int, int] | None:
        """Return tasks done and tasks in all, as the command has last counts."""
        matches = [match for line in self.log(job).splitlines() if (match := COUNTS.match(line))]
        if not matches:
            return None
        counts = matches[-1].groupdict()
        return int(counts["done"] or counts["made"]), int(counts["total"] or counts["all"])

    def cancel(self, job: QueuedRun) -> None:
        """End a run as Ctrl-C does, or take it out of the queue."""
        if job.state == "waiting":
            self._keep(replace(job, state="cancelled"))
        elif job.state == "running" and job.process is not None and self._is_held():
            if sys.platform != "win32":
                # The group is there, since one of it holds the lock: the number can be nobody else's.
                with suppress(ProcessLookupError):
                    os.killpg(job.process, signal.SIGINT)
            elif self._process is not None:
                self._process.terminate()

    async def work(self) -> None:
        """Start what waits, one run after the other, and note how each ended, until it is cancelled."""
        while True:
            with suppress(OSError):
                self._look()
            await asyncio.sleep(PAUSE)

    def _look(self) -> None:
        jobs = self.jobs()
        code = None if self._process is None else self._process.poll()
        if self._process is not None and code is None:
            return
        if self._process is None and self._is_held():  # a run that an earlier page began
            return
        for job in jobs:
            if job.state == "running":
                self._keep(replace(job, state="ended", code=code, process=None))
        self._process = None
        waiting = [job for job in jobs if job.state == "waiting"]
        if waiting:
            self._begin(waiting[-1])

    def _begin(self, job: QueuedRun) -> None:
        with (self._folder / LOCK).open("wb") as lock, (self._folder / f"{job.number}.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and words of ours
                command(self._words, *job.words),
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,
                pass_fds=_taken(lock),
            )
        self._keep(replace(job, state="running", process=self._process.pid))

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
