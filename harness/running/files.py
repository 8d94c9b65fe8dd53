"""Files that are there whole or not at all, and folders that one process at a time writes into."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from harness.errors import ArtifactError, Problem

# File that tells a run folder from any other; only a folder that has it is written into again.
MARKER = ".harness-run"

# What it holds.
MARK = b"written by harness; this folder may be overwritten by another run\n"

MANIFEST = "manifest.json"
# The SHA-256 of the manifest, as ``sha256sum -c`` reads it; the manifest has those of all other files.
MANIFEST_SUM = "manifest.sha256"

# Signature of the manifest, where somebody signed it.
SIGNATURE = "manifest.json.sig"

# Names of the files that a run wrote so far, a line each; there while no manifest lists them.
WRITTEN = ".harness-files"

# Folder within a run folder in which the next run is built.
NEW = ".new"

SPEC = "spec.yaml"
# Texts of tables and manifest that were composed, each with its message and what was filled in.
MESSAGES = "messages.json"

# Folder of finished tasks, there while a run is not whole.
CHECKPOINTS = "checkpoints"

# What a run reports, the manifest apart.
REPORTED = (
    "*.csv",
    "*.parquet",
    SPEC,
    MESSAGES,
    "gain_report.json",
    "report.html",
    "appendix.html",
    "brief.html",
    "surfaces.html",
    "calibration.html",
    "calibration.json",
    "figures/*",
    "tables/**/*",
    "details/*",
)


def sum_line(manifest: bytes) -> bytes:
    """Return what `MANIFEST_SUM` holds for a manifest of these bytes."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file at once; see `replacing`.

    Raises
    ------
    ArtifactError
        Where the folder cannot be written or the disk is full.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of a file, which takes its name at the end, both flushed to disk before.

    Raises
    ------
    ArtifactError
        Where the folder cannot be written or the disk is full.
    """
    partial = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    with writing(path):
        try:
            _make(path.parent)
            # A new file and no link: what someone put in its place is not written through.
            partial.unlink(missing_ok=True)
            with partial.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # what kept the file from being written may keep it from going
                partial.unlink(missing_ok=True)
            raise
        _flush_names(path.parent)


def partials(path: Path) -> tuple[Path, ...]:
    """Return what processes that were killed while they wrote a file left beside it."""
    name = re.compile(rf"\.{re.escape(path.name[:200])}\.\d+\.tmp")
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return tuple(file for file in beside if name.fullmatch(file.name) and file.is_file())


def move(source: Path, target: Path) -> None:
    """Put a file in the place of another, at once, within one file system.

    Raises
    ------
    ArtifactError
        As `write_atomically` does.
    """
    with writing(target):
        _make(target.parent)
        source.replace(target)
        _flush_names(target.parent)


def _make(folder: Path) -> None:
    """Make a folder and those that it is in, each with its name on the disk."""
    if folder.is_dir():
        return
    if folder.exists():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_names(folder.parent)


def _flush_names(folder: Path) -> None:
    """Flush the names in a folder to disk, without which a file may be gone after a loss of power."""
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the system into one that says what to do.

    Raises
    ------
    ArtifactError
        Where the system raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise ArtifactError(_unwritten(path, error)) from error


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _unwritten(path: Path, error: OSError) -> Problem:
    """Return why a file cannot be written, and what would do."""
    what = f"cannot be written: {error.strerror or error}"
    if isinstance(error, NotADirectoryError):
        in_the_way = error.filename
        hint = f"choose another folder with --out, or move {in_the_way} away"
        return Problem(str(path), f"cannot be written, since {in_the_way} is a file", "a folder", hint)
    kept = "finished cells are kept, and --resume takes them up"
    first = "free some space or " if error.errno in _FULL else ""
    return Problem(str(path), what, hint=f"{first}choose another folder with --out; {kept}")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
            raise ArtifactError.at(str(path), what, hint="remove it, or choose another --out")
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        process = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "unknown"
        what, hint = f"is in use by process {process}", "wait for it, or choose another --out"
        raise ArtifactError.at(str(folder), what, hint=hint) from error
    try:
        holder.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
