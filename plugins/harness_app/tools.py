"""What the page asks of the harness: tools of ``harness mcp``, and what commands print."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import harness
from harness.plugin import Coded, Problem, SpecError
from harness.plugin.commands import DeadWorkerError, Session, WorkerProcess, call_tool, start_worker
from harness.plugin.reporting import language_in_use

# Seconds that an answer may take, processes that answer, and characters of what a command prints.
PATIENCE, MOST_PROCESSES, MOST_SHOWN = 300.0, 4, 100_000


def command(words: Sequence[str], *further: str) -> list[str]:
    """Return the words of a command of the harness."""
    return [sys.executable, "-P", "-m", "harness", *words, *further]


class Tools:
    """The tools in a folder; each call is done in a process that is kept for the next one."""

    def __init__(self, session: Session) -> None:
        self._session, self._idle = session, list[WorkerProcess]()
        self._turn = asyncio.Semaphore(MOST_PROCESSES)

    async def call(self, tool: str, /, **arguments: object) -> Mapping[str, Any]:
        """Return what a tool answers, with mistakes and notes in the language in use.

        Raises
        ------
        HarnessError
            Where it refuses, takes too long, or its process ends.
        """
        try:
            session = replace(self._session, language=language_in_use())
            async with self._turn, asyncio.timeout(PATIENCE):
                with self._worker() as worker:
                    answer = await asyncio.to_thread(worker.call, _answer, session, tool, arguments)
        except (TimeoutError, DeadWorkerError) as error:
            what = Coded("its process ended, or took longer than {most} s", most=f"{PATIENCE:.0f}")
            raise harness.MachineError.at(tool, what) from error
        content: Mapping[str, Any] = answer["structuredContent"]
        if "isError" in answer:
            raise SpecError(*(Problem(**one) for one in content["problems"]))
        return content

    @contextmanager
    def _worker(self) -> Iterator[WorkerProcess]:
        """Give a process to call in, which is ended where the call is not done."""
        worker = self._idle.pop() if self._idle else start_worker()
        try:
            yield worker
        except BaseException:
            worker.end()
            raise
        self._idle.append(worker)

    async def printed(self, *words: str) -> tuple[int, str]:
        """Run a command in the folder and return its exit code and what it printed."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                *command(self._session.plugins.words, *words),
                cwd=self._session.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            )
            try:
                output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
            except TimeoutError:
                process.kill()
                return 1, f"took longer than {PATIENCE:.0f} s"
        return process.returncode or 0, output.decode(errors="replace")[:MOST_SHOWN]

    def end(self) -> None:
        """End the processes."""
        for worker in self._idle:
            worker.end()


def _answer(session: Session, tool: str, arguments: Mapping[str, object]) -> Mapping[str, Any]:
    os.chdir(session.folder)
    return call_tool(session, tool, arguments)
