"""Reading delimited text strictly: every record has the header's fields, every fault has its line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator

from harness.data.read.layout import FileRow, look_at_rows, read_rows
from harness.data.read.source import FileForm, FileReader, Reading, Source, refuse_signature, signature
from harness.errors import DataError

SEPARATORS = (";", "\t", "|", ",")
# Lines that show how fields are separated.
_LOOKED_AT = 20


def read_text(source: Source) -> Reading:
    """Read a csv, tsv or txt file.

    Cells are texts; what they mean is for `harness.data.read.clean`.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, has no columns or rows, or records of several lengths.
    """
    rows = text_rows(source)
    _refuse_separator([row for row in rows if row.number >= (source.spec.header_row or 1)], source)
    return read_rows(rows, source, noun="line")


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
    best, most = ",", 0
    for mark in (",", *SEPARATORS):
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
    others = [mark for mark in SEPARATORS if mark != source.spec.separator]
    used = [mark for mark in others if all(mark in line for line in looked_at)]
    if used and rows and len(rows[0].cells) == 1:
        found = "a tab" if used[0] == "\t" else used[0]
        raise DataError.at(
            where=f"{source.origin}: header",
            what=f"1 column found; are the fields separated by {found}?",
            expected=f"fields separated by {source.spec.separator!r}",
            hint=f"data: separator: {used[0]!r}".replace("'", '"'),
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
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = source.content.count(b"\n", 0, at) + 1
        first, *others = fitting_encodings(source.content)
        raise DataError.at(
            where=f"{source.origin}: line {line}",
            what=f"byte {at} is not {encoding}",
            expected=f"a text file in {encoding}",
            hint=f"data: encoding: {first}" + (f" (or {', '.join(others)})" if others else ""),
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError.at(
            where=f"{source.origin}: line {line}",
            what=f"a NUL character; the file may be damaged, or not in {encoding}",
            expected="text",
            hint="export the data again, or give its encoding, such as data: encoding: utf-16",
        )
    return text.removeprefix("\ufeff")


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


# Delimited text.
TEXT = FileReader("text", (".csv", ".tsv", ".txt"), read_text, look_at_text)
