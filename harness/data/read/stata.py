"""Reading Stata files."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.data.read.layout import check_header
from harness.data.read.source import FileReader, Reading, Source, is_stata, refuse_signature
from harness.data.read.table import Labels
from harness.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

_UNICODE = 118
"""First release of the format (that of Stata 14) whose texts are UTF-8."""


def read_stata(source: Source) -> Reading:
    """Read a dta file: numbers, with the labels of columns and of values beside them.

    Texts of releases before Stata 14 are in the encoding of the spec.

    Raises
    ------
    DataError
        Where the file is broken, or texts are not in the encoding.
    """
    import pandas as pd
    from pandas.io.stata import StataReader

    if not is_stata(source.content):
        refuse_signature(source.content, origin=source.origin, expected="a Stata file")
    with source.read_as("Stata"), warnings.catch_warnings(record=True) as warned:
        # pandas warns of texts that are cut within a character, and gives their bytes as latin-1.
        warnings.simplefilter("always", UnicodeWarning)
        opened: Any = StataReader(io.BytesIO(source.content), convert_categoricals=False)
        with opened as reader:
            frame = reader.read()
            of_columns, of_values = reader.variable_labels(), reader.value_labels()
            attached = _attached(reader, frame)
    is_unicode = _release(source.content) >= _UNICODE
    decode = str if is_unicode and not warned else _decoder(source, is_unicode=is_unicode)
    frame.columns = pd.Index(check_header([decode(name) for name in frame.columns], source.origin))
    source.refuse_size(*frame.shape)
    names = {old: decode(old) for old in of_columns}
    labels = Labels(
        {names[name]: text for name, label in of_columns.items() if (text := decode(label).strip())},
        {
            names[name]: {float(number): decode(label).strip() for number, label in of_values[key].items()}
            for name, key in attached.items()
            if key in of_values
        },
    )
    return Reading(_without_empty_texts(frame, decode), labels=labels)


def _attached(reader: Any, frame: pd.DataFrame) -> Mapping[str, str]:  # noqa: ANN401 - without stubs
    """Return the name of the set of value labels of each column that has one."""
    # pandas tells the sets, and which column has which by this list alone.
    sets: list[str] = reader._lbllist
    return {str(name): key for name, key in zip(frame.columns, sets, strict=True) if key}


def _release(content: bytes) -> int:
    new = re.match(rb"<stata_dta><header><release>([0-9]{3})", content)
    return int(new[1]) if new else content[0]


def _decoder(source: Source, *, is_unicode: bool) -> Callable[[str], str]:
    """Return what turns a text as pandas read it into the text that it is, by its bytes."""
    encoding = "utf-8" if is_unicode else source.spec.encoding

    def decode(text: str) -> str:
        if text.isascii():
            return text
        try:
            content = text.encode("latin-1")
        except UnicodeEncodeError:
            return text  # read as UTF-8 already
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            whole = content[: error.start]
            if error.end == len(content) and not whole.isascii():
                return whole.decode(encoding)  # cut within its last character
            if is_unicode:
                return text
            raise DataError(_wrong_encoding(text, source)) from error

    return decode


def _wrong_encoding(text: str, source: Source) -> Problem:
    return Problem(
        where=source.origin,
        what=f"the text {text[:40]!r} is not {source.spec.encoding}; files before Stata 14 tell none",
        expected=f"texts in {source.spec.encoding}",
        hint="data: encoding: gb18030 (Chinese), or cp1252 (Western European)",
    )


def _without_empty_texts(frame: pd.DataFrame, decode: Callable[[str], str]) -> pd.DataFrame:
    """Return the table with empty texts as missing cells, which Stata does not tell apart."""
    for name in frame.select_dtypes(include=["object", "string"]).columns:
        frame[name] = frame[name].map(lambda cell: decode(cell) or None if isinstance(cell, str) else cell)
    return frame


STATA = FileReader("stata", (".dta",), read_stata)
"""Stata."""
