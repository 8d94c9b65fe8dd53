"""Reading xlsx workbooks."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from harness.data.messages import Account, StepRecord, few
from harness.data.read.source import MAX_COLUMNS, FileForm, FileReader, Reading, Source
from harness.data.read.text import FileRow, look_at_rows, read_rows
from harness.errors import DataError, near_names
from harness.language import Coded, marked
from harness.tables.preparation import Note

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell

# Rows that a sheet has in the programs that write them.
MAX_ROWS = 2**20


def read_excel(source: Source) -> Reading:
    """Read one sheet of a workbook: the values its formulas had when it was last saved.

    Raises
    ------
    DataError
        Where the file is broken or unpacks to too much, the sheet is not clear, or a formula has no value.
    """
    with _opened(source) as workbook:
        sheet = _choose_sheet(workbook, source)
        rows, merged = _values(source, sheet), _merged(source, workbook, sheet)
        cells = (cell for row in _cells(source, sheet, values=False) for cell in row)
        formulas = [cell for cell in cells if cell.data_type == "f"]
    # A row ends with its last cell that holds something.
    empty = [
        cell.coordinate
        for cell in formulas
        if rows[cell.row - 1][cell.column - 1 : cell.column] in ([], [None])
    ]
    if empty:
        what = Coded("{n} formulas have no saved value: {empty}", n=len(empty), empty=few(empty))
        hint = marked("open and save the workbook in a spreadsheet program, or paste values")
        expected = marked("values, or formulas that were computed")
        raise DataError.at(
            Coded("{origin}: sheet '{sheet}'", origin=source.origin, sheet=sheet), what, expected, hint
        )
    template = marked("{formulas} cells are formulas; their last saved values are used.")
    note = Note("W-FORMULA", sheet, Coded(template, formulas=len(formulas)))
    head = max(source.spec.header_rows, default=_filled(rows, source.of_sheet)[0].number)
    records = [*_spread(rows, merged, head=head, source=source.of_sheet)]
    reading = read_rows(_filled(rows, source.of_sheet), source.of_sheet, noun="row")
    notes = (note,) if formulas else ()
    return replace(reading, notes=notes, records=(*reading.records, *records))


# First column, first row, last column and last row of a range, from 1.
_Range = tuple[int, int, int, int]

_MERGED = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')


def _merged(source: Source, workbook: Workbook, sheet: str) -> list[_Range]:
    """Return the merged cells of a sheet that span several rows; openpyxl tells of whole workbooks."""
    from openpyxl.utils import range_boundaries

    with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
        content = archive.read(vars(workbook[sheet])["_worksheet_path"])
    references = _MERGED.findall(content, content.rfind(b"sheetData>"))
    ranges = [cast("_Range", range_boundaries(reference.decode())) for reference in references]
    return [one for one in ranges if one[1] < one[3] <= MAX_ROWS]


def _spread(
    rows: list[list[object]], merged: Sequence[_Range], *, head: int, source: Source
) -> Iterator[StepRecord]:
    """Give all rows of merged cells below the names the value of the first, and yield for how many cells.

    Parameters
    ----------
    rows : from the first of the sheet; changed
    head : the row of names
    """
    filled = Counter[int]()
    for column, first, _, last in merged:
        value = rows[first - 1][column - 1 : column] if head < first <= len(rows) else []
        for row in rows[first:last] if value not in ([], [None]) else ():
            row.extend([None] * (column - len(row)))
            row[column - 1] = value[0]
            filled[column] += 1
    for column, count in sorted(filled.items()):
        name = str(next(iter(rows[head - 1][column - 1 : column]), None) or f"column {column}")
        detail = Coded("merged cells: {count} rows below hold their value", count=count)
        yield StepRecord("merged_cells", name, (source.origin,), Account(detail))


def look_at_sheet(form: FileForm) -> FileForm:
    """Find the row of names and the rows of data in a sheet."""
    with _opened(form.source) as workbook:
        rows = _values(form.source, _choose_sheet(workbook, form.source))
    return look_at_rows(form, _filled(rows, form.source.of_sheet))


def visible_sheets(source: Source) -> list[str]:
    """Return the names of a workbook's visible sheets."""
    with _opened(source) as workbook:
        return _visible(workbook)


@contextmanager
def _opened(source: Source) -> Iterator[Workbook]:
    """Give a workbook with the values of its cells; refuse what is none, or unpacks to too much."""
    if not source.content.startswith(b"PK"):
        raise source.misnamed(marked("an xlsx workbook"))
    with source.read_as("xlsx"):
        with zipfile.ZipFile(io.BytesIO(source.content)) as archive:
            n_bytes = sum(part.file_size for part in archive.infolist())
            # 128 MB, or of a larger file 50 times its size, as sheets of numbers do not, up to 1 GB.
            most = min(1 << 30, max(1 << 27, 50 * len(source.content)))
            source.refuse_bytes(n_bytes, most, "unpacks to")
        yield _open(source, values=True)


def _visible(workbook: Workbook) -> list[str]:
    return [sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible"]


def _open(source: Source, *, values: bool) -> Workbook:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(source.content), read_only=True, data_only=values)


def _cells(source: Source, sheet: str, *, values: bool) -> Iterator[tuple[Cell, ...]]:
    """Yield the cells of each row up to the last that holds something, whatever size the file says it has.

    Raises
    ------
    DataError
        Where a cell lies in a row or column beyond all sheets.
    """
    worksheet = _open(source, values=values)[sheet]
    worksheet.reset_dimensions()
    for number, row in enumerate(worksheet.iter_rows(), start=1):
        n_cells = next((at for at in range(len(row), 0, -1) if row[at - 1].value is not None), 0)
        if number > MAX_ROWS or n_cells > MAX_COLUMNS:
            where = Coded("{origin}: sheet '{sheet}'", origin=source.origin, sheet=sheet)
            what = Coded(
                "a cell lies in row {number}, column {n_cells}", number=f"{number:,}", n_cells=f"{n_cells:,}"
            )
            expected = Coded(
                "at most {max_rows} rows and {max_columns} columns",
                max_rows=f"{MAX_ROWS:,}",
                max_columns=f"{MAX_COLUMNS:,}",
            )
            raise DataError.at(where, what, expected, marked("remove what lies far from the table"))
        yield row[:n_cells]


def _values(source: Source, sheet: str) -> list[list[object]]:
    return [[cell.value for cell in row] for row in _cells(source, sheet, values=True)]


def _choose_sheet(workbook: Workbook, source: Source) -> str:
    requested = source.spec.sheet
    names: list[str] = [sheet.title for sheet in workbook.worksheets]
    if requested is not None and requested in names:
        return requested
    visible = _visible(workbook)
    if requested is None and len(visible) == 1:
        return visible[0]
    what, hint = Coded("{n} visible sheets, and none is named", n=len(visible)), ""
    if requested:
        what = Coded("there is no sheet '{requested}'", requested=requested)
        hint = near_names(requested, names)
    hint = hint or Coded("data: sheet: {visible}", visible=(visible or names)[0])
    raise DataError.at(source.origin, what, Coded("sheets {names}", names=few(names)), hint)


def _filled(rows: list[list[object]], source: Source) -> list[FileRow]:
    """Return the rows that hold something, one or more."""
    filled = [FileRow(number, row) for number, row in enumerate(rows, start=1) if row]
    if not filled:
        raise DataError.at(
            source.origin, marked("no columns: the sheet is empty"), marked("a header and rows")
        )
    return filled


# Workbooks.
EXCEL = FileReader("excel", (".xlsx",), read_excel, look_at_sheet, visible_sheets)
