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
class RunValue:
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
    return next((str(reason) for reason in reasons if reason), absent)


def number_in(rows: pd.DataFrame, column: str) -> RunValue:
    """Return the number in one column of the first of some rows that has one."""
    known = _numbers(rows, column)
    return RunValue(known[0]) if known else RunValue(math.nan, refusal(rows, absent=_NONE))


def nearest(looked: pd.DataFrame, kind: Mapping[str, str], *, to: float) -> RunValue:
    """Return the exposure or moderator value ``at`` of the row of a kind that is nearest to a published one.

    Parameters
    ----------
    looked : all that a run found at one place; a row that is ok says that it looked, even if it found nothing
    kind : what is asked for among it
    """
    known = _numbers(rows_of(looked, kind), "at")
    if known:
        return RunValue(min(known, key=lambda value: abs(value - to)))
    if len(rows_of(looked, {"status": "ok"})):
        return RunValue(math.nan, "this run looked for one and found none", is_absent=True)
    return RunValue(math.nan, refusal(looked, absent=_NONE))


def _numbers(rows: pd.DataFrame, column: str) -> list[float]:
    return rows[column].dropna().astype(float).tolist() if column in rows else []
