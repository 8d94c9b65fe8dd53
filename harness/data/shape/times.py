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

from harness.arrays import Ints, Mask
from harness.data.messages import RowLocator, quoted
from harness.data.read.number_text import are_years
from harness.errors import DataError
from harness.language import Coded, marked


@dataclass(frozen=True)
class PeriodKind:
    """How periods of one length are counted and written.

    Attributes
    ----------
    name : such as ``month``
    position : of the period that year, month and day are in; a ValueError where there is no such day
    label : text of a position
    patterns : how a period is written, white space and width aside, with its parts by name: ``year``, the
        last year of two (``last``), ``quarter``, ``month``, ``day``
    """

    name: str
    position: Callable[[int, int, int], int]
    label: Callable[[int], str]
    patterns: tuple[str, ...]

    def parse(self, written: str) -> int | None:
        """Return the position of a period written as text; None where it is written otherwise."""
        text = _plain(written)
        matches = (re.fullmatch(pattern, text, re.ASCII) for pattern in self.patterns)
        found = next((match.groupdict() for match in matches if match), None)
        if found is None:
            return None
        year, month, last = int(found["year"]), int(found.get("month", 1)), found.get("last")
        if "quarter" in found:
            month = 3 * int(unicodedata.numeric(found["quarter"])) - 2
        if last is not None and int(last) != (year + 1) % 10 ** len(last):
            return None
        try:
            return self.position(year, month, int(found.get("day", 1)))
        except ValueError:
            return None

    def span(self, written: str) -> tuple[int, int] | None:
        """Return the first and last position of a period; a bare year spans its quarters, months or days."""
        position = self.parse(written)
        if position is not None:
            return position, position
        year = INTEGERS.parse(written)
        return None if year is None else (self.position(year, 1, 1), self.position(year + 1, 1, 1) - 1)


def _plain(written: str) -> str:
    """Return a period without white space, in the ordinary width."""
    return "".join(unicodedata.normalize("NFKC", written).split())


_YEAR, _CENTURY = "(?P<year>[0-9]{4})", "(?P<year>(?:1[89]|2[01])[0-9]{2})"
_MIDNIGHT = r"(?:T?00:00(?::00(?:\.0+)?)?)?"

INTEGERS = PeriodKind(
    "whole number",
    lambda year, *_: year,
    str,
    (r"(?P<year>[+-]?[0-9]{1,12})(?:\.0*)?", rf"(?:FY|YR)?{_YEAR}(?:年度?|FY|\[YR(?P=year)\])?"),
)
FISCAL_YEARS = PeriodKind(
    "fiscal year",
    lambda year, *_: year,
    lambda at: f"{at}-{(at + 1) % 100:02d}",
    (rf"{_YEAR}[-–/](?P<last>[0-9]{{2}}|[0-9]{{4}})",),
)
QUARTERS = PeriodKind(
    "quarter",
    lambda year, month, _: year * 4 + (month - 1) // 3,
    lambda at: f"{at // 4}Q{at % 4 + 1}",
    (
        rf"[Qq](?P<quarter>[1-4])[./-]?{_YEAR}",
        rf"{_YEAR}[年./-]?[Qq](?P<quarter>[1-4])",
        rf"{_YEAR}[年./-]?第?(?P<quarter>[1-4一二三四])季度?",
        rf"{_CENTURY}0?(?P<quarter>[1-4])",
    ),
)
MONTHS = PeriodKind(
    "month",
    lambda year, month, _: year * 12 + month - 1,
    lambda at: f"{at // 12}-{at % 12 + 1:02d}",
    (rf"{_YEAR}(?:[-Mm./]|年)(?P<month>0?[1-9]|1[0-2])月?", rf"{_CENTURY}(?P<month>0[1-9]|1[0-2])"),
)
DAYS = PeriodKind(
    "day",
    lambda year, month, day: datetime.date(year, month, day).toordinal(),
    lambda at: datetime.date.fromordinal(at).isoformat(),
    (
        rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.{_YEAR}",
        rf"{_YEAR}(?:[-./]|年)(?P<month>[0-9]{{1,2}})(?:[-./]|月)(?P<day>[0-9]{{1,2}})日?{_MIDNIGHT}",
        rf"{_CENTURY}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})",
    ),
)


KINDS = (INTEGERS, QUARTERS, MONTHS, FISCAL_YEARS, DAYS)


