"""Tidy tables as text: UTF-8, floats with all their digits, no cell that a spreadsheet would run."""

from __future__ import annotations

import io

import pandas as pd

from harness.store.csv_injection import escape_formulas, unescape_formulas


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as a run folder holds it."""
    return escape_formulas(frame).to_csv(index=False, lineterminator="\n")


def from_csv(text: str) -> pd.DataFrame:
    """Return the table that `csv_text` wrote."""
    # The Python engine reads a float to its last bit in every version of pandas.
    frame = pd.read_csv(io.StringIO(text), engine="python", keep_default_na=False, na_values=[""])
    return unescape_formulas(frame)
