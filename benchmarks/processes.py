"""What a command takes: seconds, processor time, and memory of all its processes."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import numpy as np

from performance import machine

PAGE = Path(__file__).parents[1] / "docs" / "measured" / "performance.md"
END = "<!-- end -->\n"
PR_SET_CHILD_SUBREAPER = 36
LOOK = 0.5
"""Seconds from one look at memory to the next."""


@dataclass(frozen=True)
class Took:
    """What a run took.

    Attributes
    ----------
    wall, cpu : seconds, the latter of all processes
    peak : bytes of all processes together
    silence : the most seconds from one line of progress to the next
    """

    wall: float
    cpu: float
    peak: float
    silence: float


def taken_by(words: Sequence[str], *, cwd: Path) -> Took:
    """Run Python with these words in a folder, as a process of its own, and pass on what it reports."""
    # Copies of a process that ended before them are then ours to wait for, and their time is counted.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), monotonic()
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    look = Memory(process.pid)
    look.start()
    heard = [start]
    for line in process.stderr or ():
        heard.append(monotonic())
        print(f"{heard[-1] - start:.0f} s: {line.rstrip()}", file=sys.stderr)
    code = process.wait()
    wall = monotonic() - start
    look.join()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    if code:
        raise SystemExit(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall, cpu, look.peak, float(np.diff([*heard, start + wall]).max()))


class Memory(Thread):
    """Looks at the memory of a session of processes until none is left.

    Attributes
    ----------
    peak : most bytes so far, each page divided among those that share it
    """

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = session
        self.peak = 0.0

    def run(self) -> None:
        """Look twice a second."""
        while Path(f"/proc/{self._session}").exists():
            self.peak = max(self.peak, sum(map(_bytes_of, self._processes())))
            sleep(LOOK)

    def _processes(self) -> list[int]:
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [number for number in numbers if _session_of(number) == self._session]


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return -1


def _bytes_of(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(1024.0 * float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def write_table(mark: str, lines: Sequence[str]) -> None:
    """Put a table, with the machine it was measured on, into its place in the page, and print it.

    Parameters
    ----------
    mark : of the place, ``rows, written by benchmarks/large.py``
    """
    page = PAGE.read_text(encoding="utf-8")
    first, begin, rest = page.partition(f"<!-- {mark} -->\n")
    whole = "".join((begin, "\n", machine().partition(";")[0], ".\n\n", *lines, "\n", END))
    PAGE.write_text(first + whole + rest.partition(END)[2], encoding="utf-8")
    print(*lines, sep="", flush=True)
