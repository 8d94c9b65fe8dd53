"""One run at a time in one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import ArtifactError, Problem

LOCK = ".lock"
HOLDER = ".running"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    ArtifactError
        Where another process holds it.
    """
    holder = folder / HOLDER
    for path in (folder / LOCK, holder):
        if path.is_symlink():
            what = "is a link, and links inside a run folder are not followed"
            raise ArtifactError(Problem(str(path), what, hint="remove it, or choose another --out"))
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        process = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "unknown"
        raise ArtifactError(
            Problem(
                str(folder), f"is in use by process {process}", hint="wait for it, or choose another --out"
            )
        ) from error
    try:
        holder.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
