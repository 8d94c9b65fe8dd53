"""Input and output of a file reader, and the resulting table."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from harness.data.data_spec import FileSpec
from harness.data.messages import StepRecord, few
from harness.data.name import fold_name
from harness.data.neighbours import Contiguity
from harness.errors import DataError, HarnessError, Problem
from harness.language import Coded, marked
from harness.registry.catalog import Kind, NamedObject
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


# Most cells a table may have; as float64 they fill 1.6 GB.
MAX_CELLS = 200_000_000

MAX_COLUMNS = 10_000

# Bytes of memory of a row aside from its cells: its keys as texts and as codes.
ROW_BYTES = 250


def machine_bytes() -> int:
    """Return the memory of this machine or container; where neither tells (Windows), no number is larger."""
    total = sys.maxsize
    if sys.platform != "win32":
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text(encoding="ascii").strip() if limit.is_file() else ""
    return min(total, int(allowed)) if allowed.isdigit() else total


@dataclass(frozen=True)
class Source:
    """The bytes of a file and how to read them.

    Attributes
    ----------
    content : all bytes of the file
    origin : name of the file in messages
    entity, time : key columns; entities are read as text
    spec : encoding, separator, sheet, and texts that mark missing cells
    catalog : bytes of the spec's file of value labels; empty without one
    """

    content: bytes
    origin: str
    entity: str
    time: str
    spec: FileSpec
    catalog: bytes = field(default=b"", repr=False)

    @property
    def of_sheet(self) -> Source:
        """The same, named by its sheet too where the spec has one."""
        sheet = self.spec.sheet
        if sheet is None:
            return self
        return replace(self, origin=Coded("{origin}: sheet '{sheet}'", origin=self.origin, sheet=sheet))

    def refuse_size(self, n_rows: int, n_columns: int) -> None:
        """Raise a DataError if the table would be too large."""
        n_bytes, most = n_rows * (8 * n_columns + ROW_BYTES), machine_bytes()
        if n_rows * n_columns > MAX_CELLS or n_bytes > most:
            what = Coded(
                "{n_rows} rows x {n_columns} columns, about {n_bytes} GB in memory",
                n_rows=f"{n_rows:,}",
                n_columns=f"{n_columns:,}",
                n_bytes=f"{n_bytes / 2**30:,.1f}",
            )
            expected = Coded(
                "at most {max_cells} cells and {most} GB, which this machine has",
                max_cells=f"{MAX_CELLS:,}",
                most=f"{most / 2**30:,.1f}",
            )
            raise DataError.at(self.origin, what, expected, marked("keep the rows and columns of the study"))

    def refuse_bytes(self, n_bytes: float, most: int, what: str) -> None:
        """Raise a DataError if the file has, or ``unpacks to``, more bytes than are allowed."""
        if n_bytes > most:
            hint = marked("keep the rows and columns of the study, or store them as parquet")
            found = Coded("{what} {n_bytes} MB", what=what, n_bytes=f"{n_bytes / 2**20:,.0f}")
            expected = Coded("at most {most} MB", most=f"{most / 2**20:,.0f}")
            raise DataError.at(self.origin, found, expected, hint)

    def misnamed(self, expected: str) -> DataError:
        """Return an error for a file whose format differs from its extension."""
        found = signature(self.content) or (marked("empty") if not self.content else marked("something else"))
        what = Coded(
            "is named as {expected}, but its first bytes say it is {found}", expected=expected, found=found
        )
        hint = marked("give the file its right extension, or export the data again")
        if self.origin.lower().endswith(".xls"):
            hint = marked("open it in Excel, LibreOffice or WPS, and save it as an Excel workbook (.xlsx)")
        return DataError.at(self.origin, what, Coded("{expected} under this name", expected=expected), hint)

    @contextmanager
    def read_as(self, kind: str) -> Iterator[None]:
        """Turn any error of a library on a broken file into a DataError."""
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:  # a reader may raise anything on broken bytes
            what = Coded(
                "cannot be read as {kind}: {error}",
                kind=kind,
                error=str(error).strip() or type(error).__name__,
            )
            hint = marked("write the file again, or give another one")
            raise DataError.at(self.origin, what, Coded("a whole {kind} file", kind=kind), hint) from error


@dataclass(frozen=True)
class FileForm:
    """A file that was looked at: how it is to be read, as a draft of a spec says it.

    Attributes
    ----------
    source : the bytes, with what is to be said of them
    remarks : what was seen, by the option of `FileSpec` that it is about
    subject : what a title above the names says that all cells hold
    """

    source: Source
    remarks: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""

    @property
    def spec(self) -> FileSpec:
        """What is to be said."""
        return self.source.spec

    def saying(self, option: str, value: Any, remark: str = "") -> FileForm:  # noqa: ANN401 - of a FileSpec
        """Return the form with one more option of `FileSpec`, and what was seen."""
        spec = replace(self.spec, **{option: value})
        remarks = {**self.remarks, option: remark} if remark else self.remarks
        return replace(self, source=replace(self.source, spec=spec), remarks=remarks)


@dataclass(frozen=True)
class Labels:
    """What files call columns and values.

    Attributes
    ----------
    columns : labels of columns, by name
    units : of columns of numbers, by name
    codes : labels of codes, numbers or texts, by column. Of a table that was read: those of columns that
        hold the labels, and of columns of numbers of which some have labels
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[object, str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Reading:
    """A table as a reader returns it.

    Attributes
    ----------
    frame : the table; an index named ``line`` or ``row`` numbers the rows
    cells : kind of cells: ``texts``, contents of a ``sheet``, or ``typed`` columns
    labels : labels stored in the file
    records : dropped rows
    """

    frame: pd.DataFrame
    cells: Literal["texts", "sheet", "typed"] = "typed"
    notes: tuple[Note, ...] = ()
    labels: Labels = field(default_factory=Labels)
    records: tuple[StepRecord, ...] = ()


@dataclass(frozen=True)
class FileReader:
    """A data file format, chosen by file extension.

    Attributes
    ----------
    name : of the format
    suffixes : file extensions in lower case, such as ``.csv``; the first reader of an extension is used
    read : returns the table of a file, or raises a DataError; see `Source.read_as`
    look : for `harness init`: returns the options that `read` needs for the file; none by default
    sheets : for `harness init`: names of the tables of a file that may have several, for the option ``sheet``
    example : bytes of a small whole file, which `harness test-plugin` reads
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Source], Reading]
    look: Callable[[FileForm], FileForm] = field(default=lambda form: form)
    sheets: Callable[[Source], Sequence[str]] = field(default=lambda _: ())
    example: bytes = field(default=b"", repr=False)


# Formats of files that a spec can name.
READER: Kind[FileReader] = Kind("reader", "readers", NamedObject(("read", "look"), ("suffixes",)))


def check_header(names: Sequence[object], origin: str) -> list[str]:
    """Return the column names, folded.

    Raises
    ------
    DataError
        Where a name is empty or no text, where two are equal once folded, or where there are too many.
    """
    if len(names) > MAX_COLUMNS:
        hint = marked("keep the columns of the study; or are rows and columns transposed?")
        raise DataError.at(
            origin,
            Coded("{n} columns", n=f"{len(names):,}"),
            Coded("at most {max_columns} columns", max_columns=f"{MAX_COLUMNS:,}"),
            hint,
        )
    folded = [fold_name(name) if isinstance(name, str) else "" for name in names]
    unnamed = [str(at) for at, name in enumerate(folded, start=1) if not name]
    counts = {name: count for name, count in Counter(folded).items() if name and count > 1}
    doubles = [Coded("'{name}' ({n} times)", name=name, n=count) for name, count in counts.items()]
    where, problems = Coded("{origin}: header", origin=origin), []
    if unnamed:
        what = marked("columns {columns} have no name")
        if len(unnamed) == 1:
            what = marked("column {columns} has no name")
        remedy = marked("name the column; where names stand in two rows, write them into one")
        problems.append(
            Problem(
                where,
                Coded(what, columns=few(unnamed)),
                marked("a text in every cell of the first row"),
                remedy,
            )
        )
    if doubles:
        what = Coded("names that occur more than once: {doubles}", doubles=few(doubles))
        remedy = marked("rename or remove one of them")
        problems.append(Problem(where, what, marked("each name once, white space around it aside"), remedy))
    if problems:
        raise DataError(*problems)
    return folded


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its rows counted from 1, unless they are numbered as lines or rows of a file."""
    import pandas as pd

    if frame.index.name in ("line", "row"):
        return frame
    return frame.set_axis(pd.RangeIndex(1, 1 + len(frame), name="row"), axis="index")


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", marked("a parquet file")),
    (b"PK\x03\x04", marked("a zip archive, as xlsx files and saved models are")),
    (b"<stata_dta>", marked("a Stata file")),
    (b"\x1f\x8b", marked("a gzip archive, as R files are")),
    (b"BZh", marked("a bzip2 archive")),
    (b"\xfd7zXZ", marked("an xz archive")),
    (b"\xd0\xcf\x11\xe0", marked("an old Excel file (xls)")),
    (b"\x93NUMPY", marked("a NumPy file")),
    (b"\x89HDF", marked("an HDF5 file")),
    (b"ARROW1", marked("an Arrow file")),
    (b"SQLite format 3", marked("an SQLite database")),
    (b"RDX", marked("an R file")),
    (b"%PDF", marked("a PDF")),
    *(
        (bytes([0x80, protocol]), marked("a Python pickle, which can run code when it is read"))
        for protocol in range(2, 6)
    ),
)

