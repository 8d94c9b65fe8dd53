"""Find in the tables of a run the number that a claim speaks of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


_NONE = "this run gives no such number"


@dataclass(frozen=True)
class Here:
    """What a run gives for a claim.

    Attributes
    ----------
    value : in the unit of the claim's value; NaN where there is none
    reason : why there is none
    is_absent : whether the run looked for it and found that it does not exist, such as a turning point
    """

    value: float
    reason: str = ""
    is_absent: bool = False


def rows_of(frame: pd.DataFrame, place: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows in which each of these columns has this text; none where a column is missing."""
    for column, text in place.items():
        if column not in frame:
            return frame.iloc[:0]
        frame = frame[frame[column].astype(str) == text]
    return frame


def refusal(frame: pd.DataFrame, *, absent: str) -> str:
    """Return why rows hold no number: what the first with a reason says, or `absent`."""
    reasons = frame["reason"].dropna() if "reason" in frame else ()
    return next((str(one) for one in reasons if one), absent)


def cell(frame: pd.DataFrame, place: Mapping[str, str], column: str) -> Here:
    """Return the number in one column of the row at a place."""
    rows, known = _known(frame, place, column)
    if known:
        return Here(known[0])
    return Here(math.nan, refusal(rows, absent=_NONE))


def nearest(frame: pd.DataFrame, place: Mapping[str, str], column: str, *, to: float) -> Here:
    """Return, of the numbers in one column of the rows at a place, the one nearest to what was published."""
    rows, known = _known(frame, place, column)
    if known:
        return Here(min(known, key=lambda value: abs(value - to)))
    return Here(math.nan, refusal(rows, absent=_NONE))


def _known(frame: pd.DataFrame, place: Mapping[str, str], column: str) -> tuple[pd.DataFrame, list[float]]:
    rows = rows_of(frame, place)
    return rows, rows[column].dropna().astype(float).tolist() if column in rows else []
