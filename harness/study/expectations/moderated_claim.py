"""Claims about the effect of the exposure at values of a moderator; with them, every kind of claim."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field

from harness.data.name import ColumnName
from harness.language import Message, marked
from harness.study.expectations.claim import Claim, NumberClaims, PrintedClaim, StatementClaim
from harness.study.expectations.curve_claim import Between, CurveClaims, curve_points
from harness.study.expectations.lookup import NotInRun, RunEffects, RunSurface, RunTables, found_rows
from harness.study.spec.printed import Number
from harness.tables.heterogeneity import CONDITIONAL_EFFECTS, SURFACES
from harness.tables.table import ResultTable

POINTWISE = {"band": "pointwise", "supported": "True"}

EFFECTS = {
    "falling": marked("lowers the outcome"),
    "rising": marked("raises the outcome"),
    "none": marked("has no clear effect"),
}

SHAPES = {
    "falling": marked("falls"),
    "rising": marked("rises"),
    "v": marked("is V-shaped: it falls to a minimum and rises from there"),
}


def effects_by_moderator(claim: Claim, run: RunTables, moderator: str) -> RunEffects:
    """Return the conditional effects at supported values of a moderator; `NotInRun` where there are none."""
    rows = claim.rows(run, {"moderator": moderator}, CONDITIONAL_EFFECTS)
    absent = Message("this run has no effects conditional on {moderator}", moderator=run.label(moderator))
    own = found_rows(rows, POINTWISE, absent=absent)
    return RunEffects.of(own.sort_values("moderator_at"), at="moderator_at", effect="effect")


def surface_of(claim: Claim, run: RunTables, moderator: str) -> RunSurface:
    """Return the surface of a moderator; `NotInRun` where there is none."""
    rows = claim.rows(run, {"moderator": moderator}, SURFACES)
    absent = Message("this run has no surface over {moderator}", moderator=run.label(moderator))
    found_rows(rows, {"status": "ok"}, absent=absent)
    return RunSurface.of(rows)


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
        return Message("exposure {bound} it {verb} the outcome", bound=words["bound"], verb=words["verb"])

    def number_of(self, run: RunTables) -> float:
        """Return the value with an effect whose neighbour has none, nearest to the published one."""
        if self.moderator is None:
            points = curve_points(self, run, {"kind": "slope", **POINTWISE})
            effects = RunEffects.of(points, at="at", effect="estimate")
        else:
            effects = effects_by_moderator(self, run, self.moderator)
        is_there = effects.has(self.effect)
        if not is_there.any() or is_there.all():
            where = marked("everywhere") if is_there.all() else marked("nowhere")
            raise NotInRun(
                Message("in this run the effect is significant {where}", where=where), is_absent=True
            )
        steps, begins = np.diff(is_there.astype(int)), self.kind == "begins"
        at = effects.at[1:][steps > 0] if begins else effects.at[:-1][steps < 0]
        if not at.size:
            kind = marked("begins") if begins else marked("fades")
            raise NotInRun(Message("in this run the effect never {kind}", kind=kind), is_absent=True)
        return float(min(at.tolist(), key=lambda value: abs(value - self.value)))


class ModeratedClaim(StatementClaim):
    """A statement about a range of a moderator.

    Attributes
    ----------
    moderator : one of the moderators
    above, below : ends of the range; open where left out
    """

    moderator: ColumnName
    above: Number | None = None
    below: Number | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The ends, infinite where open."""
        low, high = self.above, self.below
        return -math.inf if low is None else low, math.inf if high is None else high

    def words(self) -> Mapping[str, str]:
        """Return the fields, and the range in words that follow what it is a range of."""
        words = super().words()
        spans = {
            (False, False): marked(" above {above} and below {below}"),
            (False, True): marked(" above {above}"),
            (True, False): marked(" below {below}"),
        }
        span = spans.get((self.above is None, self.below is None))
        return {**words, "span": Message(span, above=words["above"], below=words["below"]) if span else ""}


class EffectSignClaim(ModeratedClaim):
    """The sign of the conditional effect on a range of a moderator.

    Attributes
    ----------
    quantity : a sign; its number is the share of the supported values in the range that have it
    kind : whether the exposure lowers the outcome, raises it, or neither, its pointwise interval holding zero
    """

    table: ClassVar[ResultTable] = CONDITIONAL_EFFECTS
    about: ClassVar[str] = marked("share of the values of {moderator}{span} at which the exposure {effect}")
    quantity: Literal["effect_sign"]
    kind: Literal["falling", "rising", "none"]

    def words(self) -> Mapping[str, str]:
        """Return the fields, the range, and the effect."""
        return {**super().words(), "effect": EFFECTS[self.kind]}

    def number_of(self, run: RunTables) -> float:
        """Return the share of the supported values at which the effect has the sign."""
        effects, (low, high) = effects_by_moderator(self, run, self.moderator), self.ends
        inside = (effects.at >= low) & (effects.at <= high)
        if not inside.any():
            raise NotInRun(marked("the data of this run support no value of the moderator in this range"))
        return float(effects.has(self.kind)[inside].mean())