_OLD_STATA = bytes([105, 108, *range(110, 116)])


def signature(content: bytes) -> str:
    """Return what the first bytes say the file is; empty where they say nothing, as with text."""
    start = content[:100].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<?xml", b"mime-version:")):
        return marked("a web page")
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), "")


def is_stata(content: bytes) -> bool:
    """Return whether the bytes begin as a Stata file of any release."""
    return content.startswith(b"<stata_dta>") or content[:1] in {bytes([release]) for release in _OLD_STATA}


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
        what = marked("no columns") if not frame.shape[1] else marked("0 rows")
        raise DataError.at(
            origin, what, marked("at least one column and one row"), marked("export the data again")
        )


def refuse_changed(table: Table) -> None:
    """Raise a DataError where a file of a table has gone or has other bytes than when it was read.

    Numbers come from the bytes that were read first, but nobody could compute them again.
    """
    for file in table.files:
        now, what = "", ""
        try:
            with file.path.open("rb") as content:
                now = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            what = Coded("cannot be read any more: {reason}", reason=error.strerror or error)
        if now != file.sha256:
            what = what or Coded(
                "changed while the study ran: SHA-256 {sha256} then, {now} now", sha256=file.sha256, now=now
            )
            expected = marked("a file that stays the same from the start of a run to its end")
            hint = marked(
                "put the file back and take the run up with --resume, or run the study again on the new file"
            )
            raise DataError.at(file.origin, what, expected, hint)


class Dataset(Protocol):
    """A named dataset, for ``data: {dataset: NAME}``.

    Attributes
    ----------
    name : as written in the spec
    title : one line for the report
    source : who published the data, for the report
    """

    @property
    def name(self) -> str:
        """Return the name written in the spec."""

    @property
    def title(self) -> str:
        """Return one line for the report."""

    @property
    def source(self) -> str:
        """Return who published the data."""

    def load(self) -> pd.DataFrame:
        """Return the raw table in long format."""


@runtime_checkable
class ComesWithPackage(Dataset, Protocol):
    """Capability of a dataset: it is in a package that may be missing, and knows whether it is.

    Attributes
    ----------
    package : by the name it is imported by
    is_installed : whether it is there
    """

    @property
    def package(self) -> str:
        """Return the package that ships the data."""

    @property
    def is_installed(self) -> bool:
        """Return whether it is there."""


# Datasets that a spec can choose.
DATASET: Kind[Dataset] = Kind("dataset", "datasets", NamedObject(("load",), ("title", "source")))
