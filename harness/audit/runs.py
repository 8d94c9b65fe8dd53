"""Two runs next to each other: specs value by value, tables cell by cell, and the difference in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.arrays import Floats
from harness.errors import ArtifactError
from harness.language import COMMAS, Coded, chained, in_series, marked, quoted
from harness.record.manifest import DataRecord, Manifest, StudyRecord
from harness.running.files import SPEC
from harness.running.folder import RunFolder
from harness.study.spec.document import Document, entry_name, read_document, with_overrides
from harness.study.spec.reader import Node
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.registry import PARQUET_TABLES
from harness.tables.table import ResultTable


@dataclass(frozen=True)
class Tolerance:
    """Numbers are equal where they are no further apart than ``atol + rtol * the larger of the two``.

    Attributes
    ----------
    rtol : >= 0, share of the larger absolute value
    atol : >= 0, in the unit of the numbers
    """

    rtol: float = 1e-8
    atol: float = 1e-12

    def excess(self, a: Floats, b: Floats) -> Floats:
        """Return distances over what is allowed, (n,): above 1 where numbers differ.

        Two missing numbers are equal, and so are two infinite ones of one sign; a number and a missing one
        are infinitely far apart.
        """
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            expected = self.atol + self.rtol * np.fmax(np.abs(a), np.abs(b))
            ratio = np.abs(a - b) / expected
        return np.where(alike, 0.0, np.where(np.isfinite(a) & np.isfinite(b), ratio, np.inf))

    def near(self, values: Floats) -> NDArray[np.intp]:
        """Return a number for each value, (n,), the same for values that follow each other this closely."""
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        steps = self.excess(ordered[1:], ordered[:-1]) > 1.0
        numbers = np.empty(values.size, dtype=np.intp)
        numbers[order] = np.concatenate([[0], np.cumsum(steps)])[: values.size]
        return numbers


# What is said for an empty cell.
NOTHING = "nothing"

# Rows that are listed where more are in one table only.
SHOWN = 5

# How close keys must be to be the same, such as the exposures of two grids.
ROUNDING = Tolerance()

_PLACE = "place among equals"
_ROW = "row"


@dataclass(frozen=True)
class ColumnDifference:
    """Cells of one column that differ.

    Attributes
    ----------
    n_cells : how many
    row : where they differ most, as its keys; where texts differ, the first
    a, b : what the two tables hold there
    """

    column: str
    n_cells: int
    row: str
    a: str
    b: str


@dataclass(frozen=True)
class RowsOnly:
    """Rows that only one of the tables has.

    Attributes
    ----------
    n_rows : how many
    first : the keys of the first `SHOWN`
    """

    n_rows: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableDifference:
    """How two tables of one name differ.

    Attributes
    ----------
    n_matched : rows that both have
    only_a, only_b : rows that one of them has
    columns_a, columns_b : names of columns that one of them has
    columns : of both, that differ
    """

    table: str
    n_matched: int
    only_a: RowsOnly
    only_b: RowsOnly
    columns_a: tuple[str, ...]
    columns_b: tuple[str, ...]
    columns: tuple[ColumnDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        rows = self.only_a.n_rows + self.only_b.n_rows
        return not (rows or self.columns_a or self.columns_b or self.columns)

    def lines(self, a: str, b: str) -> Iterator[str]:
        """Yield what differs, line by line.

        Parameters
        ----------
        a, b : where what the two tables hold is, such as ``in A``
        """
        for column in self.columns:
            cells = marked("{column}: 1 cell differs at {row}: {here} {own}, {there} {other}")
            if column.n_cells > 1:
                cells = marked("{column}: {n} cells differ, most at {row}: {here} {own}, {there} {other}")
            held = {"own": column.a or NOTHING, "other": column.b or NOTHING}
            where = {"column": quoted(column.column), "row": column.row}
            yield Coded(cells, n=column.n_cells, here=a, there=b, **where, **held)
        for side, names in ((a, self.columns_a), (b, self.columns_b)):
            if names:
                yield Coded("columns only {side}: {names}", side=side, names=", ".join(names))
        for side, only in ((a, self.only_a), (b, self.only_b)):
            if only.n_rows:
                count = (
                    marked("{n} rows only {side}: {rows}")
                    if only.n_rows > 1
                    else marked("{n} row only {side}: {rows}")
                )
                rest = [Coded("and {n} more", n=only.n_rows - SHOWN)] if only.n_rows > SHOWN else []
                yield Coded(count, n=only.n_rows, side=side, rows=in_series([*only.first, *rest]))


def table_difference(
    table: str, a: pd.DataFrame, b: pd.DataFrame, *, keys: Sequence[str], tolerance: Tolerance
) -> TableDifference:
    """Compare two tables, whatever the order of their rows and columns.

    Parameters
    ----------
    table : its name
    keys : columns that rows are matched by; keys that are numbers match up to rounding, and rows with equal
        keys match in their order
    """
    shared = [name for name in keys if name in a and name in b]
    left, right = _matchable(a, b, shared)
    on = [*range(len(shared)), _PLACE]
    both = left.merge(right, on=on, how="outer", suffixes=("_a", "_b"), indicator=True, sort=False)
    sides = {side: both.loc[both["_merge"] == side] for side in ("both", "left_only", "right_only")}
    rows_a = sides["both"][f"{_ROW}_a"].to_numpy(dtype=np.intp)
    rows_b = sides["both"][f"{_ROW}_b"].to_numpy(dtype=np.intp)
    values = [str(name) for name in a if name in b and name not in shared]
    return TableDifference(
        table=table,
        n_matched=int(rows_a.size),
        only_a=_only(a, sides["left_only"][f"{_ROW}_a"], shared),
        only_b=_only(b, sides["right_only"][f"{_ROW}_b"], shared),
        columns_a=tuple(str(name) for name in a if name not in b),
        columns_b=tuple(str(name) for name in b if name not in a),
        columns=tuple(_columns(a.iloc[rows_a], b.iloc[rows_b], values, keys=shared, tolerance=tolerance)),
    )


def key_of(declared: ResultTable | None, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that tell the rows of a table apart: those of text where none are declared."""
    if declared is not None:
        return declared.key
    return tuple(str(column) for column in frame if not pd.api.types.is_numeric_dtype(frame[column]))


