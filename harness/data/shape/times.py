"""Periods: how they are written and counted, and which period each row belongs to."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.messages import RowLocator, quoted
from harness.errors import DataError

_INTEGER = re.compile(r"([+-]?[0-9]{1,12})(\.0*)?", re.ASCII)
_YEAR = re.compile(r"(?:FY|YR)?([0-9]{4})(?:年度?|FY|\[YR\1\])?", re.ASCII)
_FISCAL_YEAR = re.compile(r"([0-9]{4})[-–/]([0-9]{2}|[0-9]{4})", re.ASCII)
_QUARTER = re.compile(r"([0-9]{4})[年./-]?(?:[Qq]([1-4])|第?([1-4一二三四])季度?)", re.ASCII)
_QUARTER_FIRST = re.compile(r"[Qq]([1-4])[./-]?([0-9]{4})", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})(?:[-Mm./]|年)(0?[1-9]|1[0-2])月?", re.ASCII)
_MONTH_DIGITS = re.compile(r"((?:1[89]|2[01])[0-9]{2})(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(
    r"([0-9]{4})(?:[-./]|年)([0-9]{1,2})(?:[-./]|月)([0-9]{1,2})日?(?:T?00:00(?::00(?:\.0+)?)?)?", re.ASCII
)
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", re.ASCII)
_DAY_DIGITS = re.compile(r"((?:1[89]|2[01])[0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4}


@dataclass(frozen=True)
class PeriodKind:
    """How periods of one length are counted and written.

    Attributes
    ----------
    name : such as ``month``
    parse : position of a period written as text; None where it is written otherwise
    label : text of a position
    first_of : position at which a year begins
    """

    name: str
    parse: Callable[[str], int | None]
    label: Callable[[int], str]
    first_of: Callable[[int], int]

    def span(self, written: str) -> tuple[int, int] | None:
        """Return the first and last position of a period; a bare year spans its quarters, months or days."""
        position = self.parse(written)
        if position is not None:
            return position, position
        year = _parse_integer(written)
        return None if year is None else (self.first_of(year), self.first_of(year + 1) - 1)


def _plain(written: str) -> str:
    """Return a period without white space, in the ordinary width."""
    return "".join(unicodedata.normalize("NFKC", written).split())


def _parse_integer(written: str) -> int | None:
    text = _plain(written)
    match = _INTEGER.fullmatch(text) or _YEAR.fullmatch(text)
    return int(match[1]) if match else None


def _parse_fiscal_year(written: str) -> int | None:
    match = _FISCAL_YEAR.fullmatch(_plain(written))
    if match is None:
        return None
    first, last = int(match[1]), match[2]
    return first if int(last) == (first + 1) % 10 ** len(last) else None


def _parse_quarter(written: str) -> int | None:
    text = _plain(written)
    if turned := _QUARTER_FIRST.fullmatch(text):
        text = f"{turned[2]}Q{turned[1]}"
    match = _QUARTER.fullmatch(text)
    if match is None:
        return None
    quarter = match[2] or match[3]
    return int(match[1]) * 4 + (_NUMERALS.get(quarter) or int(quarter)) - 1


def _parse_month(written: str) -> int | None:
    text = _plain(written)
    match = _MONTH.fullmatch(text) or _MONTH_DIGITS.fullmatch(text)
    return int(match[1]) * 12 + int(match[2]) - 1 if match else None


def _parse_day(written: str) -> int | None:
    text = _plain(written)
    if turned := _DAY_FIRST.fullmatch(text):
        text = f"{turned[3]}-{turned[2]}-{turned[1]}"
    match = _DAY.fullmatch(text) or _DAY_DIGITS.fullmatch(text)
    if match is None:
        return None
    try:
        return datetime.date(*map(int, match.groups())).toordinal()
    except ValueError:
        return None


INTEGERS = PeriodKind("whole number", _parse_integer, str, lambda year: year)
FISCAL_YEARS = PeriodKind(
    "fiscal year", _parse_fiscal_year, lambda at: f"{at}-{(at + 1) % 100:02d}", lambda year: year
)
QUARTERS = PeriodKind("quarter", _parse_quarter, lambda at: f"{at // 4}Q{at % 4 + 1}", lambda year: year * 4)
MONTHS = PeriodKind("month", _parse_month, lambda at: f"{at // 12}-{at % 12 + 1:02d}", lambda year: year * 12)
DAYS = PeriodKind(
    "day",
    _parse_day,
    lambda at: datetime.date.fromordinal(at).isoformat(),
    lambda year: datetime.date(year, 1, 1).toordinal(),
)


KINDS = (INTEGERS, QUARTERS, MONTHS, FISCAL_YEARS, DAYS)


def kind_of_texts(texts: Collection[str]) -> PeriodKind:
    """Return the kind of period that fits most of these texts.

    Digits that are months or days throughout, such as 201012 and 201101, are those. So are spans of years:
    2009-10 alone is October 2009, next to 2010-11 it is a fiscal year.
    """
    distinct = tuple(dict.fromkeys(map(_plain, texts)))
    narrow = (FISCAL_YEARS, MONTHS, DAYS) if len(distinct) > 1 else (MONTHS, DAYS)
    throughout = [kind for kind in narrow if all(kind.parse(text) is not None for text in distinct)]
    return min(throughout or KINDS, key=lambda kind: sum(kind.parse(text) is None for text in distinct))


def plain_period(written: str) -> str | None:
    """Return a period in its plain form, such as ``2011`` for ``2011年``; None where it is no period."""
    positions = ((kind, kind.parse(written)) for kind in KINDS)
    return next((kind.label(position) for kind, position in positions if position is not None), None)


def kind_of_dates(dates: Sequence[datetime.date]) -> PeriodKind:
    """Return the longest kind of period of which these dates are one day each.

    Dates on one day of the year, such as every 31 December, are years; those on one day of the month, or on
    its last day, are quarters where their months are three apart, else months.
    """
    ends = (calendar.monthrange(date.year, date.month)[1] for date in dates)
    same_day = len({date.day for date in dates}) == 1 or [date.day for date in dates] == list(ends)
    months = {date.month for date in dates}
    if same_day and len(months) == 1:
        return INTEGERS
    if same_day and len({month % 3 for month in months}) == 1:
        return QUARTERS
    return MONTHS if same_day else DAYS


def position_of(date: datetime.date, kind: PeriodKind) -> int:
    """Return the position of the period that a date lies in."""
    if kind is DAYS:
        return date.toordinal()
    within = {INTEGERS.name: 0, QUARTERS.name: (date.month - 1) // 3, MONTHS.name: date.month - 1}
    return kind.first_of(date.year) + within[kind.name]


EXPECTED = (
    "whole numbers such as 2011, fiscal years 2010-11, quarters 2011Q2, months 2011-04, or dates 2011-04-30, "
    "one kind throughout"
)


@dataclass(frozen=True, eq=False)
class Times:
    """The periods of a column.

    Attributes
    ----------
    kind : years and other whole numbers, fiscal years, quarters, months or days
    ordinals : (n_obs,), position of the period among all periods of its kind
    zone : time zone that the column's moments were given in; empty where there was none
    """

    kind: PeriodKind
    ordinals: Ints
    zone: str = ""

    @property
    def labels(self) -> list[str]:
        """Name of each row's period, (n_obs,)."""
        return [self.kind.label(ordinal) for ordinal in self.ordinals.tolist()]


