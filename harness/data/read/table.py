"""A table as it was read, before anything is asked of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.data.note import Note
from harness.errors import DataError, Problem


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
    path : of the file; None for data that are none
    simulated : whether nobody observed these data
    """

    frame: pd.DataFrame
    origin: str
    title: str
    source: str
    sha256: str
    notes: tuple[Note, ...] = ()
    path: Path | None = None
    simulated: bool = False


def refuse_empty(frame: pd.DataFrame, origin: str) -> None:
    """Raise a DataError where a table has no columns, or no rows."""
    if frame.empty:
        what = "no columns" if not frame.shape[1] else "0 rows"
        raise DataError(Problem(origin, what, "at least one column and one row", "export the data again"))


def refuse_changed(table: Table) -> None:
    """Raise a DataError where the file of a table has gone or has other bytes than when it was read.

    Numbers come from the bytes that were read first, but nobody could compute them again.
    """
    if table.path is None:
        return
    try:
        with table.path.open("rb") as file:
            now = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _changed(table, f"cannot be read any more: {error.strerror or error}") from error
    if now != table.sha256:
        raise _changed(table, f"changed while the study ran: SHA-256 {table.sha256} then, {now} now")


def _changed(table: Table, what: str) -> DataError:
    return DataError(
        Problem(
            table.origin,
            what,
            "a file that stays the same from the start of a run to its end",
            "put the file back and take the run up with --resume, or run the study again on the new file",
        )
    )
