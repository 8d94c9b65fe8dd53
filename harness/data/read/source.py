"""What a reader is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from harness.data.file_spec import FileSpec
from harness.data.messages import StepRecord
from harness.data.read.table import Labels
from harness.errors import DataError, HarnessError
from harness.registry.kind import Kind, NamedObject
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


MAX_CELLS = 200_000_000
"""Most cells a table may have; as float64 they fill 1.6 GB."""

MAX_UNPACKED = 1 << 31
"""Most bytes that a compressed file may unpack to."""


@dataclass(frozen=True)
class Source:
    """The bytes of a file and how to read them.

    Attributes
    ----------
    content : all bytes of the file
    origin : what messages call the file
    entity, time : columns of names, which are read as text, and of periods
    spec : encoding, separator, sheet, and the texts that stand for a missing cell
    """

    content: bytes
    origin: str
    entity: str
    time: str
    spec: FileSpec

    def refuse_size(self, n_rows: int, n_columns: int) -> None:
        """Raise a DataError where the table would not fit."""
        if n_rows * n_columns > MAX_CELLS:
            size = n_rows * n_columns * 8 / 2**30
            raise DataError.at(
                where=self.origin,
                what=f"{n_rows:,} rows x {n_columns:,} columns, about {size:,.1f} GB in memory",
                expected=f"at most {MAX_CELLS:,} cells",
                hint="keep the rows and columns of the study",
            )

    def refuse_unpacked(self, n_bytes: int) -> None:
        """Raise a DataError where the file unpacks to too much."""
        if n_bytes > MAX_UNPACKED:
            raise DataError.at(
                where=self.origin,
                what=f"unpacks to {n_bytes / 2**20:,.0f} MB",
                expected=f"at most {MAX_UNPACKED / 2**20:,.0f} MB",
                hint="keep the rows and columns of the study",
            )

    @contextmanager
    def read_as(self, kind: str) -> Iterator[None]:
        """Turn whatever a library raises on a broken file into a DataError."""
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:  # a reader may raise anything on broken bytes
            raise DataError.at(
                where=self.origin,
                what=f"cannot be read as {kind}: {str(error).strip() or type(error).__name__}",
                expected=f"a whole {kind} file",
                hint="write the file again, or give another one",
            ) from error


@dataclass(frozen=True)
class FileForm:
    """A file that was looked at: how it is to be read, as a draft of a spec says it.

    Attributes
    ----------
    source : the bytes, with what is to be said of them
    remarks : what was seen, by the option of `FileSpec` that it is about
    """

    source: Source
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> FileSpec:
        """What is to be said."""
        return self.source.spec

    def saying(self, option: str, value: Any, remark: str = "") -> FileForm:  # noqa: ANN401 - of a FileSpec
        """Return the form with one more option of `FileSpec`, and what was seen."""
        spec = replace(self.spec, **{option: value})
        remarks = {**self.remarks, option: remark} if remark else self.remarks
        return FileForm(replace(self.source, spec=spec), remarks)


@dataclass(frozen=True, eq=False)
class Reading:
    """A table as a reader returns it.

    Attributes
    ----------
    frame : one row an observation; its index numbers the rows where it is named ``line`` or ``row``
    cells : what they are: ``texts``, whatever a ``sheet`` holds, or ``typed`` columns
    labels : that the file brings along
    records : rows that were left out
    """

    frame: pd.DataFrame
    cells: Literal["texts", "sheet", "typed"] = "typed"
    notes: tuple[Note, ...] = ()
    labels: Labels = field(default_factory=Labels)
    records: tuple[StepRecord, ...] = ()


def _as_it_is(form: FileForm) -> FileForm:
    return form


@dataclass(frozen=True)
class FileReader:
    """A format of data files; any file with one of its endings is read by it.

    Attributes
    ----------
    name : of the format
    suffixes : endings of its files in small letters, such as ``.csv``; the first reader takes them
    read : returns the table in the bytes of a file, or raises a DataError; see `Source.read_as`
    look : for `harness init`: returns what a spec must say so that `read` takes the file; nothing by default
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Source], Reading]
    look: Callable[[FileForm], FileForm] = _as_it_is


READER: Kind[FileReader] = Kind("reader", "readers", NamedObject(("read", "look"), ("suffixes",)))
"""Formats of files that a spec can name."""


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its rows counted from 1, unless they are numbered as lines or rows of a file."""
    import pandas as pd

    if frame.index.name in ("line", "row"):
        return frame
    return frame.set_axis(pd.RangeIndex(1, 1 + len(frame), name="row"), axis="index")


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a parquet file"),
    (b"PK\x03\x04", "a zip archive, as xlsx files and saved models are"),
    (b"<stata_dta>", "a Stata file"),
    (b"\x1f\x8b", "a gzip archive, as R files are"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (xls)"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"RDX", "an R file"),
    (b"%PDF", "a PDF"),
    *(
        (bytes([0x80, protocol]), "a Python pickle, which can run code when it is read")
        for protocol in range(2, 6)
    ),
)

_OLD_STATA = bytes([105, 108, *range(110, 116)])


def signature(content: bytes) -> str:
    """Return what the first bytes say the file is; empty where they say nothing, as with text."""
    if content[:100].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), "")


def is_stata(content: bytes) -> bool:
    """Return whether the bytes begin as a Stata file of any release."""
    return content.startswith(b"<stata_dta>") or content[:1] in {bytes([release]) for release in _OLD_STATA}


def refuse_signature(content: bytes, *, origin: str, expected: str) -> None:
    """Raise a DataError that says what the file is instead of what its name promises."""
    found = signature(content) or ("empty" if not content else "something else")
    raise DataError.at(
        where=origin,
        what=f"is named as {expected}, but its first bytes say it is {found}",
        expected=f"{expected} under this name",
        hint="give the file its right extension, or export the data again",
    )
