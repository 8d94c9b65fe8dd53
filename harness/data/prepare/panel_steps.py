"""Steps that take values from other rows: lags, gaps filled, prices of one period, means of neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.messages import Account, number, require
from harness.data.name import ColumnName
from harness.data.neighbours import nearest_neighbours
from harness.data.prepare.step import Calendar, Column, OfNamedColumns, OneColumn
from harness.language import Coded, in_series, marked
from harness.tables.preparation import Note


@dataclass(frozen=True)
class _OfAnotherPeriod(OneColumn):
    """A column's value in another period.

    Attributes
    ----------
    sign : 1 for earlier, -1 for later periods
    """

    name: ClassVar[str]
    sign: ClassVar[int] = 1

    periods: Annotated[int, Field(ge=1, le=1000)] = 1

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where no row has one so many periods away.
        """
        of, source = columns[self.of], calendar.earlier(self.sign * self.periods)
        found = source >= 0
        n_periods = len(calendar.positions)
        if not found.any() and self.periods >= n_periods > 1:
            first, second = sorted(calendar.positions, key=calendar.positions.__getitem__)[:2]
            what = Coded(
                "no row has another one {periods} periods {side}",
                periods=self.periods,
                side=marked("earlier") if self.sign > 0 else marked("later"),
            )
            hint = Coded(
                "from {first} to {second} is one period, whatever lies between: count from one to the next",
                first=first,
                second=second,
            )
            raise self.refusal(
                what, Coded("at most {n}, one less than the panel has periods", n=n_periods - 1), hint
            )
        return Column(np.where(found, of.cells[source], np.nan), ~found | of.unreached[source])

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many rows have no row so many periods away."""
        template = marked("{periods} later; {n} rows have no such period")
        if self.sign > 0:
            template = marked("{periods} earlier; {n} rows have no such period")
        return Account(Coded(template, periods=self.periods, n=int(made.unreached.sum())))


@dataclass(frozen=True)
class Lag(_OfAnotherPeriod):
    """``- lag: {into: invest_before, of: invest, periods: 1}``.

    Periods are counted on the calendar of the panel, not by rows: after a gap of an entity there is no value
    one period earlier, but from 1985 to 1995 is one period where the panel has no year between. Rows without
    one are left out and counted in the report.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is taken from
    periods : how many periods earlier, at least 1
    """

    name: ClassVar[str] = "lag"


@dataclass(frozen=True)
class Lead(_OfAnotherPeriod):
    """``- lead: {into: digital_after, of: digital, periods: 1}``.

    It shows whether outcomes go with what has not happened yet. Periods are counted on the calendar, as those
    of a lag are.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is taken from
    periods : how many periods later, at least 1
    """

    name: ClassVar[str] = "lead"
    sign: ClassVar[int] = -1


@dataclass(frozen=True)
class Difference(_OfAnotherPeriod):
    """``- difference: {into: gdp_change, of: gdp, periods: 1}``.

    Periods are counted on the calendar, as those of a lag are.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is computed from
    periods : over how many periods, at least 1
    """

    name: ClassVar[str] = "difference"

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        of, before = columns[self.of], super().across(columns, calendar)
        unreached = of.unreached | before.unreached
        return Column(np.where(unreached, np.nan, of.cells - before.cells), unreached)


@dataclass(frozen=True)
class GrowthRate(_OfAnotherPeriod):
    """``- growth_rate: {into: gdp_growth, of: gdp, periods: 1}``: ``of`` over its earlier value, less 1.

    Periods are counted on the calendar, as those of a lag are.

    Attributes
    ----------
    into : column that is computed, a fraction
    of : column it is computed from, above 0
    periods : over how many periods, at least 1
    """

    name: ClassVar[str] = "growth_rate"
    known_as: ClassVar[tuple[str, ...]] = ("growth", "pct_change", "rate_of_change", "增长率")

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where an earlier value is not above 0.
        """
        of, before = columns[self.of], super().across(columns, calendar)
        if n_below := int((before.cells <= 0.0).sum()):
            what = Coded("'{of}' grows from 0 or below in {n_below} rows", of=self.of, n_below=n_below)
            hint = marked("use `difference`, or leave the rows out by data.rows")
            raise self.refusal(what, "numbers above 0", hint)
        unreached = of.unreached | before.unreached
        return Column(np.where(unreached, np.nan, of.cells / before.cells - 1.0), unreached)


