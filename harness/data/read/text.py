"""Reading delimited text strictly: every record has the header's fields, every fault has its line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator

from harness.data.messages import FEW
from harness.data.read.layout import (
    FileRow,
    check_header,
    lay_out,
    look_at_rows,
    refuse_no_rows,
    without_unnamed,
)
from harness.data.read.source import FileForm, FileReader, Reading, Source, refuse_signature, signature
from harness.errors import DataError, Problem

SEPARATORS = (";", "\t", "|", ",")
_LOOKED_AT = 20
"""Lines that show how fields are separated."""


def read_text(source: Source) -> Reading:
    """Read a csv, tsv or txt file.

    Cells are texts; what they mean is for `harness.data.read.clean`.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, has no columns or rows, or records of several lengths.
    """
    import pandas as pd

    rows = text_rows(source)
    _refuse_separator([row for row in rows if row.number >= (source.spec.header_row or 1)], source)
    layout = lay_out(rows, source, noun="line")
    if all(len(row.cells) == len(layout.header.cells) for row in layout.body):
        layout = without_unnamed(layout, source)
    names = check_header(layout.header.cells, source.origin)
    refuse_no_rows(layout.body, source.origin)
    _refuse_ragged(layout.body, len(names), source.origin)
    source.refuse_size(len(layout.body), len(names))
    cells = zip(*(record.cells for record in layout.body), strict=True)
    columns = {name: list(column) for name, column in zip(names, cells, strict=True)}
    lines = pd.Index([record.number for record in layout.body], name="line")
    frame = pd.DataFrame(columns, index=lines, dtype="object")
    return Reading(frame, cells="texts", records=layout.records)


def look_at_text(form: FileForm) -> FileForm:
    """Find the encoding and the separator of a text file, and which rows are names and data."""
    content = form.source.content
    try:
        content.decode()
    except UnicodeDecodeError:
        first, *others = fitting_encodings(content)
        also = f"; also possible: {', '.join(others)}" if others else ""
        form = form.saying("encoding", first, f"not UTF-8; look at the names{also}")
    separator = _likely_separator(content.decode(form.spec.encoding, errors="replace"))
    form = form if separator == "," else form.saying("separator", separator)
    return look_at_rows(form, text_rows(form.source))


def _likely_separator(text: str) -> str:
    """Return the mark that stands most evenly in the first lines; a comma where none does."""
    lines = text.splitlines()[:_LOOKED_AT]
    counts = {mark: Counter(line.count(mark) for line in lines) for mark in SEPARATORS}
    usual = {
        mark: max(found.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))[0]
        for mark, found in counts.items()
    }
    best = max(SEPARATORS, key=lambda mark: (usual[mark] > 0, counts[mark][usual[mark]], mark == ","))
    return best if usual[best] else ","


def text_rows(source: Source) -> list[FileRow]:
    """Return the lines of a text file that are not blank, one or more.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, is empty, or a quote is not closed.
    """
    if signature(source.content):
        refuse_signature(source.content, origin=source.origin, expected="a text file")
    rows = list(_records(decode(source), source))
    if not rows:
        raise DataError.at(
            source.origin, "no columns: the file is empty", "a header and rows", "export the data again"
        )
    return rows


def _records(text: str, source: Source) -> Iterator[FileRow]:
    """Yield the records that are not blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.spec.separator, strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield FileRow(line, list(fields))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError.at(
            where=f"{source.origin}: line {line}",
            what=f"a quoted field that begins here does not end as it should ({error})",
            expected='quotes in pairs; a quote inside a quoted field written twice: ""',
            hint="close or double the quote",
        ) from error


def _refuse_separator(rows: list[FileRow], source: Source) -> None:
    """Raise a DataError where the first line is one field with a mark that the lines below have as well."""
    looked_at = ["".join(map(str, row.cells)) for row in rows[:_LOOKED_AT]]
    is_one = bool(rows) and len(rows[0].cells) == 1
    used = [
        mark
        for mark in SEPARATORS
        if is_one and mark != source.spec.separator and all(mark in line for line in looked_at)
    ]
    if used:
        found = "a tab" if used[0] == "\t" else used[0]
        raise DataError.at(
            where=f"{source.origin}: header",
            what=f"1 column found; are the fields separated by {found}?",
            expected=f"fields separated by {source.spec.separator!r}",
            hint=f"data: separator: {used[0]!r}".replace("'", '"'),
        )


def _refuse_ragged(body: list[FileRow], n_fields: int, origin: str) -> None:
    ragged = [record for record in body if len(record.cells) != n_fields]
    if ragged:
        shown = [f"{record.number} ({len(record.cells)} fields)" for record in ragged[:FEW]]
        more = f" and {len(ragged) - FEW} more" if len(ragged) > FEW else ""
        raise DataError.at(
            where=f"{origin}: line{'s' if len(ragged) > 1 else ''} {', '.join(shown)}{more}",
            what=f"{len(ragged)} of {len(body)} rows do not have the {n_fields} fields of the header",
            expected=f"{n_fields} fields in every row",
            hint="add the fields that lack, or quote the ones that contain the separator",
        )


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMON = ("gb18030", "big5", "shift_jis", "cp1252")


def decode(source: Source) -> str:
    """Return the text of a file in the encoding that its spec says, without a byte order mark.

    Raises
    ------
    DataError
        Where bytes are none of the encoding's, or the text holds a NUL.
    """
    encoding = source.spec.encoding
    try:
        text = source.content.decode(encoding)
    except UnicodeError as error:
        raise DataError(_wrong_encoding(source, error)) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError.at(
            where=f"{source.origin}: line {line}",
            what=f"a NUL character; the file may be damaged, or not in {encoding}",
            expected="text",
            hint="export the data again, or give its encoding, such as data: encoding: utf-16",
        )
    return text.removeprefix("\ufeff")


def _wrong_encoding(source: Source, error: UnicodeError) -> Problem:
    at = error.start if isinstance(error, UnicodeDecodeError) else 0
    line = source.content.count(b"\n", 0, at) + 1
    fitting = fitting_encodings(source.content)
    return Problem(
        where=f"{source.origin}: line {line}",
        what=f"byte {at} is not {source.spec.encoding}",
        expected=f"a text file in {source.spec.encoding}",
        hint=f"data: encoding: {fitting[0]}" + (f" (or {', '.join(fitting[1:])})" if fitting[1:] else ""),
    )


def fitting_encodings(content: bytes) -> list[str]:
    """Return encodings other than UTF-8 that the bytes of a text may be in, the likeliest first."""
    marked = [name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)]
    return marked[:1] or [name for name in _COMMON if _decodes(content, name)] or ["latin-1"]


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeError:
        return False
    return True


TEXT = FileReader("text", (".csv", ".tsv", ".txt"), read_text, look_at_text)
"""Delimited text."""
