"""The difference between two runs in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.audit.compare.runs import RunDifference
from harness.audit.compare.table_difference import RowsOnly, TableDifference
from harness.study.spec.difference import ValueDifference

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
