"""Imports of plugins, tried in a process of their own before one of them can take this one with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.registry import trial_import

LONGEST_IMPORT = 60.0
"""Seconds after which a plugin that is still being imported is given up."""


@dataclass(frozen=True)
class _Ended:
    """How a process ended that imported modules.

    Attributes
    ----------
    begun : modules whose import began, in their order
    is_whole : whether the last of them came to its end
    code : exit code; minus the number of a signal
    seconds : that the last import had taken
    """

    begun: tuple[str, ...]
    is_whole: bool
    code: int
    seconds: float


def deadly_imports(
    modules: Sequence[str], *, path: Sequence[str], longest: float = LONGEST_IMPORT
) -> Mapping[str, str]:
    """Import modules in another process, and return why some cannot be used: they end it, or hang.

    An import that raises says so when it is done here, and counts for nothing.

    Parameters
    ----------
    path : where modules are looked for
    longest : seconds that one import may take
    """
    reasons: dict[str, str] = {}
    left = list(modules)
    while left:
        ended = _imported(left, path, longest)
        if ended.is_whole or not ended.begun:
            break
        last = ended.begun[-1]
        reasons[last] = (
            f"its import did not come to an end within {longest:g} s"
            if ended.seconds >= longest
            else f"its import ended the process, {_spelled(ended.code)}"
        )
        left = left[left.index(last) + 1 :]
    return reasons


def _spelled(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _imported(modules: Sequence[str], path: Sequence[str], longest: float) -> _Ended:
    with TemporaryDirectory(prefix="harness-trial-") as folder:
        told = Path(folder) / "begun"
        asked = json.dumps(
            {"path": list(path), "modules": list(modules), "told": str(told), "longest": longest}
        )
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and a file of this package
            [sys.executable, "-P", str(Path(trial_import.__file__)), asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait()
        finally:
            _end_all(process)
        lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
        since = time.time() - told.stat().st_mtime if lines else 0.0
    is_whole = bool(lines) and lines[-1] == trial_import.WHOLE
    return _Ended(tuple(lines), is_whole, code, since)


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End a process, and on systems that have groups of them whatever it started."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
