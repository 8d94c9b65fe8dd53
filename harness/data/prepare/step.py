"""Kinds of preparation steps, by the inputs of the computed column.

A row step (`RowStep`) uses other columns of the same row, a panel step (`PanelStep`) other rows of the same
entity. A learned step (`LearnedStep`) estimates parameters on the training rows and is then applied row by
row. A table step (`TableStep`) depends on the contents of a column, such as categories or text, and expands
into columns and other steps. Each is a frozen dataclass whose fields are its YAML options.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from pydantic import PlainValidator, TypeAdapter, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from harness.arrays import Floats, Ints, Key, Mask
from harness.data.messages import Account, describe_column
from harness.data.name import ColumnName, named_columns
from harness.data.neighbours import Links
from harness.data.panel import Derivation
from harness.errors import DataError, EstimationError
from harness.language import Coded, marked
from harness.registry.catalog import CHOICE_OF, Kind, OptionsClass, build_choice
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


class Step(Protocol):
    """Members of every step.

    Attributes
    ----------
    name : as written in YAML
    """

    name: ClassVar[str]

    @property
    def into(self) -> str:
        """Computed column; it must be new, unless the step fills gaps in its own input."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Input columns."""


@dataclass(frozen=True)
class OfNamedColumns:
    """What is computed from all columns that its options name, but for ``into``."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from, in the order of the options."""
        return named_columns(self, leave_out="into")

    def refusal(self: Step, what: str, expected: str, hint: str) -> DataError:
        """Return that the column of this step cannot be computed, or learned."""
        where = describe_column(self.into, option=f"data.prepare, {self.name}")
        return DataError.at(where, what, expected, hint)


@dataclass(frozen=True)
class OneColumn(OfNamedColumns):
    """What is computed from one column.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    """

    into: ColumnName
    of: ColumnName


@runtime_checkable
class StepGroup(Protocol):
    """One step in YAML that runs as several.

    Attributes
    ----------
    name : as written in YAML
    """

    name: ClassVar[str]

    @property
    def parts(self) -> tuple[Step, ...]:
        """The steps, in order."""


def single_steps(step: Step | StepGroup) -> tuple[Step, ...]:
    """Return the steps that run for one that is written."""
    return step.parts if isinstance(step, StepGroup) else (step,)


class ExplainedDerivation(Derivation, Protocol):
    """A derivation that can be put in words."""

    @property
    def detail(self) -> str:
        """How the column is computed, for the report."""


@runtime_checkable
class WarningDerivation(Protocol):
    """Capability of a derivation that was learned: it warns the reader of the report."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the reader should know of what was learned."""


@runtime_checkable
class RowStep(Step, ExplainedDerivation, Protocol):
    """A step whose column is computed from other columns of the same row."""

    @property
    def demand(self) -> str:
        """Requirement on the inputs, such as ``numbers above 0``."""

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), with inputs but no result."""


@dataclass(frozen=True, eq=False)
class Column:
    """A prepared column.

    Attributes
    ----------
    cells : (n_obs,), NaN where there is none
    unreached : (n_obs,), rows without a value because the row it comes from does not exist, as in an
        entity's first period under a lag; such rows are always dropped
    """

    cells: Floats
    unreached: Mask

    @classmethod
    def of(cls, cells: Floats) -> Self:
        """Return a column without such rows."""
        return cls(cells, np.zeros(cells.shape, dtype=np.bool_))


@dataclass(frozen=True, eq=False)
class Calendar:
    """Entity and period of every row.

    Attributes
    ----------
    entity : (n_obs,), codes
    period : (n_obs,), indices; entity and period identify a row
    positions : index of each period, by label
    neighbours : of the rows, if a file names them; None without
    """

    entity: Ints
    period: Ints
    positions: Mapping[str, int] = field(default_factory=dict)
    neighbours: Links | None = None

    def earlier(self, periods: int) -> Ints:
        """Return the row of the same entity at this lag, (n_obs,); -1 if there is none."""
        return self.rows_in(self.period - periods)

    def rows_in(self, period: Ints) -> Ints:
        """Return the row of the same entity in other periods, (n_obs,); -1 if there is none."""
        first = min(self.period.min(), period.min())
        span = max(self.period.max(), period.max()) - first + 1
        place, wanted = (self.entity * span + position - first for position in (self.period, period))
        order = np.argsort(place)
        at = np.minimum(np.searchsorted(place, wanted, sorter=order), place.size - 1)
        found = order[at]
        return np.where(place[found] == wanted, found, -1)


@runtime_checkable
class PanelStep(Step, Protocol):
    """A step whose column comes from other rows of the same entity.

    A counterfactual exposure in one period leaves other periods, and hence this column, unchanged.
    """

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column from its inputs.

        Raises
        ------
        DataError
            If the column cannot be computed from the inputs.
        """

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return the record of the step, given its inputs and the computed column."""


@runtime_checkable
class LearnedStep(Step, Protocol):
    """A step with parameters estimated on the training rows."""

    def learn(self, columns: Mapping[str, Floats]) -> ExplainedDerivation:
        """Return the step estimated on these rows, (n_rows,) each, all finite.

        Raises
        ------
        DataError
            If its parameters cannot be estimated.
        """


@dataclass(frozen=True, eq=False)
class TableColumns:
    """What a table step sees of its inputs.

    Attributes
    ----------
    groups : columns of the table as groups of rows, where they are asked for; code -1 where a cell is missing
    numbers : inputs, of the table or prepared, that hold numbers
    """

    groups: Mapping[str, Key]
    numbers: Collection[str]


@dataclass(frozen=True, eq=False)
class Expansion:
    """What a table step comes to.

    Attributes
    ----------
    columns : new columns of the table, (n_obs,) each
    steps : steps of numbers that run in its place
    stands_for : columns that its name means among the regressors
    detail : what was done, in a few words
    """

    columns: Mapping[str, pd.Series] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    stands_for: tuple[str, ...] = ()
    detail: str = ""


@runtime_checkable
class TableStep(Step, Protocol):
    """A step that is known in full once the table is; `into` may be what a set of columns is called by."""

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns of the table that it takes as groups."""

    def expand(self, table: TableColumns) -> Expansion:
        """Return what it comes to.

        Raises
        ------
        DataError
            Where the columns do not hold what it needs.
        """


