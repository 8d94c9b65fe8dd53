"""Which rows of a file hold names, data, and neither, and the table that they make."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.data.messages import Account, StepRecord, few, shortened
from harness.data.read.number_text import NUMBER
from harness.data.read.source import FileForm, Reading, Source, check_header
from harness.errors import DataError
from harness.language import Message, marked

_NUMERIC = re.compile(r"\W*[0-9０-９][0-9０-９\W]*")
# Rows among which the names are looked for.
_LOOKED_AT = 20


@dataclass(frozen=True)
class FileRow:
    """One row that is not blank.

    Attributes
    ----------
    number : of its line or row in the file, from 1
    cells : as many as it has; None or an empty text where there is nothing
    """

    number: int
    cells: list[object]

    @property
    def filled(self) -> list[object]:
        """The cells that hold something."""
        return [cell for cell in self.cells if cell is not None and cell != ""]


@dataclass(frozen=True)
class Layout:
    """The rows of a file by what they are.

    Attributes
    ----------
    header : the row of names
    body : the rows of data
    records : what was left out
    """

    header: FileRow
    body: list[FileRow]
    records: tuple[StepRecord, ...]


def read_rows(rows: Sequence[FileRow], source: Source, *, noun: Literal["line", "row"]) -> Reading:
    """Return the table in the rows of a text file or a sheet.

    Parameters
    ----------
    rows : at least one
    noun : what a row is called. Lines have a field for each name; rows of a sheet end with their last cell

    Raises
    ------
    DataError
        Where the spec's rows are not there, names are not in the first row or wrong, there are no data, or
        lines have several lengths.
    """
    import pandas as pd

    layout = lay_out(rows, source, noun=noun)
    if noun == "row":
        layout = _padded(layout)
    if all(len(row.cells) == len(layout.header.cells) for row in layout.body):
        layout = without_unnamed(layout, source)
    names = check_header([_name(cell) for cell in layout.header.cells], source.origin)
    if not layout.body:
        raise DataError.at(source.origin, "0 rows: there is a header only", "at least one row")
    _refuse_ragged(layout.body, len(names), source.origin)
    source.refuse_size(len(layout.body), len(names))
    cells = zip(*(row.cells for row in layout.body), strict=True)
    columns = {name: list(column) for name, column in zip(names, cells, strict=True)}
    numbers = pd.Index([row.number for row in layout.body], name=noun)
    frame = pd.DataFrame(columns, index=numbers, dtype="object")
    return Reading(frame, cells="texts" if noun == "line" else "sheet", records=layout.records)


def _padded(layout: Layout) -> Layout:
    """Return the rows of a sheet as wide as the widest of them."""
    used = (layout.header, *layout.body)
    width = 1 + max(at for row in used for at, cell in enumerate(row.cells) if cell is not None)
    header, *body = (FileRow(row.number, (row.cells + [None] * width)[:width]) for row in used)
    return Layout(header, body, layout.records)


def _name(cell: object) -> object:
    """Return the name in a cell of the header, where a year is a number."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        return str(int(cell))
    return cell.date().isoformat() if isinstance(cell, datetime.datetime) else cell


def _refuse_ragged(body: list[FileRow], n_fields: int, origin: str) -> None:
    ragged = [f"{row.number} ({len(row.cells)} fields)" for row in body if len(row.cells) != n_fields]
    if ragged:
        raise DataError.at(
            where=f"{origin}: line{'s' if len(ragged) > 1 else ''} {few(ragged)}",
            what=f"{len(ragged)} of {len(body)} rows do not have the {n_fields} fields of the header",
            expected=f"{n_fields} fields in every row",
            hint="add the fields that lack, or quote the ones that contain the separator",
        )


def lay_out(rows: Sequence[FileRow], source: Source, *, noun: str) -> Layout:
    """Sort the rows of a file, at least one, by what the spec says of them.

    Raises
    ------
    DataError
        Where there is no such row, or the first row looks like a title.
    """
    spec, known = source.spec, [row.number for row in rows]
    asked = [*([spec.header_row] if spec.header_row else []), *spec.skip_rows]
    absent = [str(number) for number in asked if number not in known]
    if absent:
        what = f"there is nothing in {noun} {few(absent)}"
        raise DataError.at(source.origin, what, f"{noun}s {known[0]} to {known[-1]}", "correct the number")
    at = known.index(spec.header_row) if spec.header_row else 0
    header, above = rows[at], rows[:at]
    if spec.header_row is None and (names := likely_header(rows)) is not None:
        raise DataError.at(
            where=f"{source.origin}: {noun} {header.number}",
            what=f"holds {_shown(header)} alone, as a title does; "
            f"the names of columns seem to stand in {noun} {names.number}: {_shown(names)}",
            expected="the names of the columns",
            hint=f"data: header_row: {names.number}",
        )
    skipped = [row for row in rows[at + 1 :] if row.number in spec.skip_rows]
    body = [row for row in rows[at + 1 :] if row.number not in spec.skip_rows]
    left_out = (("header_row", above), ("skip_rows", skipped))
    records = (_record(step, rows_out, source, noun) for step, rows_out in left_out if rows_out)
    return Layout(header, body, tuple(records))


