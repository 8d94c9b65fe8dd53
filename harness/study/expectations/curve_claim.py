"""Claims about a net effect curve, and where an effect begins or fades; with them, every kind of claim."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

import numpy as np
from pydantic import AfterValidator, Field

from harness.data.name import ColumnName
from harness.language import Coded, marked
from harness.study.expectations.claim import Claim, NumberClaims, PrintedClaim, StatementClaim
from harness.study.expectations.lookup import NotInRun, RunCurve, RunTables, found_rows
from harness.study.spec.printed import Interval, Number
from harness.tables.curves import CURVES, TRUTH
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS
from harness.tables.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd

POINTWISE = {"band": "pointwise", "supported": "True"}

# Share of a range.
MOST = 0.5

BOUNDS = {"least": marked(", at least"), "most": marked(", at most"), None: ""}


def _ascending(between: tuple[float, float]) -> tuple[float, float]:
    first, second = between
    if first >= second:
        message = Coded(
            "{first} and {second} are no range of the curve; the lesser exposure comes first",
            first=f"{first:g}",
            second=f"{second:g}",
        )
        raise ValueError(message)
    return between


# Two exposures, the lesser first.
Between = Annotated[tuple[Number, Number], AfterValidator(_ascending)]


def curve_points(claim: Claim, run: RunTables, kind: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of one curve of the first scenario that draws it, by exposure.

    Parameters
    ----------
    kind : of the curve, and band where its limits are asked for

    Raises
    ------
    NotInRun
        Where no scenario draws it.
    """
    rows = claim.rows(run, {}, CURVES)
    own = found_rows(rows, kind, absent=marked("this run has no such curve"))
    first: pd.DataFrame = own[own["scenario"] == own["scenario"].iloc[0]]
    return first.drop_duplicates("at").sort_values("at")


class CurveClaim(Claim):
    """A claim about the level curve of the first scenario that draws one."""

    table: ClassVar[ResultTable] = CURVES

    @abstractmethod
    def on_curve(self, curve: RunCurve) -> float:
        """Return what a curve gives for it; `NotInRun` where it gives nothing."""

    def number_of(self, run: RunTables) -> float:
        """Return what that curve gives for it."""
        points = curve_points(self, run, {"kind": "level"})
        return self.on_curve(RunCurve(*(points[name].to_numpy(dtype=float) for name in ("at", "estimate"))))


class LevelClaim(CurveClaim, PrintedClaim):
    """The level of a net effect curve at one exposure.

    Attributes
    ----------
    quantity : a point of the curve
    at : the exposure
    bound : ``least`` for "at least the value", ``most`` for "at most"; left out for the value itself
    """

    about: ClassVar[str] = marked("curve at {at}{bound}")
    quantity: Literal["level"]
    at: Number
    bound: Literal["least", "most"] | None = None

    @property
    def meant(self) -> Interval:
        """The numbers that round to the printed one, or lie on its side."""
        rounded = super().meant
        low = -math.inf if self.bound == "most" else rounded.low
        return Interval(low, math.inf if self.bound == "least" else rounded.high)

    def words(self) -> Mapping[str, str]:
        """Return the fields, the bound in words."""
        return {**super().words(), "bound": BOUNDS[self.bound]}

    def is_in(self, value: float) -> bool | None:
        """Return whether a level is on the side of its bound; levels of other data are others."""
        return None if self.bound is None else self.meant.holds(value)

    def on_curve(self, curve: RunCurve) -> float:
        """Return the level."""
        return float(curve.levels_at(self.at)[0])


class RangeClaim(CurveClaim):
    """A claim about a range of the exposure.

    Attributes
    ----------
    between : the ends of the range, the lesser first
    """

    between: Between

    def words(self) -> Mapping[str, str]:
        """Return the fields, and both ends of the range."""
        start, end = (f"{exposure:g}" for exposure in self.between)
        return {**super().words(), "start": start, "end": end}


