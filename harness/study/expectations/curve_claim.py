"""Claims about a net effect curve."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator

from harness.language import marked
from harness.study.expectations.claim import Claim, PrintedClaim, StatementClaim
from harness.study.expectations.lookup import RunCurve, RunTables, found_rows
from harness.study.spec.printed import Interval, Number
from harness.tables.curves import CURVES
from harness.tables.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd

BOUNDS = {"least": marked(", at least"), "most": marked(", at most"), None: ""}


def _ascending(between: tuple[float, float]) -> tuple[float, float]:
    first, second = between
    if first >= second:
        message = f"{first:g} and {second:g} are no way along the curve; the lesser exposure comes first"
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

    def curve_of(self, run: RunTables) -> RunCurve:
        """Return the curve of a run that it is about."""
        points = curve_points(self, run, {"kind": "level"})
        return RunCurve(*(points[name].to_numpy(dtype=float) for name in ("at", "estimate")))

    def number_of(self, run: RunTables) -> float:
        """Return what that curve gives for it."""
        return self.on_curve(self.curve_of(run))


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

    def on_curve(self, curve: RunCurve) -> float:
        """Return the level."""
        return float(curve.levels_at(self.at)[0])


class WayClaim(CurveClaim):
    """A claim about the way between two exposures.

    Attributes
    ----------
    between : the two exposures, the lesser first
    """

    between: Between

    def words(self) -> Mapping[str, str]:
        """Return the fields, and both ends of the way."""
        start, end = (f"{exposure:g}" for exposure in self.between)
        return {**super().words(), "start": start, "end": end}


class ChangeClaim(WayClaim, PrintedClaim):
    """The difference of a net effect curve between two exposures, in units of the outcome.

    Attributes
    ----------
    quantity : level at the second exposure minus level at the first
    """

    about: ClassVar[str] = marked("change of the curve from {start} to {end}")
    quantity: Literal["change"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return the change."""
        return curve.change(*self.between)


class BendClaim(CurveClaim, PrintedClaim):
    """The exposure at which a net effect curve bends most: its slope changes fastest.

    Attributes
    ----------
    quantity : a bend; its value is an exposure
    """

    about: ClassVar[str] = marked("exposure at which the curve bends most")
    quantity: Literal["bend"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return where the curve bends most."""
        return curve.bend()


class DirectionClaim(WayClaim, StatementClaim):
    """A statement that a net effect curve falls, or rises, all the way between two exposures.

    Attributes
    ----------
    quantity : a direction; its number is the share of the way on which the curve goes there
    kind : where the curve goes
    """

    about: ClassVar[str] = marked("share of the range {start} to {end} on which the curve is {kind}")
    quantity: Literal["direction"]
    kind: Literal["falling", "rising"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where the curve goes there."""
        return curve.share_going(*self.between, sign=1.0 if self.kind == "rising" else -1.0)


class PaceClaim(WayClaim, StatementClaim):
    """A statement that a net effect curve goes ever faster, or ever slower, between two exposures.

    Attributes
    ----------
    quantity : a pace; its number is the share of the way on which the slope gains, or loses, in size
    kind : whether the curve goes faster or slower
    """

    about: ClassVar[str] = marked("share of the range {start} to {end} on which the curve keeps {kind}")
    quantity: Literal["pace"]
    kind: Literal["steepening", "slowing"]

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where it does."""
        return curve.share_pacing(*self.between, sign=1.0 if self.kind == "steepening" else -1.0)


class BandClaim(WayClaim, StatementClaim):
    """A statement that the pointwise band of a net effect curve narrows, or widens, between two exposures.

    Attributes
    ----------
    quantity : a band; its number is the share of the way on which its width goes there
    kind : where the width goes
    """

    about: ClassVar[str] = marked("share of the range {start} to {end} on which the pointwise band is {kind}")
    quantity: Literal["band"]
    kind: Literal["narrowing", "widening"]

    def curve_of(self, run: RunTables) -> RunCurve:
        """Return the width of the band, by exposure."""
        points = curve_points(self, run, {"kind": "level", "band": "pointwise"})
        at, low, high = (points[name].to_numpy(dtype=float) for name in ("at", "conf_low", "conf_high"))
        return RunCurve(at, high - low)

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where the width goes there."""
        return curve.share_going(*self.between, sign=-1.0 if self.kind == "narrowing" else 1.0)


# The kinds of claims about a curve.
CurveClaims = LevelClaim | ChangeClaim | DirectionClaim | PaceClaim | BandClaim | BendClaim
