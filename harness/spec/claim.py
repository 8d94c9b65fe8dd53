"""What was published about a study: its numbers, one claim each, and the identities that tie them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.data.name import ColumnName
from harness.spec.printed import Number, PrintedNumber
from harness.spec.spec_model import SpecModel

Sample = Literal["train", "test", "all"]


def _ascending(between: tuple[float, float]) -> tuple[float, float]:
    first, second = between
    if first >= second:
        message = f"{first:g} and {second:g} are no way along the curve; the lesser exposure comes first"
        raise ValueError(message)
    return between


Between = Annotated[tuple[Number, Number], AfterValidator(_ascending)]
"""Two exposures, the lesser first."""


class Claim(SpecModel):
    """A published statement about one outcome, as one estimator gave it.

    Attributes
    ----------
    outcome : one of the outcomes
    estimator : id of the estimator that stands for the published one
    tolerance : how far this run's number may lie outside the rounding of the printed one and still
        reproduce it
    source : where it is printed, such as ``Table 2``
    note : anything a reader should know about it
    """

    outcome: ColumnName
    estimator: str
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    source: str = ""
    note: str = ""


class PrintedClaim(Claim, PrintedNumber):
    """A published number."""


class StatementClaim(Claim):
    """A published statement without a number; its number is the share of its way on which it holds."""


class ErrorClaim(PrintedClaim):
    """A mean squared error, in squared units of the outcome.

    Attributes
    ----------
    quantity : a mean squared error
    protocol : id of the protocol it is compared under; the first one where left out
    sample : rows it is compared on
    """

    quantity: Literal["mse"]
    protocol: str | None = None
    sample: Sample = "test"


class GainClaim(PrintedClaim):
    """A gain over the reference, as a fraction: 65.5763 % is written 0.655763.

    Attributes
    ----------
    quantity : a gain, 1 - mse / mse of the reference
    protocol : id of the protocol it is compared under; the first one where left out
    sample : rows it is compared on
    """

    quantity: Literal["gain"]
    protocol: str | None = None
    sample: Sample = "test"

    @property
    def percentage(self) -> str:
        """The gain in per cent, with as many digits as were printed."""
        return f"{100.0 * self.value:.{max(self.n_decimals - 2, 0)}f}"


class LevelClaim(PrintedClaim):
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


class ChangeClaim(PrintedClaim):
    """The difference of a net effect curve between two exposures, in units of the outcome.

    Attributes
    ----------
    quantity : level at the second exposure minus level at the first
    between : the two exposures, the lesser first
    """

    quantity: Literal["change"]
    between: Between


class DirectionClaim(StatementClaim):
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


class PaceClaim(StatementClaim):
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


class BandClaim(StatementClaim):
    """A statement that the pointwise band of a net effect curve narrows, or widens, between two exposures.

    Attributes
    ----------
    quantity : a band; its number is the share of the way on which its width goes there
    kind : where the width goes
    between : the two exposures, the lesser first
    """

    quantity: Literal["band"]
    kind: Literal["narrowing", "widening"]
    between: Between


class TurningPointClaim(PrintedClaim):
    """The exposure at which a net effect curve turns.

    Attributes
    ----------
    quantity : a turning point; its value is an exposure
    kind : whether the curve turns up or down there
    """

    quantity: Literal["turning_point"]
    kind: Literal["minimum", "maximum"]


class BendClaim(PrintedClaim):
    """The exposure at which a net effect curve bends most: its slope changes fastest.

    Attributes
    ----------
    quantity : a bend; its value is an exposure
    """

    quantity: Literal["bend"]


class MedianClaim(PrintedClaim):
    """The median of the net effect over the rows of one group.

    Attributes
    ----------
    quantity : a median of a group
    by : column of the groups; the claims by one column are taken to name all of its groups
    group : one of them
    """

    quantity: Literal["median"]
    by: ColumnName
    group: str


class OrderClaim(StatementClaim):
    """The order of the medians of groups.

    Attributes
    ----------
    quantity : an order; its number is the share of pairs of neighbours that stand in it
    by : column of the groups
    groups : from the least median to the greatest
    """

    quantity: Literal["order"]
    by: ColumnName
    groups: Annotated[tuple[str, ...], Field(min_length=2)]


class ChoiceClaim(StatementClaim):
    """A statement that the gain rises with a choice of the multiverse, such as the number of controls.

    Attributes
    ----------
    quantity : a choice; its number is the share of steps to a greater level at which the mean gain rises
    choice : an option that the multiverse varies, whose levels are numbers
    """

    quantity: Literal["choice"]
    choice: str


class ThresholdClaim(PrintedClaim):
    """The value of a moderator at which the conditional effect changes its sign.

    Attributes
    ----------
    quantity : a threshold; its value is one of the moderator
    moderator : one of the moderators
    """

    quantity: Literal["threshold"]
    moderator: ColumnName


class Identity(SpecModel):
    """An outcome that is the product of another one and of regressors: ``co2 = co2_pc * population``.

    With the regressors held fixed, both outcomes change by the same factor when the exposure changes.

    Attributes
    ----------
    product : an outcome
    of : its factors; one is an outcome, the others are moderators or controls
    """

    product: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
