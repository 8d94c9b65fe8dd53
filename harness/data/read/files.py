"""Files of data, read by their format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from harness.data.file_spec import FileSpec
from harness.data.read.excel import read_excel
from harness.data.read.interpret import interpret
from harness.data.read.parquet import read_parquet
from harness.data.read.source import Reading, Source
from harness.data.read.stata import read_stata
from harness.data.read.statistics_file import read_statistics_file
from harness.data.read.table import DataFile, Table, refuse_empty
from harness.data.read.text import read_text
from harness.errors import DataError, Problem

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