def _matchable(a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the keys of both as whole numbers, the same for equal keys, and the place among rows alike."""
    codes = pd.DataFrame(
        {at: _codes(a[name], b[name]) for at, name in enumerate(keys)}, index=pd.RangeIndex(len(a) + len(b))
    )
    sides = []
    for side in (codes.iloc[: len(a)], codes.iloc[len(a) :]):
        place = side.groupby(list(side.columns)).cumcount() if len(keys) else np.arange(len(side))
        sides.append(side.assign(**{_PLACE: place, _ROW: np.arange(len(side))}))
    return sides[0], sides[1]


def _codes(a: pd.Series, b: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    if _is_number(a) and _is_number(b):
        return ROUNDING.near(np.concatenate([_floats(a), _floats(b)]))
    codes: np.ndarray[tuple[int], np.dtype[np.intp]] = pd.factorize(np.concatenate([_texts(a), _texts(b)]))[0]
    return codes


def _only(frame: pd.DataFrame, rows: pd.Series, keys: Sequence[str]) -> RowsOnly:
    at = np.sort(rows.to_numpy(dtype=np.intp))
    return RowsOnly(int(at.size), tuple(_spelled(frame, int(row), keys) for row in at[:SHOWN]))


def _columns(
    a: pd.DataFrame, b: pd.DataFrame, names: Sequence[str], *, keys: Sequence[str], tolerance: Tolerance
) -> Iterator[ColumnDifference]:
    """Yield the columns that differ; the rows of both frames are matched."""
    for name in names:
        left, right = a[name], b[name]
        if _is_number(left) and _is_number(right):
            excess = tolerance.excess(_floats(left), _floats(right))
        else:
            pairs = zip(_texts(left), _texts(right), strict=True)
            excess = np.array([_text_excess(one, other, tolerance) for one, other in pairs])
        if (excess > 1.0).any():
            row = int(excess.argmax())
            held = (str(_texts(side)[row]) for side in (left, right))
            yield ColumnDifference(str(name), int((excess > 1.0).sum()), _spelled(a, row, keys), *held)


def _text_excess(a: str, b: str, tolerance: Tolerance) -> float:
    """Return how far texts are apart: objects and lists of JSON number by number."""
    if a == b:
        return 0.0
    if a[:1] not in ("{", "[") or a[:1] != b[:1]:
        return np.inf
    try:
        left, right = json.loads(a), json.loads(b)
    except ValueError:
        return np.inf
    numbers = list(_paired_numbers(left, right))
    if None in numbers:
        return np.inf
    pairs = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    return float(tolerance.excess(pairs[:, 0], pairs[:, 1]).max(initial=0.0))


def _paired_numbers(a: object, b: object) -> Iterator[tuple[float, float] | None]:
    """Yield the numbers at the same positions of two values of JSON; None where anything else differs."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        yield from (pair for name in a for pair in _paired_numbers(a[name], b[name]))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        yield from (pair for one, other in zip(a, b, strict=True) for pair in _paired_numbers(one, other))
    elif isinstance(a, float | int) and isinstance(b, float | int) and bool not in (type(a), type(b)):
        yield float(a), float(b)
    elif a != b:
        yield None


def _spelled(frame: pd.DataFrame, row: int, keys: Sequence[str]) -> str:
    """Return the keys of a row as ``outcome=co2, estimator=fe``, or its number where there are none."""
    cells = [f"{name}={text}" for name in keys if (text := _texts(frame[name].iloc[[row]])[0])]
    return ", ".join(cells) or f"row {row + 1}"


def _is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers; one without any cell may be either."""
    is_numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return is_numeric or bool(column.isna().all())


def _floats(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return cells as texts, a missing one as an empty text."""
    codes, levels = pd.factorize(column.astype(object))
    texts = [repr(level) if isinstance(level, float) else str(level) for level in levels]
    # A missing cell has the code -1, so its text stands last.
    return np.array([*texts, ""], dtype=object)[codes]


KEYS = ("outcome", "estimator", "term")
# Columns of the file: what a number is about, and the numbers.
MEASURES = ("estimate", "std_error")


def compare_outside(folder: RunFolder, file: Path, *, tolerance: Tolerance) -> pd.DataFrame:
    """Return every number of the file next to that of the run, in the order of the file.

    Standard errors may be left empty; then they are not compared.

    Returns
    -------
    Columns `KEYS`; ``measure``, one of `MEASURES`; ``own``, the number of the run, NaN where it has none;
    ``other``, that of the file, NaN where its cell is empty; ``excess``, their distance over what is allowed;
    and ``agrees``, whether that is at most 1.

    Raises
    ------
    ArtifactError
        Where the file cannot be read, lacks a column, or has no row.
    """
    columns = [*KEYS, *MEASURES]
    here = folder.read_table(COEFFICIENTS.name)[columns].astype(dict.fromkeys(KEYS, str))
    both = _read(file)[columns].merge(here, on=[*KEYS], how="left", suffixes=("", " here"))
    parts = [
        both[[*KEYS]].assign(
            measure=name, own=both[f"{name} here"].astype(float), other=both[name].astype(float)
        )
        for name in MEASURES
    ]
    numbers = pd.concat(parts).sort_index(kind="stable")
    numbers = numbers[(numbers["measure"] == MEASURES[0]) | numbers["other"].notna()]
    own, other = numbers["own"].to_numpy(), numbers["other"].to_numpy()
    excess = np.where(np.isnan(own) | np.isnan(other), np.inf, tolerance.excess(own, other))
    return numbers.assign(excess=excess, agrees=excess <= 1.0)


def _read(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            file,
            dtype=dict.fromkeys(KEYS, str),
            keep_default_na=False,
            skipinitialspace=True,
            na_values={measure: ["", ".", "NA"] for measure in MEASURES},
        )
    except (OSError, ValueError) as error:
        raise ArtifactError.at(
            str(file), Coded("is no table that can be read: {error}", error=error)
        ) from error
    lacking = [name for name in (*KEYS, *MEASURES) if name not in frame]
    if lacking or frame.empty:
        what = (
            Coded("lacks the columns {lacking}", lacking=", ".join(lacking))
            if lacking
            else marked("has no row")
        )
        hint = marked("the script that `harness export` wrote writes such a file")
        raise ArtifactError.at(str(file), what, hint=hint)
    text = [name for name in MEASURES if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise ArtifactError.at(f"{file}: {text[0]}", marked("holds a cell that is no number"))
    return frame


def outside_lines(numbers: pd.DataFrame) -> Iterator[str]:
    """Yield a verdict for each number, and how many agree."""
    for row in numbers.to_dict("records"):
        place = " · ".join(row[name] for name in (*KEYS, "measure"))
        verdict = marked("agrees: {place}: {own} here, {other} there")
        if not row["agrees"]:
            verdict = marked("differs: {place}: {own} here, {other} there")
        yield Coded(verdict, place=place, own=repr(row["own"]), other=repr(row["other"]))
    yield Coded("{n} of {n_all} numbers agree", n=numbers["agrees"].sum(), n_all=len(numbers))


# What the manifest says about data, except their name and source.
DATA = ("sha256", "n_obs", "n_entities", "n_periods", "balanced", "first_period", "last_period", "simulated")

# What was asked on the command line, in addition to changes to the spec.
SETTINGS = ("quick",)


# Last part of the path of a list whose entries are the same in another order.
ORDER = "order"


@dataclass(frozen=True)
class ValueDifference:
    """One value that differs.

    Attributes
    ----------
    path : of the value; an entry of a list is called by its id where it has one
    a, b : the two values, as JSON; None where there is none
    """

    path: str
    a: str | None
    b: str | None


def spec_differences(a: Document, b: Document) -> tuple[ValueDifference, ...]:
    """Return every value that one spec has and the other has not, or has otherwise."""
    return tuple(_differences(a.root, b.root, ""))


def _differences(a: Node | None, b: Node | None, path: str) -> Iterator[ValueDifference]:
    if a is not None and b is not None:
        if isinstance(a.content, Mapping) and isinstance(b.content, Mapping):
            for key in dict.fromkeys((*a.content, *b.content)):
                yield from _differences(a.child(key), b.child(key), f"{path}.{key}" if path else key)
            return
        if isinstance(a.content, tuple) and isinstance(b.content, tuple):
            yield from _between_lists(a.content, b.content, path)
            return
    text_a, text_b = _json(a), _json(b)
    if text_a != text_b:
        yield ValueDifference(path, text_a, text_b)


def _between_lists(a: tuple[Node, ...], b: tuple[Node, ...], path: str) -> Iterator[ValueDifference]:
    named_a, named_b = _named(a), _named(b)
    if named_a is None or named_b is None:
        named_a, named_b = (
            dict(zip(map(str, range(len(entries))), entries, strict=True)) for entries in (a, b)
        )
    for name in dict.fromkeys((*named_a, *named_b)):
        yield from _differences(named_a.get(name), named_b.get(name), f"{path}[{name}]")
    shared_a = [name for name in named_a if name in named_b]
    shared_b = [name for name in named_b if name in named_a]
    if shared_a != shared_b:
        yield ValueDifference(f"{path}.{ORDER}", json.dumps(shared_a), json.dumps(shared_b))


def _named(entries: tuple[Node, ...]) -> dict[str, Node] | None:
    """Return entries by name, or None where some have no name, or the same."""
    named = {entry_name(entry): entry for entry in entries}
    return named if len(named) == len(entries) and "" not in named else None


def _json(node: Node | None) -> str | None:
    return None if node is None else json.dumps(node.plain(), ensure_ascii=False)


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Attributes
    ----------
    requested : what was asked, of what, and with what: ``spec``, ``data``, ``versions``, ``code`` and
        ``settings``
    found : ``cells``, how each ended, where it ended otherwise; ``files``, tables that only one run has
    tables : of both, that differ
    n_tables : of both
    """

    requested: Mapping[str, tuple[ValueDifference, ...]]
    found: Mapping[str, tuple[ValueDifference, ...]]
    tables: tuple[TableDifference, ...]
    n_tables: int

    @property
    def found_the_same(self) -> bool:
        """Whether what the runs found is the same, whatever they were asked and computed with."""
        return not (self.tables or any(self.found.values()))


def compare_runs(a: RunFolder, b: RunFolder, *, tolerance: Tolerance) -> RunDifference:
    """Compare two finished runs; reports and figures are not compared, since they show what tables hold.

    Raises
    ------
    ArtifactError
        Where a manifest or a table is damaged, or lacks what a comparison needs.
    """
    ours, theirs = a.manifest(), b.manifest()
    tables_a, tables_b = a.tables(), b.tables()
    shared = [file for file in tables_a if file in tables_b]
    declared = {table.file: table for table in (*ours.tables.values(), *PARQUET_TABLES)}
    differences = [_table_difference(file, declared.get(file), a, b, tolerance) for file in shared]
    requested = {
        "spec": spec_differences(_document(a, ours), _document(b, theirs)),
        "data": _unequal(_fields(ours.data, DATA), _fields(theirs.data, DATA)),
        "versions": _unequal(ours.versions, theirs.versions),
        "code": _unequal(ours.code, theirs.code),
        "settings": _unequal(_fields(ours.study, SETTINGS), _fields(theirs.study, SETTINGS)),
    }
    found = {
        "cells": _unequal(_endings(ours), _endings(theirs)),
        "files": _unequal(dict.fromkeys(tables_a, "there"), dict.fromkeys(tables_b, "there")),
    }
    unequal = tuple(difference for difference in differences if not difference.is_equal)
    return RunDifference(requested, found, unequal, len(shared))


def _document(folder: RunFolder, manifest: Manifest) -> Document:
    """Return the spec of a run with its overrides."""
    return with_overrides(read_document(folder.held(SPEC) or folder.path / SPEC), manifest.spec.overrides)


def _fields(part: DataRecord | StudyRecord, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: getattr(part, name) for name in names}


def _endings(manifest: Manifest) -> Mapping[str, str]:
    """Return how every cell ended, and why."""
    return {
        cell.cell: ": ".join(part for part in (cell.status, cell.reason) if part) for cell in manifest.cells
    }


def _unequal(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[ValueDifference, ...]:
    """Return the entries that only one side has, or that differ."""
    left, right = (
        {key: json.dumps(value, ensure_ascii=False) for key, value in part.items()} for part in (a, b)
    )
    return tuple(
        ValueDifference(key, left.get(key), right.get(key))
        for key in dict.fromkeys((*a, *b))
        if left.get(key) != right.get(key)
    )


def _table_difference(
    file: str, declared: ResultTable | None, a: RunFolder, b: RunFolder, tolerance: Tolerance
) -> TableDifference:
    name, _, kind = file.rpartition(".")
    left, right = (
        folder.read_parquet(name) if kind == "parquet" else folder.read_table(name) for folder in (a, b)
    )
    return table_difference(file, left, right, keys=key_of(declared, left), tolerance=tolerance)


# What two runs may differ in, by the names of `RunDifference.requested`.
INDENTED, HEADED = marked("  {line}", code="indented"), marked("{name}:", code="headed")
MESSAGES = (marked("spec"), marked("data"), marked("versions"), marked("code"), marked("settings"))


def lines(difference: RunDifference) -> Iterator[str]:
    """Yield what differs, line by line; first what was asked, then what was found."""
    for name, found in difference.requested.items():
        yield from _listed(name, found)
    same = [name for name, found in difference.requested.items() if not found]
    if same:
        yield Coded("the same: {names}", names=chained(same, COMMAS))
    yield from _listed(marked("cells that ended otherwise"), difference.found["cells"])
    yield from _listed(marked("tables that one run lacks"), difference.found["files"])
    for table in difference.tables:
        yield Coded("{table} ({n} rows matched):", table=quoted(table.table), n=table.n_matched)
        yield from (Coded(INDENTED, line=line) for line in table.lines(marked("in A"), marked("in B")))
    equal = difference.n_tables - len(difference.tables)
    yield Coded("{n} of {n_all} tables are equal within the tolerance", n=equal, n_all=difference.n_tables)
    if difference.found_the_same:
        yield marked("the runs found the same")


def _listed(name: str, found: Iterable[ValueDifference]) -> Iterator[str]:
    entries = [f"  {entry.path}: A {entry.a or NOTHING}, B {entry.b or NOTHING}" for entry in found]
    if entries:
        yield Coded(HEADED, name=name)
        yield from entries
