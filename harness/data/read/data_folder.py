"""The folder of a study's files: each is found, local and regular."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError, Problem, near_names

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True)
class DataFolder:
    """Where the files that a study names lie.

    Attributes
    ----------
    root : folder that relative paths start at
    allow_outside : whether files may lie outside of it, links followed
    """

    root: Path
    allow_outside: bool = False

    def find(self, asked: str) -> Path:
        """Return the resolved path of a file, given as written.

        Raises
        ------
        DataError
            Where the path is a URL, leaves the folder and may not, or is no readable regular file.
        """
        if _URL.match(asked):
            raise DataError(
                Problem(
                    where=asked,
                    what="an address, not a file",
                    expected="a file on this machine",
                    hint="download it first, and give the path of the copy",
                )
            )
        path = _resolved(asked, self.root)
        if not self.allow_outside and not path.is_relative_to(self.root.resolve()):
            raise DataError(
                Problem(
                    where=asked,
                    what="lies outside of the spec's folder",
                    expected="a path within the spec's folder, links followed",
                    hint="move the file, name it with --data, or say --allow-outside",
                )
            )
        _refuse_irregular(path, asked)
        return path

    def name_of(self, path: Path) -> str:
        """Return the path within the folder, or the name alone: no report tells of a home folder."""
        root = self.root.resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def find_anywhere(asked: Path) -> Path:
    """Return the resolved path of a file of the command line.

    Raises
    ------
    DataError
        As `DataFolder.find` does.
    """
    return DataFolder(Path.cwd(), allow_outside=True).find(str(asked))


def _resolved(asked: str, root: Path) -> Path:
    try:
        return (root / asked).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(Problem(where=repr(asked), what=f"is no usable path: {error}")) from error


def _refuse_irregular(path: Path, asked: str) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataError(_unreachable(path, asked, error)) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
        raise DataError(
            Problem(where=asked, what=f"is {kind}", expected="a regular file", hint="name the file itself")
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            Problem(where=asked, what="may not be read", hint="ask for the permission to read it")
        )


def _unreachable(path: Path, asked: str, error: OSError) -> Problem:
    if not isinstance(error, FileNotFoundError):
        return Problem(where=asked, what=f"cannot be reached: {error.strerror}", expected="a readable file")
    there = [neighbour.name for neighbour in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = near_names(path.name, there) or "check the path; a relative one starts at the spec's folder"
    return Problem(where=asked, what="there is no such file", expected="an existing file", hint=hint)