def _of_no_kind(cls: type) -> str:
    """Return what is wrong with a class that is neither a kind of step nor a group of steps."""
    if hasattr(cls, "parts"):
        return ""
    methods = (getattr(cls, name, None) for name in ("impossible", "across", "learn", "expand"))
    if not any(map(callable, methods)):
        return "is no step: it has none of `impossible`, `across`, `learn`, `expand` and `parts`"
    fields = getattr(cls, "__dataclass_fields__", ())
    lacks = [name for name in ("into", "inputs") if name not in fields and not hasattr(cls, name)]
    return f"has no `{lacks[0]}`" if lacks else ""


# Preparation steps that a spec can choose.
STEP: Kind[type[Step | StepGroup]] = Kind("step", "steps", OptionsClass(further=_of_no_kind))


def refuse_impossible(step: RowStep, columns: Mapping[str, Floats]) -> None:
    """Raise an EstimationError where a counterfactual panel asks a step for what it cannot compute."""
    count = int(step.impossible(columns).sum())
    if count:
        what = Coded(
            "{name} of {names} does not exist in {count} counterfactual rows",
            name=step.name,
            names=", ".join(step.inputs),
            count=count,
        )
        hint = marked(
            "narrow the range of the exposure or moderator, or leave the column out of the controls"
        )
        raise EstimationError.at(describe_column(step.into), what, step.demand, hint)


def _read_step(value: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - pydantic's validators are untyped
    if is_dataclass(value):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise PydanticCustomError(
            "one_step", "a step is one name with its options, such as log: {into: lwage, of: wage}"
        )
    (name,) = value
    # Reading a dictionary of one entry puts the step's name into the path of its mistakes.
    validator = PlainValidator(functools.partial(_read_options, str(name)))
    reader = TypeAdapter(dict[str, Annotated[Any, validator]])
    return reader.validate_python(value, context=info.context)[name]


def _read_options(name: str, options: object, info: ValidationInfo) -> Any:  # noqa: ANN401 - as above
    if not isinstance(options, dict):
        hint = marked("write the options in braces, each with its name")
        words = {"expected": "such as {into: NEW, of: COLUMN}", "hint": hint}
        raise PydanticCustomError("step_options", "the options of a step are a mapping", words)
    return build_choice(info.context or {}, STEP.name, name, options)


# Type of an option that is a preparation step, written ``{NAME: {OPTION: VALUE}}`` in YAML; its schema leaves
# the choice open, since a type does not know what is installed.
PreparationStep = Annotated[
    Step | StepGroup, PlainValidator(_read_step), WithJsonSchema({CHOICE_OF: STEP.name})
]
