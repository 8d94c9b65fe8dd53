"""What was published about a study: its numbers, one claim each, and what is said of the publication."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from harness.data.name import ColumnName
from harness.language import Coded, marked
from harness.study.expectations.lookup import (
    ROUNDING,
    NotInRun,
    RunTables,
    RunValue,
    nearest,
    number_in,
    rows_of,
)
from harness.study.spec.printed import Interval, PrintedNumber, SpecModel
from harness.tables.accuracy import ACCURACY
from harness.tables.curves import TURNING_POINTS
from harness.tables.gain import GAIN, MULTIVERSE_CHOICES
from harness.tables.heterogeneity import HETEROGENEITY, THRESHOLDS
from harness.tables.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd

Sample = Literal["train", "test", "all"]

# Share of a printed place within which another is the same: places are read off figures.
NEAR = 0.2

# Fields of claims that are columns.
COLUMNS = frozenset({"outcome", "moderator", "by"})


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

    # Table of a run that has its number.
    table: ClassVar[ResultTable]

    # What its number is; a message with places for `words`.
    about: ClassVar[str]

    outcome: ColumnName
    estimator: str
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    source: str = ""
    note: str = ""

    @property
    def meant(self) -> Interval:
        """The numbers that it can mean; a statement holds throughout its range, which is 1."""
        return Interval(1.0, 1.0)

    def completed(self, *, reference: str, protocol: str) -> Self:
        """Return it with the study's reference and first protocol where it is of some and names none."""
        return self

    def words(self) -> Mapping[str, str]:
        """Return what the places of `about` may be filled with: the fields as they are shown, and more."""
        return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in self}

    def labelled(self, labels: Mapping[str, str]) -> Self:
        """Return it with labels instead of columns, which is what sentences about it are made from."""
        columns = {name: labels.get(str(value), value) for name, value in self if name in COLUMNS}
        return self.model_copy(update=columns)

    def describe(self) -> str:
        """Return what its number is, such as ``curve at 0.88``."""
        words = self.words().items()
        return Coded(self.about, **{name: word for name, word in words if f"{{{name}}}" in self.about})

    @abstractmethod
    def number_of(self, run: RunTables) -> float:
        """Return what a run gives for it.

        Raises
        ------
        NotInRun
            Where the run gives nothing.
        """

    def look_up(self, run: RunTables) -> RunValue:
        """Return what a run gives for it, or why it gives nothing."""
        try:
            return RunValue(self.number_of(run))
        except NotInRun as missing:
            return RunValue(math.nan, missing.reason, missing.is_absent)

    def is_in(self, value: float) -> bool | None:
        """Return whether a number that a run or the truth gives has what is printed.

        None where numbers of other data than the publication's say nothing of it.
        """
        return None

    def rows(self, run: RunTables, keys: Mapping[str, str], table: ResultTable | None = None) -> pd.DataFrame:
        """Return the rows of its outcome and estimator with these keys, of its own table unless named."""
        return run.rows(table or self.table, self.outcome, self.estimator, keys)


class PrintedClaim(Claim, PrintedNumber):
    """A published number."""

    @property
    def meant(self) -> Interval:
        """The numbers that round to the printed one."""
        return Interval.around(self.value, self.half_unit)


class StatementClaim(Claim):
    """A published statement without a number; its number is the share of its way on which it holds."""

    def is_in(self, value: float) -> bool:
        """Return whether the statement holds all the way."""
        return value >= 1.0 - ROUNDING


class LocationClaim(PrintedClaim):
    """The place of something that a curve may not have."""

    def is_in(self, value: float) -> bool:
        """Return whether it is there, near the printed place."""
        return abs(value - self.value) <= NEAR * abs(self.value)


