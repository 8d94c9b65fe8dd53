"""Several files as one table: rows below each other, and columns joined by the keys of their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.data_spec import Join
from harness.data.messages import Account, RowLocator, StepRecord, few
from harness.data.name import near_columns
from harness.data.read.table import Labels, Table
from harness.data.shape.row_filter import value_text
from harness.data.shape.times import read_times
from harness.errors import DataError, Problem
from harness.language import Message
from harness.tables.preparation import Note

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
                    Message(
                        "The median size is {middles} in {origin} and {middles_2} in {origin_2}, {max} to 1: "
                        "are the units the same? If not, give one of the files `scale`.",
                        middles=f"{middles[0]:.4g}",
                        origin=first.origin,
                        middles_2=f"{middles[1]:.4g}",
                        origin_2=other.origin,
                        max=f"{max(middles) / min(middles):,.0f}",
                    ),
                )
            )
    return notes


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


_SIDE, _LEFT, _RIGHT = "\0side", "\0left", "\0right"
_ALIKE = 1e-9
"""Relative difference up to which two numbers are the same."""


@dataclass(frozen=True)
class _Merge:
    """Two tables that are joined.

    Attributes
    ----------
    place : of the join in the spec
    """

    left: Table
    right: Table
    asked: Join
    entity: str
    time: str
    place: str

    @property
    def on(self) -> tuple[str, ...]:
        return self.asked.on or (self.entity, self.time)

    @property
    def match(self) -> Literal["1:1", "m:1"]:
        keyed = {self.entity, self.time} <= set(self.on)
        return self.asked.match or ("1:1" if keyed else "m:1")

    @property
    def where(self) -> str:
        return f"{self.right.origin} ({self.place})"


def merge(left: Table, right: Table, asked: Join, *, entity: str, time: str, place: str) -> Table:
    """Return the rows of one table with the columns of another.

    Parameters
    ----------
    place : where the spec asks for it

    Raises
    ------
    DataError
        Where columns are missing, keys repeat that the match wants once, nothing matches, or both tables have
        a column with other values.
    """
    both = _Merge(left, right, asked, entity, time, place)
    _require_columns(both)
    left_keys, right_keys = _keys(both, left), _keys(both, right)
    _refuse_repeats(both, right_keys, right)
    if both.match == "1:1":
        _refuse_repeats(both, left_keys, left)
    _refuse_strangers(both, left_keys, right_keys)
    taken = [name for name in asked.columns or right.frame.columns if name not in both.on]
    shared = [name for name in taken if name in left.frame.columns]
    places = left_keys.assign(**{_LEFT: np.arange(len(left_keys))}).merge(
        right_keys.assign(**{_RIGHT: np.arange(len(right_keys))}),
        how="outer",
        on=list(both.on),
        validate=both.match,
        indicator=_SIDE,
    )
    matched = places[places[_SIDE] == "both"]
    for name in shared:
        _refuse_other_values(both, name, matched)
    kept = places.sort_values([_LEFT, _RIGHT], na_position="last")
    sides = {"left": ("both", "left_only"), "inner": ("both",)}.get(
        asked.how, ("both", "left_only", "right_only")
    )
    kept = kept[kept[_SIDE].isin(sides)]
    frame = _joined(both, kept, [name for name in taken if name not in shared])
    table = combined(left, [right], frame)
    record, notes = _told(both, places, taken, shared)
    return replace(table, records=(*table.records, record), notes=(*table.notes, *notes))


def _require_columns(both: _Merge) -> None:
    problems = []
    for table, names in ((both.left, both.on), (both.right, (*both.on, *both.asked.columns))):
        for name in names:
            if name not in table.frame.columns:
                hint = near_columns(name, table.frame.columns) or "correct on, or use rename"
                known = few(list(map(str, table.frame.columns)))
                what = f"{table.origin} has no column '{name}'"
                problems.append(Problem(both.where, what, known, hint))
    if problems:
        raise DataError(*problems)


def _keys(both: _Merge, table: Table) -> pd.DataFrame:
    """Return the keys of a table's rows as texts, so that 2, 2.0 and "2" are one."""
    locator = RowLocator(table.origin, table.frame, both.entity, both.time)
    columns = {}
    for name in both.on:
        cells = table.frame[name]
        absent = cells.isna().to_numpy(dtype=np.bool_)
        hint = "fill the cells in, or leave the rows out by skip_rows"
        locator.refuse(name, absent, "rows have no key", "a key in every row", hint)
        is_time = name == both.time
        columns[name] = (
            read_times(cells, name=name, locator=locator).labels
            if is_time
            else [value_text(c) for c in cells]
        )
    return pd.DataFrame(columns)


def _refuse_repeats(both: _Merge, keys: pd.DataFrame, table: Table) -> None:
    repeated = keys.duplicated(keep=False)
    if not repeated.any():
        return
    groups = keys[repeated].groupby(list(both.on), sort=False).indices
    positions = np.flatnonzero(repeated)
    noun = RowLocator(table.origin, table.frame, both.entity, both.time).noun
    shown = [
        f"{_named(key)} in {noun}s {few([str(number) for number in table.frame.index[positions[at]]])}"
        for key, at in groups.items()
    ]
    found = "m:1" if table is both.left else ("m:m" if both.match == "m:1" else "1:m")
    raise DataError.at(
        where=both.where,
        what=f"{len(groups)} keys ({', '.join(both.on)}) of {table.origin} occur more than once, "
        f"so that the match is {found}: {few(shown)}",
        expected=f"a {both.match} match",
        hint="take the doubles out, give on further columns"
        + (", or say match: m:1" if found == "m:1" else ""),
    )


