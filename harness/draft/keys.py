"""Which columns may be the keys of a panel, and how one comes of a table with periods side by side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.data.file_spec import PERIOD, VARIABLE, Reshape
from harness.data.shape.reshape import PERIOD_PATTERN
from harness.data.shape.times import INTEGERS, KINDS, kind_of_texts, written_period
from harness.draft.column import RawColumn

TIME_NAMES = (
    "year",
    "time",
    "period",
    "date",
    "quarter",
    "month",
    "wave",
    "t",
    "yr",
    "jahr",
    "année",
    "annee",
    "año",
    "ano",
    "anno",
    "年份",
    "年",
    "年度",
    "时间",
)
ENTITY_NAMES = (
    *("entity", "id", "firm", "city", "country", "state", "county", "province", "region", "company"),
    *("person", "nr", "unit", "code", "isocode", "iso3", "panel_id", "pid", "name"),
    *("城市", "地区", "省份", "国家", "企业", "公司", "代码", "名称"),
)
"""What keys are called, the likelier name first."""

YEARS = (1800, 2200)
"""Whole numbers that are taken for years."""


def texts_of(frame: pd.DataFrame) -> Mapping[str, Sequence[str]]:
    """Return the distinct cells of each column as they are written, dates without their time of day."""
    return {
        str(name): [written_period(cell) for cell in frame[name].dropna().unique().tolist()]
        for name in frame.columns
    }


def likely_keys(
    columns: Sequence[RawColumn], texts: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, str], ...]:
    """Return pairs of columns (entity, time) that name each row once, the likeliest first.

    Parameters
    ----------
    columns : of the table
    texts : distinct cells of each column as written
    """
    times = [column for column in columns if may_be_time(column, texts[column.name])]
    pairs = [
        (entity, time)
        for time in times
        for entity in columns
        if entity is not time
        and may_be_entity(entity)
        and entity.n_values < entity.codes.size
        and names_rows(entity, time)
    ]
    ranked = sorted(pairs, key=lambda pair: (_rank(pair[1].name, TIME_NAMES), *entity_rank(pair[0])))
    return tuple((entity.name, time.name) for entity, time in ranked)


def nearly_keys(columns: Sequence[RawColumn], texts: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return the likeliest pair that names all but a tenth of the rows once; None where there is none."""
    named = [column for column in columns if _rank(column.name, TIME_NAMES) < len(TIME_NAMES)]
    found = [
        (n_doubled(entity, time), *entity_rank(entity), entity.name, time.name)
        for time in named
        if may_be_time(time, texts[time.name])
        for entity in columns
        if entity is not time and may_be_entity(entity) and entity.n_values < entity.codes.size
    ]
    few_doubled = [pair for pair in found if 10 * pair[0] <= columns[0].codes.size]
    return min(few_doubled)[-2:] if few_doubled else None


def n_doubled(entity: RawColumn, time: RawColumn) -> int:
    """Return how many rows are of a pair that an earlier row is of."""
    pairs = np.column_stack([entity.codes, time.codes])
    return len(pairs) - len(np.unique(pairs, axis=0))


def names_rows(entity: RawColumn, time: RawColumn) -> bool:
    """Return whether no two rows have the same cells in both columns, and none is missing."""
    pairs = np.column_stack([entity.codes, time.codes])
    return entity.n_missing == time.n_missing == 0 and len(np.unique(pairs, axis=0)) == len(pairs)


def may_be_time(column: RawColumn, texts: Sequence[str]) -> bool:
    """Return whether a column may hold periods: several of them, each in several rows."""
    if column.n_missing or not 1 < column.n_values < column.codes.size:
        return False
    if column.is_whole:
        low, high = column.numbers.min(), column.numbers.max()
        is_year = YEARS[0] <= low and high <= YEARS[1]
        is_named = _rank(column.name, TIME_NAMES) < len(TIME_NAMES)
        return is_year or (is_named and low >= 0) or kind_of_texts(texts) is not INTEGERS
    return column.kind == "text" and any(
        all(kind.parse(text) is not None for text in texts) for kind in KINDS
    )


def may_be_entity(column: RawColumn) -> bool:
    """Return whether a column may name entities: texts or whole numbers, several and none missing."""
    is_name = column.kind == "text" or column.is_whole
    return is_name and not column.n_missing and 1 < column.n_values <= column.codes.size


def entity_rank(column: RawColumn) -> tuple[int, int, int]:
    """Return what orders candidates: those with the name of a key, then texts, then fewer values."""
    return _rank(column.name, ENTITY_NAMES), int(column.kind != "text"), column.n_values


def named_time(names: Sequence[str]) -> str:
    """Return the column that is called like a time, the likeliest of several; empty where there is none."""
    return _called(names, TIME_NAMES)


def named_entity(names: Sequence[str]) -> str:
    """Return the column that is called like entities, the likeliest of several; empty where there is none."""
    return _called(names, ENTITY_NAMES)


