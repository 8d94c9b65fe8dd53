"""Rows of several files, one below the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.locations import few
from harness.data.note import Note
from harness.data.prepare.account import Account, StepRecord
from harness.data.read.table import Labels, Table
from harness.data.shape.row_filter import value_text

FAR_APART = 300.0
"""From this ratio of medians on, two files hardly have the same unit."""


def append(first: Table, others: Sequence[Table], *, entity: str, time: str) -> Table:
    """Return the rows of all tables, each named by its file and its number there.

    A column that lies far apart in two files, as in 10^4 yuan and in yuan, is warned of.
    """
    tables = (first, *others)
    notes = [note for other in others for note in _units(first, other, entity)]
    numbered = [
        table.frame.set_axis([f"{table.origin}:{number}" for number in table.frame.index], axis="index")
        for table in tables
    ]
    if len({table.frame[entity].dtype.kind for table in tables if entity in table.frame}) > 1:
        numbered = [
            frame.assign(**{entity: frame[entity].map(value_text, na_action="ignore")}) for frame in numbered
        ]
    frame = pd.concat(numbered)
    frame.index.name = first.frame.index.name
    joined = combined(first, others, frame)
    return replace(
        joined,
        notes=(*joined.notes, *notes),
        records=(*joined.records, *(_record(first, other, entity, time) for other in others)),
    )


def combined(first: Table, others: Sequence[Table], frame: pd.DataFrame) -> Table:
    """Return the table of joined rows, with what is known of all its files."""
    tables = (first, *others)
    digests = "".join(table.sha256 for table in tables)
    values: dict[str, Mapping[float, str]] = {}
    columns: dict[str, str] = {}
    for table in reversed(tables):
        columns |= table.labels.columns
        values |= table.labels.numbers
    return replace(
        first,
        frame=frame,
        title=" + ".join(table.title for table in tables),
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        notes=tuple(note for table in tables for note in table.notes),
        files=tuple(file for table in tables for file in table.files),
        labels=Labels(columns, values),
        records=tuple(record for table in tables for record in table.records),
    )


def _record(first: Table, other: Table, entity: str, time: str) -> StepRecord:
    frame = other.frame
    detail = f"{len(frame)} rows"
    if entity in frame and time in frame:
        times = sorted(map(value_text, frame[time].dropna().unique()))
        detail += f" of {frame[entity].nunique()} entities, {times[0]} to {times[-1]}"
    lacks = [str(name) for name in first.frame.columns if name not in frame.columns]
    new = [str(name) for name in frame.columns if name not in first.frame.columns]
    detail += f"; without {few(lacks)}" if lacks else ""
    detail += f"; with {few(new)}, which {first.origin} does not have" if new else ""
    return StepRecord("append", "rows", (other.origin,), Account(detail))


def _units(first: Table, other: Table, entity: str) -> list[Note]:
    notes = []
    for name in first.frame.columns.intersection(other.frame.columns):
        pair = [table.frame[name] for table in (first, other)]
        is_number = all(map(pd.api.types.is_numeric_dtype, pair))
        if name == entity or not is_number or any(map(pd.api.types.is_bool_dtype, pair)):
            continue
        middles = [np.nanmedian(np.abs(_numbers(column))) if column.notna().any() else 0.0 for column in pair]
        if min(middles) > 0.0 and max(middles) / min(middles) >= FAR_APART:
            notes.append(
                Note(
                    "W-UNITS",
                    str(name),
                    f"The median size is {middles[0]:.4g} in {first.origin} and {middles[1]:.4g} in "
                    f"{other.origin}, {max(middles) / min(middles):,.0f} to 1: are the units the same? "
                    "If not, give one of the files `scale`.",
                )
            )
    return notes


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