def _named(key: object) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _refuse_strangers(both: _Merge, left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Refuse keys of which none is in both tables."""
    problems = []
    for name in both.on:
        ours, theirs = (sorted(set(keys[name])) for keys in (left, right))
        if set(ours) & set(theirs):
            continue
        if name == both.time:
            what = (
                f"periods do not overlap: {ours[0]} to {ours[-1]} in {both.left.origin}, "
                f"{theirs[0]} to {theirs[-1]} in {both.right.origin}"
            )
            hint = "files of other periods are joined by append"
        else:
            what = (
                f"no '{name}' is in both: {few(ours)} in {both.left.origin}, "
                f"{few(theirs)} in {both.right.origin}"
            )
            hint = "write the names alike, or recode them; or rename another column to the key"
        problems.append(Problem(both.where, what, "keys that both files have", hint))
    if problems:
        raise DataError(*problems)


def _refuse_other_values(both: _Merge, name: str, matched: pd.DataFrame) -> None:
    """Refuse a column that both tables have with other values, and tell whether a unit explains it."""
    ours = both.left.frame[name].iloc[matched[_LEFT].astype(int)].reset_index(drop=True)
    theirs = both.right.frame[name].iloc[matched[_RIGHT].astype(int)].reset_index(drop=True)
    if all(map(pd.api.types.is_numeric_dtype, (ours, theirs))):
        a, b = ours.to_numpy(np.float64, na_value=np.nan), theirs.to_numpy(np.float64, na_value=np.nan)
        other = ~(np.isclose(a, b, rtol=_ALIKE, atol=0.0) | (np.isnan(a) & np.isnan(b)))
        found = _ratio(both, name, a, b)
    else:
        other = (ours.map(str) != theirs.map(str)).to_numpy() & ~(ours.isna() & theirs.isna()).to_numpy()
        found = ""
    if not other.any():
        return
    what = f"'{name}' is in both files, with other values in {int(other.sum())} of {other.size} matched rows"
    raise DataError.at(
        where=both.where,
        what=what + found,
        expected="each column in one file, or with the same values in both",
        hint="scale one of the columns" if found else "name the columns to take under columns, or use rename",
    )


def _ratio(both: _Merge, name: str, ours: Floats, theirs: Floats) -> str:
    usable = np.isfinite(ours) & np.isfinite(theirs) & (ours * theirs > 0)
    if not usable.any():
        return ""
    ratio = theirs[usable] / ours[usable]
    middle = float(np.median(ratio))
    near = np.abs(np.log10(ratio / middle)) < 0.01
    power = round(float(np.log10(middle)))
    if power == 0 or abs(np.log10(middle) - power) > 0.01 or near.mean() < 0.5:
        return ""
    return (
        f": those of {both.right.origin} are 10^{power} times as large in {int(near.sum())} of them, "
        f"so the units differ ({both.place}: scale: {{{name}: 1e{-power}}})"
    )


def _joined(both: _Merge, places: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows, each numbered as in the first table, or in the second where it is there alone."""
    at_left = places[_LEFT].fillna(-1).astype(int).to_numpy()
    at_right = places[_RIGHT].fillna(-1).astype(int).to_numpy()
    left, right = (table.frame.reset_index(drop=True) for table in (both.left, both.right))
    ours, theirs = left.reindex(at_left), right[list(columns)].reindex(at_right)
    frame = pd.concat([part.reset_index(drop=True) for part in (ours, theirs)], axis="columns")
    alone = at_left < 0
    if alone.any():
        for name in both.on:
            frame[name] = frame[name].astype(object)
            frame.loc[alone, name] = both.right.frame[name].to_numpy(dtype=object)[at_right[alone]]
            frame[name] = frame[name].infer_objects()
    rows = both.left.frame.index
    if not alone.any():
        return frame.set_axis(rows[at_left], axis="index")
    numbers = [
        str(rows[place]) if place >= 0 else f"{both.right.origin}:{both.right.frame.index[other]}"
        for place, other in zip(at_left.tolist(), at_right.tolist(), strict=True)
    ]
    return frame.set_axis(pd.Index(numbers, name=rows.name), axis="index")


def _told(
    both: _Merge, places: pd.DataFrame, taken: Sequence[str], shared: Sequence[str]
) -> tuple[StepRecord, list[Note]]:
    n_both = int((places[_SIDE] == "both").sum())
    parts = [f"{both.match} on {', '.join(both.on)}: {n_both} rows match"]
    unmatched = []
    alone = {"left_only": (both.left, both.right), "right_only": (both.right, both.left)}
    for side, (table, other) in alone.items():
        rows = places.loc[places[_SIDE] == side, list(both.on)]
        if not rows.empty:
            keys = few([_named(tuple(key)) for key in rows.itertuples(index=False, name=None)])
            fate = "kept" if both.asked.how in ("outer", side.removesuffix("_only")) else "left out"
            text = f"{len(rows)} rows of {table.origin} have no match in {other.origin}, {fate} ({keys})"
            parts.append(text)
            unmatched.append(text)
    if shared:
        parts.append(f"the same in both: {few(shared)}")
    record = StepRecord("merge", few(taken) or "rows", (both.right.origin,), Account("; ".join(parts)))
    note = Note("W-UNMATCHED", both.right.origin, f"{'; '.join(unmatched)}.")
    return record, [note] if unmatched else []