@dataclass(frozen=True)
class Interpolate:
    """``- interpolate: {columns: [lpg, gas], limit: 2}``, the one step that fills columns in place.

    A missing cell between two periods of the same entity that have a value is filled on the straight line
    between them, by the calendar. Cells before an entity's first value and after its last stay missing. All
    the entity's rows are used, whatever fold they are in; the report counts the cells that were filled, and
    ``interpolated.csv`` lists them.

    Attributes
    ----------
    columns : to fill
    limit : periods without a value that are filled at most; a longer gap stays as it is
    """

    name: ClassVar[str] = "interpolate"

    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=1000)]

    @property
    def parts(self) -> tuple[FillGaps, ...]:
        """One step for each column."""
        return tuple(FillGaps(column, self.limit) for column in self.columns)


@dataclass(frozen=True)
class FillGaps(OfNamedColumns):
    """Interpolation of one column.

    Attributes
    ----------
    of : the column
    limit : periods in the longest gap that is filled
    """

    name: ClassVar[str] = Interpolate.name

    of: ColumnName
    limit: int

    @property
    def into(self) -> str:
        """The column itself."""
        return self.of

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column with its gaps filled."""
        column = columns[self.of]
        filled = interpolate(column.cells, ~column.unreached, calendar, limit=self.limit)
        return Column(filled, column.unreached)

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many cells were filled, and which, and a warning where there are any."""
        filled = np.isnan(columns[self.of].cells) & np.isfinite(made.cells)
        count, n_obs = int(filled.sum()), made.cells.size
        left = int((np.isnan(made.cells) & ~made.unreached).sum())
        counts = {"count": count, "n_obs": n_obs, "count_2": f"{count / n_obs:.1%}"}
        template = marked("{count} of {n_obs} cells filled ({count_2}), {left} still missing")
        detail = Coded(template, left=left, **counts)
        message = Coded(
            "{count} of {n_obs} cells ({count_2}) were missing and are interpolated linearly "
            "between the entity's neighbouring periods, including periods of other folds.",
            **counts,
        )
        return Account(detail, (Note("W-INTERPOLATED", self.of, message),) if count else (), filled)


def interpolate(values: Floats, fillable: Mask, calendar: Calendar, *, limit: int) -> Floats:
    """Return a column, (n_obs,), with short gaps within entities filled on straight lines.

    Parameters
    ----------
    values : (n_obs,), NaN where missing
    fillable : (n_obs,), cells that may be filled
    calendar : of the rows
    limit : periods without a value in the longest gap that is filled
    """
    order = np.lexsort((calendar.period, calendar.entity))
    value, entity, period = values[order], calendar.entity[order], calendar.period[order]
    known = np.flatnonzero(np.isfinite(value))
    empty = np.flatnonzero(np.isnan(value) & fillable[order])
    following = np.searchsorted(known, empty)
    empty, following = (rows[(following > 0) & (following < known.size)] for rows in (empty, following))
    left, right = known[following - 1], known[following]
    span = period[right] - period[left]
    within = (entity[left] == entity[empty]) & (entity[right] == entity[empty]) & (span <= limit + 1)
    empty, left, right, span = (rows[within] for rows in (empty, left, right, span))
    share = (period[empty] - period[left]) / span
    filled = values.copy()
    filled[order[empty]] = value[left] + share * (value[right] - value[left])
    return filled


