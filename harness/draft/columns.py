"""The columns of a raw table: what each holds, which may be keys, and how wide tables become rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Mask
from harness.data.data_spec import MISSING_VALUES, VARIABLE, Reshape
from harness.data.messages import quoted
from harness.data.read.number_text import are_years
from harness.data.read.numbers import read_numbers, strange_cells, two_texts
from harness.data.shape.reshape import column_pattern
from harness.data.shape.times import INTEGERS, KINDS, PeriodKind, written_period

# Values up to which a number may be a category.
FEW = 10

# What keys are called, the likelier name first.
TIME_NAMES = (
    *("year", "time", "period", "date", "quarter", "month", "wave", "t", "yr", "accper"),
    *("jahr", "année", "annee", "año", "ano", "anno", "年份", "年", "年度", "时间", "会计期间"),
)
ENTITY_NAMES = (
    *("entity", "id", "firm", "city", "country", "state", "county", "province", "region", "company"),
    *("geo", "ref_area", "location", "iso"),
    *("person", "nr", "unit", "code", "isocode", "iso3", "panel_id", "pid", "name", "stkcd", "symbol"),
    *("城市", "地区", "省份", "国家", "企业", "公司", "证券代码", "股票代码", "代码", "名称"),
)

# What a column is called that holds a table's numbers, in small letters, and one that holds their units.
VALUE_NAMES = {"value", "values", "obs_value", "数值", "值"}
_UNIT_NAMES = ("unit", "units", "单位", "计量单位")

# What periods look like, the clearer form first: written with signs, as 2003-12-31 and 2003Q4 are; digits
# that a code may have as well, as 2003, 200312 and 20031231; whole numbers that count periods.
PeriodForm = Literal["written", "digits", "count"]
_FORMS: tuple[PeriodForm, ...] = get_args(PeriodForm)


@dataclass(frozen=True, eq=False)
class RawColumn:
    """A column of a raw table.

    Attributes
    ----------
    name : in the file
    cells : (n_rows,), as they were read
    numbers : (n_rows,), NaN where the cell is missing or no number
    refused : (n_rows,), cells that hold something, but no finite number
    """

    name: str
    cells: pd.Series
    numbers: Floats
    refused: Mask

    @classmethod
    def of(cls, name: str, cells: pd.Series) -> RawColumn:
        """Look at the cells of a column."""
        read = read_numbers(cells, frozenset(MISSING_VALUES))
        return cls(name, cells, read.cells, read.refused | np.isinf(read.cells))

    @cached_property
    def kind(self) -> Literal["number", "text", "empty"]:
        """Whether its cells are numbers; a column without any cell is empty."""
        if self.refused.any():
            return "text"
        return "number" if np.isfinite(self.numbers).any() else "empty"

    @cached_property
    def codes(self) -> Ints:
        """Number of the value that a row holds, (n_rows,); -1 where the cell is missing."""
        codes = pd.factorize(self.cells)[0].astype(np.int64)
        return np.where(np.isnan(self.numbers), -1, codes) if self.kind == "number" else codes

    @cached_property
    def is_indicator(self) -> bool:
        """Whether it has two texts, which are 0 and 1 where numbers are needed."""
        return bool(two_texts(self.cells, name=self.name))

    @property
    def texts(self) -> list[str]:
        """Its distinct cells as they are written, dates without their time of day."""
        return [written_period(cell) for cell in self.cells.dropna().unique().tolist()]

    @property
    def strange(self) -> str:
        """The first of the cells that make it a column of texts; empty where it is none."""
        return quoted(self.cells[strange_cells(self.cells, self.refused)])

    @property
    def odd(self) -> Mask:
        """The few cells, (n_rows,), that make a column of numbers one of texts; none in other columns."""
        odd = strange_cells(self.cells, self.refused)
        return odd if 2 * odd.sum() < self.cells.count() else np.zeros_like(odd)

    @property
    def may_be_outcome(self) -> bool:
        """Whether it holds numbers, a few other cells aside, or two texts."""
        return self.kind == "number" or self.is_indicator or bool(self.odd.any())

    @property
    def may_be_exposure(self) -> bool:
        """Whether it may be an outcome, or has few texts."""
        return self.may_be_outcome or (self.kind == "text" and 1 < self.n_values <= FEW)

    @property
    def n_missing(self) -> int:
        """Number of cells that hold nothing."""
        return int((self.codes < 0).sum())

    @cached_property
    def n_values(self) -> int:
        """Number of different values."""
        return _n_distinct(self.codes[self.codes >= 0])

    @property
    def is_whole(self) -> bool:
        """Whether all its numbers are whole."""
        return self.kind == "number" and bool((self._present == np.round(self._present)).all())

    @property
    def _present(self) -> Floats:
        return self.numbers[self.codes >= 0]

    @property
    def may_be_entity(self) -> bool:
        """Whether it may name entities: texts or whole numbers, several, none missing, and no dates."""
        is_name = (self.kind == "text" and self.period_form != "written") or self.is_whole
        return is_name and not self.n_missing and 1 < self.n_values <= self.codes.size

    @cached_property
    def period_form(self) -> PeriodForm | None:
        """How its cells are written as periods; None where they are none, as codes such as 000001 are not."""
        is_text, years = self.kind == "text", list[float]()
        if not is_text and not self.is_whole:
            return None
        texts = self.texts if is_text else [f"{number:.0f}" for number in np.unique(self._present)]
        if any(text.startswith("0") and text.isdecimal() and len(text) > 1 for text in texts):
            return None
        if not is_text:
            years = [self._present.min(), self._present.max()]
        elif _are_all(texts, INTEGERS):
            years = [INTEGERS.parse(text) or 0 for text in texts]
        is_longer = any(_are_all(texts, kind) for kind in KINDS if kind is not INTEGERS)
        if is_longer or (years and are_years(*years)):
            return "digits" if all(map(str.isdecimal, texts)) else "written"
        return "count" if years and min(years) >= 0 else None

    @cached_property
    def may_be_time(self) -> bool:
        """Whether it may hold periods: several of them, each in several rows; numbers by their name alone."""
        if self.n_missing or not 1 < self.n_values < self.codes.size or self.period_form is None:
            return False
        return self.period_form != "count" or self.is_named(TIME_NAMES)

    def is_named(self, likely: Sequence[str]) -> bool:
        """Return whether it, or one of the words of its name, is called so."""
        return _rank(self.name, likely) < len(likely)

    @property
    def entity_rank(self) -> tuple[int, int, int]:
        """What orders candidates for the entity: the name of a key, then texts, then fewer values."""
        return _rank(self.name, ENTITY_NAMES), int(self.kind != "text"), self.n_values

    @property
    def time_rank(self) -> tuple[int, int, int]:
        """What orders candidates for the time: the name of a key, how clearly it is written, fewer values."""
        form = len(_FORMS) if self.period_form is None else _FORMS.index(self.period_form)
        return _rank(self.name, TIME_NAMES), form, self.n_values

    def is_constant_within(self, groups: Ints) -> bool:
        """Return whether no group of rows, (n_rows,) codes, holds two values of the column."""
        present = self.codes >= 0
        return _n_distinct(groups[present]) == _n_distinct(groups[present], self.codes[present])


def columns_of(frame: pd.DataFrame) -> dict[str, RawColumn]:
    """Return the columns of a table by name."""
    return {str(name): RawColumn.of(str(name), frame[name]) for name in frame.columns}


def n_repeats(*columns: RawColumn) -> int:
    """Return how many rows have the same cells in all columns as an earlier row."""
    return columns[0].codes.size - _n_distinct(*(column.codes for column in columns))


def _n_distinct(*codes: Ints) -> int:
    """Return how many different rows codes, (n_rows,) each, make."""
    return int((~pd.DataFrame(dict(enumerate(codes))).duplicated()).sum())


def _are_all(texts: Iterable[str], kind: PeriodKind) -> bool:
    return all(kind.parse(text) is not None for text in texts)


def identify_rows(*columns: RawColumn) -> bool:
    """Return whether no two rows have the same cells in all columns, and none is missing."""
    return not any(column.n_missing for column in columns) and not n_repeats(*columns)


def _key_pairs(columns: Iterable[RawColumn]) -> list[tuple[RawColumn, RawColumn]]:
    """Return all pairs of columns that may be entity and time."""
    every = list(columns)
    entities = [column for column in every if column.may_be_entity and column.n_values < column.codes.size]
    times = [column for column in every if column.may_be_time]
    return [(entity, time) for time in times for entity in entities if entity is not time]


def likely_keys(columns: Iterable[RawColumn]) -> list[tuple[str, str]]:
    """Return pairs of columns (entity, time) that name each row once, the likeliest first."""
    return [(entity.name, time.name) for entity, time in _ranked_keys(columns)]


def _ranked_keys(columns: Iterable[RawColumn]) -> list[tuple[RawColumn, RawColumn]]:
    pairs = [pair for pair in _key_pairs(columns) if not n_repeats(*pair)]
    return sorted(pairs, key=lambda pair: (pair[1].time_rank, pair[0].entity_rank))


def doubtful_keys(columns: Iterable[RawColumn]) -> list[tuple[str, str]]:
    """Return the pairs that may be the keys as well as the likeliest; none where a name or a date decides.

    Two columns of digits may be swapped; of several numbers that nothing calls entities each may name them.
    """
    found = _ranked_keys(columns)
    if not found:
        return []
    entity, time = found[0]
    is_named = entity.is_named(ENTITY_NAMES)
    is_swappable = time.period_form == "digits" and not is_named and not time.is_named(TIME_NAMES)
    doubtful = [pair for pair in found if is_swappable and pair == (time, entity)]
    doubtful += [
        (other, of)
        for other, of in found
        if of is time and other is not entity and other.entity_rank[:2] == entity.entity_rank[:2]
        if entity.kind == "number"
        and not is_named
        and 2 * other.n_values * time.n_values <= 3 * time.codes.size
        if not (other.n_values == entity.n_values and other.is_constant_within(entity.codes))
    ]
    return [(other.name, of.name) for other, of in doubtful]


def nearly_keys(columns: Iterable[RawColumn]) -> tuple[str, str] | None:
    """Return the likeliest pair that names all but a tenth of the rows once; None where there is none."""
    found = [
        (n_repeats(entity, time), *entity.entity_rank, entity.name, time.name)
        for entity, time in _key_pairs(columns)
        if time.is_named(TIME_NAMES) and 10 * n_repeats(entity, time) <= time.codes.size
    ]
    return min(found)[-2:] if found else None


def parts_of_periods(columns: Iterable[RawColumn]) -> tuple[str, ...]:
    """Return two columns, called like periods, that name each row once with another; empty without such."""
    every = list(columns)
    named = [column for column in every if column.is_named(TIME_NAMES) and column.kind != "empty"]
    entities = [column for column in every if column.may_be_entity and column not in named]
    pairs = (pair for pair in combinations(named, 2) if any(identify_rows(one, *pair) for one in entities))
    return tuple(column.name for column in next(pairs, ()))


def key_names(names: Sequence[str]) -> tuple[str, str]:
    """Return the names that entity and time are called, the likeliest of several; empty where none is."""
    ranked = [
        [(rank, name) for name in names if (rank := _rank(name, likely)) < len(likely)]
        for likely in (ENTITY_NAMES, TIME_NAMES)
    ]
    entity, time = (min(found, default=(0, ""))[1] for found in ranked)
    return entity, time


def _rank(name: str, likely: Sequence[str]) -> int:
    """Return the position of a column's name, or of one of its words, among likely ones."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = {plain, *re.split(r"[_\-.\s]+", plain)}
    return next((at for at, other in enumerate(likely) if other in words), len(likely))


