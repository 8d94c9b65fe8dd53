"""Claims about a net effect curve."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator

from harness.language import Message, marked
from harness.study.expectations.claim import Claim, PrintedClaim, StatementClaim
from harness.study.expectations.lookup import NotInRun, RunCurve, RunTables, refusal, rows_of
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


Between = Annotated[tuple[Number, Number], AfterValidator(_ascending)]
"""Two exposures, the lesser first."""


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
    own = rows_of(rows, kind)
    if not len(own):
        raise NotInRun(refusal(rows, absent=marked("this run draws no such curve")))
    first: pd.DataFrame = own[own["scenario"] == own["scenario"].iloc[0]]
    return first.drop_duplicates("at").sort_values("at")


class CurveClaim(Claim):
    """A claim about the level curve of the first scenario that draws one."""

    table: ClassVar[ResultTable] = CURVES

    @abstractmethod
    def on_curve(self, curve: RunCurve) -> float:
        """Return what a curve gives for it; `NotInRun` where it gives nothing."""

    def number_of(self, run: RunTables) -> float:
        """Return what the curve of a run gives for it."""
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

    quantity: Literal["level"]
    at: Number
    bound: Literal["least", "most"] | None = None

    @property
    def meant(self) -> Interval:
        """The numbers that round to the printed one, or lie on its side."""
        rounded = super().meant
        low = -math.inf if self.bound == "most" else rounded.low
        return Interval(low, math.inf if self.bound == "least" else rounded.high)

    def describe(self) -> str:
        """Return what its number is."""
        return Message("curve at {at}{BOUNDS}", at=f"{self.at:g}", BOUNDS=BOUNDS[self.bound])

    def on_curve(self, curve: RunCurve) -> float:
        """Return the level."""
        return float(curve.levels_at(self.at)[0])


class ChangeClaim(CurveClaim, PrintedClaim):
    """The difference of a net effect curve between two exposures, in units of the outcome.

    Attributes
    ----------
    quantity : level at the second exposure minus level at the first
    between : the two exposures, the lesser first
    """

    quantity: Literal["change"]
    between: Between

    def describe(self) -> str:
        """Return what its number is."""
        return Message(
            "change of the curve from {between} to {between_2}",
            between=f"{self.between[0]:g}",
            between_2=f"{self.between[1]:g}",
        )

    def on_curve(self, curve: RunCurve) -> float:
        """Return the change."""
        return curve.change(*self.between)


class BendClaim(CurveClaim, PrintedClaim):
    """The exposure at which a net effect curve bends most: its slope changes fastest.

    Attributes
    ----------
    quantity : a bend; its value is an exposure
    """

    quantity: Literal["bend"]

    def describe(self) -> str:
        """Return what its number is."""
        return marked("exposure at which the curve bends most")

    def on_curve(self, curve: RunCurve) -> float:
        """Return where the curve bends most."""
        return curve.bend()


class DirectionClaim(CurveClaim, StatementClaim):
    """A statement that a net effect curve falls, or rises, all the way between two exposures.

    Attributes
    ----------
    quantity : a direction; its number is the share of the way on which the curve goes there
    kind : where the curve goes
    between : the two exposures, the lesser first
    """

    quantity: Literal["direction"]
    kind: Literal["falling", "rising"]
    between: Between

    def describe(self) -> str:
        """Return what its number is."""
        start, end = self.between
        return Message(
            "share of the way from {start} to {end} on which the curve is {kind}",
            start=f"{start:g}",
            end=f"{end:g}",
            kind=self.kind,
        )

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where the curve goes there."""
        return curve.share_going(*self.between, sign=1.0 if self.kind == "rising" else -1.0)


class PaceClaim(CurveClaim, StatementClaim):
    """A statement that a net effect curve goes ever faster, or ever slower, between two exposures.

    Attributes
    ----------
    quantity : a pace; its number is the share of the way on which the slope gains, or loses, in size
    kind : whether the curve goes faster or slower
    between : the two exposures, the lesser first
    """

    quantity: Literal["pace"]
    kind: Literal["steepening", "slowing"]
    between: Between

    def describe(self) -> str:
        """Return what its number is."""
        start, end = self.between
        return Message(
            "share of the way from {start} to {end} on which the curve goes on {kind}",
            start=f"{start:g}",
            end=f"{end:g}",
            kind=self.kind,
        )

    def on_curve(self, curve: RunCurve) -> float:
        """Return the share of the range where it does."""
        return curve.share_pacing(*self.between, sign=1.0 if self.kind == "steepening" else -1.0)


class BandClaim(StatementClaim):
    """A statement that the pointwise band of a net effect curve narrows, or widens, between two exposures.

    Attributes
    ----------
    quantity : a band; its number is the share of the way on which its width goes there
    kind : where the width goes
    between : the two exposures, the lesser first
    """

    table: ClassVar[ResultTable] = CURVES
    quantity: Literal["band"]
    kind: Literal["narrowing", "widening"]
    between: Between

    def describe(self) -> str:
        """Return what its number is."""
        start, end = self.between
        return Message(
            "share of the way from {start} to {end} on which the pointwise band is {kind}",
            start=f"{start:g}",
            end=f"{end:g}",
            kind=self.kind,
        )

    def number_of(self, run: RunTables) -> float:
        """Return the share of the range where the width of the band goes there."""
        points = curve_points(self, run, {"kind": "level", "band": "pointwise"})
        at, low, high = (points[name].to_numpy(dtype=float) for name in ("at", "conf_low", "conf_high"))
        sign = -1.0 if self.kind == "narrowing" else 1.0
        return RunCurve(at, high - low).share_going(*self.between, sign=sign)


CurveClaims = LevelClaim | ChangeClaim | DirectionClaim | PaceClaim | BandClaim | BendClaim
"""The kinds of claims about a curve."""
