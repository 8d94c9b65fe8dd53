"""CSV, of the tables of a run and of those for readers: no cell that a spreadsheet runs as a formula.

Nothing else writes CSV. A cell that begins like a formula gets an apostrophe (OWASP, "CSV Injection"), which
`from_csv` takes away; numbers stay as they are, negative ones too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from harness.language import DIRECTION_MARKS
from harness.tables.decision import UNTESTED
from harness.tables.table import ResultTable

# By which spreadsheets know that a file is UTF-8.
BYTE_ORDER_MARK = "\ufeff"

# How a formula begins; an apostrophe of the text itself is as one that was put before it.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(rf"'+{_FORMULA.pattern}")
_NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?%?", re.ASCII)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as a run folder holds it: a row a line, whatever texts of the data hold."""
    shown = _mapped(frame, _safe).assign(**_counts(frame))
    shown.columns = [_safe(name) for name in shown.columns]
    return shown.to_csv(index=False, lineterminator="\n")


def csv_for_readers(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts as CSV by RFC 4180, for spreadsheets; blanks are plain ones."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_safe(text.replace("\u00a0", " ")) for text in row] for row in rows)
    return BYTE_ORDER_MARK + buffer.getvalue()


def from_csv(text: str) -> pd.DataFrame:
    """Return the table that `csv_text` wrote."""
    # To its last bit later versions of pandas read a float without being asked.
    is_exact = tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    frame = pd.read_csv(
        io.StringIO(text),
        float_precision=None if is_exact else "round_trip",
        low_memory=False,
        keep_default_na=False,
        na_values=[""],
    )
    if "'" not in text:
        return frame
    frame.columns = [_unescaped(name) for name in frame.columns]
    return _mapped(frame, _unescaped)


def as_read(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as `from_csv` gives it from what `csv_text` writes, without the way through a text."""
    # What a column is read as depends on its distinct cells; they are repeated where others have more.
    texts = [at for at, kind in enumerate(frame.dtypes) if not isinstance(kind, np.dtype) or kind.kind == "O"]
    distinct = {str(at): pd.factorize(frame.iloc[:, at], use_na_sentinel=False) for at in texts}
    n_cells = max((len(cells) for _, cells in distinct.values()), default=0)
    cells = {at: own.take(np.resize(np.arange(len(own)), n_cells)) for at, (_, own) in distinct.items()}
    # A row without any cell would be passed over.
    read = from_csv(csv_text(pd.DataFrame({**cells, "row": range(n_cells)})))
    columns = {}
    for at, name in enumerate(frame.columns):
        column = read[str(at)].take(distinct[str(at)][0]) if str(at) in distinct else frame.iloc[:, at]
        columns[_without_control(name)] = column.reset_index(drop=True)
    return pd.DataFrame(columns)


def as_declared(table: ResultTable, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one table with its declared columns, from parts that may lack some of them.

    Where nothing was decided on a row, it is untested.
    """
    filled = [part for part in parts if len(part)]
    whole = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    declared = whole.reindex(columns=list(table.columns))
    if "decision" in declared and len(declared):
        declared["decision"] = declared["decision"].astype(object).fillna(UNTESTED)
    return declared


def _counts(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return columns of whole numbers as such, where empty cells beside them made them floats."""
    floats = frame.select_dtypes("float").items()
    return {str(name): column.astype("Int64") for name, column in floats if _is_count(str(name), column)}


def _is_count(name: str, column: pd.Series) -> bool:
    return name.startswith("n_") and bool((column.dropna() % 1 == 0).all())


def _mapped(frame: pd.DataFrame, change: Callable[[object], object]) -> pd.DataFrame:
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{name: _changed(frame[name], change) for name in texts})


def _changed(column: pd.Series, change: Callable[[object], object]) -> pd.Series:
    """Return a column with its cells changed, texts once each however many cells hold them."""
    if column.dtype != "str":
        return column.map(change)
    cells = column.unique()
    changed = [change(cell) for cell in cells]
    # Most columns hold nothing that is to be changed.
    if all(now is cell or now == cell for now, cell in zip(changed, cells, strict=True)):
        return column
    return column.map(dict(zip(cells, changed, strict=True)))


# What ends a line, moves a terminal's cursor, turns the direction of text, or is no character of a file.
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{DIRECTION_MARKS}]")


def _without_control(value: object) -> object:
    """Return a text with a blank for every control character and direction mark."""
    return _CONTROL.sub(" ", value) if isinstance(value, str) else value


def _safe(value: object) -> object:
    """Return a text without control characters, with an apostrophe where it begins like a formula."""
    text = _without_control(value)
    if not isinstance(text, str) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if _FORMULA.match(text) or _GUARDED.match(text) else text


def _unescaped(value: object) -> object:
    """Undo what `_safe` does to a text that begins like a formula."""
    return value[1:] if isinstance(value, str) and _GUARDED.match(value) else value
