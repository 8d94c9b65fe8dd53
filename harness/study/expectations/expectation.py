"""The numbers a study must reproduce, one cell of a result table each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from harness.data.name import OneOrMany
from harness.language import marked
from harness.study.spec.printed import Interval, Number, PrintedNumber, SpecModel, refused
from harness.study.spec.schema_text import WORDS
from harness.tables.registry import TABLES
from harness.tables.table import DETAILS

Origin = Literal["publication", "run"]

# What a cell holds by which a row is found.
Key = Annotated[str | bool | int | float, Field(union_mode="smart")]

# The table that nothing is expected of, since it follows from the others.
EXPECTED_OF_NONE = "expectations"

TableName = Annotated[
    str,
    Field(
        json_schema_extra={
            "anyOf": [{"enum": sorted(TABLES.keys() - {EXPECTED_OF_NONE})}, {"pattern": f"^{DETAILS}."}],
            WORDS: f"the name of a result table, or {DETAILS}NAME",
        }
    ),
]

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


# A number of a table, or a mapping with it and what is said of it alone.
Cell = float | None | Mapping[str, Key]


class Expectation(SpecModel):
    """One cell of a result table.

    Attributes
    ----------
    table : name of a result table, such as ``coefficients``; ``details/NAME`` for one that fits bring along
    where : the row: what its columns hold, by name
    column : the cell's column
    from_ : whether the value was published, or pinned from a run; ``from`` in YAML
    source : where it is published, such as ``Baltagi 2013, table 2.1``
    reason : why it is expected, and what it was checked against
    quick : whether a run with ``--quick`` gives it, which is compared with no other number
    """

    table: TableName
    where: Annotated[Mapping[str, Key], Field(min_length=1)]
    column: str
    from_: Annotated[Origin, Field(alias="from")]
    source: str = ""
    reason: str = ""
    quick: bool = False

    @model_validator(mode="after")
    def _is_sourced(self) -> Self:
        if self.from_ == "publication" and not self.source:
            what = marked("a published value without its source")
            expected = marked("`source:`, such as Baltagi 2013, table 2.1")
            raise refused(what, expected, "say where it is published, or write `from: run`")
        return self

    @property
    def row(self) -> str:
        """The row in words: ``estimator=ols, term=educ``."""
        return ", ".join(f"{column}={key}" for column, key in self.where.items())

    @property
    def path(self) -> str:
        """The cell in short: ``coefficients[ols·educ].estimate``."""
        return f"{self.table}[{'·'.join(str(key) for key in self.where.values())}].{self.column}"


class ExpectedNumber(Expectation, PrintedNumber):
    """A number, and how near to it a run must come.

    Attributes
    ----------
    value : the number; without a tolerance it is taken as rounded to the digits it is written with
    digits : decimals it was rounded to, where its text does not say so; a run's number must round to it
    absolute : most by which a run's number may be off, in the cell's unit; 0 for counts
    relative : most by which it may be off, as a share of the value
    here : what a run gives instead, where that is known to be another number and `reason` says why; a run
        must come as near to it as to the value otherwise
    """

    absolute: NotNegative | None = None
    relative: NotNegative | None = None
    here: Number | None = None

    @model_validator(mode="after")
    def _has_one_tolerance(self) -> Self:
        named = ("digits", "absolute", "relative")
        given = [name for name in named if getattr(self, name) is not None]
        if len(given) > 1:
            raise refused(f"{len(given)} tolerances: {', '.join(given)}", "one of them", "keep one")
        if self.relative is not None and self.value == 0:
            raise refused("a share of zero is zero", "digits or absolute", "write `absolute:`")
        if self.here is not None and not self.reason:
            raise refused("another number than the value, unexplained", "`reason:`", "say why it differs")
        return self

    @property
    def tolerance(self) -> float:
        """Most by which a run's number may be off, in the cell's unit."""
        if self.absolute is not None:
            return self.absolute
        return self.half_unit if self.relative is None else self.relative * abs(self.value)

    def why_not(self, held: float | str) -> str:
        """Return why what a cell holds does not reproduce it; empty where it does."""
        if isinstance(held, str):
            return f"the cell holds {held!r}"
        # A number on the end of what is allowed is as good as one within.
        wanted = self.value if self.here is None else self.here
        if Interval.around(wanted, self.tolerance).holds(held):
            return ""
        return f"off by {abs(held - wanted):.4g}, {self.tolerance:.4g} allowed"

    @property
    def rounded_to(self) -> int | None:
        """Decimals a run's number must round to the value with; None where a tolerance is given."""
        return self.n_decimals if self.absolute is None and self.relative is None else None

    @property
    def written(self) -> str:
        """The value as the spec writes it."""
        return repr(self.value) if self.rounded_to is None else self.printed


class ExpectedRows(SpecModel):
    """A table of expected numbers, which stands for an entry of `expect` for each of them.

    Attributes
    ----------
    rows : its numbers by what the column `by` holds: one for each of `columns`, or a mapping with ``value``
        and a tolerance, ``here`` or a reason of its own; nothing is expected of a cell with ``null``
    by : the column that rows are named by
    columns : the columns of the numbers
    table : name of the result table
    where : what other columns hold in each of its rows, by name
    from_ : whether the numbers were published, or pinned from a run; ``from`` in YAML
    source : where they are published
    reason : why they are expected, and what they were checked against
    quick : whether a run with ``--quick`` gives them
    """

    rows: Annotated[Mapping[str, Cell | tuple[Cell, ...]], Field(min_length=1)]
    by: str = "term"
    columns: Annotated[tuple[str, ...], OneOrMany()] = ("estimate", "std_error")
    table: TableName = "coefficients"
    where: Mapping[str, Key] = Field(default_factory=dict)
    from_: Annotated[Origin, Field(alias="from")] = "publication"
    source: str = ""
    reason: str = ""
    quick: bool = False


class ExpectedText(Expectation):
    """A text, such as the status of a cell that must be refused.

    Attributes
    ----------
    value : the text
    """

    value: str

    def why_not(self, held: float | str) -> str:
        """Return why what a cell holds does not reproduce it; empty where it does."""
        return "" if held == self.value else f"the cell holds {held!r}"

    @property
    def written(self) -> str:
        """The value as the spec writes it."""
        return self.value


def _kind(value: object) -> Literal["number", "text"]:
    expected = value.get("value") if isinstance(value, Mapping) else getattr(value, "value", None)
    return "text" if isinstance(expected, str) else "number"


AnyExpectation = Annotated[
    Annotated[ExpectedNumber, Tag("number")] | Annotated[ExpectedText, Tag("text")], Discriminator(_kind)
]
