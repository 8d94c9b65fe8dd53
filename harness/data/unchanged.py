"""Whether a data file is still what was read from it."""

from __future__ import annotations

import hashlib

from harness.data.table import Table
from harness.errors import DataError, Problem


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
