"""Where the data come from and what is done to them: the spec's ``data`` mapping."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.data.messages import require
from harness.data.name import ColumnName
from harness.data.prepare.step import PreparationStep, Step, single_steps
from harness.data.rules import ColumnSchema, Constant, PanelCheck, RowFilter, Value
from harness.data.simulate.simulation import SIMULATION, Simulation
from harness.registry.catalog import Choose

MISSING_VALUES = ("", "NA", "NaN", ".")

# What stands in the names of columns for a period, a year of two digits, and the name of a variable.
PERIOD, SHORT_YEAR, VARIABLE = "{period}", "{yy}", "{variable}"

Position = Annotated[int, Field(ge=1)]
Flag = Annotated[str, Field(pattern="[a-z]{1,3}")]


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
        in gdp_2011, with whatever stands before, between and behind; ``{yy}`` is a year from 1950 to 2049, as
        85 is in gdp85
    into : name of the column of values, where a file has one variable
    variable : column with the names of variables, where a file has a row for each entity and variable; they
        become columns. Names in several columns, as of an indicator and its unit, are joined
    value : column of values, where the file has a row for each entity, period and variable; `columns` is not
        used then
    """

    columns: str = PERIOD
    into: ColumnName | None = None
    variable: ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=2)] | None = None
    value: ColumnName | None = None

    def __post_init__(self) -> None:
        n_periods = self.columns.count(PERIOD) + self.columns.count(SHORT_YEAR)
        n_variables = self.columns.count(VARIABLE)
        once = f"columns has {PERIOD} once, as in '{VARIABLE}_{PERIOD}'"
        require(self.value is not None or n_periods == 1, once)
        require(n_variables <= 1, f"columns has {VARIABLE} once at most")
        needed = "value needs variable, the column with the names of variables"
        require(self.value is None or self.variable is not None, needed)
        ways = "into, the name of the only variable; variable, the column with their names"
        n_ways = sum((n_variables > 0, self.into is not None, self.variable is not None))
        require(n_ways == 1, f"give one of: {ways}; or {VARIABLE} in columns")

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns with the names of variables."""
        return (
            self.variable if isinstance(self.variable, tuple) else (self.variable,) if self.variable else ()
        )


@dataclass(frozen=True)
class DataSource:
    """Where data come from, for the README and the metadata of a deposit; see `harness pack --for`.

    Attributes
    ----------
    citation : full reference of the data
    url : page or DOI under which they are found
    licence : terms of their use, such as ``CC-BY-4.0``
    access : who may have them: anybody (``public``), anybody who registers (``registration``), or whom their
        owner admits (``restricted``)
    note : how to ask for them, what they cost, when they were downloaded
    """

    citation: str = ""
    url: str = ""
    licence: str = ""
    access: Literal["public", "registration", "restricted"] | None = None
    note: str = ""


@dataclass(frozen=True)
class FileSpec:
    """A file and how to read it. What is cleaned is listed in ``preparation.csv`` and in the report.

    Blanks around names, digits in full width, numbers kept as text and periods such as ``2011年`` can mean
    one thing only, and are read as that. Separators of thousands, decimal commas and percent signs are read
    as the spec says, and refused where it says nothing.

    Attributes
    ----------
    path : a csv (or tsv, txt, xls that is text), parquet, Stata dta or xlsx file, relative to the project;
        with the extra ``files`` SPSS sav, SAS sas7bdat and xpt
    catalog : file of value labels (sas7bcat) of a sas7bdat file
    encoding : of a text file, and of a Stata file before release 14
    separator : between the fields of a text file, one character, no quote or line end; without it a tab in a
        tsv file, a comma in others
    sheet : of an xlsx file; needed where it has several visible ones. Further sheets are further files of
        the same path
    header_row : line of a text file, or row of a sheet, with the names of the columns; the rows above it,
        such as titles, are left out. Several are joined: ``[1, 2]`` for names of variables above those of
        years. Without it, the first row that is not empty
    period : of all rows, where a file or sheet is of one period and has no column of periods
    skip_rows : further lines or rows to leave out, such as notes at the end; units and
        second names next to the names become units and labels of columns
    thousands : separator of thousands in numbers, such as ``","``
    decimal : mark of decimals in numbers
    percent : whether ``12.3%`` is the ``number`` 12.3 or the ``fraction`` 0.123
    flags : letters behind numbers, such as p for provisional in ``12.3 p``, that are left out of columns of
        nothing but numbers
    missing_values : texts that stand for a missing cell among the numbers of a csv or xlsx file, and numbers,
        written as texts such as ``"-999"``, in any file; never in the entity column, where only an empty cell
        is missing
    rename : new names of columns, by the names in the file
    reshape : how rows of entities and periods are made, where the file has periods or variables side by side
    labelled : what a column is whose codes have labels, as in Stata and SPSS, by the new names: ``category``,
        its labels as texts; ``number``, its codes; a list such as ``[99]``, its codes but these, which are
        missing. Without it, a category where each code has a label of its own
    scale : factors that columns are multiplied by, such as 0.0001 for one in yuan next to others in 10^4,
        by the new names, after `rename` and `reshape`
    source : where the data come from, for a deposit
    """

    path: str | None = None
    catalog: str | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    separator: Annotated[str, Field(min_length=1, max_length=1, pattern=r'[^\r\n"]')] | None = None
    sheet: str | None = None
    period: Value | None = None
    header_row: Position | Annotated[tuple[Position, ...], Field(min_length=2)] | None = None
    skip_rows: tuple[Position, ...] = ()
    thousands: Literal[",", ".", "'", " "] | None = None
    decimal: Literal[".", ","] = "."
    percent: Literal["number", "fraction"] | None = None
    flags: tuple[Flag, ...] = ()
    missing_values: tuple[str, ...] = MISSING_VALUES
    rename: Mapping[ColumnName, ColumnName] = field(default_factory=dict)
    reshape: Reshape | None = None
    labelled: Mapping[ColumnName, Literal["category", "number"] | tuple[int | float, ...]] = field(
        default_factory=dict
    )
    scale: Mapping[ColumnName, Annotated[float, Field(gt=0)]] = field(default_factory=dict)
    source: DataSource = DataSource()

    def __post_init__(self) -> None:
        require(self.thousands != self.decimal, f"thousands and decimal are both {self.decimal!r}")
        is_sas = str(self.path).lower().endswith(".sas7bdat")
        require(self.catalog is None or is_sas, "a catalog belongs to a sas7bdat file")

    @property
    def header_rows(self) -> tuple[int, ...]:
        """The rows of names that are said, in order."""
        rows = self.header_row
        return tuple(sorted(rows)) if isinstance(rows, tuple) else (rows,) if rows else ()


MissingPolicy = Literal["error", "drop", "balance"]


@dataclass(frozen=True)
class Join(FileSpec):
    """A further file, joined to the rows of the first.

    Attributes
    ----------
    on : columns that tell which row belongs to which, in both files (see `rename`); without them those of the
        entity and the period
    match : ``1:1``, each key once in both files, or ``m:1``, once in this file, as in a table of regions;
        without it 1:1 where `on` has entity and period, else m:1. What matches otherwise is refused
    how : ``left`` keeps the rows of the first file, ``inner`` those that both have, ``outer`` all
    columns : that are taken; without them all
    """

    on: tuple[ColumnName, ...] = ()
    match: Literal["1:1", "m:1"] | None = None
    how: Literal["left", "inner", "outer"] = "left"
    columns: tuple[ColumnName, ...] = ()


@dataclass(frozen=True)
class ContiguityFile(FileSpec):
    """A file that says which entities are neighbours, a pair in a row.

    A pair holds in both directions, whether the file has it once or twice.

    Attributes
    ----------
    entity, neighbour : columns with the two entities of a pair, named as the data name them
    weight : column with how much a pair counts, > 0; without it all pairs count alike
    """

    entity: ColumnName = "entity"
    neighbour: ColumnName = "neighbour"
    weight: ColumnName | None = None


@dataclass(frozen=True)
class DataSpec(FileSpec):
    """Source and preparation of a panel.

    Files are read and joined by `append` and `merge`; then come `rows`, `prepare` and `schema`.

    Attributes
    ----------
    dataset : name of a dataset that the harness or a plugin brings along, instead of a path
    simulate : a simulated panel whose truth is known, instead of either
    append : files with further rows, such as those of other years
    merge : files with further columns
    contiguity : file with the pairs of entities that are neighbours, for `spatial_lag` and tests of residuals
    missing : ``error`` refuses missing cells in columns that play a role, ``drop`` leaves their rows out,
        ``balance`` all rows of entities that lack a cell or a row in some period
    rows : which rows are kept, by column
    prepare : steps that compute further columns, in order
    schema : what columns must hold, raw or prepared
    schema_file : a pandera schema of columns as a YAML file, checked as well; it can run no code
    checks : what rows must satisfy together, raw or prepared
    """

    dataset: str | None = None
    simulate: Annotated[Simulation | None, Choose(SIMULATION.name)] = None
    append: tuple[FileSpec, ...] = ()
    merge: tuple[Join, ...] = ()
    contiguity: ContiguityFile | None = None
    missing: MissingPolicy = "error"
    rows: Mapping[ColumnName, RowFilter] = field(default_factory=dict)
    prepare: tuple[PreparationStep, ...] = ()
    schema: Mapping[ColumnName, ColumnSchema] = field(default_factory=dict)
    schema_file: str | None = None
    checks: tuple[PanelCheck, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        n_sources = sum(source is not None for source in (self.path, self.dataset, self.simulate))
        require(n_sources <= 1, "give either path or dataset or simulate, not several")
        files = [file for file in (*self.append, *self.merge, self.contiguity) if file is not None]
        named = all(file.path is not None for file in files)
        require(named, "each file to append or merge, and of contiguity, needs its path")

    @property
    def checked_numbers(self) -> tuple[str, ...]:
        """The columns that `checks` add or compare, each once."""
        checks = [check for check in self.checks if not isinstance(check, Constant)]
        return tuple(dict.fromkeys(name for check in checks for name in check.columns))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The preparation as it runs, one column a step."""
        return tuple(step for written in self.prepare for step in single_steps(written))
