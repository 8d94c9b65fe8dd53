"""Imports of plugins, tried in processes of their own before one of them can take this one with it."""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

# Seconds after which plugins that are still being imported are given up.
LONGEST_IMPORT = 60.0


def deadly_imports(
    modules: Sequence[str], *, path: Sequence[str], longest: float = LONGEST_IMPORT
) -> Mapping[str, str]:
    """Import modules in other processes, at once, and return why some cannot be used: they end it, or hang.

    An import that raises says so when it is done here, and counts for nothing.

    Parameters
    ----------
    path : where modules are looked for
    longest : seconds that an import may take
    """
    reasons: dict[str, str] = {}
    with TemporaryDirectory(prefix="harness-trial-") as folder:
        deadline = time.monotonic() + longest
        marks = {module: Path(folder, str(at)) for at, module in enumerate(modules)}
        started = {module: _started(module, path, mark, longest) for module, mark in marks.items()}
        for module, process in started.items():
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                reasons[module] = f"its import did not come to an end within {longest:g} s"
            else:
                if not marks[module].exists():
                    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
                    reasons[module] = f"its import ended the process, {how}"
            finally:
                _end_all(process)
    return reasons


def _started(module: str, path: Sequence[str], mark: Path, longest: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, and this file
        [sys.executable, "-P", __file__, json.dumps([module, str(mark), longest, *path])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End a process, and on systems that have groups of them whatever it started."""
    with suppress(OSError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def main(requested: str) -> None:
    """Import a module in such a process, leave a mark where that came to an end, and go."""
    module, mark, longest, *path = json.loads(requested)
    sys.path[:] = path
    faulthandler.dump_traceback_later(longest + 1.0, exit=True)  # should nobody be there to end it
    with suppress(BaseException):  # what it raises is told where it is imported to be used
        importlib.import_module(module)
    Path(mark).touch()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
