"""The files of a study: found, local and regular, and read by their format."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.file_spec import FileSpec
from harness.data.read.clean import interpret
from harness.data.read.layout import check_header
from harness.data.read.parquet import PARQUET
from harness.data.read.shipped import harness_readers
from harness.data.read.source import FileReader, Source, numbered
from harness.data.read.table import DataFile, Table, refuse_empty
from harness.errors import DataError, Problem, near_names

if TYPE_CHECKING:
    import pandas as pd


PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".npy", ".npz", ".rds", ".rdata"})

MAX_BYTES = 1 << 29
"""Largest file that is read; text takes about ten times its size in memory."""


def read_source(source: Source, reader: FileReader, *, title: str = "") -> Table:
    """Return the table in the bytes of a file.

    Parameters
    ----------
    title : of the table, for the report

    Raises
    ------
    DataError
        Where the file is broken or empty, or is not what its spec says.
    """
    reading = reader.read(source)
    check_header(list(reading.frame.columns), source.origin)
    refuse_empty(reading.frame, source.origin)
    reading = interpret(replace(reading, frame=numbered(reading.frame)), source)
    return Table(
        reading.frame,
        source.origin,
        title=title,
        source="",
        sha256=hashlib.sha256(source.content).hexdigest(),
        notes=reading.notes,
        labels=reading.labels,
        records=reading.records,
    )


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True)
class DataFolder:
    """Where the files that a study names lie.

    Attributes
    ----------
    root : folder that relative paths start at
    allow_outside : whether files may lie outside of it, links followed
    readers : of their formats, by name
    """

    root: Path
    allow_outside: bool = False
    readers: Mapping[str, FileReader] = field(
        default_factory=lambda: {reader.name: reader for reader in harness_readers()}
    )

    def find(self, asked: str) -> Path:
        """Return the resolved path of a file, given as written.

        Raises
        ------
        DataError
            Where the path is a URL, leaves the folder and may not, or is no readable regular file.
        """
        if _URL.match(asked):
            raise DataError.at(
                where=asked,
                what="an address, not a file",
                expected="a file on this machine",
                hint="download it first, and give the path of the copy",
            )
        path = _resolved(asked, self.root)
        if not self.allow_outside and not path.is_relative_to(self.root.resolve()):
            raise DataError.at(
                where=asked,
                what="lies outside of the spec's folder",
                expected="a path within the spec's folder, links followed",
                hint="move the file, name it with --data, or say --allow-outside",
            )
        _refuse_irregular(path, asked)
        return path

    def reader_of(self, path: Path, origin: str) -> FileReader:
        """Return what reads a file that was found.

        Raises
        ------
        DataError
            Where the file is of no known format, or too large.
        """
        suffix = path.suffix.lower()
        by_suffix = {
            own: reader for reader in reversed(tuple(self.readers.values())) for own in reader.suffixes
        }
        if suffix not in by_suffix:
            danger = "; files of this kind can run code when they are read" if suffix in PICKLES else ""
            raise DataError.at(
                where=origin,
                what=f"files ending in '{suffix}' are not read{danger}",
                expected=", ".join(own for reader in self.readers.values() for own in reader.suffixes),
                hint="export the data as csv or parquet",
            )
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError.at(
                where=origin,
                what=f"{size / 2**20:,.0f} MB, which may take {size / 2**30 * 10:,.0f} GB in memory",
                expected=f"at most {MAX_BYTES / 2**20:,.0f} MB",
                hint="keep the rows and columns of the study, or store them as parquet",
            )
        return by_suffix[suffix]

    def read(self, spec: FileSpec, *, entity: str, time: str, path: Path | None = None) -> Table:
        """Return the table in a file that a spec names.

        Parameters
        ----------
        spec : where the file lies, and how text and workbooks are read
        entity, time : columns of names, which are read as text, and of periods
        path : of a file that was found, to be read instead

        Raises
        ------
        DataError
            Where the file is not found, of no known format, too large, broken or empty.
        """
        path = path or self.find(str(spec.path))
        origin = self.name_of(path)
        reader = self.reader_of(path, origin)
        source = Source(path.read_bytes(), origin, entity, time, spec)
        table = read_source(source, reader, title=path.name)
        return replace(table, files=(DataFile(path, origin, table.sha256),))

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
        raise DataError.at(where=repr(asked), what=f"is no usable path: {error}") from error


def _refuse_irregular(path: Path, asked: str) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataError(_unreachable(path, asked, error)) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
        raise DataError.at(
            where=asked, what=f"is {kind}", expected="a regular file", hint="name the file itself"
        )
    if not os.access(path, os.R_OK):
        raise DataError.at(where=asked, what="may not be read", hint="ask for the permission to read it")


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
        raise DataError.at(FRAME_FILE, what, expected, "convert the column") from error
    parquet.write_table(arrow.replace_schema_metadata(None), buffer)
    return FrameFile(buffer.getvalue())


def read_frame(
    frame: FrameFile, spec: FileSpec, *, entity: str, time: str, origin: str = FRAME_FILE
) -> Table:
    """Return a script's table, as that of a file is."""
    return read_source(Source(frame.content, origin, entity, time, spec), PARQUET, title=FRAME_FILE)