def read_times(column: pd.Series, *, name: str, locator: RowLocator) -> Times:
    """Return the periods of a column, (n_obs,).

    Dates that repeat one day a year are years, one day a quarter or a month quarters and months.

    Raises
    ------
    DataError
        Where a cell is missing, or is no period of the kind that the others are, and where years of two
        digits pass a century.
    """
    absent = column.isna().to_numpy(dtype=np.bool_)
    remedy = f"fill the cells in; {locator.left_out(absent) or 'or take the rows out of the file'}"
    locator.refuse(name, absent, "rows name no period", EXPECTED, remedy)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    if pd.api.types.is_datetime64_any_dtype(column):
        return _from_moments(column, name=name, locator=locator)
    return _from_cells([written_period(cell) for cell in column], name=name, locator=locator)


def _from_moments(column: pd.Series, *, name: str, locator: RowLocator) -> Times:
    """Return the periods of moments, which must be midnights, as their own time zone writes them."""
    zone = str(column.dtype.tz) if isinstance(column.dtype, pd.DatetimeTZDtype) else ""
    local = column.dt.tz_localize(None)
    _refuse((local != local.dt.normalize()).tolist(), column.tolist(), name=name, locator=locator)
    return _from_dates(local.dt.date.tolist(), zone=zone)


def _from_dates(dates: Sequence[datetime.date], *, zone: str = "") -> Times:
    kind = kind_of_dates(dates)
    return Times(kind, np.array([position_of(date, kind) for date in dates], dtype=np.int64), zone)


def _from_cells(cells: Sequence[str], *, name: str, locator: RowLocator) -> Times:
    """Return the periods of cells by the kind that fits most of them."""
    kind = kind_of_texts(cells)
    positions = [kind.parse(cell) for cell in cells]
    _refuse([position is None for position in positions], cells, name=name, locator=locator)
    whole = [position for position in positions if position is not None]
    if kind is INTEGERS:
        _refuse_two_digits(sorted(set(whole)), name=name, locator=locator)
    if kind is DAYS:
        return _from_dates([datetime.date.fromordinal(position) for position in whole])
    return Times(kind, np.array(whole, dtype=np.int64))


def written_period(cell: object) -> str:
    """Return a cell as it would be written in a text file; a truth value is no period."""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)


def _refuse(refused: Sequence[bool], cells: Sequence[object], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where some cells, (n_obs,), are no periods."""
    found = quoted(cell for cell, is_refused in zip(cells, refused, strict=True) if is_refused)
    hint = "write the periods in one of these forms; or are entity and time swapped?"
    locator.refuse(name, np.array(refused, dtype=np.bool_), f"cells are no periods: {found}", EXPECTED, hint)


# Numbers that step evenly across the turn of a century by chance no more.
_FEWEST = 4


def _refuse_two_digits(periods: Sequence[int], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where numbers below 100, in order, step evenly only once the small ones follow 99."""
    if len(periods) < _FEWEST or periods[0] < 0 or periods[-1] > 99:
        return
    later = [period + 100 for period in periods if period < 50]
    steps = set(np.diff([*(period for period in periods if period >= 50), *later]).tolist())
    if len(steps) == 1 and len(set(np.diff(periods).tolist())) > 1:
        first, last = periods[len(later)], later[-1] - 100
        raise DataError.at(
            where=locator.column(name),
            what=f"the periods run from {first:02d} over 99 to {last:02d}: years of two digits, "
            f"and {last:02d} would be taken as earlier than {first:02d}",
            expected="years of four digits, such as 1998 and 2003",
            hint="write the century into the column",
        )
