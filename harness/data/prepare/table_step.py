"""Steps that look at what a column holds before they are steps of numbers: groups, labels, levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import numpy as np

from harness.data.messages import Account
from harness.data.name import level_column
from harness.data.prepare.step import Calendar, Column, Step
from harness.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from harness.arrays import Floats

MAX_LEVELS = 500
"""Most levels that columns are made of; more are effects to absorb."""


@dataclass(frozen=True, eq=False)
class Groups:
    """A column as groups of rows.

    Attributes
    ----------
    name : of the column
    labels : (n_levels,), in order
    codes : (n_obs,), positions in `labels`; -1 where the cell is missing
    """

    name: str
    labels: tuple[str, ...]
    codes: Sequence[int]

    @property
    def counts(self) -> list[int]:
        """Rows of each level."""
        codes = np.asarray(self.codes)
        counts: list[int] = np.bincount(codes[codes >= 0], minlength=len(self.labels)).tolist()
        return counts


@dataclass(frozen=True, eq=False)
class TableColumns:
    """The raw table, as a step of this kind sees it.

    Attributes
    ----------
    frame : one row an observation
    groups : columns of the table as groups, where they are asked for
    is_number : whether a column, of the table or prepared, holds numbers
    """

    frame: pd.DataFrame
    groups: Mapping[str, Groups]
    is_number: Mapping[str, bool]


@dataclass(frozen=True, eq=False)
class Expansion:
    """What a step of this kind comes to.

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
class TableStep(Protocol):
    """A step that is known in full once the table is.

    Attributes
    ----------
    name : as written in YAML
    """

    name: ClassVar[str]

    @property
    def into(self) -> str:
        """What it is called by: a column, or a set of columns."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it looks at."""

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


@dataclass(frozen=True)
class Expanded:
    """A step as it stands in the place of the one that was written.

    Attributes
    ----------
    name : of the step that was written
    parts : the steps that run
    """

    name: str
    parts: tuple[Step, ...]


@dataclass(frozen=True)
class Trend:
    """The number of each row's period, from 0.

    Attributes
    ----------
    into : column that is computed, in periods
    """

    name: ClassVar[str] = "trend"

    into: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """No column: the calendar says it."""
        return ()

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        cells: Floats = calendar.period.astype(np.float64)
        return Column(cells, np.zeros(cells.shape, dtype=np.bool_))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how far it goes."""
        return Account(f"0 to {made.cells.max():.0f}")


def indicators(groups: Groups, reference: str | None, *, step: str) -> tuple[dict[str, pd.Series], str]:
    """Return a column of 0 and 1 for each level but the reference, and which that is.

    Parameters
    ----------
    reference : a level; None for the first
    step : that asks, for messages
    """
    import pandas as pd

    where = f"column '{groups.name}' (data.prepare, {step})"
    left_out = reference or groups.labels[0]
    if left_out not in groups.labels:
        what, expected = f"no row has the value '{left_out}'", ", ".join(groups.labels[:5])
        raise DataError.at(where, what, expected, "name one of the values as reference")
    if not 2 <= len(groups.labels) <= MAX_LEVELS:
        what = f"{len(groups.labels)} different values"
        hint = (
            "absorb the column as effects, or recode it" if len(groups.labels) > 1 else "leave the step out"
        )
        raise DataError.at(where, what, f"from 2 to {MAX_LEVELS}", hint)
    codes = np.asarray(groups.codes)
    columns = {
        level_column(groups.name, level): pd.Series(
            np.where(codes < 0, np.nan, (codes == at).astype(np.float64))
        )
        for at, level in enumerate(groups.labels)
        if level != left_out
    }
    return columns, left_out


def code_column(groups: Sequence[Groups]) -> tuple[str, pd.Series]:
    """Return the name and the cells, (n_obs,), of a column that numbers the combinations of groups."""
    import pandas as pd

    codes = np.zeros(len(groups[0].codes))
    for group in groups:
        own = np.asarray(group.codes, dtype=np.float64)
        codes = codes * len(group.labels) + np.where(own < 0, np.nan, own)
    _, dense = np.unique(codes, return_inverse=True)
    name = " and ".join(group.name for group in groups)
    return f"number of {name}", pd.Series(np.where(np.isnan(codes), np.nan, dense.astype(np.float64)))
