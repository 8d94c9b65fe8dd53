"""A folder of files that is there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from harness.errors import ArtifactError, Problem


def write_folder(path: Path, files: Mapping[PurePosixPath, str]) -> None:
    """Write a folder through a temporary neighbour that takes its name once it is complete.

    Raises
    ------
    ArtifactError
        Where something of that name is there, or the folder cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise ArtifactError(
            Problem(
                where=str(path),
                what="is there already, and nothing is written over",
                expected="a folder that is not there yet",
                hint="choose another with --out, or move this one away",
            )
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            whole = Path(scratch) / path.name
            for name, text in files.items():
                target = whole / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
            whole.rename(path)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ArtifactError(
            Problem(str(path), what, hint="choose another folder with --out, or free some space")
        ) from error
