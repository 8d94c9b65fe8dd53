"""Types of columns whose cells come without one, as those of csv and xlsx files do."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)  # longer ones are beyond float64 anyway
_ZEROS_IN_FRONT = re.compile(r"\s*[+-]?0[0-9]", re.ASCII)
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

EXACT = 2**53
"""Whole numbers beyond this are not all held exactly by float64."""


def is_exact(number: int) -> bool:
    """Return whether float64 holds this whole number exactly."""
    return abs(number) <= EXACT or (abs(number) < 2**1023 and int(float(number)) == number)


def type_texts(cells: Sequence[str], missing: frozenset[str]) -> pd.Series:
    """Return a column of texts as numbers or truth values where all its cells are, else as it is.

    Parameters
    ----------
    cells : (n_obs,), as written
    missing : texts that stand for a missing number; among texts only the empty cell is missing
    """
    present = [cell for cell in cells if cell not in missing]
    if all(map(NUMBER.fullmatch, present)):
        return _numbers(cells, present, missing)
    if all(cell in _TRUTH for cell in present):
        truths = [None if cell in missing else _TRUTH[cell] for cell in cells]
        return pd.Series(truths, dtype="bool" if len(present) == len(cells) else "boolean")
    return texts(cells)


def texts(cells: Sequence[str]) -> pd.Series:
    """Return a column of texts in which empty cells are missing."""
    return pd.Series([cell or None for cell in cells], dtype="object").infer_objects()


def _numbers(cells: Sequence[str], present: Sequence[str], missing: frozenset[str]) -> pd.Series:
    whole = list(map(int, filter(_INTEGER.fullmatch, present)))
    if not all(is_exact(number) for number in whole):
        return texts(cells)
    if len(whole) == len(cells) and all(abs(number) <= EXACT for number in whole):
        return pd.Series(whole, dtype="int64")
    return pd.Series([np.nan if cell in missing else float(cell) for cell in cells], dtype="float64")


def type_objects(cells: Sequence[object], missing: frozenset[str]) -> pd.Series:
    """Return a column of Python objects as numbers, truth values, dates or texts where all its cells are.

    Parameters
    ----------
    cells : (n_obs,), None where empty
    missing : texts that stand for a missing cell
    """
    kept = [None if isinstance(cell, str) and cell in missing else cell for cell in cells]
    present = [cell for cell in kept if cell is not None]
    kinds = {_kind(cell) for cell in present}
    column = pd.Series(kept, dtype="object")
    if kinds <= {"number"}:
        return _exact_numbers(column, present, has_gaps=len(present) < len(kept))
    if kinds == {"date"}:
        return pd.Series(pd.to_datetime(column))
    return column.infer_objects() if len(kinds) == 1 else column


def numbers_as_text(cells: Sequence[object], missing: frozenset[str]) -> list[str]:
    """Return the texts that are numbers in a column of nothing else, else none.

    Codes with zeros in front, such as ``007``, are no numbers.
    """
    texts_among = [cell for cell in cells if isinstance(cell, str) and cell not in missing]
    others = {_kind(cell) for cell in cells if cell is not None and not isinstance(cell, str)}
    if others <= {"number"} and all(map(_is_number_text, texts_among)):
        return texts_among
    return []


def _is_number_text(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None and _ZEROS_IN_FRONT.match(text) is None


def number_from_text(text: str) -> int | float:
    """Return the number that a text is."""
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _exact_numbers(column: pd.Series, present: Sequence[object], *, has_gaps: bool) -> pd.Series:
    whole = [cell for cell in present if isinstance(cell, int)]
    if not all(is_exact(number) for number in whole):
        return column
    is_whole = len(whole) == len(present) and not has_gaps and all(abs(number) <= EXACT for number in whole)
    return column.astype("int64" if is_whole else "float64")


def _kind(cell: object) -> str:
    if isinstance(cell, bool):
        return "truth"
    if isinstance(cell, int | float):
        return "number"
    return "date" if isinstance(cell, datetime.date) else type(cell).__name__
