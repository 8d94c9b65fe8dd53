"""A table as it was read, before anything is asked of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.messages import StepRecord
from harness.data.neighbours import Contiguity
from harness.errors import DataError
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DataFile:
    """A file as it was when it was read.

    Attributes
    ----------
    path : resolved
    origin : what messages call it
    sha256 : of its bytes
    """

    path: Path
    origin: str
    sha256: str


@dataclass(frozen=True)
class Labels:
    """What files call columns and numbers.

    Attributes
    ----------
    columns : labels of columns, by name
    numbers : labels of numbers, by column
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[float, str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """Raw data.

    Attributes
    ----------
    frame : one row an observation; its index counts rows as the user's file does, and is named ``line``
        (of a text file), or ``row``
    origin : what messages and the report call the data: a relative path, or a dataset's name
    title : one line for the report
    source : who published the data; empty for a file
    sha256 : of the file's bytes, or of a dataset's values
    notes : what the reader of the report should know about the reading
    files : that the data were read from; none for data that are in no file
    simulated : whether nobody observed these data
    labels : that the files bring along
    records : what was cleaned, left out, reshaped and joined while the data were read
    contiguity : which entities are neighbours, by a file of its own; None without
    """

    frame: pd.DataFrame
    origin: str
    title: str
    source: str
    sha256: str
    notes: tuple[Note, ...] = ()
    files: tuple[DataFile, ...] = ()
    simulated: bool = False
    labels: Labels = field(default_factory=Labels)
    records: tuple[StepRecord, ...] = ()
    contiguity: Contiguity | None = None


def refuse_empty(frame: pd.DataFrame, origin: str) -> None:
    """Raise a DataError where a table has no columns, or no rows."""
    if frame.empty:
        what = "no columns" if not frame.shape[1] else "0 rows"
        raise DataError.at(origin, what, "at least one column and one row", "export the data again")


def refuse_changed(table: Table) -> None:
    """Raise a DataError where a file of a table has gone or has other bytes than when it was read.

    Numbers come from the bytes that were read first, but nobody could compute them again.
    """
    for file in table.files:
        try:
            with file.path.open("rb") as content:
                now = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            raise _changed(file, f"cannot be read any more: {error.strerror or error}") from error
        if now != file.sha256:
            raise _changed(file, f"changed while the study ran: SHA-256 {file.sha256} then, {now} now")


def _changed(file: DataFile, what: str) -> DataError:
    return DataError.at(
        file.origin,
        what,
        "a file that stays the same from the start of a run to its end",
        "put the file back and take the run up with --resume, or run the study again on the new file",
    )
