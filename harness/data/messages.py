"""Messages about data: problems, notes, records of steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness.arrays import Mask
from harness.data.name import near_columns
from harness.errors import DataError, Problem
from harness.language import COMMAS, Coded, chained, in_series, marked
from harness.language import quoted as named
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Account:
    """Record of a step: what it computed, estimated or filled in.

    Attributes
    ----------
    detail : in a few words
    notes : warnings for the report
    filled : (n_obs,), missing cells that the step filled in; None for a step that fills none
    """

    detail: str
    notes: tuple[Note, ...] = ()
    filled: Mask | None = None


@dataclass(frozen=True)
class StepRecord:
    """One step as it ran.

    Attributes
    ----------
    step : name of the step
    into : column it computed
    inputs : columns it computed it from
    account : what it did
    """

    step: str
    into: str
    inputs: tuple[str, ...]
    account: Account


def require(condition: object, message: str) -> None:
    """Raise a ValueError with a message on options or arrays that disagree, unless a condition is met."""
    if not condition:
        raise ValueError(message)


def number(value: float) -> str:
    """Return a number with four digits, for a sentence."""
    return f"{value:.4g}"


def describe_column(name: str, *, origin: str = "", option: str = "") -> str:
    """Return which column a message is about, whose name stays as it is in any language.

    Parameters
    ----------
    origin : table that has it
    option : of the spec that asks for it
    """
    if origin:
        where = Coded("{origin}: column '{name}'", origin=origin, name=named(name))
    else:
        where = Coded("column '{name}'", name=named(name))
    return _by_option(where, option)


def _by_option(where: str, option: str) -> str:
    return Coded("{where} ({option})", where=where, option=option) if option else where


class ProblemCollector:
    """The problems found so far; each is kept once."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}

    def add(self, *problems: Problem) -> None:
        """Keep these problems."""
        self._problems |= dict.fromkeys(problems)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the problems of a DataError raised within, and go on after the block."""
        try:
            yield
        except DataError as error:
            self.add(*error.problems)

    def raise_if_any(self) -> None:
        """Raise one DataError with all problems, where there are any."""
        if self._problems:
            raise self.error()

    def error(self) -> DataError:
        """Return one DataError with all problems, of which there is at least one."""
        return DataError(*self._problems)


# How many rows, values or names a message shows.
FEW = 5


def few(words: Sequence[str]) -> str:
    """Return the first words of a list, and how many more there are."""
    more = len(words) - FEW
    names, is_coded = ", ".join(words[:FEW]), any(isinstance(word, Coded) for word in words)
    names = chained(words[:FEW], COMMAS) if is_coded else names
    return Coded("{names} and {n} more", names=names, n=more) if more > 0 else names


def quoted(values: Iterable[object]) -> str:
    """Return the first distinct values, each quoted and at most 40 characters long."""
    texts = dict.fromkeys(value if isinstance(value, str) else str(value) for value in values)
    return ", ".join(map(shortened, itertools.islice(texts, FEW)))


def shortened(text: str) -> str:
    """Return a text in quotes, with at most 40 of its characters."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def absent_columns(options: Iterable[tuple[str, str]], known: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return each column that a spec names and a table does not have, with its path and the nearest names.

    Parameters
    ----------
    options : path in the spec and column, pair by pair; of a column that is named again the first counts
    known : columns of the table
    """
    names, absent = [str(name) for name in known], dict[str, tuple[str, str]]()
    for path, name in options:
        if name not in names:
            absent.setdefault(name, (path, near_columns(name, names)))
    return absent


def absence(
    absent: Mapping[str, tuple[str, str]], known: Iterable[str], *, origin: str, remedy: str
) -> Problem:
    """Return one problem for `absent_columns`, of which there is at least one.

    Parameters
    ----------
    known : columns of the table
    origin : of the table
    remedy : where no column is called alike
    """
    names = [str(name) for name in known]
    if len(absent) == 1:
        ((name, (path, near)),) = absent.items()
        where = describe_column(name, origin=origin, option=path)
        return Problem(where, marked("there is no such column"), few(names), near or remedy)
    what = Coded(
        "there are no such columns: {names}",
        names=", ".join(f"'{name}' ({path})" for name, (path, _) in absent.items()),
    )
    # Names of columns that steps would make of others that are not there mend nothing.
    hints = [f"'{name}': {near}" for name in absent if (near := near_columns(name, names))]
    where = Coded("{origin}: {n} columns", origin=origin, n=len(absent))
    return Problem(where, what, few(names), in_series([*hints, remedy]))


def require_columns(
    options: Iterable[tuple[str, str]], known: Iterable[str], *, origin: str, remedy: str
) -> None:
    """Raise a DataError with all `absent_columns`, where there are any."""
    names = list(known)
    if absent := absent_columns(options, names):
        raise DataError(absence(absent, names, origin=origin, remedy=remedy))


# What rows are called, one and several, and what helps where a column is not there.
MESSAGES = (
    *(marked("row"), marked("rows"), marked("lines")),
    marked("correct the name, rename the file's column (data: rename), or prepare it before it is used"),
)


@dataclass(frozen=True, eq=False)
class RowLocator:
    """Names of the rows of one table.

    Attributes
    ----------
    origin : the table
    frame : its rows, numbered by the index
    entity, time : the key columns, shown next to a row's number where the table has them
    """

    origin: str
    frame: pd.DataFrame
    entity: str
    time: str

    def column(self, name: str, rows: Mask | None = None) -> str:
        """Return where a column is, or some of its cells, (n_obs,)."""
        where = describe_column(name, origin=self.origin)
        if rows is None:
            return where
        return Coded("{column}, {rows}", column=where, rows=self.rows(np.flatnonzero(rows)))

    def wrong(
        self, name: str, cells: Mask, what: str, expected: str, hint: str, *, option: str = ""
    ) -> Problem:
        """Return that some cells, (n_obs,), of a column are wrong, which they are, and how many of all.

        Parameters
        ----------
        what : is wrong, behind their number: ``3 of 20 cells are missing``
        option : of the spec that asks for the column
        """
        where = _by_option(self.column(name, cells), option)
        count = Coded("{n} of {n_all} {what}", n=int(cells.sum()), n_all=cells.size, what=what)
        return Problem(where, count, expected, hint)

    def refuse(
        self, name: str, cells: Mask, what: str, expected: str, hint: str, *, option: str = ""
    ) -> None:
        """Raise a DataError where some cells of a column are wrong; see `wrong`."""
        if cells.any():
            raise DataError(self.wrong(name, cells, what, expected, hint, option=option))

    def rows(self, positions: npt.NDArray[np.intp]) -> str:
        """Return the numbers and keys of the first of these rows, and how many more there are."""
        by_number = positions[np.argsort(self.frame.index[positions])]
        named = [self._name(int(at)) for at in by_number[:FEW]] + [""] * max(0, positions.size - FEW)
        shown = few(named)
        noun = f"{self.noun}s" if positions.size > 1 else self.noun
        return Coded("{noun} {names}", noun=noun, names=shown)

    def numbers(self, positions: npt.NDArray[np.intp]) -> str:
        """Return the numbers of some rows."""
        return few([str(number) for number in sorted(self.frame.index[positions])])

    def left_out(self, rows: Mask) -> str:
        """Return how a spec leaves these few rows, (n_obs,), of a file out; empty where it cannot."""
        positions = np.flatnonzero(rows)
        if not 0 < positions.size <= FEW or self.frame.index.name is None:
            return ""
        numbers = ", ".join(str(number) for number in sorted(self.frame.index[positions]))
        return Coded("data: skip_rows: [{numbers}] leaves them out", numbers=numbers)

    def take(self, rows: npt.NDArray[np.intp] | Mask) -> RowLocator:
        """Return the names of these rows, positions or a mask, in the order given."""
        return replace(self, frame=self.frame.iloc[np.flatnonzero(rows) if rows.dtype == np.bool_ else rows])

    @property
    def noun(self) -> str:
        """What a row is called: a line of a text file, or a row."""
        return "line" if self.frame.index.name == "line" else "row"

    def _name(self, at: int) -> str:
        keys = [str(self.frame[key].iloc[at]) for key in (self.entity, self.time) if key in self.frame]
        return f"{self.frame.index[at]} ({', '.join(keys)})" if keys else str(self.frame.index[at])
