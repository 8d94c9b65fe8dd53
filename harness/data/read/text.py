"""Reading rows of cells: which hold names, data and neither, and delimited text, strictly."""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.data.messages import Account, StepRecord, few, shortened
from harness.data.name import fold_name
from harness.data.read import source as sources
from harness.data.read.number_text import NUMBER, are_years
from harness.data.read.source import FileForm, FileReader, Labels, Reading, Source
from harness.errors import DataError
from harness.language import Coded, in_series, marked

_NUMERIC = re.compile(r"\W*[0-9０-９][0-9０-９\W]*")
# What a column without a name is called, to the left of columns of periods.
ENTITY = "entity"
_NAMED = Account(Coded(marked("the first column has no name, and is called 'entity'")))

# Rows among which the names are looked for, and lines that show how fields are separated.
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
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
    labels : of columns, from the rows next to their names
    records : what was left out
    """

    header: FileRow
    body: list[FileRow]
    labels: Labels
    records: tuple[StepRecord, ...]

    def with_cells(self, change: Callable[[list[object]], list[object]]) -> Layout:
        """Return the layout with other cells in each row."""
        header, *body = (FileRow(row.number, change(row.cells)) for row in (self.header, *self.body))
        return replace(self, header=header, body=body)


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
        used = (layout.header, *layout.body)
        width = 1 + max(at for row in used for at, cell in enumerate(row.cells) if cell is not None)
        layout = layout.with_cells(lambda cells: (cells + [None] * width)[:width])
    if all(len(row.cells) == len(layout.header.cells) for row in layout.body):
        layout = without_unnamed(layout, source)
    names: list[object] = [_name(cell) for cell in layout.header.cells]
    if names and not str(names[0] or "").strip() and ENTITY not in names:
        from harness.data.shape.reshape import column_pattern

        if column_pattern([*map(str, names[1:])])[0] is not None:
            names[0], record = ENTITY, StepRecord("unnamed_columns", ENTITY, (source.origin,), _NAMED)
            layout = replace(layout, records=(*layout.records, record))
    header = sources.check_header(names, source.origin)
    if not layout.body:
        what, hint = marked("0 rows: there is a header only"), marked("export the data again")
        raise DataError.at(source.origin, what, marked("at least one row"), hint)
    n_fields, body = len(header), layout.body
    others = [row for row in body if len(row.cells) != n_fields]
    ragged = [Coded("{row} ({n} fields)", row=row.number, n=len(row.cells)) for row in others]
    if ragged:
        where = marked("{origin}: lines {rows}") if len(ragged) > 1 else marked("{origin}: line {rows}")
        where = Coded(where, origin=source.origin, rows=few(ragged))
        what = Coded(
            "{n} of {n_all} rows do not have the {n_fields} fields of the header",
            n=len(ragged),
            n_all=len(body),
            n_fields=n_fields,
        )
        hint = marked("add the fields that lack, or quote the ones that contain the separator")
        raise DataError.at(where, what, Coded("{n_fields} fields in every row", n_fields=n_fields), hint)
    source.refuse_size(len(body), n_fields)
    columns = dict(zip(header, map(list, zip(*(row.cells for row in body), strict=True)), strict=True))
    numbers = pd.Index([row.number for row in body], name=noun)
    frame = pd.DataFrame(columns, index=numbers, dtype="object")
    return Reading(frame, "texts" if noun == "line" else "sheet", (), layout.labels, layout.records)


def _name(cell: object) -> object:
    """Return the name in a cell of the header, where a year is a number."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        return str(int(cell))
    return cell.date().isoformat() if isinstance(cell, datetime.datetime) else cell


