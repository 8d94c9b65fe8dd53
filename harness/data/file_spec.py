"""How one data file is read: the keys that stand beside its path."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.data.name import ColumnName

MISSING_VALUES = ("", "NA", "NaN", ".")

Percent = Literal["number", "fraction"]
"""What ``12.3%`` is read as: 12.3, or 0.123."""

PERIOD, VARIABLE = "{period}", "{variable}"
"""What stands for a period, and for the name of a variable, in the names of columns."""

Position = Annotated[int, Field(ge=1)]


def _known_encoding(name: str) -> str:
    """Refuse an encoding that Python does not know, or that is none of text."""
    try:
        with contextlib.suppress(UnicodeError):
            b"    ".decode(name)
    except LookupError as error:
        message = f"unknown encoding '{name}'; known are utf-8, utf-16, gb18030, cp1252 and others"
        raise ValueError(message) from error
    return name


@dataclass(frozen=True)
class Reshape:
    """Rows of entities and periods made of a file that has its periods, or its variables, side by side.

    Attributes
    ----------
    columns : how the columns of periods are named: ``"{period}"`` as in 2011, or ``"{variable}_{period}"`` as
        in gdp_2011, with whatever stands before, between and behind
    into : name of the column of values, where a file has one variable
    variable : column with the names of variables, where a file has a row for each entity and variable; they
        become columns
    value : column of values, where the file has a row for each entity, period and variable; `columns` is not
        used then
    """

    columns: str = PERIOD
    into: ColumnName | None = None
    variable: ColumnName | None = None
    value: ColumnName | None = None

    def __post_init__(self) -> None:
        names_variables = VARIABLE in self.columns
        if self.value is None and self.columns.count(PERIOD) != 1:
            message = f"columns has {PERIOD} once, as in '{VARIABLE}_{PERIOD}'"
            raise ValueError(message)
        if self.columns.count(VARIABLE) > 1:
            message = f"columns has {VARIABLE} once at most"
            raise ValueError(message)
        if self.value is not None and self.variable is None:
            message = "value needs variable, the column with the names of variables"
            raise ValueError(message)
        if sum((names_variables, self.into is not None, self.variable is not None)) != 1:
            message = (
                f"give one of: into, the name of the only variable; variable, the column with their names; "
                f"or {VARIABLE} in columns"
            )
            raise ValueError(message)


@dataclass(frozen=True)
class FileSpec:
    """A file and how to read it. What is cleaned is listed in ``preparation.csv`` and in the report.

    Blanks around names, digits in full width, numbers kept as text and periods such as ``2011年`` can mean
    one thing only, and are read as that. Separators of thousands, decimal commas and percent signs are read
    as the spec says, and refused where it says nothing.

    Attributes
    ----------
    path : a csv (or tsv, txt), parquet, Stata dta or xlsx file, relative to the project; with the extra
        ``files`` SPSS sav, SAS sas7bdat and xpt
    encoding : of a text file, and of a Stata file before release 14
    separator : between the fields of a text file, one character, no quote or line end
    sheet : of an xlsx file; needed where it has several visible ones
    header_row : line of a text file, or row of a sheet, with the names of the columns; the rows above it,
        such as titles, are left out. Without it, the first row that is not empty
    skip_rows : further lines or rows to leave out, such as units below the header and notes at the end
    thousands : separator of thousands in numbers, such as ``","``
    decimal : mark of decimals in numbers
    percent : whether ``12.3%`` is the ``number`` 12.3 or the ``fraction`` 0.123
    missing_values : texts that stand for a missing cell among the numbers of a csv or xlsx file, and numbers,
        written as texts such as ``"-999"``, in any file; never in the entity column, where only an empty cell
        is missing
    rename : new names of columns, by the names in the file
    reshape : how rows of entities and periods are made, where the file has periods or variables side by side
    scale : factors that columns are multiplied by, such as 0.0001 for a column in yuan beside others in 10^4
    """

    path: str | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1, pattern=r'[^\r\n"]')] = ","
    sheet: str | None = None
    header_row: Position | None = None
    skip_rows: tuple[Position, ...] = ()
    thousands: Literal[",", ".", "'", " "] | None = None
    decimal: Literal[".", ","] = "."
    percent: Percent | None = None
    missing_values: tuple[str, ...] = MISSING_VALUES
    rename: Mapping[ColumnName, ColumnName] = field(default_factory=dict)
    reshape: Reshape | None = None
    scale: Mapping[ColumnName, Annotated[float, Field(gt=0)]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.thousands == self.decimal:
            message = f"thousands and decimal are both {self.decimal!r}"
            raise ValueError(message)