@dataclass(frozen=True)
class TableShape:
    """Which columns are the keys of a table, and how it is made long.

    Attributes
    ----------
    entity, time : columns of entities and of periods; empty where there is none, as in a wide table
    reshape : that makes rows of entities and periods of a table that has its periods, or its variables, side
        by side; None for one that has such rows
    """

    entity: str = ""
    time: str = ""
    reshape: Reshape | None = None


def find_wide(columns: Mapping[str, RawColumn], *, entity: str | None, value: str) -> TableShape | None:
    """Return how a table is wide; None where its columns are not named by several periods.

    Parameters
    ----------
    entity : column of the entities, where it is known
    value : name for the cells of a table of one variable that does not say how it is called
    """
    pattern, named = column_pattern(columns)
    if pattern is None:
        return None
    others = [column for name, column in columns.items() if name not in named]
    entities = [column for column in others if entity in (None, column.name) and column.may_be_entity]
    entities.sort(key=lambda column: column.entity_rank)
    has_variables = VARIABLE in pattern
    whole = next((column.name for column in entities if column.n_values == column.codes.size), None)
    if whole is not None:
        return TableShape(whole, reshape=Reshape(columns=pattern, into=None if has_variables else value))
    found = [(len(names), column, names) for column in entities for names in _variables(others, column)]
    if has_variables or not found:
        return None
    _, column, names = min(found, key=lambda way: (way[0], way[1].entity_rank[0], *_variable_rank(way[2])))
    return TableShape(column.name, reshape=Reshape(columns=pattern, variable=_one_or_all(names)))