def kind_of_texts(texts: Collection[str]) -> PeriodKind:
    """Return the kind of period that fits most of these texts.

    Digits that are months, days or quarters throughout, such as 201012 and 201101, or 20104 and 20111, are
    those; 201001 to 201004 of several years are quarters. So are spans of years: 2009-10 alone is October
    2009, next to 2010-11 it is a fiscal year.
    """
    distinct = tuple(dict.fromkeys(map(_plain, texts)))
    narrow = (FISCAL_YEARS, MONTHS, DAYS, QUARTERS) if len(distinct) > 1 else (MONTHS, DAYS)
    narrow = (QUARTERS, *narrow) if len(distinct) > 4 else narrow
    throughout = [kind for kind in narrow if all(kind.parse(text) is not None for text in distinct)]
    return min(throughout or KINDS, key=lambda kind: sum(kind.parse(text) is None for text in distinct))


def plain_period(written: str) -> str | None:
    """Return a period in its plain form, such as ``2011`` for ``2011年``; None where it is no period."""
    positions = ((kind, kind.parse(written)) for kind in KINDS)
    return next((kind.label(position) for kind, position in positions if position is not None), None)


# Labels at most that are looked at.
_LOOKED_AT = 1000


def are_dates(labels: Sequence[object]) -> bool:
    """Return whether labels are dates, months, quarters or years, all of one kind."""
    texts = [str(label) for label in labels[:_LOOKED_AT]]
    kind = kind_of_texts(texts)
    positions = [position for text in texts if (position := kind.parse(text)) is not None]
    return len(positions) == len(texts) and (kind is not INTEGERS or are_years(*positions))


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
    remedy = Coded(
        "fill the cells in; {left_out}",
        left_out=locator.left_out(absent) or marked("or take the rows out of the file"),
    )
    locator.refuse(name, absent, marked("rows name no period"), EXPECTED, remedy)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    # Each period is looked at once, however many rows have it.
    is_plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    codes, distinct = pd.factorize(column if is_plain else column.map(written_period))
    if pd.api.types.is_datetime64_any_dtype(column):  # midnights, as their own time zone writes them
        zone = str(column.dtype.tz) if isinstance(column.dtype, pd.DatetimeTZDtype) else ""
        local = pd.Series(distinct).dt.tz_localize(None)
        refused = (local != local.dt.normalize()).to_numpy()
        _refuse(refused[codes], column[refused[codes]].tolist(), name=name, locator=locator)
        return _from_dates(local.dt.date.tolist(), codes, zone=zone)
    cells = [written_period(cell) for cell in distinct]
    kind = kind_of_texts(cells)
    positions = [kind.parse(cell) for cell in cells]
    refused = np.array([position is None for position in positions], dtype=np.bool_)[codes]
    _refuse(refused, [cells[code] for code in codes[refused]], name=name, locator=locator)
    whole = [position for position in positions if position is not None]
    if kind is INTEGERS:
        _refuse_two_digits(sorted(set(whole)), name=name, locator=locator)
    if kind is DAYS:
        return _from_dates([datetime.date.fromordinal(position) for position in whole], codes)
    return Times(kind, np.array(whole, dtype=np.int64)[codes])


def _from_dates(dates: Sequence[datetime.date], codes: Ints, *, zone: str = "") -> Times:
    kind = kind_of_dates(dates)
    ordinals = [kind.position(date.year, date.month, date.day) for date in dates]
    return Times(kind, np.array(ordinals, dtype=np.int64)[codes], zone)


def written_period(cell: object) -> str:
    """Return a cell as it would be written in a text file; a truth value is no period."""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)


def _refuse(refused: Mask, cells: Sequence[object], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where some rows, (n_obs,), have cells that are no periods."""
    found = quoted(cells)
    hint = marked("write the periods in one of these forms; or are entity and time swapped?")
    locator.refuse(name, refused, Coded("cells are no periods: {found}", found=found), EXPECTED, hint)


# Numbers that step evenly across the turn of a century by chance no more.
_FEWEST = 4


def _refuse_two_digits(periods: Sequence[int], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where numbers below 100, in order, step evenly only once the small ones follow 99."""
    if len(periods) < _FEWEST or periods[0] < 0 or periods[-1] > 99:
        return
    later = [period + 100 for period in periods if period < 50]
    steps = set(np.diff([*(period for period in periods if period >= 50), *later]).tolist())
    if len(steps) == 1 and len(set(np.diff(periods).tolist())) > 1:
        first, last = f"{periods[len(later)]:02d}", f"{later[-1] - 100:02d}"
        what = Coded(
            "the periods run from {first} over 99 to {last}: years of two digits, and {last} would be taken",
            first=first,
            last=last,
        )
        expected = marked("years of four digits, such as 1998 and 2003")
        hint = marked("write the century into the column")
        raise DataError.at(
            locator.column(name),
            Coded("{what} as earlier than {first}", what=what, first=first),
            expected,
            hint,
        )
