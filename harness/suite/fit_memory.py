"""The memory that a fit takes, as the system tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from harness.running.isolation import give_back

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_THE_HEIGHT = "5"
"""What is written to ``clear_refs`` so that the height counts from now (proc(5))."""


def with_memory(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work returns, and the bytes that it took.

    These are the bytes that the process had in memory at the height of the work less those that it had
    before. They are NaN on a system that does not tell, which are all but Linux. What other threads of the
    process do at the time counts as well.
    """
    if not sys.platform.startswith("linux"):
        return work(), float("nan")
    give_back()  # what earlier work freed hides nothing of this one's
    _CLEAR.write_text(_FORGET_THE_HEIGHT, encoding="ascii")
    before = _status("VmRSS")
    found = work()
    return found, float(max(0, _status("VmHWM") - before))


def _status(name: str) -> int:
    """Return a number of bytes that the system tells of this process."""
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(kilobytes)
