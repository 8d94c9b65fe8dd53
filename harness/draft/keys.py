"""Which columns may be the keys of a panel."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from harness.data.shape.period_kind import INTEGERS, KINDS, kind_of_texts
from harness.data.shape.times import written_period
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
