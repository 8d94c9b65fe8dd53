"""The tables of a run that claims are looked up in, and the number that is found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.tables.table import ResultTable

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


class NotInRun(Exception):  # noqa: N818 - what it says is what was found
    """A run gives no number for a claim; the message says why, `is_absent` as of `RunValue`."""

    def __init__(self, reason: str, *, is_absent: bool = False) -> None:
        super().__init__(reason)
        self.is_absent = is_absent


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of a run that claims are looked up in.

    Attributes
    ----------
    frames : by name; empty frames for what the study did not ask
    first_protocol : id of the protocol of claims that name none
    """

    frames: Mapping[str, pd.DataFrame]
    first_protocol: str
    _own: dict[tuple[str, str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def rows(self, table: ResultTable, outcome: str, estimator: str, keys: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of an outcome and an estimator that have these keys as well."""
        place = (table.name, outcome, estimator)
        if place not in self._own:
            own = {"outcome": outcome, "estimator": estimator}
            self._own[place] = rows_of(self.frames[table.name], own)
        return rows_of(self._own[place], keys)


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


def number_in(rows: pd.DataFrame, column: str) -> float:
    """Return the number in one column of the first of some rows that has one.

    Raises
    ------
    NotInRun
        Where none has.
    """
    known = _numbers(rows, column)
    if not known:
        raise NotInRun(refusal(rows, absent=_NONE))
    return known[0]


def nearest(looked: pd.DataFrame, kind: Mapping[str, str], *, to: float) -> float:
    """Return the exposure or moderator value ``at`` of the row of a kind that is nearest to a published one.

    Parameters
    ----------
    looked : all that a run found at one place; a row that is ok says that it looked, even if it found nothing
    kind : what is asked for among it

    Raises
    ------
    NotInRun
        Where there is no such row.
    """
    known = _numbers(rows_of(looked, kind), "at")
    if known:
        return min(known, key=lambda value: abs(value - to))
    if len(rows_of(looked, {"status": "ok"})):
        raise NotInRun("this run looked for one and found none", is_absent=True)
    raise NotInRun(refusal(looked, absent=_NONE))


def _numbers(rows: pd.DataFrame, column: str) -> list[float]:
    return rows[column].dropna().astype(float).tolist() if column in rows else []
