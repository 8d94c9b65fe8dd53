"""Files with printed tables: CSV, LaTeX and Word."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError
from harness.language import Coded, marked
from harness.printed.latex import latex_tables
from harness.printed.table import PrintedTable

if TYPE_CHECKING:
    from docx.table import Table

# Bytes of a file, and of what a Word file unpacks to: a table has some thousands.
MOST_BYTES = 1 << 24
MOST_UNPACKED = 1 << 27

# Cells of a table.
MOST_CELLS = 200_000


def read_tables(path: Path) -> tuple[PrintedTable, ...]:
    """Return the tables of a CSV, LaTeX or Word file, in their order.

    Raises
    ------
    DataError
        Where there is no such file, it is of no such format, is broken or too large, or has no table.
    """
    kind = path.suffix.lower()
    if kind not in READERS:
        what: str = Coded("is named {kind}", kind=kind or marked("without an ending"))
        raise DataError.at(str(path), what, ", ".join(READERS), marked("save the table as one of these"))
    if not path.is_file():
        raise DataError.at(
            str(path), marked("there is no such file"), hint=marked("name the file of a table")
        )
    if path.stat().st_size > MOST_BYTES:
        raise _too_large(path, path.stat().st_size, MOST_BYTES, "has")
    tables = tuple(READERS[kind](path))
    if not any(table.rows for table in tables):
        what, hint = marked("holds no table"), marked("name a file with rows and columns, in LaTeX a tabular")
        raise DataError.at(str(path), what, hint=hint)
    n_cells = sum(len(table.rows) * len(table.rows[0]) for table in tables if table.rows)
    if n_cells > MOST_CELLS:
        raise DataError.at(
            str(path),
            Coded("has {n_cells} cells", n_cells=f"{n_cells:,}"),
            Coded("at most {most_cells}", most_cells=f"{MOST_CELLS:,}"),
            marked("name its tables"),
        )
    return tables


def _too_large(path: Path, n_bytes: int, most: int, verb: str) -> DataError:
    what = Coded("{verb} {n_bytes} MB", verb=verb, n_bytes=f"{n_bytes / 2**20:,.0f}")
    expected = Coded("at most {most} MB", most=f"{most / 2**20:,.0f}")
    return DataError.at(str(path), what, expected, marked("name a file with the tables alone"))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = Coded("is no text in UTF-8: byte {start}", start=error.start + 1)
        raise DataError.at(str(path), what, "UTF-8", marked("save it as UTF-8")) from error


def _csv(path: Path) -> Iterator[PrintedTable]:
    text = _text(path)
    # What separates cells is in most lines.
    first = max(",;\t", key=lambda sign: sum(sign in line for line in text.splitlines()[:50]))
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=first) if any(map(str.strip, row))]
    except csv.Error as error:
        raise DataError.at(
            str(path), Coded("cannot be read as CSV: {error}", error=error), hint=marked("save it again")
        ) from error
    if rows:
        yield PrintedTable.of([[(" ".join(cell.split()), 1) for cell in row] for row in rows])


def _latex(path: Path) -> Iterator[PrintedTable]:
    return latex_tables(_text(path))


def _word(path: Path) -> Iterator[PrintedTable]:
    """Yield the tables of a Word file that unpacks to no more than it may and defines no entities."""
    import docx

    try:
        with zipfile.ZipFile(path) as archive:
            _require_plain(path, archive)
        blocks = list(docx.Document(str(path)).iter_inner_content())
    except DataError:
        raise
    except Exception as error:  # a reader may raise anything on broken bytes
        what = Coded(
            "cannot be read as a Word file: {error}", error=str(error).strip() or type(error).__name__
        )
        raise DataError.at(
            str(path), what, marked("a whole .docx file"), marked("save it again in Word")
        ) from error
    texts = [getattr(block, "text", "") for block in blocks]
    for at, block in enumerate(blocks):
        if not hasattr(block, "text"):
            caption = next((text for text in reversed(texts[:at]) if text.strip()), "")
            notes = next((text for text in texts[at + 1 : at + 2]), "")
            yield PrintedTable.of(list(_word_rows(block)), caption=caption, notes=notes)


def _require_plain(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what unpacks to too much, and parts that define entities."""
    n_bytes = sum(part.file_size for part in archive.infolist())
    if n_bytes > MOST_UNPACKED:
        raise _too_large(path, n_bytes, MOST_UNPACKED, "unpacks to")
    names = (name for name in archive.namelist() if name.endswith((".xml", ".rels")))
    if any(b"<!DOCTYPE" in archive.read(name) for name in names):
        what = marked("defines types or entities, which no Word file does")
        raise DataError.at(str(path), what, hint=marked("save it again in Word"))


def _word_rows(table: Table) -> Iterator[list[tuple[str, int]]]:
    """Yield the cells of each row; those that are merged are one, or empty below the first."""
    seen: set[object] = set()
    for row in table.rows:
        cells: list[tuple[str, int]] = [("", 1)] * row.grid_cols_before
        last = None
        for cell in row.cells:
            if cell._tc is last:
                text, span = cells[-1]
                cells[-1] = (text, span + 1)
            else:
                cells.append(("" if cell._tc in seen else " ".join(cell.text.split()), 1))
            last = cell._tc
        seen |= {cell._tc for cell in row.cells}
        yield cells


READERS = {".csv": _csv, ".tex": _latex, ".docx": _word}
