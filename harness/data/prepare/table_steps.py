"""Steps that make columns of the levels of a column: dummies, interactions, trends, codes, group means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Key
from harness.data.messages import Account, describe_column, few, quoted, require
from harness.data.name import ColumnName, level_column, near_columns
from harness.data.prepare.row_steps import Product
from harness.data.prepare.step import Calendar, Column, Expansion, OfNamedColumns, Step, TableColumns
from harness.data.rules import Value
from harness.errors import DataError
from harness.language import Coded, marked

if TYPE_CHECKING:
    import pandas as pd

# Most levels that columns are made of; more are effects to absorb.
MAX_LEVELS = 500


@dataclass(frozen=True)
class Expanded:
    """A step as it stands instead of the one that was written.

    Attributes
    ----------
    name : of the step that was written
    parts : the steps that run
    """

    name: str
    parts: tuple[Step, ...]


def rows_by_level(groups: Key) -> dict[str, int]:
    """Return how many rows each level has; those of code -1 have none."""
    counts = np.bincount(groups.codes[groups.codes >= 0], minlength=len(groups.labels))
    return dict(zip(groups.labels, counts.tolist(), strict=True))


def indicators(groups: Key, reference: str | None, *, step: str) -> tuple[dict[str, pd.Series], str]:
    """Return a column of 0 and 1 for each level but the reference, and which that is.

    Parameters
    ----------
    reference : a level; None for the first
    step : that asks, for messages
    """
    import pandas as pd

    where = describe_column(groups.name, option=f"data.prepare, {step}")
    left_out = reference or groups.labels[0]
    if left_out not in groups.labels:
        what = Coded("no row has the value '{left_out}'", left_out=left_out)
        expected = ", ".join(groups.labels[:5])
        raise DataError.at(where, what, expected, marked("name one of the values as reference"))
    if not 2 <= len(groups.labels) <= MAX_LEVELS:
        what = Coded("{n} different values", n=len(groups.labels))
        several = len(groups.labels) > 1
        hint = (
            marked("absorb the column as effects, or recode it") if several else marked("leave the step out")
        )
        raise DataError.at(where, what, Coded("from 2 to {max_levels}", max_levels=MAX_LEVELS), hint)
    columns = {
        level_column(groups.name, level): pd.Series(np.where(groups.codes < 0, np.nan, groups.codes == at))
        for at, level in enumerate(groups.labels)
        if level != left_out
    }
    return columns, left_out


def code_column(groups: Sequence[Key]) -> tuple[str, pd.Series]:
    """Return the name and the cells, (n_obs,), of a column that numbers the combinations of groups."""
    import pandas as pd

    codes = np.zeros(groups[0].codes.size)
    for group in groups:
        codes = codes * len(group.labels) + np.where(group.codes < 0, np.nan, group.codes)
    _, dense = np.unique(codes, return_inverse=True)
    name = " and ".join(group.name for group in groups)
    return f"number of {name}", pd.Series(np.where(np.isnan(codes), np.nan, dense.astype(np.float64)))


class GroupedStep(OfNamedColumns):
    """What steps have in common that take all their columns as groups, where these are text."""

    @property
    def grouped(self) -> tuple[str, ...]:
        """The columns."""
        return self.inputs


@dataclass(frozen=True)
class Dummies(GroupedStep):
    """``- dummies: {of: region, reference: east}``: a column of 0 and 1 for each value but one.

    Among the controls the name of the column stands for all of them.

    Attributes
    ----------
    of : column of texts, or of numbers that are codes
    reference : value without a column, which the others are compared to; the first unless given
    """

    name: ClassVar[str] = "dummies"

    of: ColumnName
    reference: str | None = None

    @property
    def into(self) -> str:
        """The column, whose name stands for all that are made of it."""
        return self.of

    def expand(self, table: TableColumns) -> Expansion:
        """Return the columns."""
        groups = table.groups[self.of]
        columns, left_out = indicators(groups, self.reference, step=self.name)
        counted = rows_by_level(groups)
        others = few([f"{level} {count}" for level, count in counted.items() if level != left_out])
        template = marked("rows: {left_out} {counted} (reference), {others}")
        detail = Coded(template, left_out=left_out, counted=counted[left_out], others=others)
        return Expansion(columns, (), tuple(columns), detail)


@dataclass(frozen=True)
class Interaction(GroupedStep):
    """``- interaction: {into: digital_by_region, of: [digital, region], reference: east}``.

    Two numbers are multiplied. A number and a text give a column for each value of the text but one: the
    number where the row has the value, else 0; among the controls `into` stands for all of them. For the
    exposure, put the dummies of the text among the controls too.

    Attributes
    ----------
    into : the column, or what stands for the columns
    of : two columns, at most one of them text
    reference : value of the text without a column; the first unless given
    """

    name: ClassVar[str] = "interaction"

    into: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2, max_length=2)]
    reference: str | None = None

    def expand(self, table: TableColumns) -> Expansion:
        """Return a product, or one for each level."""
        texts = [name for name in self.of if name not in table.numbers]
        if not texts:
            return Expansion({}, (Product(self.into, self.of),), (self.into,))
        if len(texts) == 2:
            expected = marked("at least one column of numbers")
            hint = marked("absorb the combination of the two columns")
            raise self.refusal(f"'{self.of[0]}' and '{self.of[1]}' are both text", expected, hint)
        (number,) = (name for name in self.of if name not in texts)
        return by_level(self.into, number, table, texts[0], self.reference, step=self.name)


def by_level(
    into: str, number: str, table: TableColumns, column: str, reference: str | None, *, step: str
) -> Expansion:
    """Return a number times each level of a column but the reference."""
    columns, left_out = indicators(table.groups[column], reference, step=step)
    products = tuple(Product(f"{number} x {level}", (number, level)) for level in columns)
    template = marked("{number} by {column}: {products} columns named {into}; reference {left_out}")
    names = {"number": number, "column": column, "into": into, "left_out": left_out}
    detail = Coded(template, products=len(products), **names)
    return Expansion(columns, products, tuple(product.into for product in products), detail)


@dataclass(frozen=True)
class Trend(OfNamedColumns):
    """The number of each row's period, from 0.

    Attributes
    ----------
    into : column that is computed, in periods
    """

    name: ClassVar[str] = "trend"

    into: ColumnName

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        return Column.of(calendar.period.astype(np.float64))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how far it goes."""
        return Account(Coded("{a} to {b}", a=0, b=f"{made.cells.max():.0f}"))


