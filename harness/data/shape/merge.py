"""Several files as one table: rows below each other, and columns joined by the keys of their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.data_spec import Join
from harness.data.messages import Account, ProblemCollector, RowLocator, StepRecord, few, require_columns
from harness.data.read.source import Labels, Table
from harness.data.shape.rows import value_text
from harness.data.shape.times import read_times
from harness.errors import DataError, Problem
from harness.language import Coded, in_series, marked
from harness.tables.preparation import Note

# From this ratio of medians on, two files hardly have the same unit.
FAR_APART = 300.0


def append(first: Table, others: Sequence[Table], *, entity: str, time: str) -> Table:
    """Return the rows of all tables, each named by its file and its number there.

    A column that lies far apart in two files, as in 10^4 yuan and in yuan, is warned of.
    """
    tables = (first, *others)
    frames = [
        table.frame.set_axis([f"{table.origin}:{number}" for number in table.frame.index], axis="index")
        for table in tables
    ]
    if len({frame[entity].dtype.kind for frame in frames if entity in frame}) > 1:
        frames = [frame.assign(**{entity: frame[entity].map(value_text, "ignore")}) for frame in frames]
    records = tuple(_append_record(first, other, entity, time) for other in others)
    notes = tuple(note for other in others for note in _unit_notes(first, other, entity))
    frame = pd.concat(frames)
    frame.index.name = first.frame.index.name
    return _combined(tables, frame, records, notes)


def _combined(
    tables: Sequence[Table], frame: pd.DataFrame, records: Sequence[StepRecord], notes: Sequence[Note]
) -> Table:
    """Return the table of joined rows, with what is known of all its files, those of the first before others.

    Parameters
    ----------
    records, notes : of the joining
    """
    labels = {
        part: {name: text for table in reversed(tables) for name, text in vars(table.labels)[part].items()}
        for part in vars(tables[0].labels)
    }
    return replace(
        tables[0],
        frame=frame,
        title=" + ".join(dict.fromkeys(table.title for table in tables)),
        sha256=hashlib.sha256("".join(table.sha256 for table in tables).encode()).hexdigest(),
        notes=(*(note for table in tables for note in table.notes), *notes),
        files=tuple(dict.fromkeys(file for table in tables for file in table.files)),
        labels=Labels(**labels),
        records=(*(record for table in tables for record in table.records), *records),
    )


def _append_record(first: Table, other: Table, entity: str, time: str) -> StepRecord:
    frame = other.frame
    detail = Coded("{n} rows", n=len(frame))
    if entity in frame and time in frame:
        times = sorted(map(value_text, frame[time].dropna().unique()))
        detail = Coded(
            "{n} rows of {n_entities} entities, {first} to {last}",
            n=len(frame),
            n_entities=frame[entity].nunique(),
            first=times[0],
            last=times[-1],
        )
    lacks = [str(name) for name in first.frame.columns if name not in frame.columns]
    new = [str(name) for name in frame.columns if name not in first.frame.columns]
    without = Coded("without {columns}", columns=few(lacks)) if lacks else ""
    also = Coded("with {columns}, which {origin} does not have", columns=few(new), origin=first.origin)
    account = Account(in_series((detail, without, also if new else "")))
    return StepRecord("append", "rows", (other.origin,), account)


def _unit_notes(first: Table, other: Table, entity: str) -> Iterator[Note]:
    for name in first.frame.columns.intersection(other.frame.columns):
        pair = [table.frame[name] for table in (first, other)]
        is_number = all(map(pd.api.types.is_numeric_dtype, pair))
        if name == entity or not is_number or any(map(pd.api.types.is_bool_dtype, pair)):
            continue
        ours, theirs = (
            float(np.nanmedian(np.abs(_numbers(column)))) if column.notna().any() else 0.0 for column in pair
        )
        if min(ours, theirs) > 0.0 and max(ours, theirs) / min(ours, theirs) >= FAR_APART:
            message = Coded(
                "The median absolute value is {ours} in {origin} and {theirs} in {origin_2}, a "
                "ratio of {max}. Are the units the same? If not, set `scale` for one of the files.",
                ours=f"{ours:.4g}",
                origin=first.origin,
                theirs=f"{theirs:.4g}",
                origin_2=other.origin,
                max=f"{max(ours, theirs) / min(ours, theirs):,.0f}",
            )
            yield Note("W-UNITS", str(name), message)


def _numbers(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


_SIDE, _LEFT, _RIGHT = "\0side", "\0left", "\0right"

# Relative difference up to which two numbers are the same.
_ALIKE = 1e-9


@dataclass(frozen=True)
class _Merge:
    """Two tables that are joined, of which a `match` is expected by the columns `on`.

    Attributes
    ----------
    path : of the join in the spec
    """

    left: Table
    right: Table
    how: str
    on: tuple[str, ...]
    match: Literal["1:1", "m:1"]
    entity: str
    time: str
    path: str

    @property
    def where(self) -> str:
        return f"{self.right.origin} ({self.path})"


def merge(left: Table, right: Table, join: Join, *, entity: str, time: str, path: str) -> Table:
    """Return the rows of one table with the columns of another.

    Parameters
    ----------
    path : where the spec asks for it

    Raises
    ------
    DataError
        Where columns are missing, keys repeat that the match wants once, nothing matches, or both tables have
        a column with other values.
    """
    on = join.on or (entity, time)
    match = join.match or ("1:1" if {entity, time} <= set(on) else "m:1")
    both = _Merge(left, right, join.how, on, match, entity, time, path)
    for table, names in ((left, on), (right, (*on, *join.columns))):
        options, remedy = [(path, name) for name in names], marked("correct on, or use rename")
        require_columns(options, table.frame.columns, origin=table.origin, remedy=remedy)
    ours, theirs = (_keys(both, table) for table in (left, right))
    _refuse_repeats(both, theirs, right)
    if match == "1:1":
        _refuse_repeats(both, ours, left)
    _refuse_strangers(both, ours, theirs)
    ours[_LEFT], theirs[_RIGHT] = np.arange(len(left.frame)), np.arange(len(right.frame))
    positions = ours.merge(theirs, how="outer", on=list(on), validate=match, indicator=_SIDE)
    taken = [name for name in join.columns or right.frame.columns if name not in on]
    shared = [name for name in taken if name in left.frame.columns]
    matched = positions[positions[_SIDE] == "both"]
    for name in shared:
        _refuse_other_values(both, name, matched)
    sides = {"left": ("both", "left_only"), "inner": ("both",), "outer": ("both", "left_only", "right_only")}
    kept = positions.sort_values([_LEFT, _RIGHT], na_position="last")
    kept = kept[kept[_SIDE].isin(sides[join.how])]
    frame = _joined(both, kept, [name for name in taken if name not in shared])
    return _combined((left, right), frame, *_merge_record(both, positions, taken, shared))


def _keys(both: _Merge, table: Table) -> pd.DataFrame:
    """Return the keys of a table's rows as texts, so that 2, 2.0 and "2" are one."""
    locator, columns = RowLocator(table.origin, table.frame, both.entity, both.time), {}
    for name in both.on:
        cells = table.frame[name]
        hint = marked("fill the cells in, or leave the rows out by skip_rows")
        absent = cells.isna().to_numpy(dtype=np.bool_)
        locator.refuse(name, absent, marked("rows have no key"), marked("a key in every row"), hint)
        if name == both.time:
            columns[name] = read_times(cells, name=name, locator=locator).labels
        else:
            columns[name] = [value_text(cell) for cell in cells]
    return pd.DataFrame(columns)