class ComparedClaim(PrintedClaim):
    """A number by which estimators are compared, under one protocol on one sample."""

    quantity: Literal["mse", "gain"]
    protocol: str | None = None
    sample: Sample = "test"

    def completed(self, *, reference: str, protocol: str) -> Self:
        """Return it with this protocol where it names none."""
        return self.model_copy(update={"protocol": self.protocol or protocol})

    @property
    def keys(self) -> Mapping[str, str]:
        """The columns by which its row is looked up, of a claim that is completed."""
        return {"protocol": str(self.protocol), "sample": self.sample}

    def number_of(self, run: RunTables) -> float:
        """Return the number in the column of its name."""
        return number_in(self.rows(run, self.keys), self.quantity)


class ErrorClaim(ComparedClaim):
    """A mean squared error, in squared units of the outcome.

    Attributes
    ----------
    quantity : a mean squared error
    protocol : id of the protocol it is compared under; the first one where left out
    sample : rows it is compared on
    """

    table: ClassVar[ResultTable] = ACCURACY
    about: ClassVar[str] = marked("mean squared error")
    quantity: Literal["mse"]


class GainClaim(ComparedClaim):
    """A gain over a reference, as a fraction: 65.5763 % is written 0.655763.

    Attributes
    ----------
    quantity : a gain, 1 - mse / mse of the reference
    reference : one of the references; the study's first where left out
    protocol : id of the protocol it is compared under; the first one where left out
    sample : rows it is compared on
    headline : whether the first screen of the report names it; where none is marked so, it names the first
        gain of each outcome
    """

    table: ClassVar[ResultTable] = GAIN
    about: ClassVar[str] = marked("gain over the reference")
    quantity: Literal["gain"]
    reference: str | None = None
    headline: bool = False

    def completed(self, *, reference: str, protocol: str) -> Self:
        """Return it with this reference and this protocol where it names none."""
        whole = super().completed(reference=reference, protocol=protocol)
        return whole.model_copy(update={"reference": self.reference or reference})

    @property
    def keys(self) -> Mapping[str, str]:
        """The columns by which its row is looked up, of a claim that is completed."""
        return {**super().keys, "reference": str(self.reference)}

    @property
    def percentage(self) -> str:
        """The gain in per cent, with as many digits as were printed."""
        return f"{100.0 * self.value:.{max(self.n_decimals - 2, 0)}f}"


class TurningPointClaim(LocationClaim):
    """The exposure at which a net effect curve turns.

    Attributes
    ----------
    quantity : a turning point; its value is an exposure
    kind : whether the curve turns up or down there
    """

    table: ClassVar[ResultTable] = TURNING_POINTS
    about: ClassVar[str] = marked("exposure at a {kind} of the curve")
    quantity: Literal["turning_point"]
    kind: Literal["minimum", "maximum"]

    def number_of(self, run: RunTables) -> float:
        """Return the turning point that is nearest to the published one."""
        return nearest(self.rows(run, {}), {"kind": self.kind}, to=self.value)


class ThresholdClaim(LocationClaim):
    """The value of a moderator at which the conditional effect changes its sign.

    Attributes
    ----------
    quantity : a threshold; its value is one of the moderator
    moderator : one of the moderators
    """

    table: ClassVar[ResultTable] = THRESHOLDS
    about: ClassVar[str] = marked("{moderator} at which the effect changes sign")
    quantity: Literal["threshold"]
    moderator: ColumnName

    def number_of(self, run: RunTables) -> float:
        """Return the threshold that is nearest to the published one."""
        return nearest(self.rows(run, {"moderator": self.moderator}), {}, to=self.value)


class MedianClaim(PrintedClaim):
    """The median of the net effect over the rows of one group.

    Attributes
    ----------
    quantity : a median of a group
    by : column of the groups; the claims by one column are taken to name all of its groups
    group : one of them
    """

    table: ClassVar[ResultTable] = HETEROGENEITY
    about: ClassVar[str] = marked("median in {group} ({by})")
    quantity: Literal["median"]
    by: ColumnName
    group: str

    def number_of(self, run: RunTables) -> float:
        """Return the median by the fit on all rows."""
        return number_in(self.rows(run, {"by": self.by, "group": self.group, "mode": "pooled"}), "median")


