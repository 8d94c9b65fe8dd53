"""Where the data come from, what is done to them and what columns are: the spec's ``data`` and ``roles``."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.data.messages import require
from harness.data.name import ColumnName, OneOrMany, exposure_columns
from harness.data.prepare.step import PreparationStep, Step, single_steps
from harness.data.rules import ColumnSchema, Constant, PanelCheck, RowFilter, Value
from harness.data.simulate.simulation import SIMULATION, Simulation
from harness.language import Coded
from harness.registry.catalog import Choose

# Values of an exposure between which contrasts are taken; one of more is continuous, or to be recoded.
MOST_LEVELS = 10


@dataclass(frozen=True)
class Roles:
    """Roles of columns.

    Attributes
    ----------
    entity, time : the keys of the panel
    outcomes : dependent variables, at least one; all are studied on the same rows
    exposure : the key regressor, whose effect is of interest
    moderators : variables with which the effect may vary
    controls : remaining regressors
    levels : categories of a categorical exposure, the base first; by default those of the data, in their
        order
    instruments : excluded instruments for the exposure
    mediators : variables that the exposure may act through; no regressors
    measures : other measures of the exposure, for robustness; no regressors
    weights : weights of rows in weighted estimators, > 0; may have another role too
    latitude, longitude : coordinates of a row in degrees, both or neither; may have other roles too
    """

    entity: ColumnName
    time: ColumnName
    outcomes: Annotated[tuple[ColumnName, ...], Field(min_length=1), OneOrMany()]
    exposure: ColumnName
    moderators: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    controls: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    levels: tuple[Value, ...] = ()
    instruments: tuple[ColumnName, ...] = ()
    weights: ColumnName | None = None
    latitude: ColumnName | None = None
    longitude: ColumnName | None = None
    mediators: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    measures: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """The exposure, or a dummy for each of its categories but the base."""
        return exposure_columns(self.exposure, [str(level) for level in self.levels])

    @property
    def regressors(self) -> tuple[str, ...]:
        """Regressors: exposure, moderators, controls."""
        return (*self.exposure_columns, *self.moderators, *self.controls)

    @property
    def variables(self) -> tuple[str, ...]:
        """All numeric columns, each once, in the order of their parts."""
        shared = (name for names in self._named(_SHARED).values() for name in names)
        others = (*self.instruments, *self.further, *shared)
        return tuple(dict.fromkeys((*self.outcomes, *self.regressors, *others)))

    @property
    def further(self) -> tuple[str, ...]:
        """Mediators and other measures of the exposure."""
        return (*self.mediators, *self.measures)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Latitude and longitude; empty if a study has none."""
        if self.latitude is None or self.longitude is None:
            return ()
        return (self.latitude, self.longitude)

    def path_of(self, column: str) -> str:
        """Return the path of a column in the spec, such as ``roles.controls``."""
        if column in self.exposure_columns:
            return "roles.exposure"
        parts = self._named((*_OWN, *_SHARED))
        return "roles." + next(part for part, names in parts.items() if column in names)

    def role_of(self, variable: str) -> str:
        """Return the role in the singular, such as ``outcome``, ``control`` or ``instrument``."""
        return self.path_of(variable).removeprefix("roles.").removesuffix("s")

    def contradictions(self) -> tuple[tuple[str, str], ...]:
        """Return columns with incompatible roles, as (path, message) pairs.

        A path is relative to the roles, such as ``controls``; the later of the two roles has the message.
        """
        found: list[tuple[str, str]] = []
        first_part: dict[str, str] = {}
        for part, names in self._named(_OWN).items():
            doubles = [name for name, times in Counter(names).items() if times > 1]
            taken = [name for name in names if name in first_part]
            found += [(part, f"'{name}' is listed more than once") for name in doubles]
            found += [(part, f"'{name}' is already in {first_part[name]}") for name in taken]
            first_part |= {name: part for name in names if name not in first_part}
        keys = {self.entity: "entity", self.time: "time"}
        found += [
            (part, f"'{name}' is already in {keys[name]}")
            for part, names in self._named(_SHARED).items()
            for name in names
            if name in keys
        ]
        doubles = [level for level, times in Counter(map(str, self.levels)).items() if times > 1]
        found += [("levels", f"'{level}' is listed more than once") for level in doubles]
        if len(self.levels) == 1:
            found.append(("levels", "one level is no comparison; list the base and the others"))
        if (self.latitude is None) != (self.longitude is None):
            lacking = "latitude" if self.latitude is None else "longitude"
            found.append((lacking, "latitude and longitude are named together, or neither"))
        return tuple(dict.fromkeys(found))

    def _named(self, parts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the columns that are named for some parts; none where a part is not played."""
        given = {part: getattr(self, part) for part in parts}
        return {part: (names,) if isinstance(names, str) else names or () for part, names in given.items()}


# Parts that exclude each other, and those that a column of another part may play too.
_OWN = (
    *("entity", "time", "outcomes", "exposure", "moderators", "controls", "instruments", "mediators"),
    "measures",
)
_SHARED = ("weights", "latitude", "longitude")


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
        message = Coded(
            "unknown encoding '{name}'; known are utf-8, utf-16, gb18030, cp1252 and others", name=name
        )
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
    fill_down : columns, by the new names, whose empty cells hold what stands above them, as where a province
        is written once for all its rows; merged cells of workbooks do so by themselves. A row that has
        nothing else is a heading, and left out
    outline : column whose cells in rows without anything else, headings, name the rows beneath them, and the
        new column that these names become, as ``{Region / year: region}``; by the new names
    copies : ``drop`` leaves out rows that equal an earlier one in all columns; ``error`` refuses them, as
        rows that repeat an entity and period and differ are always refused
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
    fill_down: tuple[ColumnName, ...] = ()
    outline: Mapping[ColumnName, ColumnName] = field(default_factory=dict)
    copies: Literal["error", "drop"] = "error"
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
