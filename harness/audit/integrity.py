"""The files of a run folder against their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from harness.errors import ArtifactError, Problem
from harness.record.manifest import Manifest
from harness.running.files import (
    CHECKPOINTS,
    HOLDER,
    MANIFEST,
    MANIFEST_SUM,
    MARK,
    MARKER,
    SPEC,
    sha256_of,
    sum_line,
)
from harness.running.folder import RunFolder

_MEND = "take a whole copy of the folder, or run the study again"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def manifest_problems(folder: RunFolder) -> Iterator[Problem]:
    """Yield what is wrong with the manifest's own hash, with the marker, and with a run that is not whole."""
    own, sum_file, marker = (folder.path / name for name in (MANIFEST, MANIFEST_SUM, MARKER))
    if not sum_file.is_file():
        yield Problem(MANIFEST_SUM, "is missing, so nothing protects the manifest", hint=_MEND)
    elif sum_file.read_bytes() != sum_line(own.read_bytes()):
        yield Problem(MANIFEST, f"is not the manifest whose SHA-256 is in {MANIFEST_SUM}", hint=_MEND)
    if not marker.is_file() or marker.read_bytes() != MARK:
        yield Problem(MARKER, "does not hold what every run writes into it", hint=_MEND)
    for name in (HOLDER, CHECKPOINTS):
        if (folder.path / name).exists():
            yield Problem(name, "is there: a run is still writing here, or was cut off", hint="wait for it")


def file_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with the reported files: missing, of other bytes, or written by no run."""
    listed, present = manifest.files, folder.files()
    for name in manifest.forced:
        yield Problem(name, "was not as the run wrote it when a report was forced with --force", hint=_MEND)
    for name in sorted(listed.keys() - set(present)):
        yield Problem(name, "is missing", hint=_MEND)
    for name in present:
        if name not in listed:
            yield Problem(name, "was not written by the run, yet a report would read it", hint="remove it")
        elif sha256_of(folder.path / name) != listed[name]:
            yield Problem(name, "has other bytes than the run wrote: its SHA-256 differs", hint=_MEND)


def changed_inputs(folder: RunFolder) -> tuple[str, ...]:
    """Return what a report reads and what is not as the run wrote it, the manifest among it."""
    manifest = folder.manifest()
    own, sum_file = folder.path / MANIFEST, folder.path / MANIFEST_SUM
    is_sound = sum_file.is_file() and sum_file.read_bytes() == sum_line(own.read_bytes())
    names = {*manifest.files, *(set(folder.files()) - folder.own())}
    read = sorted(name for name in names if _is_read(name))
    found = [name for name in read if not _is_as_listed(folder, name, manifest.files.get(name))]
    return tuple(found if is_sound else [MANIFEST, *found])


def _is_read(name: str) -> bool:
    return name.endswith((".csv", ".parquet")) and name.partition("/")[0] not in {"tables", "figures"}


def _is_as_listed(folder: RunFolder, name: str, sha256: str | None) -> bool:
    return name in folder.files() and sha256_of(folder.path / name) == sha256


def require_unchanged(folder: RunFolder, *, hint: str = _MEND) -> None:
    """Refuse a folder in which what a report reads is not what the run wrote.

    Raises
    ------
    ArtifactError
        Naming every file whose hash fails.
    """
    changed = changed_inputs(folder)
    if changed:
        what = "is not as the run wrote it: its SHA-256 is another"
        raise ArtifactError(*(Problem(name, what, hint=hint) for name in changed))


def require_whole(folder: RunFolder) -> None:
    """Refuse a folder in which any file is not as the run wrote it.

    Raises
    ------
    ArtifactError
        With everything that is wrong.
    """
    problems = [*manifest_problems(folder), *file_problems(folder, folder.manifest())]
    if problems:
        raise ArtifactError(*problems)


def spec_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield whether the spec in the folder is another than the one that was run."""
    written = (folder.path / SPEC).read_bytes()
    # The hash is of the file that the user gave, which may have begun with a byte order mark.
    hashes = {hashlib.sha256(start + written).hexdigest() for start in (b"", _BYTE_ORDER_MARK)}
    if manifest.spec.sha256 not in hashes:
        yield Problem(SPEC, "is not the spec whose SHA-256 the manifest names under spec", hint=_MEND)