def lay_out(rows: Sequence[FileRow], source: Source, *, noun: str) -> Layout:
    """Sort the rows of a file, at least one, by what the spec says of them.

    Raises
    ------
    DataError
        Where there is no such row, or the first row looks like a title.
    """
    spec, known = source.spec, [row.number for row in rows]
    requested = [*spec.header_rows, *spec.skip_rows]
    absent = [str(number) for number in requested if number not in known]
    if absent:
        of_text, of_sheet = (
            marked("there is nothing in line {absent}"),
            marked("there is nothing in row {absent}"),
        )
        what = Coded(of_text if noun == "line" else of_sheet, absent=few(absent))
        raise DataError.at(
            source.origin,
            what,
            Coded("{noun} {first} to {last}", noun=f"{noun}s", first=known[0], last=known[-1]),
            marked("correct the number"),
        )
    heads = [rows[known.index(number)] for number in spec.header_rows] or [rows[0]]
    at = rows.index(heads[-1])
    header, above = joined_names(heads), [row for row in rows[:at] if row not in heads]
    if spec.header_row is None and (names := likely_heads(rows)):
        where, numbers = f"{source.origin}: {noun} {header.number}", [row.number for row in names]
        shown = f"{noun} {' and '.join(map(str, numbers))}: {_shown(joined_names(names))}"
        what = Coded(
            "holds {header}; the names of columns seem to stand in {shown}",
            header=_shown(header),
            shown=shown,
        )
        hint = Coded("data: header_row: {numbers}", numbers=numbers if len(numbers) > 1 else numbers[0])
        raise DataError.at(where, what, marked("the names of the columns"), hint)
    skipped = [row for row in rows[at + 1 :] if row.number in spec.skip_rows]
    body = [row for row in rows[at + 1 :] if row.number not in spec.skip_rows]
    records = []
    for step, left_out in (("header_row", above), ("skip_rows", skipped)):
        if left_out:
            shown = few([f"{row.number} ({_shown(row)})" for row in left_out])
            plural, template = "s" if len(left_out) > 1 else "", marked("dropped {noun}{len} {shown}")
            account = Account(Coded(template, noun=noun, len=plural, shown=shown))
            records.append(StepRecord(step, source.origin, (source.origin,), account))
    below = [row for row in skipped if not body or row.number < body[0].number]
    return Layout(header, body, _labels([*above, *below], header), tuple(records))


def _labels(rows: Sequence[FileRow], header: FileRow) -> Labels:
    """Return what rows without data next to the names say of the columns."""
    if not rows:
        return Labels()
    names, *texts = ([fold_name(str(_name(cell) or "")) for cell in row.cells] for row in (header, *rows))
    return labels_beside(texts, names)


def without_unnamed(layout: Layout, source: Source) -> Layout:
    """Return the rows without columns of no name that hold nothing, or, as the first, number the rows.

    R writes such a first column, pandas its index, and spreadsheets empty ones at the end.
    """
    width = len(layout.header.cells)
    blank = [at for at in range(width) if not str(layout.header.cells[at] or "").strip()]
    columns = {at: [row.cells[at] for row in layout.body] for at in blank}
    empty = [at for at, cells in columns.items() if all(cell in (None, "") for cell in cells)]
    first = [str(cell) for cell in columns.get(0, ())]
    are_numbers = len(set(first)) == len(first) and all(text.isascii() and text.isdigit() for text in first)
    dropped = [0, *empty] if first and are_numbers else empty
    if not dropped:
        return layout
    kept = [at for at in range(width) if at not in dropped]
    shown = few([str(at + 1) for at in dropped])
    template = marked("dropped columns without a name, which number the rows or are empty: {shown}")
    detail = Coded(template, shown=shown)
    record = StepRecord("unnamed_columns", source.origin, (source.origin,), Account(detail))
    layout = replace(layout, records=(*layout.records, record))
    return layout.with_cells(lambda cells: [cells[at] for at in kept])


def _shown(row: FileRow) -> str:
    return shortened(", ".join(str(cell).strip() for cell in row.filled))


def joined_names(heads: Sequence[FileRow]) -> FileRow:
    """Return rows of names as one, each name behind those above it.

    A name above stands for the blanks to its right as well, as in merged cells.
    """
    names = [""] * max(len(row.cells) for row in heads)
    for row in heads:
        above = ""
        for at, cell in enumerate((*row.cells, *[None] * (len(names) - len(row.cells)))):
            own = str(_name(cell) or "").strip() if cell is not None else ""
            above = own or (above if row is not heads[-1] else "")
            names[at] = f"{names[at]} {above}".strip()
    return heads[0] if len(heads) == 1 else FileRow(heads[-1].number, list(names))


