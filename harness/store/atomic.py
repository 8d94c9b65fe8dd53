"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from harness.errors import ArtifactError, Problem


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file through a temporary neighbour, flushed to disk before it takes its name.

    Raises
    ------
    ArtifactError
        Where the folder cannot be written or the disk is full.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # what kept the file from being written may keep it from going
            partial.unlink(missing_ok=True)
        raise ArtifactError(
            Problem(
                where=str(path),
                what=f"cannot be written: {error.strerror or error}",
                hint="free some space or choose another folder with --out; finished cells are kept, and "
                "--resume takes them up",
            )
        ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