def _variables(columns: Iterable[RawColumn], *keys: RawColumn) -> list[tuple[RawColumn, ...]]:
    """Return the columns of texts that name the variable of a row with these keys, one or two together."""
    texts = [column for column in columns if column not in keys and column.kind == "text"]
    for size in (1, 2):
        if found := [names for names in combinations(texts, size) if identify_rows(*keys, *names)]:
            return found
    return []


def _variable_rank(names: Sequence[RawColumn]) -> tuple[int, bool]:
    """Return what orders columns that may name variables: fewer values, and last those of units."""
    return sum(column.n_values for column in names), names[0].is_named(_UNIT_NAMES)


def _one_or_all(names: Sequence[RawColumn]) -> str | tuple[str, ...]:
    return names[0].name if len(names) == 1 else tuple(column.name for column in names)


def find_stacked(columns: Mapping[str, RawColumn]) -> TableShape | None:
    """Return how a table with a row for each entity, period and variable is made wide."""
    times = [column for column in columns.values() if column.may_be_time]
    numbers = [
        column
        for column in columns.values()
        if column.kind == "number" and column.n_values > 1 and column not in times
    ]
    values = [column for column in numbers if column.name.casefold() in VALUE_NAMES] or numbers
    if not times or len(values) != 1:
        return None
    time, value = times[0], values[0]
    others = [column for column in columns.values() if column not in (time, value)]
    entities = sorted(
        filter(lambda column: column.may_be_entity, others), key=lambda column: column.entity_rank
    )
    found = [
        (names, entity)
        for entity in entities
        for names in _variables(others, entity, time)
        if all(column.n_values < entity.n_values for column in names)
    ]
    if not found:
        return None
    names, entity = min(found, key=lambda way: len(way[0]))
    return TableShape(entity.name, time.name, Reshape(variable=_one_or_all(names), value=value.name))