@dataclass(frozen=True)
class Trends(GroupedStep):
    """``- trends: {into: city_trends, by: city}``: the number of the period for each entity or group but one.

    Among the controls `into` stands for all columns. Beside effects of the period, that of the one left out
    is among what the effects absorb.

    Attributes
    ----------
    into : what stands for the columns
    by : the entity column, or a column of groups
    reference : level without a column; the first unless given
    """

    name: ClassVar[str] = "trends"

    into: ColumnName
    by: ColumnName
    reference: str | None = None

    def expand(self, table: TableColumns) -> Expansion:
        """Return the number of the period, and its product with each level."""
        found = by_level(self.into, self.into, table, self.by, self.reference, step=self.name)
        steps: tuple[Step, ...] = (Trend(self.into), *found.steps)
        return Expansion(found.columns, steps, found.stands_for, found.detail)


@dataclass(frozen=True)
class Recode(GroupedStep):
    """``- recode: {into: coastal, of: province, values: {Guangdong: 1, Fujian: 1}, otherwise: 0}``.

    Attributes
    ----------
    into : column that is made: of numbers where all new values are, else of texts; may be `of` itself
    of : column of texts or numbers
    values : new values, by the values in the column
    others : what becomes of values that are not listed: they are refused, kept, or missing cells
    otherwise : one new value for all that are not listed
    """

    name: ClassVar[str] = "recode"

    into: ColumnName
    of: ColumnName
    values: Annotated[Mapping[str, Value], Field(min_length=1)]
    others: Literal["refuse", "keep", "missing"] = "refuse"
    otherwise: Value | None = None

    def __post_init__(self) -> None:
        is_one = self.otherwise is None or self.others == "refuse"
        require(is_one, "give either others or otherwise, not both")

    def expand(self, table: TableColumns) -> Expansion:
        """Return the new column."""
        import pandas as pd

        groups = table.groups[self.of]
        where = describe_column(self.of, option=f"data.prepare, {self.name}")
        unknown = [value for value in self.values if value not in groups.labels]
        unlisted = [label for label in groups.labels if label not in self.values]
        if unknown:
            hint = near_columns(unknown[0], groups.labels) or marked("correct the value, or leave it out")
            what = Coded("no row has the value {unknown}", unknown=quoted(unknown))
            raise DataError.at(where, what, few(groups.labels), hint)
        if unlisted and self.others == "refuse" and self.otherwise is None:
            what = Coded("{n} values are not listed: {unlisted}", n=len(unlisted), unlisted=quoted(unlisted))
            hint = marked("list them; or say otherwise: VALUE, others: keep or others: missing")
            raise DataError.at(where, what, marked("every value of the column"), hint)
        kept = {label: label if self.others == "keep" else self.otherwise for label in unlisted}
        new: list[Value | None] = [{**kept, **self.values}[label] for label in groups.labels]
        cells = [None if code < 0 else new[code] for code in groups.codes.tolist()]
        present = [cell for cell in new if cell is not None]
        is_number = all(isinstance(cell, int | float) for cell in present)
        texts = [None if cell is None else str(cell) for cell in cells]
        column = pd.Series(cells, dtype="float64") if is_number else pd.Series(texts, dtype="object")
        pairs = few([f"{label} → {value}" for label, value in zip(groups.labels, new, strict=True)])
        return Expansion({self.into: column}, (), (self.into,), pairs)


