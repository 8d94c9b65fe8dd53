"""Reading xlsx workbooks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from harness.data.locations import few
from harness.data.note import Note
from harness.data.read.header import check_header
from harness.data.read.signature import refuse_signature
from harness.data.read.source import Reading, Source
from harness.data.read.type_inference import type_objects
from harness.errors import DataError, Problem, near_names

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell


def read_excel(source: Source) -> Reading:
    """Read one sheet of a workbook: the values its formulas had when it was last saved.

    Raises
    ------
    DataError
        Where the file is broken or unpacks to too much, the sheet is not clear, or a formula has no value.
    """
    if not source.content.startswith(b"PK"):
        refuse_signature(source.content, origin=source.origin, expected="an xlsx workbook")
    with source.read_as("xlsx"):
        source.refuse_unpacked(_unpacked_size(source.content))
        sheet = _choose_sheet(_open(source, values=True), source)
        rows = [[cell.value for cell in row] for row in _cells(source, sheet, values=True)]
        formulas = [
            cell for row in _cells(source, sheet, values=False) for cell in row if cell.data_type == "f"
        ]
    _refuse_uncomputed(formulas, rows, f"{source.origin}: sheet '{sheet}'")
    note = Note("W-FORMULA", sheet, f"{len(formulas)} cells are formulas; their last saved values are used.")
    return Reading(_table(rows, source), notes=(note,) if formulas else ())


def _unpacked_size(content: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(part.file_size for part in archive.infolist())


def _open(source: Source, *, values: bool) -> Workbook:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(source.content), read_only=True, data_only=values)


def _cells(source: Source, sheet: str, *, values: bool) -> Iterator[tuple[Cell, ...]]:
    yield from _open(source, values=values)[sheet].iter_rows()


def _choose_sheet(workbook: Workbook, source: Source) -> str:
    asked = source.spec.sheet
    names: list[str] = [sheet.title for sheet in workbook.worksheets]
    if asked is not None and asked in names:
        return asked
    visible: list[str] = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    if asked is None and len(visible) == 1:
        return visible[0]
    what = f"there is no sheet '{asked}'" if asked else f"{len(visible)} visible sheets, and none is named"
    hint = near_names(asked, names) if asked else ""
    raise DataError(
        Problem(source.origin, what, f"sheets {few(names)}", hint or f"data: sheet: {(visible or names)[0]}")
    )


def _refuse_uncomputed(formulas: list[Cell], rows: list[list[object]], place: str) -> None:
    empty = [cell.coordinate for cell in formulas if rows[cell.row - 1][cell.column - 1] is None]
    if empty:
        raise DataError(
            Problem(
                where=place,
                what=f"{len(empty)} formulas have no saved value: {few(empty)}",
                expected="values, or formulas that were computed",
                hint="open and save the workbook in a spreadsheet program, or paste values",
            )
        )


def _table(rows: list[list[object]], source: Source) -> pd.DataFrame:
    filled = [at for at, row in enumerate(rows) if any(cell is not None for cell in row)]
    if not filled:
        raise DataError(Problem(source.origin, "no columns: the sheet is empty", "a header and rows"))
    head, *body = filled
    if not body:
        raise DataError(Problem(source.origin, "0 rows: there is a header only", "at least one row"))
    width = 1 + max(at for row in rows for at, cell in enumerate(row) if cell is not None)
    names = check_header((rows[head] + [None] * width)[:width], source.origin)
    source.refuse_size(len(body), width)
    missing = frozenset(source.spec.missing_values)
    columns = {}
    for at, name in enumerate(names):
        cells = [rows[row][at] if at < len(rows[row]) else None for row in body]
        columns[name] = type_objects(cells, frozenset({""}) if name == source.entity else missing)
    numbers = pd.Index([row + 1 for row in body], name="row")
    return pd.DataFrame(columns).set_axis(numbers, axis="index")
