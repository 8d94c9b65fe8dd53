"""What claims are looked up in: the tables of a run, and the curves, effects and surfaces that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.arrays import Floats, Mask
from harness.language import Message, marked
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
        self.is_absent = is_absent


@dataclass(frozen=True, eq=False)
class RunTables:
    """The tables of a run that claims are looked up in.

    Attributes
    ----------
    frames : by name; empty frames for what the study did not ask
    first_protocol : id of the protocol of claims that name none
    labels : of columns that have one
    """

    frames: Mapping[str, pd.DataFrame]
    first_protocol: str
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


# Share of its level by which a straight line may be off through rounding.
STRAIGHT = 1e-10

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

    def levels_at(self, *exposures: float) -> Floats:
        """Return the levels at exposures, (n,), linear between grid points.

        Raises
        ------
        NotInRun
            Where one lies beyond the grid.
        """
        return np.interp(self._on_grid(*exposures), self.at, self.level)

    def change(self, start: float, end: float) -> float:
        """Return the level at the second exposure minus that at the first."""
        first, last = self.levels_at(start, end)
        return float(last - first)

    def share_going(self, start: float, end: float, *, sign: float) -> float:
        """Return the share of the range between two exposures where the curve rises (1) or falls (-1)."""
        stops = self._stops(start, end)
        goes = sign * np.diff(np.interp(stops, self.at, self.level)) > 0
        return float(np.diff(stops)[goes].sum() / (stops[-1] - stops[0]))

    def share_pacing(self, start: float, end: float, *, sign: float) -> float:
        """Return the share of the range where the curve goes ever faster (1) or ever slower (-1)."""
        stops = self._stops(start, end)
        if stops.size < 4:
            raise NotInRun(marked("the curve of this run has too few points there"))
        pace = np.abs(np.diff(np.interp(stops, self.at, self.level)) / np.diff(stops))
        way = np.diff((stops[1:] + stops[:-1]) / 2.0)
        return float(way[sign * np.diff(pace) > 0].sum() / way.sum())

    def share_of_v(self) -> float:
        """Return the share of the grid's range where the curve falls to its least and then rises."""
        least, (first, last) = int(self.level.argmin()), (float(self.at[0]), float(self.at[-1]))
        if least in (0, self.at.size - 1):
            return 0.0
        turn = float(self.at[least])
        falls = self.share_going(first, turn, sign=-1.0) * (turn - first)
        rises = self.share_going(turn, last, sign=1.0) * (last - turn)
        return (falls + rises) / (last - first)

    def bend(self) -> float:
        """Return the grid point where the slope changes fastest, up or down."""
        slopes = np.diff(self.level) / np.diff(self.at)
        if slopes.size < 2:
            raise NotInRun(marked("the curve of this run has too few points to show curvature"))
        chord = np.interp(self.at, self.at[[0, -1]], self.level[[0, -1]])
        if np.abs(self.level - chord).max() <= STRAIGHT * np.abs(self.level).max():
            raise NotInRun(marked("the curve of this run is a straight line"), is_absent=True)
        speed = np.abs(np.diff(slopes)) / (self.at[2:] - self.at[:-2])
        return float(self.at[1 + int(speed.argmax())])

    @property
    def _slack(self) -> float:
        return ROUNDING * float(self.at[-1] - self.at[0])

    def _on_grid(self, *exposures: float) -> Floats:
        first, last = float(self.at[0]), float(self.at[-1])
        if min(exposures) < first - self._slack or max(exposures) > last + self._slack:
            message = marked("the curve of this run goes from {first} to {last}")
            raise NotInRun(Message(message, first=f"{first:.4g}", last=f"{last:.4g}"))
        return np.clip(exposures, first, last)

    def _stops(self, start: float, end: float) -> Floats:
        """Return two exposures on the grid and the grid points between them."""
        start, end = self._on_grid(start, end)
        inside = self.at[(self.at > start + self._slack) & (self.at < end - self._slack)]
        return np.concatenate([[start], inside, [end]])


@dataclass(frozen=True, eq=False)
class RunEffects:
    """Effects of the exposure with pointwise intervals, (n,) each, at values that increase.

    Attributes
    ----------
    at : of a moderator, or exposures
    effect, low, high : outcome units per unit of the exposure
    """

    at: Floats
    effect: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, *, at: str, effect: str) -> RunEffects:
        """Return the effects of some rows, by the names of their columns."""
        names = (at, effect, "conf_low", "conf_high")
        return cls(*(rows[name].to_numpy(dtype=float) for name in names))

    def has(self, kind: str) -> Mask:
        """Return where the effect is ``falling`` or ``rising`` for certain, or ``none`` of both, (n,)."""
        falls, rises = self.high < 0.0, self.low > 0.0
        return {"falling": falls, "rising": rises, "none": ~falls & ~rises}[kind]


@dataclass(frozen=True, eq=False)
class RunSurface:
    """A surface over exposure and moderator.

    Attributes
    ----------
    exposure_at, moderator_at : (n_exposures,) and (n_moderators,), increasing
    level, effect : (n_exposures, n_moderators), outcome units, and per unit of the exposure
    supported : likewise
    """

    exposure_at: Floats
    moderator_at: Floats
    level: Floats
    effect: Floats
    supported: Mask

    @classmethod
    def of(cls, rows: pd.DataFrame) -> RunSurface:
        """Return the surface of the first scenario among some rows."""
        first = rows[rows["scenario"] == rows["scenario"].iloc[0]]
        axes = ["exposure_at", "moderator_at"]
        cells = first.dropna(subset=axes).drop_duplicates(axes)
        (exposure_at, row), (moderator_at, column) = (
            np.unique(cells[axis].to_numpy(dtype=float), return_inverse=True) for axis in axes
        )
        level, effect = np.full((2, exposure_at.size, moderator_at.size), np.nan)
        supported = np.zeros(level.shape, dtype=np.bool_)
        level[row, column], effect[row, column] = cells[["estimate", "effect"]].to_numpy(dtype=float).T
        supported[row, column] = cells["supported"].astype(str) == "True"
        return cls(exposure_at, moderator_at, level, effect, supported)

    def along(self, way: Literal["moderator", "exposure"], values: Floats) -> RunCurve | None:
        """Return how values of the cells go along moderator or exposure (see `_chained`)."""
        if way == "moderator":
            return _chained(self.moderator_at, values, self.supported)
        return _chained(self.exposure_at, values.T, self.supported.T)

    def within(self, ends: tuple[float, float]) -> Mask:
        """Return the supported cells at values of the moderator in a range, (n_exposures, n_moderators)."""
        low, high = ends
        return np.asarray(self.supported & (self.moderator_at >= low) & (self.moderator_at <= high))


def _chained(at: Floats, values: Floats, supported: Mask) -> RunCurve | None:
    """Return mean changes between neighbours, added up; None where no neighbours share a supported cell.

    Each change is a mean over the cells supported at both, so that it is no change of which cells these are.

    Parameters
    ----------
    at : (n,)
    values, supported : (m, n)
    """
    both = supported[:, 1:] & supported[:, :-1]
    n_both = both.sum(axis=0)
    reached = np.flatnonzero(n_both)
    if not reached.size:
        return None
    first, last = int(reached[0]), int(reached[-1]) + 1
    change = np.where(both, np.diff(values, axis=1), 0.0).sum(axis=0) / np.maximum(n_both, 1)
    return RunCurve(at[first : last + 1], np.concatenate([[0.0], np.cumsum(change[first:last])]))
