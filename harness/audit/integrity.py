"""The files of a run folder against their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from harness.errors import ArtifactError, Problem
from harness.record.manifest import Manifest
from harness.running import files
from harness.running.folder import RunFolder

_MEND = "take a whole copy of the folder, or run the study again"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def manifest_problems(folder: RunFolder) -> Iterator[Problem]:
    """Yield what is wrong with the manifest's own hash, with the marker, and with a run that is not whole."""
    if not folder.read_bytes(files.MANIFEST_SUM):
        yield Problem(files.MANIFEST_SUM, "is missing, so nothing protects the manifest", hint=_MEND)
    elif not _is_sound(folder):
        yield Problem(
            files.MANIFEST, f"is not the manifest whose SHA-256 is in {files.MANIFEST_SUM}", hint=_MEND
        )
    if folder.read_bytes(files.MARKER) != files.MARK:
        yield Problem(files.MARKER, "does not hold what every run writes into it", hint=_MEND)
    if process := files.holder(folder.path):
        yield Problem(str(folder.path), f"{process} is writing a run or report here", hint="wait for it")


def _is_sound(folder: RunFolder) -> bool:
    """Return whether the manifest is the one whose hash is kept."""
    return folder.read_bytes(files.MANIFEST_SUM) == files.sum_line(folder.read_bytes(files.MANIFEST))


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
        elif files.sha256_of(folder.path / name) != listed[name]:
            yield Problem(name, "has other bytes than the run wrote: its SHA-256 differs", hint=_MEND)


def changed_inputs(folder: RunFolder) -> tuple[str, ...]:
    """Return what a report reads and what is not as the run wrote it, the manifest among it."""
    manifest = replace(folder.manifest(), forced=())
    places = dict.fromkeys(
        one.where for one in (*manifest_problems(folder), *file_problems(folder, manifest))
    )
    drawn = ("tables/", "figures/")
    return tuple(
        name
        for name in places
        if name in (files.MANIFEST, files.MANIFEST_SUM)
        or (name.endswith((".csv", ".parquet")) and not name.startswith(drawn))
    )


def require_unchanged(folder: RunFolder, *, hint: str = _MEND) -> None:
    """Refuse a folder in which what a report reads is not what the run wrote.

    Raises
    ------
    ArtifactError
        Naming every file whose hash fails, or the process that writes here.
    """
    if process := files.holder(folder.path):
        raise ArtifactError.at(str(folder.path), f"{process} is writing here", hint="wait for it")
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
    written = folder.read_bytes(files.SPEC)
    # The hash is of the file that the user gave, which may have begun with a byte order mark.
    hashes = {hashlib.sha256(start + written).hexdigest() for start in (b"", _BYTE_ORDER_MARK)}
    if manifest.spec.sha256 not in hashes:
        yield Problem(files.SPEC, "is not the spec whose SHA-256 the manifest names under spec", hint=_MEND)
