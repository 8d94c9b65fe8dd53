"""Two runs next to each other: their specs value by value, their tables, and the difference in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.audit.table_difference import NOTHING, TableDifference, Tolerance, key_of, table_difference
from harness.errors import ArtifactError
from harness.record.manifest import DataRecord, Manifest, StudyRecord
from harness.running.files import SPEC
from harness.running.folder import RunFolder
from harness.study.spec.document import Document, entry_name, read_document, with_overrides
from harness.study.spec.node import Node
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.registry import PARQUET_TABLES
from harness.tables.table import ResultTable

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
        raise ArtifactError.at(str(file), f"is no table that can be read: {error}") from error
    lacking = [name for name in (*KEYS, *MEASURES) if name not in frame]
    if lacking or frame.empty:
        what = f"lacks the columns {', '.join(lacking)}" if lacking else "has no row"
        hint = "the script that `harness export` wrote writes such a file"
        raise ArtifactError.at(str(file), what, hint=hint)
    text = [name for name in MEASURES if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise ArtifactError.at(f"{file}: {text[0]}", "holds a cell that is no number")
    return frame


def outside_lines(numbers: pd.DataFrame) -> Iterator[str]:
    """Yield a verdict for each number, and how many agree."""
    for row in numbers.to_dict("records"):
        place = " · ".join(row[name] for name in (*KEYS, "measure"))
        verdict = "agrees" if row["agrees"] else "differs"
        yield f"{verdict}: {place}: {row['own']!r} here, {row['other']!r} there"
    yield f"{numbers['agrees'].sum()} of {len(numbers)} numbers agree"


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
    tables_a, tables_b = _tables(a), _tables(b)
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


def lines(difference: RunDifference) -> Iterator[str]:
    """Yield what differs, line by line; first what was asked, then what was found."""
    for name, found in difference.requested.items():
        yield from _listed(name, found)
    same = [name for name, found in difference.requested.items() if not found]
    if same:
        yield f"the same: {', '.join(same)}"
    yield from _listed("cells that ended otherwise", difference.found["cells"])
    yield from _listed("tables that one run lacks", difference.found["files"])
    for table in difference.tables:
        yield f"{table.table} ({table.n_matched} rows matched):"
        yield from (f"  {line}" for line in table.lines("in A", "in B"))
    equal = difference.n_tables - len(difference.tables)
    yield f"{equal} of {difference.n_tables} tables are equal within the tolerance"
    if difference.found_the_same:
        yield "the runs found the same"


def _listed(name: str, found: Iterable[ValueDifference]) -> Iterator[str]:
    entries = [f"  {entry.path}: A {entry.a or NOTHING}, B {entry.b or NOTHING}" for entry in found]
    if entries:
        yield f"{name}:"
        yield from entries
