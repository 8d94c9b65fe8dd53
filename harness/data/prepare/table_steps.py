"""Steps that make columns of the levels of a column: dummies, interactions, trends, codes, group means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.data.messages import Account
from harness.data.name import ColumnName, near_columns
from harness.data.prepare.row_steps import Product
from harness.data.prepare.step import Calendar, Column, Step
from harness.data.prepare.table_step import Expansion, TableColumns, Trend, code_column, indicators
from harness.data.rules import Value
from harness.errors import DataError
from harness.language import Message


class GroupedStep:
    """What steps have in common that take all their columns as groups, where these are text."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it looks at."""
        raise NotImplementedError

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

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column."""
        return (self.of,)

    def expand(self, table: TableColumns) -> Expansion:
        """Return the columns."""
        from harness.data.messages import few

        groups = table.groups[self.of]
        columns, left_out = indicators(groups, self.reference, step=self.name)
        counted = dict(zip(groups.labels, groups.counts, strict=True))
        others = few([f"{level} {count}" for level, count in counted.items() if level != left_out])
        detail = Message(
            "rows: {left_out} {counted} (reference), {others}",
            left_out=left_out,
            counted=counted[left_out],
            others=others,
        )
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

    @property
    def inputs(self) -> tuple[str, ...]:
        """The two columns."""
        return self.of

    def expand(self, table: TableColumns) -> Expansion:
        """Return a product, or one for each level."""
        texts = [name for name in self.of if not table.is_number[name]]
        if not texts:
            return Expansion({}, (Product(self.into, self.of),), (self.into,))
        if len(texts) == 2:
            raise DataError.at(
                where=f"column '{self.into}' (data.prepare, {self.name})",
                what=f"'{self.of[0]}' and '{self.of[1]}' are both text",
                expected="at least one column of numbers",
                hint="absorb the combination of the two columns",
            )
        (number,) = (name for name in self.of if name not in texts)
        return by_level(self.into, number, table, texts[0], self.reference, step=self.name)


def by_level(
    into: str, number: str, table: TableColumns, column: str, reference: str | None, *, step: str
) -> Expansion:
    """Return a number times each level of a column but the reference."""
    columns, left_out = indicators(table.groups[column], reference, step=step)
    products = tuple(Product(f"{number} x {level}", (number, level)) for level in columns)
    detail = Message(
        "{number} by {column}, {products} columns, called {into}; reference {left_out}",
        number=number,
        column=column,
        products=len(products),
        into=into,
        left_out=left_out,
    )
    return Expansion(columns, products, tuple(product.into for product in products), detail)


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

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column of groups."""
        return (self.by,)

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
    into : column that is made: of numbers where all new values are, else of texts
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
        if self.otherwise is not None and self.others != "refuse":
            message = "give either others or otherwise, not both"
            raise ValueError(message)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column."""
        return (self.of,)

    def expand(self, table: TableColumns) -> Expansion:
        """Return the new column."""
        import pandas as pd

        from harness.data.messages import few, quoted

        groups = table.groups[self.of]
        where = f"column '{self.of}' (data.prepare, {self.name})"
        unknown = [value for value in self.values if value not in groups.labels]
        unlisted = [label for label in groups.labels if label not in self.values]
        if unknown:
            hint = near_columns(unknown[0], groups.labels) or "correct the value, or leave it out"
            what = f"no row has the value {quoted(unknown)}"
            raise DataError.at(where, what, few(groups.labels), hint)
        if unlisted and self.others == "refuse" and self.otherwise is None:
            what = f"{len(unlisted)} values are not listed: {quoted(unlisted)}"
            hint = "list them; or say otherwise: VALUE, others: keep or others: missing"
            raise DataError.at(where, what, "every value of the column", hint)
        kept = {label: label if self.others == "keep" else self.otherwise for label in unlisted}
        new: list[Value | None] = [{**kept, **self.values}[label] for label in groups.labels]
        cells = [None if code < 0 else new[code] for code in groups.codes]
        present = [cell for cell in new if cell is not None]
        is_number = all(isinstance(cell, int | float) for cell in present)
        texts = [None if cell is None else str(cell) for cell in cells]
        column = pd.Series(cells, dtype="float64") if is_number else pd.Series(texts, dtype="object")
        pairs = few([f"{label} to {value}" for label, value in zip(groups.labels, new, strict=True)])
        return Expansion({self.into: column}, (), (self.into,), pairs)


@dataclass(frozen=True)
class GroupMean:
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
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, *self.by)

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
class MeanWithin:
    """Means of one column by the codes of another.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    groups : column of codes
    own : whether a row counts in its own mean
    """

    name: ClassVar[str] = GroupMean.name

    into: str
    of: str
    groups: str
    own: bool

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, self.groups)

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
        return Column(means, np.zeros(means.shape, dtype=np.bool_))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many groups there are."""
        groups = columns[self.groups].cells
        n_groups = np.unique(groups[np.isfinite(groups)]).size
        without = "" if self.own else ", the row itself left out"
        missing = int(np.isnan(made.cells).sum())
        return Account(f"means of {self.of} in {n_groups} groups{without}; {missing} rows without one")