class ChangeClaim(RangeClaim, PrintedClaim):
    """The difference of a net effect curve between two exposures, in units of the outcome.

    Attributes
    ----------
    quantity : level at the second exposure minus level at the first
    """

    about: ClassVar[str] = marked("change of the curve from {start} to {end}")
    quantity: Literal["change"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return the change."""
        first, last = curve.levels_at(*self.between)
        return float(last - first)

    def is_in(self, value: float) -> bool:
        """Return whether the change goes the same way."""
        return value * self.value > 0.0


class DirectionClaim(RangeClaim, StatementClaim):
    """A statement that a net effect curve falls, or rises, all the way between two exposures.

    Attributes
    ----------
    quantity : a direction; its number is the share of the range on which the curve goes there
    kind : where the curve goes
    """

    about: ClassVar[str] = marked("share of the range {start} to {end} on which the curve is {kind}")
    quantity: Literal["direction"]
    kind: Literal["falling", "rising"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where the curve goes there."""
        return curve.share_going(*self.between, sign=1.0 if self.kind == "rising" else -1.0)

    def is_in(self, value: float) -> bool:
        """Return whether the curve goes there on most of the range, whose ends are read off a figure."""
        return value > MOST


class OnsetClaim(PrintedClaim):
    """The value from which an effect is there, or up to which it is, where it does not change its sign.

    Attributes
    ----------
    quantity : an onset; its value is one of the moderator, or an exposure
    kind : whether the effect begins or fades there, on the way to greater values
    effect : whether it lowers or raises the outcome; it is there where its pointwise interval says so
    moderator : one of the moderators; left out for the exposure, along the slope of the net effect curve
    """

    table: ClassVar[ResultTable] = CONDITIONAL_EFFECTS
    about: ClassVar[str] = marked("{moderator} {bound} the exposure {verb} the outcome")
    quantity: Literal["onset"]
    kind: Literal["begins", "fades"]
    effect: Literal["falling", "rising"]
    moderator: ColumnName | None = None

    def words(self) -> Mapping[str, str]:
        """Return what has the onset, in which direction it is one, and what the exposure does there."""
        verb = marked("lowers") if self.effect == "falling" else marked("raises")
        bound = marked("from which") if self.kind == "begins" else marked("up to which")
        return {"moderator": self.moderator or "", "bound": bound, "verb": verb}

    def describe(self) -> str:
        """Return what its number is, such as ``exposure from which it lowers the outcome``."""
        words = self.words()
        if self.moderator is not None:
            return super().describe()
        return Coded("exposure {bound} it {verb} the outcome", bound=words["bound"], verb=words["verb"])

    def number_of(self, run: RunTables) -> float:
        """Return the value with an effect whose neighbour has none, nearest to the published one."""
        rows, column = self._effects(run)
        falls, rises = rows["conf_high"].to_numpy() < 0.0, rows["conf_low"].to_numpy() > 0.0
        is_there = falls if self.effect == "falling" else rises
        if not is_there.any() or is_there.all():
            where = marked("everywhere") if is_there.all() else marked("nowhere")
            raise NotInRun(
                Coded("in this run the effect is significant {where}", where=where), is_absent=True
            )
        values = rows[column].to_numpy(dtype=float)
        steps, begins = np.diff(is_there.astype(int)), self.kind == "begins"
        onsets = values[1:][steps > 0] if begins else values[:-1][steps < 0]
        if not onsets.size:
            kind = marked("begins") if begins else marked("fades")
            raise NotInRun(Coded("in this run the effect never {kind}", kind=kind), is_absent=True)
        return float(min(onsets.tolist(), key=lambda value: abs(value - self.value)))

    def _effects(self, run: RunTables) -> tuple[pd.DataFrame, str]:
        """Return the effects with pointwise intervals at supported values, and the column of these."""
        if self.moderator is None:
            return curve_points(self, run, {"kind": "slope", **POINTWISE}), "at"
        rows = self.rows(run, {"moderator": self.moderator})
        label = run.label(self.moderator)
        absent = Coded("this run has no effects conditional on {moderator}", moderator=label)
        return found_rows(rows, POINTWISE, absent=absent).sort_values("moderator_at"), "moderator_at"


# Every kind of claim; a new one is a class, and a name here.
Claims = NumberClaims | LevelClaim | ChangeClaim | DirectionClaim | OnsetClaim

# Every kind of claim, told apart by ``quantity``.
AnyClaim = Annotated[Claims, Field(discriminator="quantity")]

# Names of the tables that claims are looked up in.
SOURCES = tuple(dict.fromkeys((*(kind.table.name for kind in get_args(Claims)), TRUTH.name)))
