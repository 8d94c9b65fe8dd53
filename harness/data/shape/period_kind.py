"""Kinds of periods: years and other whole numbers, fiscal years, quarters, months, days."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

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
    2009-10 alone is October 2009, beside 2010-11 it is a fiscal year.
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
    same_day = len({date.day for date in dates}) == 1 or all(_ends_month(date) for date in dates)
    months = {date.month for date in dates}
    if same_day and len(months) == 1:
        return INTEGERS
    if same_day and len({month % 3 for month in months}) == 1:
        return QUARTERS
    return MONTHS if same_day else DAYS


def _ends_month(date: datetime.date) -> bool:
    return date.day == calendar.monthrange(date.year, date.month)[1]


def position_of(date: datetime.date, kind: PeriodKind) -> int:
    """Return the position of the period that a date lies in."""
    if kind is DAYS:
        return date.toordinal()
    within = {INTEGERS.name: 0, QUARTERS.name: (date.month - 1) // 3, MONTHS.name: date.month - 1}
    return kind.first_of(date.year) + within[kind.name]
