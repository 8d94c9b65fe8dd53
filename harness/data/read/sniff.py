"""How a file is to be read, seen from its rows and cells: what the ``data`` of a spec must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from harness.data.data_spec import MISSING_VALUES, FileSpec
from harness.data.messages import quoted
from harness.data.read.files import read_source
from harness.data.read.number_text import is_marked_number, number_marks
from harness.data.read.source import FileForm, FileReader, Source

# What stands for a missing cell among numbers, in small letters.
_MISSING = frozenset(
    {
        *("-", "--", "---", "–", "—", "——", "..", "...", "…", ":"),
        *("n/a", "n.a.", "n.a", "na", "(na)", "nan", "null", "none", "missing", "无", "缺失"),
        *("#n/a", "#na", "#div/0!", "#value!", "#ref!", "#num!", "#null!"),
    }
)

_MISSING_NUMBERS = (-9, -99, -999, -9999, -99999, -999999)


def sniff(source: Source, reader: FileReader) -> FileForm:
    """Look at a file: encoding, separator, sheet, rows of names and of data, missing cells, marks of numbers.

    Parameters
    ----------
    source : its bytes, with nothing said of them

    Raises
    ------
    DataError
        Where it cannot be read.
    """
    form = _with_missing_texts(reader.look(FileForm(source)), reader)
    return _with_missing_numbers(_with_marks(form, reader), reader)


def said_of(spec: FileSpec) -> Mapping[str, Any]:
    """Return what a spec says of a file beside its path and shape, as it is written."""
    return {
        option.name: value
        for option in fields(FileSpec)
        if option.name not in ("path", "reshape")
        and (value := getattr(spec, option.name)) != getattr(FileSpec(), option.name)
    }


def _texts(form: FileForm, reader: FileReader) -> list[tuple[set[str], bool]]:
    """Return the texts of each column that stand for no missing cell, and whether it holds numbers too."""
    frame, missing = reader.read(form.source).frame, {*form.spec.missing_values}
    columns = [frame[name].tolist() for name in frame.columns]
    return [
        (
            {cell.strip() for cell in cells if isinstance(cell, str)} - missing,
            any(isinstance(cell, int | float) and cell == cell for cell in cells),
        )
        for cells in columns
    ]


def _with_missing_texts(form: FileForm, reader: FileReader) -> FileForm:
    """Find texts that stand for missing cells in columns of nothing else but numbers."""
    found: dict[str, None] = {}
    for texts, has_numbers in _texts(form, reader):
        marks = {text for text in texts if text.casefold() in _MISSING}
        numbers = texts - marks
        if marks and (numbers or has_numbers) and all(map(is_marked_number, numbers)):
            found |= dict.fromkeys(sorted(marks))
    return _missing(form, *found)


def _with_marks(form: FileForm, reader: FileReader) -> FileForm:
    """Find separators of thousands, decimal commas and percent signs."""
    numeric = [texts for texts, _ in _texts(form, reader) if texts and all(map(is_marked_number, texts))]
    marks = number_marks(set().union(*numeric))
    if marks.percent:
        form = form.saying("percent", "number", "12.3% is read as 12.3; `fraction` makes it 0.123")
    if marks.decimal == ",":
        form = form.saying("decimal", ",", "the mark of decimals")
    return form.saying("thousands", marks.thousands, "the mark of thousands") if marks.thousands else form


def _with_missing_numbers(form: FileForm, reader: FileReader) -> FileForm:
    """Find numbers such as -999 that stand for missing cells, in all columns that have them.

    Each has several, and its other numbers are not negative, or closer to each other than to these.
    """
    table = read_source(form.source, reader).frame
    clear: dict[str, bool] = {}
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]) or pd.api.types.is_bool_dtype(table[name]):
            continue
        values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for at, mark in enumerate(_MISSING_NUMBERS):
            others = values[np.isfinite(values) & ~np.isin(values, _MISSING_NUMBERS[at:])]
            n_marks = int((values == mark).sum())
            if n_marks:
                is_far = others.size and (others.min() >= 0 or others.min() - mark > np.ptp(others) > 0)
                clear[f"{mark}"] = clear.get(f"{mark}", True) and n_marks > 1 and bool(is_far)
    return _missing(form, *(text for text, is_clear in clear.items() if is_clear))


def _missing(form: FileForm, *texts: str) -> FileForm:
    """Return the form with further texts that stand for missing cells."""
    if not texts:
        return form
    values = (*form.spec.missing_values, *texts)
    added = quoted(text for text in values if text not in MISSING_VALUES)
    return form.saying("missing_values", values, f"{added}: look whether they mean missing")