class OrderClaim(StatementClaim):
    """The order of the medians of groups.

    Attributes
    ----------
    quantity : an order; its number is the share of pairs of neighbours that stand in it
    by : column of the groups
    groups : from the least median to the greatest
    """

    table: ClassVar[ResultTable] = HETEROGENEITY
    about: ClassVar[str] = marked("share of adjacent groups in the order {groups} ({by})")
    quantity: Literal["order"]
    by: ColumnName
    groups: Annotated[tuple[str, ...], Field(min_length=2)]

    def words(self) -> Mapping[str, str]:
        """Return the fields, the groups in their order."""
        return {**super().words(), "groups": " < ".join(self.groups)}

    def number_of(self, run: RunTables) -> float:
        """Return the share by the fit on all rows."""
        keys = ({"by": self.by, "group": group, "mode": "pooled"} for group in self.groups)
        pairs = list(pairwise(number_in(self.rows(run, own), "median") for own in keys))
        return sum(first < second for first, second in pairs) / len(pairs)


class ChoiceClaim(StatementClaim):
    """A statement that accuracy rises with a choice of the multiverse, such as the number of controls.

    Attributes
    ----------
    quantity : a choice; its number is the share of steps to a greater level at which the mean squared error
        falls, on the mean of all combinations
    choice : an option that the multiverse varies, whose levels are numbers
    """

    table: ClassVar[ResultTable] = MULTIVERSE_CHOICES
    about: ClassVar[str] = marked("share of steps towards more '{choice}' at which the error falls")
    quantity: Literal["choice"]
    choice: str

    def number_of(self, run: RunTables) -> float:
        """Return the share; the multiverse is of one estimator."""
        own = rows_of(run.frames[self.table.name], {"outcome": self.outcome, "choice": self.choice})
        if len(own) < 2:
            raise NotInRun(Coded("this run has no multiverse over '{choice}'", choice=self.choice))
        ordered = own.iloc[own["level"].astype(float).argsort()]
        # Folders of format 12 have no errors, and one reference for all levels: the gain rises with accuracy.
        accuracy = -ordered["mean_mse"].fillna(-ordered["mean_gain"])
        return float((accuracy.diff().iloc[1:] > 0).mean())


# The kinds of claims that are looked up in a column.
NumberClaims = (
    ErrorClaim | GainClaim | TurningPointClaim | ThresholdClaim | MedianClaim | OrderClaim | ChoiceClaim
)


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

    def labelled(self, labels: Mapping[str, str]) -> Self:
        """Return it with labels instead of columns."""
        factors = tuple(labels.get(name, name) for name in self.of)
        return self.model_copy(update={"product": labels.get(self.product, self.product), "of": factors})


class Counterparts(SpecModel):
    """What corrects the published way of doing it, and stands next to it.

    Each claim is looked up twice: as published, and with the counterparts of its estimator and protocol in
    their places.

    Attributes
    ----------
    estimators : id of the counterpart, by the id of the estimator that stands for the published one
    protocols : id of the counterpart, by the id of the protocol that stands for the published one
    """

    estimators: Mapping[str, str] = Field(default_factory=dict)
    protocols: Mapping[str, str] = Field(default_factory=dict)


class PublishedConclusion(SpecModel):
    """What a publication concludes, and which of the claims it rests on.

    Attributes
    ----------
    text : the conclusion
    source : where it is printed
    sources : it rests on claims of these tables and figures, as claims write their sources; left out where
        no claim bears on it, such as an explanation or advice
    quantities : of these quantities; of all where left out
    outcomes : on these outcomes; on all where left out
    """

    text: Annotated[str, Field(min_length=1)]
    source: str = ""
    sources: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    outcomes: tuple[ColumnName, ...] = ()


class OpenQuestion(SpecModel):
    """Something that a publication does not say, and what the study takes for it.

    Attributes
    ----------
    sources : where it matters, as claims write their sources
    question : what is not said
    taken : what the study takes, and what else it could be
    """

    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    question: str
    taken: str
