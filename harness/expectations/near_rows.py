"""The rows of a table that are nearest to one that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from harness.spec.expectation import Key

if TYPE_CHECKING:
    import pandas as pd

MOST = 3
"""Rows that are shown."""


def near_rows(rows: pd.DataFrame, where: Mapping[str, Key]) -> pd.DataFrame:
    """Return the few rows, one for each set of keys, whose keys are spelt most like those asked for."""
    asked = _spelt(where.values())
    held = rows[[*where]].drop_duplicates()
    likeness = [SequenceMatcher(None, asked, _spelt(keys)).ratio() for keys in held.to_numpy(dtype=object)]
    order = sorted(range(len(held)), key=lambda at: -likeness[at])
    return rows.loc[held.index[order[:MOST]]]


def shown(rows: pd.DataFrame, columns: Iterable[str]) -> str:
    """Return what the first rows hold in some columns: ``sample=train; sample=test``."""
    told = [
        ", ".join(f"{column}={held}" for column, held in row.items())
        for row in rows[[*columns]].head(MOST).to_dict("records")
    ]
    return "; ".join([*told, "..."] if len(rows) > MOST else told)


def _spelt(keys: Iterable[object]) -> str:
    return " ".join(str(key) for key in keys)
