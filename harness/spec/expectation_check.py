"""What expected numbers name must exist: tables, columns and ids; checked on the text's values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.data.name import near_columns
from harness.errors import near_names
from harness.registry.catalog import Catalogs
from harness.spec.document import Document
from harness.spec.expectation import EXPECTED_OF_NONE
from harness.spec.mistake import Loc, Mistake
from harness.tables import DETAILS, MULTIVERSE, ResultTable, with_own

Known = Mapping[str, Collection[str]]
"""Ids by the column of result tables that holds them; columns that hold no ids are not there."""


def tables_offered(catalogs: Catalogs) -> Mapping[str, ResultTable]:
    """Return the tables in CSV files that a run may have: the harness's own, and those of all scenarios."""
    declared = (
        table
        for scenario in catalogs["scenario"].members.values()
        for table in (*getattr(scenario, "tables", ()), *getattr(scenario, "data_tables", ()))
    )
    return with_own(declared)


def check_expectations(
    document: Document, known: Known, tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    """Yield tables, columns and ids that do not exist, columns that prove nothing, and cells named twice.

    Parameters
    ----------
    known : ids of the study
    tables : in CSV files, by name
    """
    written = document.data.get("expect")
    first: dict[str, Loc] = {}
    for at, entry in enumerate(written if isinstance(written, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        loc: Loc = ("expect", at)
        where = entry.get("where")
        keys = dict(where) if isinstance(where, Mapping) else {}
        yield from _unknown_table(document, loc, entry, tables)
        yield from _unknown_columns(document, loc, entry, keys, tables)
        yield from _unknown_ids(document, loc, keys, known)
        said = [entry.get(name) for name in ("table", "column", "from", "source")]
        earlier = first.setdefault(repr((said, sorted(keys.items()))), loc)
        if earlier is not loc:
            what = f"this cell is expected at {document.find(earlier).spot} already"
            yield Mistake(
                document.find(loc), what, "each cell once from each source", "remove one of the two"
            )


def _unknown_table(
    document: Document, loc: Loc, entry: Mapping[str, Any], tables: Mapping[str, ResultTable]
) -> Iterator[Mistake]:
    name, known = entry.get("table"), [table for table in tables if table != EXPECTED_OF_NONE]
    if isinstance(name, str) and name not in known and not name.startswith(DETAILS):
        hint = near_names(name, known) or "name one of the result tables"
        expected = f"{', '.join(known)}, {DETAILS}NAME"
        yield Mistake(document.find((*loc, "table")), f"there is no result table '{name}'", expected, hint)


def _unknown_columns(
    document: Document,
    loc: Loc,
    entry: Mapping[str, Any],
    keys: Mapping[str, Any],
    tables: Mapping[str, ResultTable],
) -> Iterator[Mistake]:
    table, column = entry.get("table"), entry.get("column")
    declared = tables.get(table) if isinstance(table, str) else None
    # The multiverse has a column for each choice as well, whatever these are called.
    columns = declared.columns if declared is not None and declared != MULTIVERSE else ()
    named = [((*loc, "where", key), key) for key in keys]
    named += [((*loc, "column"), column)] if isinstance(column, str) else []
    for place, name in named if columns else ():
        if name not in columns:
            hint = near_columns(name, columns) or "name one of the table's columns"
            what = f"'{table}' has no column '{name}'"
            yield Mistake(document.find(place), what, ", ".join(columns), hint)
    if declared is not None and column in declared.study_wide:
        what = f"'{column}' depends on all other cells of the study"
        hint = "expect the gain, its interval or its p_value"
        yield Mistake(document.find((*loc, "column")), what, "a column that belongs to its row", hint)


def _unknown_ids(document: Document, loc: Loc, keys: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for column, key in keys.items():
        ids = known.get(column, ())
        if isinstance(key, str) and ids and key not in ids:
            hint = near_columns(key, ids) or f"name one of the study's {column}s"
            what = f"no {column} is called '{key}'"
            yield Mistake(document.find((*loc, "where", column)), what, ", ".join(ids), hint)
