"""A table as it was read, before anything is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.data.note import Note


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
