"""What was published about the effect of the exposure at values of a moderator."""

from __future__ import annotations

import math
from typing import Literal

from harness.data.name import ColumnName
from harness.spec.claim import Between, PrintedClaim, StatementClaim
from harness.spec.printed import Number


class OnsetClaim(PrintedClaim):
    """The value from which an effect is there, or up to which it is, where it does not change its sign.

    Attributes
    ----------
    quantity : an onset; its value is one of the moderator, or an exposure
    kind : whether the effect begins or fades there, on the way to greater values
    effect : whether it lowers or raises the outcome; it is there where its pointwise interval says so
    moderator : one of the moderators; left out for the exposure, along the slope of the net effect curve
    """

    quantity: Literal["onset"]
    kind: Literal["begins", "fades"]
    effect: Literal["falling", "rising"]
    moderator: ColumnName | None = None


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


class EffectSignClaim(ModeratedClaim):
    """The sign of the conditional effect on a range of a moderator.

    Attributes
    ----------
    quantity : a sign; its number is the share of the supported values in the range that have it
    kind : whether the exposure lowers the outcome, raises it, or neither, its pointwise interval holding zero
    """

    quantity: Literal["effect_sign"]
    kind: Literal["falling", "rising", "none"]


class EffectTrendClaim(ModeratedClaim):
    """A statement that the effect of the exposure falls, or rises, along a moderator or along the exposure.

    A reduction that strengthens is an effect that falls.

    Attributes
    ----------
    quantity : a trend; its number is the share of the way on which the effect goes there
    kind : where the effect goes
    along : whether the way is one of the moderator or of the exposure; the range is of that
    """

    quantity: Literal["effect_trend"]
    kind: Literal["falling", "rising"]
    along: Literal["moderator", "exposure"] = "moderator"


class ShapeClaim(StatementClaim):
    """How the level of the outcome goes along a moderator, averaged over the supported exposures.

    Attributes
    ----------
    quantity : a shape; its number is the share of the way on which the level goes as it says
    kind : ``v`` falls to a least value inside the range and rises from there; where that lies at an end the
        number is 0
    moderator : one of the moderators
    """

    quantity: Literal["shape"]
    kind: Literal["falling", "rising", "v"]
    moderator: ColumnName


class LevelRangeClaim(ModeratedClaim):
    """The range of the levels on a part of the surface over exposure and moderator.

    Attributes
    ----------
    quantity : a range; its number is the share of the supported cells whose level lies in it
    levels : the least and the greatest level
    """

    quantity: Literal["level_range"]
    levels: Between
