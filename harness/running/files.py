"""Files that are there whole or not at all, and folders that one process at a time writes into."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from harness.errors import ArtifactError, HarnessError, MachineError
from harness.language import Coded, marked
from harness.terminal import echo

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

# Folder within a run folder in which the next run or report is built, and its name once it is whole: from
# then on its files take the place of the others, and the next command goes on with it after a cut.
NEW = ".new"
READY = ".ready"

SPEC = "spec.yaml"
# Texts of tables and manifest that were composed, each with its message and what was filled in.

GAIN_REPORT = "gain_report.json"

# Folder of finished tasks, there while a run is not whole.
CHECKPOINTS = "checkpoints"

# Bytes of the largest file that is read at once, and of the largest table.
MOST_BYTES = 64 << 20
MOST_TABLE_BYTES = 8 << 30

# What was filled into the texts of a folder of format 12.
MESSAGES = "messages.json"

# What a run reports, the manifest apart.
REPORTED = (
    MESSAGES,
    *("*.csv", "*.parquet", SPEC, GAIN_REPORT, "figures/*", "tables/**/*", "details/*"),
    *("report.html", "appendix.html", "brief.html", "surfaces.html", "calibration.html", "calibration.json"),
)


def sum_line(manifest: bytes) -> bytes:
    """Return what `MANIFEST_SUM` holds for a manifest of these bytes."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file at once; see `replacing`.

    Raises
    ------
    MachineError, ArtifactError
        As `replacing` does.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing_own(path: Path) -> Iterator[BinaryIO]:
    """Open what takes the place of a user's file, or is a new one: `replacing`, with links written through.

    Raises
    ------
    MachineError, ArtifactError
        As `replacing` does; the former where the file is read-only, too.
    """
    with writing(path):
        target = Path(os.path.realpath(path))
        for left in partials(target):
            remove(left)
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "the file is read-only")
    with replacing(target) as file:
        yield file


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of a file, which takes its name at the end, both flushed to disk before.

    Whatever ends the process, the file is the old one or the new one. Its mode stays, and for root its owner.

    Raises
    ------
    MachineError
        Where the folder cannot be written or the disk is full.
    ArtifactError
        Where a folder or a device has the name of the file.
    """
    partial = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp")
    with writing(path):
        try:
            _make(path.parent)
            earlier = regular(path, most=sys.maxsize).stat() if path.exists() else None
            # A new file and no link: what someone put in its place is not written through.
            partial.unlink(missing_ok=True)
            with partial.open("xb") as file:
                if earlier is not None:
                    partial.chmod(stat.S_IMODE(earlier.st_mode))
                    if sys.platform != "win32" and os.geteuid() == 0:
                        os.chown(partial, earlier.st_uid, earlier.st_gid)
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # what kept the file from being written may keep it from going
                partial.unlink(missing_ok=True)
            raise
        flush_names(path.parent)


def partials(path: Path) -> tuple[Path, ...]:
    """Return what processes that were killed while they wrote a file left beside it."""
    name = re.compile(rf"\.{re.escape(path.name[:200])}\.\d+\.tmp")
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return tuple(file for file in beside if name.fullmatch(file.name) and file.is_file())


def move(source: Path, target: Path) -> None:
    """Rename a file or folder, replacing one of the new name at once; `flush_names` makes it last.

    Raises
    ------
    MachineError, ArtifactError
        As `write_atomically` does.
    """
    with writing(target):
        _make(target.parent)
        source.replace(target)


def remove(path: Path) -> None:
    """Remove a file, where it is there.

    Raises
    ------
    MachineError, ArtifactError
        As `write_atomically` does.
    """
    with writing(path):
        path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it, where it is there and no link.

    Raises
    ------
    MachineError, ArtifactError
        As `write_atomically` does.
    """
    with writing(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def share(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such names.

    Raises
    ------
    MachineError, ArtifactError
        As `write_atomically` does.
    """
    with writing(target):
        _make(target.parent)
        try:
            os.link(source, target)
        except OSError:
            write_atomically(target, source.read_bytes())


def _make(folder: Path) -> None:
    """Make a folder and those that it is in, each with its name on the disk."""
    if folder.is_dir():
        return
    if folder.exists():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_names(folder.parent)


def flush_names(*folders: Path) -> None:
    """Flush the names in folders to disk, without which a file may be gone after a loss of power."""
    for folder in folders:
        if os.name != "nt" and folder.is_dir():  # Windows opens no folders
            with writing(folder):
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
    MachineError
        Where the system raised an OSError.
    ArtifactError
        Where a file has the name of a folder that is needed.
    """
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> HarnessError:
    """Return why a file cannot be written, and what would do."""
    if isinstance(error, NotADirectoryError):
        in_the_way = error.filename
        hint = Coded("choose another folder with --out, or move {in_the_way} away", in_the_way=in_the_way)
        what = Coded("cannot be written, since {in_the_way} is a file", in_the_way=in_the_way)
        return ArtifactError.at(str(path), what, marked("a folder"), hint)
    return MachineError.of(error, str(path))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def regular(path: Path, *, most: int = MOST_BYTES) -> Path:
    """Return the path of a file that can be read: a regular one of at most so many bytes.

    Raises
    ------
    ArtifactError
        Where it is another kind of file, such as a device, or larger.
    """
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise ArtifactError.at(
            str(path), marked("is not a regular file"), marked("a file"), marked("name another")
        )
    if state.st_size > most:
        what = Coded("has {st_size} bytes, more than are read", st_size=f"{state.st_size:,}")
        raise ArtifactError.at(
            str(path),
            what,
            Coded("at most {most} bytes", most=f"{most:,}"),
            marked("take a whole copy of the folder"),
        )
    return path


LOCK = ".lock"
HOLDER = ".running"

# Errors of disks, mostly of networks, that lock no files.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


def _acquire(lock: FileLock, folder: Path) -> None:
    """Take a lock; where the disk has none, say so and go on without."""
    try:
        lock.acquire()
    except Timeout:
        raise
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise MachineError.of(error, str(folder / LOCK)) from error
        if holder(folder):
            raise Timeout(str(folder / LOCK)) from error
        why = error.strerror or error
        echo(
            Coded(
                "{folder}: this disk locks no files ({why}); let no second command write here",
                folder=folder,
                why=why,
            ),
            err=True,
        )


def _holder(pid: int) -> str:
    """Return a living process as a folder names it: number, start where the system says it, and machine."""
    try:
        # Past the name of the program, which may hold anything (proc(5)).
        _, _, status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")
    except OSError:
        status = "-" if _is_there(pid) else "X"
    state, *others = status.split()
    started = "ended" if state in "ZX" else others[18] if others else "-"
    return f"{pid} {started} {platform.node()}"


def _is_there(pid: int) -> bool:
    """Return whether the system has a process; Windows, which would end it when asked, is not asked."""
    if sys.platform != "win32":
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
    return True


def holder(folder: Path) -> str:
    """Return the process that writes into a folder, in words; empty where none does, as one that ended.

    One of another machine may have ended unseen.
    """
    path = folder / HOLDER
    if path.is_symlink() or not path.is_file():
        return ""
    noted = regular(path).read_text("utf-8", "replace").split()
    is_one = len(noted) == 3 and noted[0].isdecimal()
    if not is_one or (noted[2] == platform.node() and _holder(int(noted[0])).split() != noted):
        return ""
    return Coded("process {number} on {machine}", number=noted[0], machine=noted[2])


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    ArtifactError
        Where another process holds it.
    MachineError
        Where it cannot be written.
    """
    noted = folder / HOLDER
    for path in (folder / LOCK, noted):
        if path.is_symlink():
            what = marked("is a link, and links inside a run folder are not followed")
            raise ArtifactError.at(str(path), what, hint=marked("remove it, or choose another --out"))
    lock = FileLock(folder / LOCK, timeout=0)
    with writing(folder):
        _make(folder)
    try:
        _acquire(lock, folder)
    except Timeout as error:
        what = Coded("is in use by {holder}", holder=holder(folder) or marked("another process"))
        raise ArtifactError.at(
            str(folder), what, hint=marked("wait for it, or choose another --out")
        ) from error
    try:
        with writing(noted):
            noted.write_text(f"{_holder(os.getpid())}\n", encoding="utf-8")
        yield
    finally:
        try:
            remove(noted)
        finally:
            lock.release()
