"""What expected numbers name must exist: tables, columns and ids; checked on the text's values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.data.name import near_columns
from harness.errors import near_names
from harness.spec.document import Document
from harness.spec.expectation import TABLES
from harness.spec.mistake import Loc, Mistake
from harness.tables import COLUMNS, DETAILS, WHOLE_TABLE

Known = Mapping[str, Collection[str]]
"""Ids by the column of result tables that holds them; columns that hold no ids are not there."""


def check_expectations(document: Document, known: Known) -> Iterator[Mistake]:
    """Yield tables, columns and ids that do not exist, columns that prove nothing, and cells named twice."""
    written = document.data.get("expect")
    first: dict[str, Loc] = {}
    for at, entry in enumerate(written if isinstance(written, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        loc: Loc = ("expect", at)
        where = entry.get("where")
        keys = dict(where) if isinstance(where, Mapping) else {}
        yield from _unknown_table(document, loc, entry)
        yield from _unknown_columns(document, loc, entry, keys)
        yield from _unknown_ids(document, loc, keys, known)
        said = [entry.get(name) for name in ("table", "column", "from", "source")]
        earlier = first.setdefault(repr((said, sorted(keys.items()))), loc)
        if earlier is not loc:
            what = f"this cell is expected at {document.find(earlier).spot} already"
            yield Mistake(
                document.find(loc), what, "each cell once from each source", "remove one of the two"
            )


def _unknown_table(document: Document, loc: Loc, entry: Mapping[str, Any]) -> Iterator[Mistake]:
    name = entry.get("table")
    if isinstance(name, str) and name not in TABLES and not name.startswith(DETAILS):
        hint = near_names(name, TABLES) or "name one of the result tables"
        expected = f"{', '.join(TABLES)}, {DETAILS}NAME"
        yield Mistake(document.find((*loc, "table")), f"there is no result table '{name}'", expected, hint)


def _unknown_columns(
    document: Document, loc: Loc, entry: Mapping[str, Any], keys: Mapping[str, Any]
) -> Iterator[Mistake]:
    table, column = entry.get("table"), entry.get("column")
    columns = COLUMNS.get(table, ()) if isinstance(table, str) else ()
    named = [((*loc, "where", key), key) for key in keys]
    named += [((*loc, "column"), column)] if isinstance(column, str) else []
    for place, name in named if columns else ():
        if name not in columns:
            hint = near_columns(name, columns) or "name one of the table's columns"
            what = f"'{table}' has no column '{name}'"
            yield Mistake(document.find(place), what, ", ".join(columns), hint)
    if isinstance(column, str) and column in WHOLE_TABLE:
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
