"""The command as a child process: a session of ``harness mcp``, and calls of other commands."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Bytes of a line of an answer, and seconds that a call may take.
LONGEST_LINE, PATIENCE = 64_000_000, 300.0

# Characters of what a command prints that are shown.
MOST_SHOWN = 100_000


def command(words: Sequence[str], *further: str) -> list[str]:
    """Return the words of a command of the harness."""
    return [sys.executable, "-P", "-m", "harness", *words, *further]


def request(number: int | None, method: str, given: object) -> bytes:
    """Return a line of the protocol; one without a number is a notice, which has no answer."""
    numbered = {} if number is None else {"id": number}
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": given, **numbered}).encode() + b"\n"


@dataclass(frozen=True)
class Fault:
    """One mistake in the words of the harness: its place, what was found, what would do, and a remedy."""

    where: str
    what: str
    expected: str = ""
    hint: str = ""


class ToolError(Exception):
    """What a tool of the session refused."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


class CommandSession:
    """A session of ``harness mcp`` in a folder, begun when it is first asked and again where it ended."""

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self._root, self._words = root, words
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._number = 0
        self._starting = asyncio.Lock()

    async def call(self, tool: str, /, **arguments: object) -> Mapping[str, Any]:
        """Return what a tool answers.

        Raises
        ------
        ToolError
            Where it refuses, takes too long, or its process ends.
        """
        process = await self._started()
        self._number += 1
        number, future = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._send(process, number, "tools/call", {"name": tool, "arguments": arguments})
            async with asyncio.timeout(PATIENCE):
                answer = await future
        except TimeoutError as error:
            self._send(process, None, "notifications/cancelled", {"requestId": number})
            raise ToolError(Fault(tool, f"took longer than {PATIENCE:.0f} s")) from error
        finally:
            self._waiting.pop(number, None)
        content = answer.get("structuredContent", {})
        if answer.get("isError") or not content:
            faults = [Fault(**one) for one in content.get("problems", [])]
            raise ToolError(*faults or [Fault(tool, "failed")])
        return dict(content)

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *command(self._words, "mcp", "--folder", str(self._root)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=LONGEST_LINE,
                )
                self._reading = asyncio.create_task(self._read(self._process))
            return self._process

    def _send(
        self, process: asyncio.subprocess.Process, number: int | None, method: str, given: object
    ) -> None:
        if process.stdin is not None:
            process.stdin.write(request(number, method, given))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            message = json.loads(line)
            if (future := self._waiting.get(message.get("id"))) and not future.done():
                future.set_result(message.get("result", {}))
        await process.wait()
        for future in self._waiting.values():
            if not future.done():
                future.set_result({})

    async def end(self) -> None:
        """End the child."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(TimeoutError, ProcessLookupError):
                async with asyncio.timeout(1.0):
                    await self._process.wait()
                return
            self._process.kill()


async def output_of(root: Path, words: Sequence[str], *further: str) -> tuple[int, str]:
    """Run a command in a folder and return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command(words, *further),
        cwd=root,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        return 1, f"took longer than {PATIENCE:.0f} s"
    return process.returncode or 0, output.decode(errors="replace")[:MOST_SHOWN]
