"""Two runs next to each other, and their difference in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit.table_difference import RowsOnly, TableDifference, Tolerance, key_of, table_difference
from harness.record.manifest import DataRecord, Manifest
from harness.record.study import StudyRecord
from harness.running.folder import RunFolder
from harness.running.layout import SPEC
from harness.study.spec.difference import ValueDifference, spec_differences
from harness.study.spec.document import Document, read_document, with_overrides
from harness.tables.registry import PARQUET_TABLES
from harness.tables.table import ResultTable

DATA = ("sha256", "n_obs", "n_entities", "n_periods", "balanced", "first_period", "last_period", "simulated")
"""What the manifest says about data, except their name and source."""

SETTINGS = ("quick",)
"""What was asked on the command line, in addition to changes to the spec."""


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Attributes
    ----------
    spec, data, versions, code, settings : what was asked, of what, and with what
    cells : how each cell ended, where it ended otherwise
    files : tables, where only one of the runs has them
    tables : of both, that differ
    n_tables : of both
    """

    spec: tuple[ValueDifference, ...]
    data: tuple[ValueDifference, ...]
    versions: tuple[ValueDifference, ...]
    code: tuple[ValueDifference, ...]
    settings: tuple[ValueDifference, ...]
    cells: tuple[ValueDifference, ...]
    files: tuple[ValueDifference, ...]
    tables: tuple[TableDifference, ...]
    n_tables: int

    @property
    def found_the_same(self) -> bool:
        """Whether what the runs found is the same, whatever they were asked and computed with."""
        return not (self.cells or self.files or self.tables)


def compare_runs(a: RunFolder, b: RunFolder, *, tolerance: Tolerance) -> RunDifference:
    """Compare two finished runs; reports and figures are not compared, since they show what tables hold.

    Raises
    ------
    ArtifactError
        Where a manifest or a table is damaged, or lacks what a comparison needs.
    """
    ours, theirs = a.manifest(), b.manifest()
    tables_a, tables_b = _tables(a), _tables(b)
    shared = [file for file in tables_a if file in tables_b]
    declared = {table.file: table for table in (*ours.tables.values(), *PARQUET_TABLES)}
    differences = [_table_difference(file, declared.get(file), a, b, tolerance) for file in shared]
    return RunDifference(
        spec=spec_differences(_document(a, ours), _document(b, theirs)),
        data=_unequal(_fields(ours.data, DATA), _fields(theirs.data, DATA)),
        versions=_unequal(ours.versions, theirs.versions),
        code=_unequal(ours.code, theirs.code),
        settings=_unequal(_fields(ours.study, SETTINGS), _fields(theirs.study, SETTINGS)),
        cells=_unequal(_endings(ours), _endings(theirs)),
        files=_unequal(dict.fromkeys(tables_a, "there"), dict.fromkeys(tables_b, "there")),
        tables=tuple(difference for difference in differences if not difference.is_equal),
        n_tables=len(shared),
    )


def _document(folder: RunFolder, manifest: Manifest) -> Document:
    """Return the spec of a run with its overrides."""
    return with_overrides(read_document(folder.path / SPEC), manifest.spec.overrides)


def _fields(part: DataRecord | StudyRecord, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: getattr(part, name) for name in names}


def _endings(manifest: Manifest) -> Mapping[str, str]:
    """Return how every cell ended, and why."""
    return {
        cell.cell: ": ".join(part for part in (cell.status, cell.reason) if part) for cell in manifest.cells
    }


def _unequal(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[ValueDifference, ...]:
    """Return the entries that only one side has, or that differ."""
    texts = {key: (_text(a, key), _text(b, key)) for key in dict.fromkeys((*a, *b))}
    return tuple(ValueDifference(key, left, right) for key, (left, right) in texts.items() if left != right)


def _text(part: Mapping[str, Any], key: str) -> str | None:
    return json.dumps(part[key], ensure_ascii=False) if key in part else None


def _tables(folder: RunFolder) -> tuple[str, ...]:
    """Return the files that hold tables; data that a run keeps are none of them."""
    parquet = {table.file for table in PARQUET_TABLES}
    return tuple(file for file in folder.files() if file.endswith(".csv") or file in parquet)


def _table_difference(
    file: str, declared: ResultTable | None, a: RunFolder, b: RunFolder, tolerance: Tolerance
) -> TableDifference:
    name, _, kind = file.rpartition(".")
    left, right = (
        folder.read_parquet(name) if kind == "parquet" else folder.read_table(name) for folder in (a, b)
    )
    return table_difference(file, left, right, keys=key_of(declared, left), tolerance=tolerance)


ABSENT = "nothing"


def lines(difference: RunDifference) -> Iterator[str]:
    """Yield what differs, line by line; first what was asked, then what was found."""
    yield from _asked(difference)
    yield from _listed("cells that ended otherwise", difference.cells)
    yield from _listed("tables that one run lacks", difference.files)
    for table in difference.tables:
        yield from _table(table)
    equal = difference.n_tables - len(difference.tables)
    yield f"{equal} of {difference.n_tables} tables are equal within the tolerance"
    if difference.found_the_same:
        yield "the runs found the same"


def _asked(difference: RunDifference) -> Iterator[str]:
    parts: Sequence[tuple[str, Sequence[ValueDifference]]] = (
        ("spec", difference.spec),
        ("data", difference.data),
        ("versions", difference.versions),
        ("code", difference.code),
        ("settings", difference.settings),
    )
    for name, found in parts:
        yield from _listed(name, found)
    same = [name for name, found in parts if not found]
    if same:
        yield f"the same: {', '.join(same)}"


def _listed(name: str, found: Iterable[ValueDifference]) -> Iterator[str]:
    entries = [f"  {entry.path}: A {entry.a or ABSENT}, B {entry.b or ABSENT}" for entry in found]
    if entries:
        yield f"{name}:"
        yield from entries


def _table(table: TableDifference) -> Iterator[str]:
    yield f"{table.table} ({table.n_matched} rows matched):"
    for column in table.columns:
        cells = "1 cell differs" if column.n_cells == 1 else f"{column.n_cells} cells differ, most"
        yield f"  {column.column}: {cells} at {column.row}: A {column.a or ABSENT}, B {column.b or ABSENT}"
    for side, names in (("A", table.columns_a), ("B", table.columns_b)):
        if names:
            yield f"  columns only in {side}: {', '.join(names)}"
    yield from _rows("A", table.only_a)
    yield from _rows("B", table.only_b)


def _rows(side: str, only: RowsOnly) -> Iterator[str]:
    if only.n_rows:
        yield f"  {only.n_rows} row{'s' if only.n_rows > 1 else ''} only in {side}:"
        yield from (f"    {row}" for row in only.first)
        if only.n_rows > len(only.first):
            yield f"    and {only.n_rows - len(only.first)} more"