def likely_header(rows: Sequence[FileRow]) -> FileRow | None:
    """Return the row that seems to hold the names, where the first one holds a title; None where it does not.

    A title is a few filled cells above rows of at least twice as many.
    """
    first, *others = rows[:_LOOKED_AT]
    widths = Counter(len(row.filled) for row in others if len(row.filled) > 1)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    if len(first.filled) > max(1, usual // 2) or not widths:
        return None
    return next((row for row in others if len(row.filled) >= usual and _is_text(row.filled[0])), None)


# A title that says what all cells of a table hold, as exports of China's statistical bureau have it.
_SUBJECT = re.compile(r"(?:指标|indicator|series)\s*[:：]\s*(.+)", re.IGNORECASE)


def look_at_rows(form: FileForm, rows: Sequence[FileRow]) -> FileForm:
    """Find the rows of names and the rows that are no data among those of a file, at least one."""
    heads = likely_heads(rows)
    if heads:
        first, *others = (row.number for row in heads)
        remark = marked("the names of the columns")
        form = form.saying("header_row", (first, *others) if others else first, remark)
        titles = [str(row.filled[0]).strip() for row in rows if row.number < first and len(row.filled) == 1]
        subjects = [match[1] for match in map(_SUBJECT.fullmatch, titles) if match]
        form = replace(form, subject=subjects[0] if len(subjects) == 1 else "")
    skipped = likely_skips(rows[1 + (rows.index(heads[-1]) if heads else 0) :])
    remark = marked("no data: units, notes or empty rows")
    return form.saying("skip_rows", skipped, remark) if skipped else form


def likely_heads(rows: Sequence[FileRow]) -> Sequence[FileRow]:
    """Return the row or the two rows that seem to hold the names; none where the first one does so alone."""
    header = likely_header(rows)
    last = 1 if header is None else rows.index(header) + 1
    pairs = (rows[at : at + 2] for at in range(min(last, len(rows) - 1)))
    return next(filter(_are_names, pairs), [] if header is None else [header])


def _are_names(pair: Sequence[FileRow]) -> bool:
    """Return whether two rows name the columns together, where the first repeats names or leaves them out."""
    joined = joined_names(pair)
    above, below = ({at for at, cell in enumerate(row.cells) if cell not in (None, "")} for row in pair)
    repeats = [len(set(map(str, row.filled))) < len(row.filled) for row in pair]
    is_enough = not repeats[0] and len(above) == len(joined.cells)
    if len(above) < 2 or is_enough or not all(_is_name(cell) for row in pair for cell in row.filled):
        return False
    is_unique = len(set(joined.filled)) == len(joined.filled)
    return is_unique and (any(repeats) or not (above <= below or below <= above))


def _is_name(cell: object) -> bool:
    """Return whether a cell may name a column: a text, or a year."""
    return _is_text(cell) or are_years(float(str(cell)) if NUMBER.fullmatch(str(cell)) else 0.0)


def likely_skips(body: Sequence[FileRow]) -> tuple[int, ...]:
    """Return the numbers of rows that seem to be no data: units at the head, notes at the end, empty ones.

    Units are rows without a number above rows of which most have one. A note is a text alone, below rows of
    several cells; texts alone between them are headings, and so is one above the first. A row is empty whose
    fields are.

    Parameters
    ----------
    body : the rows below the names
    """
    units = next((at for at, row in enumerate(body) if any(map(_has_digit, row.filled))), 0)
    with_number = sum(any(map(_has_digit, row.filled)) for row in body)
    units = units if 2 * with_number > len(body) else 0
    is_wide = 2 * sum(len(row.filled) > 1 for row in body) > len(body)
    end = len(body)
    while (
        is_wide and end > units and len(body[end - 1].filled) < 2 and all(map(_is_text, body[end - 1].filled))
    ):
        end -= 1
    is_headed = any(len(row.filled) == 1 and _is_text(row.filled[0]) for row in body[units:end])
    units -= is_headed and units > 0 and len(body[units - 1].filled) == 1
    empty = [row for row in body[units:end] if not row.filled]
    return tuple(sorted(row.number for row in (*body[:units], *empty, *body[end:])))


def _has_digit(cell: object) -> bool:
    """Return whether a cell is a number, or is written as one with signs around its digits."""
    return not isinstance(cell, str) or _NUMERIC.fullmatch(cell) is not None


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and NUMBER.fullmatch(cell) is None


SEPARATORS = (";", "\t", "|", ",")


def read_text(source: Source) -> Reading:
    """Read a csv, tsv or txt file.

    Cells are texts; what they mean is for `harness.data.read.clean`.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, has no columns or rows, or records of several lengths.
    """
    rows = text_rows(source)
    _refuse_separator([row for row in rows if row.number >= min(source.spec.header_rows, default=1)], source)
    return read_rows(rows, source, noun="line")


def look_at_text(form: FileForm) -> FileForm:
    """Find the encoding and the separator of a text file, and which rows are names and data."""
    content = form.source.content
    try:
        content.decode()
    except UnicodeDecodeError:
        first, *others = fitting_encodings(content)
        also = Coded("also possible: {encodings}", encodings=", ".join(others)) if others else ""
        form = form.saying("encoding", first, in_series([marked("not UTF-8; look at the names"), also]))
    separator = _likely_separator(content.decode(form.spec.encoding, errors="replace"))
    form = form if separator == _separator(form.source) else form.saying("separator", separator)
    return look_at_rows(form, text_rows(form.source))


def _likely_separator(text: str) -> str:
    """Return the mark that stands most evenly in the first lines; a comma where none does."""
    lines = text[: 1 << 20].splitlines()[:_LOOKED_AT]
    best, most = ",", 0
    for mark in ("\t", *SEPARATORS):
        counts = Counter(line.count(mark) for line in lines)
        usual = max(counts, key=lambda count: (counts[count], count), default=0)
        if usual and counts[usual] > most:
            best, most = mark, counts[usual]
    return best


def text_rows(source: Source) -> list[FileRow]:
    """Return the lines of a text file that are not blank, one or more.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, is empty, or a quote is not closed.
    """
    if sources.signature(source.content):
        raise source.misnamed(marked("a text file"))
    text = decode(source)
    _refuse_large(text, source)
    rows = list(_records(text, source))
    if not rows:
        raise DataError.at(
            source.origin,
            marked("no columns: the file is empty"),
            marked("a header and rows"),
            marked("export the data again"),
        )
    return rows


# Most bytes of memory that reading may take.
MAX_MEMORY = 5 << 30

# Bytes of memory of a row, of a field, and of the text in one of more than a letter.
_ROW_BYTES, _FIELD_BYTES, _TEXT_BYTES = 180, 16, 50


def _refuse_large(text: str, source: Source) -> None:
    """Refuse lines of too many fields, and rows that need too much memory, before any is read."""
    n_rows = max(text.count("\n"), text.count("\r")) + (not text.endswith(("\n", "\r")))
    n_fields = n_rows + text.count(_separator(source))
    what = Coded(
        marked("{n_fields} fields in {n_rows} lines")
        if n_rows > 1
        else marked("{n_fields} fields in {n_rows} line"),
        n_fields=f"{n_fields:,}",
        n_rows=f"{n_rows:,}",
    )
    if n_fields > n_rows * sources.MAX_COLUMNS:
        hint = marked("keep the columns of the study; or is this no table?")
        raise DataError.at(
            source.origin,
            what,
            Coded("at most {max_columns} in a line", max_columns=f"{sources.MAX_COLUMNS:,}"),
            hint,
        )
    n_texts = min(n_fields, len(text) // 3)
    n_bytes = 6 * len(text) + n_rows * _ROW_BYTES + n_fields * _FIELD_BYTES + n_texts * _TEXT_BYTES
    source.refuse_bytes(n_bytes, MAX_MEMORY, f"{what} take, in memory, about")


def _records(text: str, source: Source) -> Iterator[FileRow]:
    """Yield the records that are not blank lines."""
    # Not pandas.read_csv: it fills short rows in silence, and takes text behind a closing quote.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(source), strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield FileRow(line, list(fields))
            line = reader.line_num + 1
    except csv.Error as error:
        where = Coded("{origin}: line {line}", origin=source.origin, line=line)
        what = Coded("a quoted field that begins here does not end as it should ({error})", error=error)
        expected = marked('quotes in pairs; a quote inside a quoted field written twice: ""')
        raise DataError.at(where, what, expected, marked("close or double the quote")) from error


def _separator(source: Source) -> str:
    return source.spec.separator or ("\t" if source.origin.lower().endswith((".tsv", ".xls")) else ",")


def _refuse_separator(rows: list[FileRow], source: Source) -> None:
    """Raise a DataError where all lines have a tab, or another mark and the first is one field."""
    looked_at = ["".join(map(str, row.cells)) for row in rows[:_LOOKED_AT]]
    others = [mark for mark in SEPARATORS if mark != _separator(source)]
    used = [mark for mark in others if all(mark in line for line in looked_at)]
    if used and rows and (len(rows[0].cells) == 1 or "\t" in used):
        used.sort(key="\t".__ne__)
        found = marked("a tab") if used[0] == "\t" else used[0]
        where = Coded("{origin}: header", origin=source.origin)
        what = marked("{n} columns found; are the fields separated by {found}?")
        if len(rows[0].cells) == 1:
            what = marked("1 column found; are the fields separated by {found}?")
        what = Coded(what, n=len(rows[0].cells), found=found)
        expected = Coded("fields separated by {separator}", separator=repr(_separator(source)))
        raise DataError.at(where, what, expected, f"data: separator: {used[0]!r}".replace("'", '"'))


# The longer marks first, since they begin as shorter ones do.
_BYTE_ORDER_MARKS = {
    **dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    **dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
}
_COMMON = ("gb18030", "big5", "shift_jis", "cp1252")

# Control characters that no text has, the characters among which they are counted, and the share and
# number from which on there is no text: of random bytes they are a tenth.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_COUNTED, _LEAST_CONTROLS, _CONTROL_SHARE = 1 << 16, 3, 0.02


def decode(source: Source) -> str:
    """Return the text of a file in the encoding that its spec says, without a byte order mark.

    Raises
    ------
    DataError
        Where bytes are no text or none of the encoding's, or the text holds a NUL.
    """
    encoding = source.spec.encoding
    try:
        text = source.content.decode(encoding)
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = source.content.count(b"\n", 0, at) + 1
        first, *others = fitting_encodings(source.content)
        _refuse_no_text(source.content[:_COUNTED].decode(first, "replace"), source)
        where = Coded("{origin}: line {line}", origin=source.origin, line=line)
        what = Coded("byte {at} is not {encoding}", at=at, encoding=encoding)
        hint: str = Coded("data: encoding: {name}", name=first)
        if others:
            hint = Coded("data: encoding: {name} (or {others})", name=first, others=", ".join(others))
        raise DataError.at(
            where, what, Coded("a text file in {encoding}", encoding=encoding), hint
        ) from error
    _refuse_no_text(text, source)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        what = Coded("a NUL character; the file may be damaged, or not in {encoding}", encoding=encoding)
        hint = marked("export the data again, or give its encoding, such as data: encoding: utf-16")
        raise DataError.at(
            Coded("{origin}: line {line}", origin=source.origin, line=line), what, "text", hint
        )
    return text.removeprefix("\ufeff")


def _refuse_no_text(text: str, source: Source) -> None:
    """Raise a DataError where too many characters are controls: neither white space nor the separator."""
    counted = text[:_COUNTED]
    n_controls = sum(mark != _separator(source) for mark in _CONTROLS.findall(counted))
    if n_controls >= max(_LEAST_CONTROLS, _CONTROL_SHARE * len(counted)):
        what = Coded(
            "is no text: {n_controls} of the first {n} characters are control characters",
            n_controls=f"{n_controls:,}",
            n=f"{len(counted):,}",
        )
        hint = marked(
            "export the data again, as csv; or give the encoding of a text, such as data: encoding: utf-16"
        )
        raise DataError.at(source.origin, what, marked("a file of text"), hint)


def fitting_encodings(content: bytes) -> list[str]:
    """Return encodings other than UTF-8 that the bytes of a text may be in, the likeliest first."""
    marked = [name for mark, name in _BYTE_ORDER_MARKS.items() if content.startswith(mark)]
    return marked[:1] or [name for name in _COMMON if _decodes(content, name)] or ["latin-1"]


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeError:
        return False
    return True


# Delimited text, which programs write under the name of old workbooks as well.
TEXT = FileReader("text", (".csv", ".tsv", ".txt", ".xls"), read_text, look_at_text)


_UNIT = re.compile(r"(?:(?:计量)?单\s*位|units?)\s*[:：]\s*(.+)", re.IGNORECASE)
_UNITS = re.compile(r"(?:计量)?单\s*位|units?", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[(（\[](.+)[)）\]]")
_NONE = {"没有单位", "无单位", "无", "-", "—", "n/a"}


def labels_beside(rows: Sequence[Sequence[str]], names: Sequence[str]) -> Labels:
    """Return what rows without data say of the columns next to whose names they stand.

    What is called a unit, alone or next to a title, is that of all columns. A row of units begins with the
    word, repeats some, or has none of the first column; a row of second names has one for that as well, each
    once.

    Parameters
    ----------
    rows : above and below the names, a cell for each and perhaps more
    names : of the columns
    """
    labels, units = dict[str, str](), dict[str, str]()
    for row in rows:
        filled, by_name = [cell for cell in row if cell], dict(zip(names, row, strict=False))
        of_all = [match[1] for cell in filled if (match := _UNIT.fullmatch(cell))]
        if len(filled) < 3 and of_all:
            units |= dict.fromkeys(names, of_all[0])
        elif len(filled) > 1 and (not row[0] or _UNITS.fullmatch(row[0]) or len(set(filled)) < len(filled)):
            units |= {name: _unit(cell) for name, cell in by_name.items()}
        elif len(filled) >= max(3, len(names) / 2):
            labels |= {name: cell for name, cell in by_name.items() if cell}
    return Labels(labels, {name: unit for name, unit in units.items() if unit and unit not in _NONE})


_WITH_UNIT = re.compile(r"(?P<label>.+?)\s*[(（\[](?P<unit>[^()（）\[\]]+)[)）\]]")
_CHINESE_UNIT = (
    r"[十百千万亿]*(?:元|美元|吨(?:标准煤)?|人次?|户|件|个|辆|家|公里|平方公里|平方米|立方米|公顷|米|升|"
    r"千瓦时?|度|年|小时|天)"
)
_UNIT_WORDS = re.compile(
    rf"^{_CHINESE_UNIT}(?:[/每]{_CHINESE_UNIT})?$|^[十百千万亿]+$|[%‰°€£¥$]|10\^|=\s*100\b|"
    r"\b(?:tonnes?|tons?|t|kg|mt|kt|km2?|m2|m3|ha|acres?|usd|eur|rmb|cny|yuan|dollars?|euros?|pounds?|millions?|"
    r"billions?|thousands?|mn|bn|persons?|people|workers|years?|months?|days|hours?|[kmg]?wh|t?j|ppm|per|percent)\b",
    re.IGNORECASE,
)


def named_unit(text: str) -> tuple[str, str]:
    """Return the name before a unit in brackets, and the unit, as of ``GDP (10^8 yuan)``; else no unit."""
    match = _WITH_UNIT.fullmatch(text.strip())
    if match is None or not _UNIT_WORDS.search(match["unit"]):
        return text, ""
    return match["label"], _unit(match["unit"].strip())


def _unit(text: str) -> str:
    """Return a unit without the word for it, and brackets around it."""
    match = _UNIT.fullmatch(text) or _IN_BRACKETS.fullmatch(text)
    return match[1].strip() if match else text