def _refuse_repeats(both: _Merge, keys: pd.DataFrame, table: Table) -> None:
    rows = keys.set_axis(table.frame.index)[keys.duplicated(keep=False).to_numpy()]
    if rows.empty:
        return
    groups = rows.groupby(list(both.on), sort=False).groups
    noun = RowLocator(table.origin, rows, both.entity, both.time).noun
    shown = [f"{_named(key)} in {noun}s {few(list(map(str, numbers)))}" for key, numbers in groups.items()]
    found = "m:1" if table is both.left else ("m:m" if both.match == "m:1" else "1:m")
    what = Coded(
        "{n} keys ({names}) of {origin} occur more than once",
        n=len(groups),
        names=", ".join(both.on),
        origin=table.origin,
    )
    hint = marked("take the doubles out, give on further columns")
    hint = Coded("{hint}, or say match: m:1", hint=hint) if found == "m:1" else hint
    what = Coded("{what}, so that the match is {found}: {shown}", what=what, found=found, shown=few(shown))
    raise DataError.at(both.where, what, Coded("a {match} match", match=both.match), hint)


def _named(key: object) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _refuse_strangers(both: _Merge, left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Refuse keys of which none is in both tables."""
    problems = ProblemCollector()
    for name in both.on:
        ours, theirs = (sorted(set(keys[name])) for keys in (left, right))
        if not set(ours).isdisjoint(theirs):
            continue
        what: str = Coded("no '{name}' is in both", name=name)
        hint = marked("write the names alike, or recode them; or rename another column to the key")
        shown = [few(ours), few(theirs)]
        if name == both.time:
            what = marked("periods do not overlap")
            hint = marked("files of other periods are joined by append")
            shown = [Coded("{first} to {last}", first=keys[0], last=keys[-1]) for keys in (ours, theirs)]
        what = Coded(
            "{what}: {shown} in {origin}, {other_shown} in {other_origin}",
            what=what,
            shown=shown[0],
            origin=both.left.origin,
            other_shown=shown[1],
            other_origin=both.right.origin,
        )
        problems.add(Problem(both.where, what, marked("keys that both files have"), hint))
    problems.raise_if_any()


def _refuse_other_values(both: _Merge, name: str, matched: pd.DataFrame) -> None:
    """Refuse a column that both tables have with other values, and tell whether a unit explains it."""
    sides = ((both.left, _LEFT), (both.right, _RIGHT))
    ours, theirs = (
        table.frame[name].iloc[matched[at].astype(int)].reset_index(drop=True) for table, at in sides
    )
    ratio = ""
    if all(map(pd.api.types.is_numeric_dtype, (ours, theirs))):
        a, b = _numbers(ours), _numbers(theirs)
        other = ~np.isclose(a, b, rtol=_ALIKE, atol=0.0, equal_nan=True)
        ratio = _ratio(both, name, a, b)
    else:
        other = ((ours.map(str) != theirs.map(str)) & ~(ours.isna() & theirs.isna())).to_numpy()
    if other.any():
        what = Coded(
            "'{name}' is in both files, with other values in {n} of {n_all} matched rows",
            name=name,
            n=int(other.sum()),
            n_all=other.size,
        )
        hint = (
            marked("scale one of the columns")
            if ratio
            else marked("name the columns to take under columns, or use rename")
        )
        expected = marked("each column in one file, or with the same values in both")
        raise DataError.at(both.where, in_series((what, ratio)), expected, hint)


def _ratio(both: _Merge, name: str, ours: Floats, theirs: Floats) -> str:
    """Return by which power of ten most numbers, (n_rows,), differ; empty where by none."""
    usable = np.isfinite(ours) & np.isfinite(theirs) & (ours * theirs > 0)
    if not usable.any():
        return ""
    ratio = theirs[usable] / ours[usable]
    middle = float(np.median(ratio))
    near = np.abs(np.log10(ratio / middle)) < 0.01
    power = round(float(np.log10(middle)))
    if power == 0 or abs(np.log10(middle) - power) > 0.01 or near.mean() < 0.5:
        return ""
    return Coded(
        "those of {origin} are 10^{power} times as large in {n} of them, so the units differ "
        "({path}: scale: {{{name}: 1e{minus}}})",
        origin=both.right.origin,
        power=power,
        n=int(near.sum()),
        path=both.path,
        name=name,
        minus=-power,
    )


def _joined(both: _Merge, positions: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows, each numbered as in the first table, or in the second where it is there alone."""
    at_left, at_right = (positions[side].fillna(-1).astype(int).to_numpy() for side in (_LEFT, _RIGHT))
    left, right = (table.frame.reset_index(drop=True) for table in (both.left, both.right))
    ours, theirs = left.reindex(at_left), right[list(columns)].reindex(at_right)
    frame = pd.concat([part.reset_index(drop=True) for part in (ours, theirs)], axis="columns")
    rows, alone = both.left.frame.index, at_left < 0
    if not alone.any():
        return frame.set_axis(rows[at_left], axis="index")
    for name in both.on:
        cells = frame[name].astype(object)
        cells[alone] = right[name].to_numpy(dtype=object)[at_right[alone]]
        frame[name] = cells.infer_objects()
    others = both.right.origin + ":" + both.right.frame.index.map(str)
    numbers = np.where(alone, others[at_right], rows.map(str)[at_left])
    return frame.set_axis(pd.Index(numbers, name=rows.name), axis="index")


def _merge_record(
    both: _Merge, positions: pd.DataFrame, taken: Sequence[str], shared: Sequence[str]
) -> tuple[list[StepRecord], list[Note]]:
    """Return how many rows match, and a warning of those that do not."""
    n_both = int((positions[_SIDE] == "both").sum())
    unmatched = []
    for side, table, other in (("left", both.left, both.right), ("right", both.right, both.left)):
        rows = positions.loc[positions[_SIDE] == f"{side}_only", list(both.on)]
        if not rows.empty:
            keys = few([_named(key) for key in rows.itertuples(index=False, name=None)])
            what = marked("{n} rows of {origin} have no match in {other}, left out ({keys})")
            if both.how in ("outer", side):
                what = marked("{n} rows of {origin} have no match in {other}, kept ({keys})")
            words = {"origin": table.origin, "other": other.origin, "keys": keys}
            unmatched.append(Coded(what, n=len(rows), **words))
    on = Coded("{match} on {on}: {n} rows match", match=both.match, on=", ".join(both.on), n=n_both)
    same = Coded("the same in both: {columns}", columns=few(shared)) if shared else ""
    account = Account(in_series((on, *unmatched, same)))
    record = StepRecord("merge", few(taken) or "rows", (both.right.origin,), account)
    note = Note("W-UNMATCHED", both.right.origin, Coded("{what}.", what=in_series(unmatched)))
    return [record], [note] if unmatched else []