@dataclass(frozen=True)
class Deflate(OfNamedColumns):
    """``- deflate: {into: gdp_2011, of: gdp, by: price_index, base: 2011}``.

    The column over the price index, which counts as 1 in each entity's row of the base period, whatever its
    own base is. Rows of an entity without such a row are left out and counted in the report.

    Attributes
    ----------
    into : column that is computed, in units of `of` in prices of the base period
    of : column in prices of its own period
    by : price index or deflator, above 0
    base : a period of the panel
    """

    name: ClassVar[str] = "deflate"

    into: ColumnName
    of: ColumnName
    by: ColumnName
    base: int | str

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where no row is of the base period, or the index is not above 0.
        """
        of, by, positions = columns[self.of], columns[self.by], calendar.positions
        label, n_below = str(self.base), int((by.cells <= 0.0).sum())
        hint = marked("correct the step's options, or the column")
        if n_below:
            what = Coded("'{by}' is 0 or below in {n} rows", by=self.by, n=n_below)
            raise self.refusal(what, marked("numbers above 0"), hint)
        if label not in positions:
            first, last = min(positions, key=positions.__getitem__), max(positions, key=positions.__getitem__)
            expected = Coded("a period of the panel, from {first} to {last}", first=first, last=last)
            raise self.refusal(Coded("no row is of the base period {label}", label=label), expected, hint)
        rows = calendar.rows_in(np.full_like(calendar.period, positions[label]))
        unreached = (rows < 0) | of.unreached | by.unreached | by.unreached[rows]
        cells = of.cells / (by.cells / by.cells[rows])
        return Column(np.where(unreached, np.nan, cells), unreached)

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return the range of the index."""
        present = np.isfinite(made.cells) & (made.cells != 0.0)
        prices = columns[self.of].cells[present] / made.cells[present]
        detail = Coded("prices relative to {base}", base=self.base)
        if prices.size:
            low, high = number(prices.min()), number(prices.max())
            template = marked("prices relative to {base} from {low} to {high}")
            detail = Coded(template, base=self.base, low=low, high=high)
        missed = int(made.unreached.sum())
        return Account(in_series((detail, Coded("{n} rows without a base", n=missed) if missed else "")))


@dataclass(frozen=True)
class SpatialLag(OfNamedColumns):
    """``- spatial_lag: {into: digital_near, of: digital, latitude: lat, longitude: lon, nearest: 5}``.

    The neighbours of a row are the nearest rows of its period by great-circle distance, or without
    coordinates those of its period that ``data.contiguity`` names, by its weights. They count whichever of
    them are trained or tested on, since who is near whom is known of all. So the column must be a regressor:
    the neighbours' outcomes, test rows' among them, are refused.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column whose mean over the neighbours is taken
    latitude, longitude : columns, in degrees, both or neither
    nearest : how many neighbours, at least 1, where there are coordinates; a row whose period has fewer has
        no value, nor has one without any neighbour or whose neighbours have gaps
    """

    name: ClassVar[str] = "spatial_lag"

    into: ColumnName
    of: ColumnName
    latitude: ColumnName | None = None
    longitude: ColumnName | None = None
    nearest: Annotated[int, Field(ge=1, le=1000)] = 5

    def __post_init__(self) -> None:
        are_both = (self.latitude is None) == (self.longitude is None)
        require(are_both, "latitude and longitude are named together, or neither")

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where neither coordinates nor a file tell neighbours.
        """
        of, *coordinates = (columns[name] for name in self.inputs)
        links = calendar.neighbours
        if not coordinates and links is not None:
            means, unreached = links.means(of.cells), links.means(of.unreached.astype(np.float64))
            return Column(means, unreached != 0.0)
        if not coordinates:
            what = marked("nothing says who is near whom")
            expected = marked("coordinates, or a file of pairs of neighbours")
            hint = marked("name latitude and longitude of the step, or a file under data.contiguity")
            raise self.refusal(what, expected, hint)
        places = np.column_stack([column.cells for column in coordinates])
        near = nearest_neighbours(places, calendar.period, nearest=self.nearest)
        are_enough = near.min(axis=1) >= 0
        means = np.where(are_enough, of.cells[near].mean(axis=1), np.nan)
        return Column(means, ~are_enough | of.unreached[near].any(axis=1))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many rows have no neighbours."""
        template = marked("neighbours by data.contiguity; {n} rows have no such neighbours")
        if self.latitude:
            template = marked("{nearest} nearest; {n} rows have no such neighbours")
        return Account(Coded(template, nearest=self.nearest, n=int(made.unreached.sum())))


PANEL_STEPS = (Interpolate, Lag, Lead, Difference, GrowthRate, Deflate, SpatialLag)
