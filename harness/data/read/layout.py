"""Which rows of a file hold names, data, and neither; and the names, checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.data.messages import Account, StepRecord, few
from harness.data.name import fold_name
from harness.data.read.number_text import NUMBER
from harness.data.read.source import FileForm, Source
from harness.errors import DataError, Problem
from harness.language import Message

_NUMERIC = re.compile(r"\W*[0-9０-９][0-9０-９\W]*")
_LOOKED_AT = 20
"""Rows among which the names are looked for."""


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


def lay_out(rows: Sequence[FileRow], source: Source, *, noun: str) -> Layout:
    """Sort the rows of a file by what the spec says of them.

    Parameters
    ----------
    rows : at least one
    noun : what a row is called: line or row

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
        raise DataError(_title(header, names, source, noun))
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
    columns = {at: [row.cells[at] if at < len(row.cells) else None for row in layout.body] for at in blank}
    empty = [at for at, cells in columns.items() if all(cell in (None, "") for cell in cells)]
    dropped = [0, *empty] if 0 in columns and _numbers_rows(columns[0]) else empty
    if not dropped:
        return layout
    kept = [at for at in range(width) if at not in dropped]
    header, *body = (
        FileRow(row.number, [row.cells[at] for at in kept if at < len(row.cells)])
        for row in (layout.header, *layout.body)
    )
    shown = few([str(at + 1) for at in dropped])
    detail = Message(
        "left out columns without a name, which number the rows or hold nothing: {shown}", shown=shown
    )
    record = StepRecord("unnamed_columns", source.origin, (source.origin,), Account(detail))
    return Layout(header, body, (*layout.records, record))


def _numbers_rows(cells: Sequence[object]) -> bool:
    """Return whether cells are whole numbers, each once."""
    texts = {str(cell) for cell in cells}
    return len(texts) == len(cells) and all(text.isascii() and text.isdigit() for text in texts)


def refuse_no_rows(body: Sequence[FileRow], origin: str) -> None:
    """Raise a DataError where there are no rows of data."""
    if not body:
        raise DataError.at(origin, "0 rows: there is a header only", "at least one row")


def _record(step: str, rows: Sequence[FileRow], source: Source, noun: str) -> StepRecord:
    shown = few([f"{row.number} ({_shown(row)})" for row in rows])
    detail = Message("left out {noun}{len} {shown}", noun=noun, len="s" if len(rows) > 1 else "", shown=shown)
    return StepRecord(step, source.origin, (source.origin,), Account(detail))


def _shown(row: FileRow) -> str:
    text = ", ".join(str(cell).strip() for cell in row.filled)
    return repr(text if len(text) <= 40 else text[:37] + "...")


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


def _title(first: FileRow, names: FileRow, source: Source, noun: str) -> Problem:
    return Problem(
        where=f"{source.origin}: {noun} {first.number}",
        what=f"holds {_shown(first)} alone, as a title does; "
        f"the names of columns seem to stand in {noun} {names.number}: {_shown(names)}",
        expected="the names of the columns",
        hint=f"data: header_row: {names.number}",
    )


MAX_COLUMNS = 10_000


def check_header(names: Sequence[object], origin: str) -> list[str]:
    """Return the column names, folded.

    Raises
    ------
    DataError
        Where a name is empty or no text, where two are equal once folded, or where there are too many.
    """
    if len(names) > MAX_COLUMNS:
        raise DataError.at(
            where=origin,
            what=f"{len(names):,} columns",
            expected=f"at most {MAX_COLUMNS:,} columns",
            hint="keep the columns of the study; or are rows and columns transposed?",
        )
    folded = [fold_name(name) if isinstance(name, str) else "" for name in names]
    unnamed = [str(at) for at, name in enumerate(folded, start=1) if not name]
    doubles = [f"'{name}' ({count} times)" for name, count in Counter(folded).items() if name and count > 1]
    problems = []
    if unnamed:
        said = f"columns {few(unnamed)} have" if len(unnamed) > 1 else f"column {unnamed[0]} has"
        problems.append(
            Problem(
                where=f"{origin}: header",
                what=f"{said} no name",
                expected="a text in every cell of the first row",
                hint="name the column; where names stand in two rows, write them into one",
            )
        )
    if doubles:
        problems.append(
            Problem(
                where=f"{origin}: header",
                what=f"names that occur more than once: {few(doubles)}",
                expected="each name once, white space around it aside",
                hint="rename or remove one of them",
            )
        )
    if problems:
        raise DataError(*problems)
    return folded