class EffectTrendClaim(ModeratedClaim):
    """A statement that the effect of the exposure falls, or rises, along a moderator or along the exposure.

    A reduction that strengthens is an effect that falls.

    Attributes
    ----------
    quantity : a trend; its number is the share of the way on which the effect goes there
    kind : where the effect goes
    along : whether the way is one of the moderator or of the exposure; the range is of that
    """

    table: ClassVar[ResultTable] = SURFACES
    about: ClassVar[str] = marked("share of the range of {way}{span} on which {effect} is {kind}")
    quantity: Literal["effect_trend"]
    kind: Literal["falling", "rising"]
    along: Literal["moderator", "exposure"] = "moderator"

    def words(self) -> Mapping[str, str]:
        """Return the fields, the range, the way, and the effect along it."""
        effect, way = marked("the effect"), self.moderator
        if self.along == "exposure":
            effect, way = (
                Message("the effect conditional on {moderator}", moderator=way),
                marked("the exposure"),
            )
        return {**super().words(), "way": way, "effect": effect}

    def number_of(self, run: RunTables) -> float:
        """Return the share of the range where the effect, over the supported cells, goes there."""
        surface = surface_of(self, run, self.moderator)
        curve, (low, high) = surface.along(self.along, surface.effect), self.ends
        if curve is None or max(low, curve.at[0]) >= min(high, curve.at[-1]):
            raise NotInRun(marked("the data of this run do not support this range"))
        ends = float(max(low, curve.at[0])), float(min(high, curve.at[-1]))
        return curve.share_going(*ends, sign=1.0 if self.kind == "rising" else -1.0)


class ShapeClaim(StatementClaim):
    """How the level of the outcome goes along a moderator, averaged over the supported exposures.

    Attributes
    ----------
    quantity : a shape; its number is the share of the way on which the level goes as it says
    kind : ``v`` falls to a least value inside the range and rises from there; where that lies at an end the
        number is 0
    moderator : one of the moderators
    """

    table: ClassVar[ResultTable] = SURFACES
    about: ClassVar[str] = marked("share of the range of {moderator} on which the outcome {shape}")
    quantity: Literal["shape"]
    kind: Literal["falling", "rising", "v"]
    moderator: ColumnName

    def words(self) -> Mapping[str, str]:
        """Return the fields, and the shape."""
        return {**super().words(), "shape": SHAPES[self.kind]}

    def number_of(self, run: RunTables) -> float:
        """Return the share of the range where the level goes as the shape says."""
        surface = surface_of(self, run, self.moderator)
        curve = surface.along("moderator", surface.level)
        if curve is None:
            raise NotInRun(marked("the data of this run support no range of the moderator"))
        if self.kind == "v":
            return curve.share_of_v()
        sign = 1.0 if self.kind == "rising" else -1.0
        return curve.share_going(float(curve.at[0]), float(curve.at[-1]), sign=sign)


class LevelRangeClaim(ModeratedClaim):
    """The range of the levels on a part of the surface over exposure and moderator.

    Attributes
    ----------
    quantity : a range; its number is the share of the supported cells whose level lies in it
    levels : the least and the greatest level
    """

    table: ClassVar[ResultTable] = SURFACES
    about: ClassVar[str] = marked(
        "share of the supported cells at {moderator}{span} in which the outcome lies between {low} and {high}"
    )
    quantity: Literal["level_range"]
    levels: Between

    def words(self) -> Mapping[str, str]:
        """Return the fields, the range, and the levels."""
        low, high = (f"{level:g}" for level in self.levels)
        return {**super().words(), "low": low, "high": high}

    def number_of(self, run: RunTables) -> float:
        """Return the share of the supported cells whose level lies in the range."""
        surface, (low, high) = surface_of(self, run, self.moderator), self.levels
        levels = surface.level[surface.within(self.ends)]
        if not levels.size:
            raise NotInRun(marked("the data of this run support no cell in this range"))
        return float(((levels >= low) & (levels <= high)).mean())


ModeratedClaims = OnsetClaim | EffectSignClaim | EffectTrendClaim | ShapeClaim | LevelRangeClaim

# Every kind of claim; a new one is a class, and a name in the union of its module.
Claims = NumberClaims | CurveClaims | ModeratedClaims

# Every kind of claim, told apart by ``quantity``.
AnyClaim = Annotated[Claims, Field(discriminator="quantity")]

# Names of the tables that claims are looked up in.
SOURCES = tuple(dict.fromkeys(kind.table.name for kind in get_args(Claims)))
