"""From the bytes of a text file to its text."""

from __future__ import annotations

import codecs

from harness.data.read.source import Source
from harness.errors import DataError, Problem

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
        raise DataError(
            Problem(
                where=f"{source.origin}: line {line}",
                what=f"a NUL character; the file may be damaged, or not in {encoding}",
                expected="text",
                hint="export the data again, or give its encoding, such as data: encoding: utf-16",
            )
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