def without_unnamed(layout: Layout, source: Source) -> Layout:
    """Return the rows without columns of no name that hold nothing, or, as the first, number the rows.

    R writes such a first column, pandas its index, and spreadsheets empty ones at the end.
    """
    width = len(layout.header.cells)
    blank = [at for at in range(width) if not str(layout.header.cells[at] or "").strip()]
    columns = {at: [row.cells[at] for row in layout.body] for at in blank}
    empty = [at for at, cells in columns.items() if all(cell in (None, "") for cell in cells)]
    dropped = [0, *empty] if 0 in columns and _numbers_rows(columns[0]) else empty
    if not dropped:
        return layout
    kept = [at for at in range(width) if at not in dropped]
    used = (layout.header, *layout.body)
    header, *body = (FileRow(row.number, [row.cells[at] for at in kept]) for row in used)
    shown = few([str(at + 1) for at in dropped])
    template = marked("left out columns without a name, which number the rows or hold nothing: {shown}")
    detail = Message(template, shown=shown)
    record = StepRecord("unnamed_columns", source.origin, (source.origin,), Account(detail))
    return Layout(header, body, (*layout.records, record))


def _numbers_rows(cells: Sequence[object]) -> bool:
    """Return whether cells are whole numbers, each once."""
    texts = {str(cell) for cell in cells}
    return len(texts) == len(cells) and all(text.isascii() and text.isdigit() for text in texts)


def _record(step: str, rows: Sequence[FileRow], source: Source, noun: str) -> StepRecord:
    shown = few([f"{row.number} ({_shown(row)})" for row in rows])
    detail = Message("left out {noun}{len} {shown}", noun=noun, len="s" if len(rows) > 1 else "", shown=shown)
    return StepRecord(step, source.origin, (source.origin,), Account(detail))


def _shown(row: FileRow) -> str:
    return shortened(", ".join(str(cell).strip() for cell in row.filled))


def likely_header(rows: Sequence[FileRow]) -> FileRow | None:
    """Return the row that seems to hold the names, where the first one holds a title; None where it does not.

    A title is at most one filled cell above rows of several.
    """
    first, *others = rows[:_LOOKED_AT]
    widths = Counter(len(row.filled) for row in others if len(row.filled) > 1)
    if len(first.filled) > 1 or not widths:
        return None
    usual = max(widths, key=lambda width: (widths[width], width))
    return next((row for row in others if len(row.filled) >= usual and _is_text(row.filled[0])), None)


def look_at_rows(form: FileForm, rows: Sequence[FileRow]) -> FileForm:
    """Find the row of names and the rows that are no data among those of a file, at least one."""
    header = likely_header(rows)
    if header is not None:
        form = form.saying("header_row", header.number, "the row with the names of the columns")
    skipped = likely_skips(rows[1 + (0 if header is None else rows.index(header)) :])
    return form.saying("skip_rows", skipped, "no data: units, notes or empty rows") if skipped else form


def likely_skips(body: Sequence[FileRow]) -> tuple[int, ...]:
    """Return the numbers of rows that seem to be no data: units at the head, notes at the end, empty ones.

    Units are rows without a number above rows of which most have one. A note is a text alone, below rows of
    several cells. A row is empty whose fields are.

    Parameters
    ----------
    body : the rows below the names
    """
    units = next((at for at, row in enumerate(body) if any(map(_has_digit, row.filled))), 0)
    with_number = sum(any(map(_has_digit, row.filled)) for row in body)
    units = units if 2 * with_number > len(body) else 0
    is_wide = 2 * sum(len(row.filled) > 1 for row in body) > len(body)
    end = len(body)
    while is_wide and end > units and _is_note(body[end - 1]):
        end -= 1
    empty = [row for row in body[units:end] if not row.filled]
    return tuple(sorted(row.number for row in (*body[:units], *empty, *body[end:])))


def _is_note(row: FileRow) -> bool:
    return not row.filled or (len(row.filled) == 1 and _is_text(row.filled[0]))


def _has_digit(cell: object) -> bool:
    """Return whether a cell is a number, or is written as one with signs around its digits."""
    return not isinstance(cell, str) or _NUMERIC.fullmatch(cell) is not None


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and NUMBER.fullmatch(cell) is None
