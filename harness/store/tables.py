"""The tables of a run folder, each with its declared columns."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from harness.tables import COLUMNS


def slug(name: str) -> str:
    """Return a name that is safe as a file name: lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())[:64]


def table(name: str, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one table with its declared columns, from parts that may lack some of them."""
    columns = list(COLUMNS[name])
    filled = [part.reindex(columns=columns) for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)
