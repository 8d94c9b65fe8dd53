"""The files of a study: found, local and regular, and read by their format."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.data.file_spec import FileSpec
from harness.data.read.clean import interpret
from harness.data.read.excel import read_excel
from harness.data.read.layout import check_header
from harness.data.read.parquet import read_parquet
from harness.data.read.source import Reading, Source
from harness.data.read.stata import read_stata
from harness.data.read.statistics_file import read_statistics_file
from harness.data.read.table import DataFile, Table, refuse_empty
from harness.data.read.text import read_text
from harness.errors import DataError, Problem, near_names

if TYPE_CHECKING:
    import pandas as pd


READERS: Mapping[str, Callable[[Source], Reading]] = MappingProxyType(
    {
        ".csv": read_text,
        ".tsv": read_text,
        ".txt": read_text,
        ".parquet": read_parquet,
        ".dta": read_stata,
        ".xlsx": read_excel,
        ".sav": read_statistics_file,
        ".zsav": read_statistics_file,
        ".sas7bdat": read_statistics_file,
        ".xpt": read_statistics_file,
    }
)
"""Reader of each kind of file, by its extension."""

PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".rds", ".rdata"})

MAX_BYTES = 1 << 29
"""Largest file that is read; text takes about ten times its size in memory."""


def read_file(path: Path, *, origin: str, spec: FileSpec, entity: str, time: str) -> Table:
    """Return the table in a file that was found.

    Parameters
    ----------
    origin : what messages and the report call the file
    spec : how text and workbooks are read
    entity, time : columns of names, which are read as text, and of periods

    Raises
    ------
    DataError
        Where the file is of no known format, too large, broken or empty.
    """
    refuse_unreadable(path, origin)
    table = read_bytes(path.read_bytes(), path, origin=origin, spec=spec, entity=entity, time=time)
    return replace(table, files=(DataFile(path, origin, table.sha256),))


def refuse_unreadable(path: Path, origin: str) -> None:
    """Raise a DataError where a file is of no known format, or too large."""
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise DataError(_unknown_format(origin, suffix))
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(
            Problem(
                where=origin,
                what=f"{size / 2**20:,.0f} MB, which may take {size / 2**30 * 10:,.0f} GB in memory",
                expected=f"at most {MAX_BYTES / 2**20:,.0f} MB",
                hint="keep the rows and columns of the study, or store them as parquet",
            )
        )


def read_bytes(content: bytes, path: Path, *, origin: str, spec: FileSpec, entity: str, time: str) -> Table:
    """Return the table in the bytes of a file, whose ending says how to read them."""
    source = Source(content, origin, entity, time, spec)
    reading = READERS[path.suffix.lower()](source)
    refuse_empty(reading.frame, origin)
    reading = interpret(reading, source)
    return Table(
        reading.frame,
        origin,
        title=path.name,
        source="",
        sha256=hashlib.sha256(content).hexdigest(),
        notes=reading.notes,
        labels=reading.labels,
        records=reading.records,
    )


def _unknown_format(origin: str, suffix: str) -> Problem:
    danger = "; files of this kind can run code when they are read" if suffix in PICKLES else ""
    return Problem(
        where=origin,
        what=f"files ending in '{suffix}' are not read{danger}",
        expected=", ".join(READERS),
        hint="export the data as csv or parquet",
    )


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


FRAME_FILE = "data.parquet"
"""What messages, the report and the run folder call such data."""


@dataclass(frozen=True)
class FrameFile:
    """Data that are no file yet.

    Attributes
    ----------
    content : of the parquet file that they would be
    """

    content: bytes


def frame_file(frame: pd.DataFrame) -> FrameFile:
    """Return a table as a parquet file: named levels of its index are columns, other indices are left out.

    Equal tables give equal bytes under one version of pyarrow, so their hash tells tables apart.

    Raises
    ------
    DataError
        Where a column has no text for a name, or the name of another, or cells of several types.
    """
    import pyarrow as pa
    from pyarrow import parquet

    levels = [name for name in frame.index.names if name is not None]
    check_header([*levels, *frame.columns], FRAME_FILE)
    table = frame.reset_index(levels)
    buffer = io.BytesIO()
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        what = f"cells cannot be stored: {'; '.join(map(str, error.args))}"
        expected = "one type for all cells of a column"
        raise DataError(Problem(FRAME_FILE, what, expected, "convert the column")) from error
    parquet.write_table(arrow.replace_schema_metadata(None), buffer)
    return FrameFile(buffer.getvalue())
