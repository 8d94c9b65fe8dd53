"""Expected numbers taken from a finished run, and put into a spec file with every other byte left alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.errors import ArtifactError, SpecError, near_names
from harness.language import Coded, marked
from harness.running.folder import RunFolder
from harness.study.spec.document import EXPECT, Document, flow_text, read_document
from harness.tables.table import ResultTable

INDENT = "  "

# An expectation as it is written in YAML, keys in their order.
Entry = Mapping[str, Any]

# Digits that a pinned number has beyond those that its tolerance asks for.
GUARD_DIGITS = 3

USUALLY_ONE = frozenset({"outcome", "reference", "scenario"})


@dataclass(frozen=True)
class PinSelection:
    """Which numbers of a run are pinned, and how near to them later runs must come.

    Attributes
    ----------
    tables : names, of those with measures, whose rows are all pinned; empty for gains and errors on test rows
        and the coefficient of the exposure
    estimators : ids; empty for all
    relative : > 0, tolerance as a share of each number
    """

    tables: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    relative: float = 1e-6


def pinned(run: RunFolder, selection: PinSelection) -> tuple[Entry, ...]:
    """Return expectations that a finished run fulfils: its numbers, and the status of cells without any.

    Rows that share all their keys, such as the minima of one curve, cannot be named and are left out.

    Raises
    ------
    ArtifactError
        Where the run was a quick one, nothing is selected, or a table has no numbers to pin.
    """
    manifest, origin = run.manifest(), str(run.path)
    if manifest.study.quick:
        what = marked("a quick run: fewer draws, splits and restarts than its spec asks for")
        raise ArtifactError.at(origin, what, hint=marked("run the study without --quick"))
    exposure = manifest.study.exposure
    entries = [
        entry
        for table in _selected(manifest.tables, selection.tables)
        for entry in _of_table(table, run.read_table(table.name), selection, exposure=exposure)
    ]
    if not entries:
        what = marked("holds none of the numbers asked for")
        raise ArtifactError.at(origin, what, hint=marked("name other tables or estimators"))
    return tuple(entries)


def _selected(tables: Mapping[str, ResultTable], names: Sequence[str]) -> Iterator[ResultTable]:
    measured = {name: table for name, table in tables.items() if table.measures}
    for name in names or ("gain", "accuracy", "coefficients"):
        if name not in measured:
            what = marked("no result table of this name has numbers to pin")
            raise ArtifactError.at(name, what, ", ".join(measured), near_names(name, measured))
        yield measured[name]


def _of_table(
    table: ResultTable, frame: pd.DataFrame, selection: PinSelection, *, exposure: str
) -> Iterator[Entry]:
    if frame.empty:
        return
    lacking = [name for name in (*table.key, *table.measures) if name not in frame]
    if lacking:
        what = Coded("lacks the columns {lacking}", lacking=", ".join(lacking))
        hint = marked("run the study again with this version")
        raise ArtifactError.at(table.file, what, hint=hint)
    # What most studies have one of is named where there are more.
    keys = [key for key in table.key if key not in USUALLY_ONE or len(frame[key].unique()) > 1]
    rows = frame[~frame.duplicated(keys, keep=False)]
    if selection.estimators:
        rows = rows[rows["estimator"].isin(selection.estimators)]
    # Where no table is named, rows on test samples, those of the exposure, and those without numbers.
    if not selection.tables and "sample" in rows:
        rows = rows[rows["sample"] == "test"]
    elif not selection.tables:
        rows = rows[(rows["term"] == exposure) | (rows["status"] != "ok")]
    for row in rows.to_dict("records"):
        where = {key: row[key] for key in keys if isinstance(row[key], str)}
        place = {"table": table.name, "where": where}
        if row.get("status", "ok") == "ok":
            for column in table.measures:
                if isinstance(row[column], bool | np.bool_):
                    yield {**place, "column": column, "value": str(row[column]), "from": "run"}
                elif isinstance(row[column], str):
                    what = Coded("holds the text {row}", row=ascii(row[column]))
                    hint = marked("take a whole copy of the folder")
                    raise ArtifactError.at(
                        Coded("{file}: column '{column}'", file=table.file, column=column),
                        what,
                        marked("a number"),
                        hint,
                    )
                elif math.isfinite(row[column]):
                    # With the digits that the tolerance needs; zero has an absolute one.
                    digits = math.ceil(-math.log10(selection.relative)) + GUARD_DIGITS
                    kind = "relative" if row[column] else "absolute"
                    number = {"value": float(f"{row[column]:.{digits}g}"), kind: selection.relative}
                    yield {**place, "column": column, **number, "from": "run"}
        else:
            yield {**place, "column": "status", "value": row["status"], "from": "run"}


@dataclass(frozen=True)
class _Item:
    """An entry of the block: its first and last line, from 0, and whether it is pinned from a run."""

    first: int
    last: int
    is_pinned: bool


def new_block(entries: Sequence[Entry], *, end: str = "\n") -> str:
    """Return the whole block, one entry a line; lines end in `end`."""
    lines = [f"{EXPECT}:", *(f"{INDENT}- {flow_text(entry)}" for entry in entries)]
    return "".join(f"{line}{end}" for line in lines)


def with_entries(path: Path, entries: Sequence[Entry], *, replace: bool) -> str:
    """Return the text of a spec file with entries added to its block, or with a new block at its end.

    Parameters
    ----------
    replace : whether the entries take the place of all that were pinned from a run before

    Raises
    ------
    SpecError
        Where the file is no spec, its block is not written with one entry a line, or numbers are pinned
        already and are not to be replaced.
    """
    document = read_document(path)
    text = path.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    if path.suffix == ".json":
        return _in_json(document, text, entries, replace=replace)
    text = text if text.endswith("\n") else text + end
    if document.root.child(EXPECT) is None:
        return text + end + new_block(entries, end=end)
    lines = text.splitlines(keepends=True)
    items = tuple(_items(document, lines))
    pinned = [item for item in items if item.is_pinned]
    if not replace:
        _refuse_pinned(document, len(pinned))
    dropped = {number for item in pinned for number in range(item.first, item.last + 1)}
    indent = lines[items[0].first].partition("-")[0]
    added = [f"{indent}- {flow_text(entry)}{end}" for entry in entries]
    after = items[-1].last + 1
    before = [line for number, line in enumerate(lines[:after]) if number not in dropped]
    return "".join([*before, *added, *lines[after:]])


def _refuse_pinned(document: Document, n_pinned: int) -> None:
    if n_pinned:
        what = Coded("{n_pinned} numbers are pinned from a run already", n_pinned=n_pinned)
        raise SpecError.at(document.place((EXPECT,)), what, hint=marked("replace them with --replace"))


def _in_json(document: Document, text: str, entries: Sequence[Entry], *, replace: bool) -> str:
    """Return the text of a spec in JSON with entries in its list, and all that stays as it is written."""
    block, new = document.root.child(EXPECT), [json.dumps(entry, ensure_ascii=False) for entry in entries]
    if block is None:
        before = text[: text.rindex("}")].rstrip()
        comma = "" if before.endswith("{") else ","
        return f'{before}{comma}\n{INDENT}"{EXPECT}": [\n{_joined(new)}\n{INDENT}]\n}}\n'
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    own = [block, *(block.content if isinstance(block.content, tuple) else ())]
    places = [starts[node.place.line - 1] + node.place.column - 1 for node in own]
    first = last = text.index("[", places[0]) + 1
    kept = []
    for place in places[1:]:
        entry, last = json.JSONDecoder().raw_decode(text, place)
        kept += [] if entry.get("from") == "run" else [text[place:last]]
    if not replace:
        _refuse_pinned(document, len(places) - 1 - len(kept))
    return f"{text[:first]}\n{_joined([*kept, *new])}{text[last:]}"


def _joined(entries: Sequence[str]) -> str:
    return ",\n".join(f"{INDENT}{INDENT}{entry}" for entry in entries)


def _items(document: Document, lines: Sequence[str]) -> Iterator[_Item]:
    """Yield the entries of the block; comments and empty lines between them belong to none."""
    block = document.root.child(EXPECT)
    content = block.content if block is not None and isinstance(block.content, tuple) else ()
    starts = [node.place.line - 1 for node in content]
    if not starts or any(not lines[start].lstrip().startswith("- ") for start in starts):
        what = marked("this block is not a list with each entry on a line of its own")
        expected = Coded("{expect}:, and beneath it lines that start with a dash", expect=EXPECT)
        raise SpecError.at(document.place((EXPECT,)), what, expected, marked("write it so, or remove it"))
    for node, start, stop in zip(content, starts, [*starts[1:], _end(document, lines)], strict=True):
        last = stop - 1
        while not lines[last].strip() or lines[last].lstrip().startswith("#"):
            last -= 1
        origin = node.child("from")
        yield _Item(start, last, is_pinned=origin is not None and origin.content == "run")


def _end(document: Document, lines: Sequence[str]) -> int:
    """Return the line, from 0, of the key that follows the block, or one more than the last."""
    starts = [document.find((key,)).line - 1 for key in document.data]
    block = document.find((EXPECT,)).line - 1
    return min((start for start in starts if start > block), default=len(lines))
