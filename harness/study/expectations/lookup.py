"""What claims are looked up in: the tables of a run, and the curves that they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats
from harness.language import Coded, from_json, marked
from harness.tables.curves import CURVES, TRUTH, TURNING_POINTS
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS, HETEROGENEITY, THRESHOLDS
from harness.tables.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd

_NONE = marked("this run has no such number")


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
        self.reason, self.is_absent = reason, is_absent


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of a run that claims are looked up in.

    Attributes
    ----------
    frames : by name; empty frames for what the study did not ask
    labels : of columns that have one
    """

    frames: Mapping[str, pd.DataFrame]
    labels: Mapping[str, str] = field(default_factory=dict)
    _own: dict[tuple[str, str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def label(self, column: str) -> str:
        """Return the label of a column, its name where it has none."""
        return self.labels.get(column, column)

    def rows(self, table: ResultTable, outcome: str, estimator: str, keys: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of an outcome and an estimator that have these keys as well."""
        place = (table.name, outcome, estimator)
        if place not in self._own:
            own = {"outcome": outcome, "estimator": estimator}
            self._own[place] = rows_of(self.frames[table.name], own)
        return rows_of(self._own[place], keys)


@dataclass(frozen=True, eq=False)
class TruthTables(RunTables):
    """The truth behind simulated data as tables of a run; it is the same for all estimators."""

    def rows(self, table: ResultTable, outcome: str, estimator: str, keys: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of an outcome that have these keys as well, whatever the estimator."""
        return rows_of(self.frames[table.name], {"outcome": outcome, **keys})


def truth_of(run: RunTables) -> TruthTables:
    """Return the truth that a run was given, in the tables that claims look it up in; empty without one."""
    import pandas as pd

    truth = run.frames.get(TRUTH.name)
    frames = {name: frame.iloc[:0] for name, frame in run.frames.items()}
    if truth is None or truth.empty:
        return TruthTables(frames, run.labels)
    kinds = {str(kind): rows for kind, rows in truth.assign(status="ok").groupby("kind")}
    none = truth.iloc[:0].assign(status="")

    def of(column: str, table: ResultTable) -> Mapping[str, str]:
        """Return what scenarios are about, by their ids."""
        asked = run.frames[table.name]
        return dict(zip(asked["scenario"], asked[column], strict=True)) if len(asked) else {}

    def looked(rows: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each answer, which says that there was one even where it holds nothing."""
        return rows.drop_duplicates(["outcome", "scenario"]).assign(kind="none", at=math.nan)

    level = kinds.get("level", none)
    turns = [kinds[kind] for kind in ("minimum", "maximum") if kind in kinds]
    frames[CURVES.name] = level.rename(columns={"truth": "estimate"})
    frames[TURNING_POINTS.name] = pd.concat([looked(level), *turns])
    medians = kinds.get("median", none).rename(columns={"truth": "median"})
    by = medians["scenario"].map(of("by", HETEROGENEITY))
    frames[HETEROGENEITY.name] = medians.assign(by=by, mode="pooled")
    changes, effects = kinds.get("threshold", none), kinds.get("conditional_effect", none)
    signs = pd.concat([looked(effects), changes.assign(at=changes["moderator_at"])])
    moderator = signs["scenario"].map(of("moderator", CONDITIONAL_EFFECTS))
    frames[THRESHOLDS.name] = signs.assign(moderator=moderator)
    return TruthTables(frames, run.labels)


def rows_of(frame: pd.DataFrame, place: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows in which each of these columns has this text; none where a column is missing."""
    for column, text in place.items():
        if column not in frame:
            return frame.iloc[:0]
        frame = frame[frame[column].astype(str) == text]
    return frame


def refusal(frame: pd.DataFrame, *, absent: str) -> str:
    """Return why rows hold no number: what the first with a reason says, or `absent`."""
    rows = frame.reindex(columns=["reason", "reason_code"]).astype(object).fillna("").itertuples(index=False)
    return next((from_json(str(row.reason), str(row.reason_code)) for row in rows if row.reason), absent)


def found_rows(rows: pd.DataFrame, kind: Mapping[str, str], *, absent: str) -> pd.DataFrame:
    """Return the rows of a kind.

    Raises
    ------
    NotInRun
        Where there is none: with what the first row with a reason says, or `absent`.
    """
    own = rows_of(rows, kind)
    if not len(own):
        raise NotInRun(refusal(rows, absent=absent))
    return own


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
        raise NotInRun(marked("this run found none"), is_absent=True)
    raise NotInRun(refusal(looked, absent=_NONE))


def _numbers(rows: pd.DataFrame, column: str) -> list[float]:
    return rows[column].dropna().astype(float).tolist() if column in rows else []


# Share of a grid's range by which its points may be off through rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class RunCurve:
    """Levels of a curve on a grid.

    Attributes
    ----------
    at : (n_grid,), exposures, increasing; at least two
    level : (n_grid,), outcome units
    """

    at: Floats
    level: Floats

    @property
    def first(self) -> float:
        """The least exposure."""
        return float(self.at[0])

    @property
    def last(self) -> float:
        """The greatest exposure."""
        return float(self.at[-1])

    def levels_at(self, *exposures: float) -> Floats:
        """Return the levels at exposures, (n,), linear between grid points.

        Raises
        ------
        NotInRun
            Where one lies beyond the grid.
        """
        return np.interp(self._on_grid(*exposures), self.at, self.level)

    def share_going(self, start: float, end: float, *, sign: float) -> float:
        """Return the share of the range between two exposures where the curve rises (1) or falls (-1)."""
        start, end = self._on_grid(start, end)
        inside = self.at[(self.at > start + self._slack) & (self.at < end - self._slack)]
        stops = np.concatenate([[start], inside, [end]])
        goes = sign * np.diff(np.interp(stops, self.at, self.level)) > 0
        return float(np.diff(stops)[goes].sum() / (stops[-1] - stops[0]))

    @property
    def _slack(self) -> float:
        return ROUNDING * (self.last - self.first)

    def _on_grid(self, *exposures: float) -> Floats:
        if min(exposures) < self.first - self._slack or max(exposures) > self.last + self._slack:
            message = marked("the curve of this run goes from {first} to {last}")
            raise NotInRun(Coded(message, first=f"{self.first:.4g}", last=f"{self.last:.4g}"))
        return np.clip(exposures, self.first, self.last)