@dataclass(frozen=True)
class GroupMean(OfNamedColumns):
    """``- group_mean: {into: gdp_of_peers, of: gdp, by: [region, year], own: false}``.

    The mean over all rows of the group that have a value, whatever fold they are in.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column of numbers, of the table or prepared
    by : columns whose combinations are the groups
    own : whether a row counts in its own mean; without it a row alone in its group has none
    """

    name: ClassVar[str] = "group_mean"

    into: ColumnName
    of: ColumnName
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    own: bool = True

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns that are taken as groups."""
        return self.by

    def expand(self, table: TableColumns) -> Expansion:
        """Return the groups as a column of codes, and the step that takes means by them."""
        name, codes = code_column([table.groups[column] for column in self.by])
        step = MeanWithin(self.into, self.of, name, own=self.own)
        return Expansion({name: codes}, (step,), (self.into,))


@dataclass(frozen=True)
class MeanWithin(OfNamedColumns):
    """Means of one column by the codes of another.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    groups : column of codes
    own : whether a row counts in its own mean
    """

    name: ClassVar[str] = GroupMean.name

    into: ColumnName
    of: ColumnName
    groups: ColumnName
    own: bool

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        of, groups = columns[self.of], columns[self.groups].cells
        known = np.isfinite(of.cells) & np.isfinite(groups)
        codes = np.where(np.isfinite(groups), groups, 0.0).astype(np.int64)
        counts = np.bincount(codes[known], minlength=codes.max() + 1)[codes].astype(np.float64)
        sums = np.bincount(codes[known], weights=of.cells[known], minlength=codes.max() + 1)[codes]
        if not self.own:
            counts, sums = counts - known, sums - np.where(known, of.cells, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where((counts > 0) & np.isfinite(groups), sums / counts, np.nan)
        return Column.of(means)

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many groups there are."""
        groups = columns[self.groups].cells
        n_groups = np.unique(groups[np.isfinite(groups)]).size
        template = marked("means of {of} in {n} groups; {missing} rows without one")
        if not self.own:
            template = marked(
                "means of {of} in {n} groups, the row itself left out; {missing} rows without one"
            )
        return Account(Coded(template, of=self.of, n=n_groups, missing=int(np.isnan(made.cells).sum())))


TABLE_STEPS = (Dummies, Interaction, Trends, Recode, GroupMean)
