"""Find the one cell of a result table that an expectation names, or say why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Mask
from harness.spec.expectation import Key
from harness.tables import STATUS

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 1e-9
"""Relative difference up to which two numbers name the same row, such as a point of a grid."""


MOST = 3
"""Rows that are shown."""


@dataclass(frozen=True)
class FoundCell:
    """What stands in a cell.

    Attributes
    ----------
    value : a number, a text, or None where there is nothing
    reason : why there is nothing
    """

    value: float | str | None
    reason: str = ""


def find_cell(frame: pd.DataFrame, where: Mapping[str, Key], column: str) -> FoundCell:
    """Return the cell in a column of the only row whose other columns hold these values.

    Parameters
    ----------
    frame : a table of a run; an empty one where the run has none of the name
    """
    if frame.empty:
        return FoundCell(None, "this run has no such table, or an empty one")
    absent = [name for name in (*where, column) if name not in frame]
    if absent:
        return FoundCell(
            None, f"there is no column {', '.join(absent)}; columns are {', '.join(frame.columns)}"
        )
    agreeing = np.sum([_agreeing(frame[name], key) for name, key in where.items()], axis=0)
    rows = frame[agreeing == len(where)]
    if len(rows) == 1:
        return _cell(rows.iloc[0], column)
    if len(rows):
        return FoundCell(None, f"{len(rows)} such rows: {_shown(rows, _telling(rows, (*where, column)))}")
    nearest = _near_rows(frame[agreeing == agreeing.max()], where)
    return FoundCell(None, f"no such row; nearest: {_shown(nearest, (*where,))}{_why_none(nearest)}")


def _agreeing(column: pd.Series, key: Key) -> Mask:
    """Return the rows, (n_rows,), that hold what is asked for; numbers may differ in their last bits."""
    if isinstance(key, str | bool):
        return np.asarray(column.astype(str) == str(key))
    import pandas as pd

    held = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(np.isclose(held, key, rtol=CLOSE, atol=0.0))


def _cell(row: pd.Series, column: str) -> FoundCell:
    import pandas as pd

    held = row[column]
    if pd.isna(held):
        return FoundCell(None, _refusal(row) or "the cell is empty")
    if isinstance(held, int | float | np.number) and not isinstance(held, bool):
        return FoundCell(float(held))
    return FoundCell(str(held))


def _refusal(row: pd.Series) -> str:
    """Return how a row went wrong and why; an empty text where it did not."""
    status = row.get("status", "ok")
    return "" if status == "ok" else f"{status}: {row['reason']}"


def _why_none(nearest: pd.DataFrame) -> str:
    reason = _refusal(nearest.iloc[0])
    return f" ({reason})" if reason else ""


def _telling(rows: pd.DataFrame, named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first column that tells rows apart beside those that are named already."""
    others = [str(name) for name in rows if name not in {*named, *STATUS}]
    return next(((name,) for name in others if len(rows[name].unique()) > 1), named)


def _near_rows(rows: pd.DataFrame, where: Mapping[str, Key]) -> pd.DataFrame:
    """Return the few rows, one for each set of keys, whose keys are spelt most like those asked for."""
    asked = _spelt(where.values())
    held = rows[[*where]].drop_duplicates()
    likeness = [SequenceMatcher(None, asked, _spelt(keys)).ratio() for keys in held.to_numpy(dtype=object)]
    order = sorted(range(len(held)), key=lambda at: -likeness[at])
    return rows.loc[held.index[order[:MOST]]]


def _shown(rows: pd.DataFrame, columns: Iterable[str]) -> str:
    """Return what the first rows hold in some columns: ``sample=train; sample=test``."""
    told = [
        ", ".join(f"{column}={held}" for column, held in row.items())
        for row in rows[[*columns]].head(MOST).to_dict("records")
    ]
    return "; ".join([*told, "..."] if len(rows) > MOST else told)


def _spelt(keys: Iterable[object]) -> str:
    return " ".join(str(key) for key in keys)