def _called(names: Sequence[str], likely: Sequence[str]) -> str:
    ranked = [(rank, name) for name in names if (rank := _rank(name, likely)) < len(likely)]
    return min(ranked, default=(0, ""))[1]


def _rank(name: str, names: Sequence[str]) -> int:
    """Return the place of a column's name, or of one of its words, among likely ones."""
    words = set(_words(name))
    return next((at for at, name in enumerate(names) if name in words), len(names))


def _words(name: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", name).casefold()
    yield plain
    yield from plain.replace("_", " ").replace("-", " ").replace(".", " ").split()


_NAMED_BY_PERIOD = re.compile(rf"(?P<before>.*?)(?<![0-9]){PERIOD_PATTERN}(?![0-9])(?P<after>.*)")
_MARKS = r" _.\-"


@dataclass(frozen=True)
class WideTable:
    """A table that has its periods, or its variables, side by side.

    Attributes
    ----------
    entity : column of the entities
    reshape : that makes rows of entities and periods of it
    """

    entity: str
    reshape: Reshape


def find_wide(frame: pd.DataFrame, *, entity: str | None, value: str) -> WideTable | None:
    """Return how a table is wide; None where its columns are not named by several periods.

    Parameters
    ----------
    entity : column of the entities, where it is known
    value : name for the cells of a table of one variable that does not say how it is called
    """
    pattern, named = _column_pattern([str(name) for name in frame.columns])
    if pattern is None:
        return None
    others = {str(name): RawColumn.of(str(name), frame[name]) for name in frame.columns if name not in named}
    entities = sorted(
        (column for column in others.values() if entity in (None, column.name) and may_be_entity(column)),
        key=entity_rank,
    )
    if VARIABLE in pattern:
        alone = [column for column in entities if column.n_values == len(frame)]
        return WideTable(alone[0].name, Reshape(columns=pattern)) if alone else None
    if alone := [column for column in entities if column.n_values == len(frame)]:
        return WideTable(alone[0].name, Reshape(columns=pattern, into=value))
    pairs = [
        (column, variable)
        for column in entities
        for variable in others.values()
        if variable is not column and variable.kind == "text" and _tell_apart((column, variable))
    ]
    if not pairs:
        return None
    column, variable = min(pairs, key=lambda pair: (entity_rank(pair[0])[0], pair[1].n_values))
    return WideTable(column.name, Reshape(columns=pattern, variable=variable.name))


def find_stacked(columns: Mapping[str, RawColumn], times: Sequence[RawColumn]) -> WideTable | None:
    """Return how a table with a row for each entity, period and variable is made wide in its variables.

    Parameters
    ----------
    columns : of the table
    times : those that may be its periods
    """
    numbers = [column for column in columns.values() if column.kind == "number" and column not in times]
    found = [
        WideTable(entity.name, Reshape(variable=variable.name, value=value.name))
        for time in times[:1]
        for value in numbers
        for variable in columns.values()
        for entity in sorted(columns.values(), key=entity_rank)
        if len({time.name, value.name, variable.name, entity.name}) == 4
        and variable.kind == "text"
        and may_be_entity(entity)
        and variable.n_values < entity.n_values
        and _tell_apart((entity, time, variable))
    ]
    return found[0] if len(numbers) == 1 and found else None


def _column_pattern(names: Sequence[str]) -> tuple[str | None, frozenset[str]]:
    """Return how columns of periods are named, and which they are; None where there are not several."""
    found = {name: match for name in names if (match := _NAMED_BY_PERIOD.fullmatch(name)) and _is_year(match)}
    if len({match["period"] for match in found.values()}) < 2:
        return None, frozenset()
    befores = list(dict.fromkeys(match["before"] for match in found.values()))
    afters = list(dict.fromkeys(match["after"] for match in found.values()))
    if befores == [""] and len(afters) == 1:
        return f"{PERIOD}{afters[0]}", frozenset(found)
    if len(afters) == 1 and all(befores):
        return f"{VARIABLE}{_common_mark(befores, last=True)}{PERIOD}{afters[0]}", frozenset(found)
    if len(befores) == 1 and all(afters):
        return f"{befores[0]}{PERIOD}{_common_mark(afters, last=False)}{VARIABLE}", frozenset(found)
    return None, frozenset()


def _is_year(match: re.Match[str]) -> bool:
    return YEARS[0] <= int(match["period"][:4]) <= YEARS[1]


def _common_mark(texts: Sequence[str], *, last: bool) -> str:
    """Return the marks that all texts end with, or begin with; none where they have different ones."""
    marks = {re.search(rf"[{_MARKS}]*$" if last else rf"^[{_MARKS}]*", text) for text in texts}
    found = {match[0] for match in marks if match}
    return found.pop() if len(found) == 1 else ""


def _tell_apart(columns: Sequence[RawColumn]) -> bool:
    """Return whether no two rows have the same cells in all columns, and none is missing."""
    rows = np.column_stack([column.codes for column in columns])
    return all(not column.n_missing for column in columns) and len(np.unique(rows, axis=0)) == len(rows)
