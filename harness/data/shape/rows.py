"""The rows of a table: their keys, checked, canonical order and groups, and which the spec keeps."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Key, Mask
from harness.data.messages import ProblemCollector, RowLocator, few, quoted, require_columns
from harness.data.name import near_columns
from harness.data.read.numbers import require_numbers
from harness.data.rules import Bound, ColumnSchema, RowFilter, Value
from harness.data.shape.times import EXPECTED, INTEGERS, Times, read_times
from harness.errors import DataError
from harness.language import Coded, marked
from harness.tables.preparation import Note

_YEARS = range(1800, 2101)


@dataclass(frozen=True, eq=False)
class PanelIndex:
    """Whose row each row is, in which period, and where it stands in canonical order.

    Attributes
    ----------
    entity, time : keys of the rows, (n_obs,) each, in canonical order: by entity, then by period
    period : (n_obs,), calendar position: 0 for the first period, one more for each step of the panel's own
        spacing, so that five-yearly data count by five years, and a gap is seen
    order : (n_obs,), position in the table of each row
    notes : what the reader of the report should know about the keys
    """

    entity: Key
    time: Key
    period: Ints
    order: Ints
    notes: tuple[Note, ...]

    @property
    def positions(self) -> Mapping[str, int]:
        """Calendar position of each period, by its label."""
        codes, first = np.unique(self.time.codes, return_index=True)
        return {self.time.labels[code]: int(self.period[at]) for code, at in zip(codes, first, strict=True)}


def read_index(locator: RowLocator) -> PanelIndex:
    """Read the keys of all rows of a table.

    Raises
    ------
    DataError
        Where a key is missing or of mixed kinds, where two rows share both keys, or the keys are swapped.
    """
    problems = ProblemCollector()
    with problems.collecting():
        labels = read_entities(locator.frame[locator.entity], name=locator.entity, locator=locator)
    with problems.collecting():
        times = read_times(locator.frame[locator.time], name=locator.time, locator=locator)
    problems.raise_if_any()
    levels = in_order(labels)
    _refuse_swapped(levels, times, locator)
    position = {label: at for at, label in enumerate(levels)}
    entity = np.array([position[label] for label in labels], dtype=np.int64)
    present, time = np.unique(times.ordinals, return_inverse=True)
    order = np.lexsort((time, entity))
    _refuse_duplicates(entity[order], time[order], order, labels, times, locator)
    spacing = max(1, int(np.gcd.reduce(np.diff(present)))) if present.size > 1 else 1
    notes = near_labels_notes(levels, name=locator.entity)
    if times.zone:
        zone = f"Times were read as written in the time zone {times.zone}."
        notes = (*notes, Note("W-TIMEZONE", locator.time, zone))
    return PanelIndex(
        entity=Key(locator.entity, levels, entity[order]),
        time=Key(locator.time, tuple(times.kind.label(ordinal) for ordinal in present.tolist()), time[order]),
        period=((times.ordinals - present[0]) // spacing)[order],
        order=order,
        notes=notes,
    )


# A period behind a gap is stray with fewer rows than this share of what others have; one further from them
# than they span, with fewer than half as many.
STRAY, FAR = 0.05, 0.5

# Fewest periods of which one can be told to be far from the others.
_FEWEST_PERIODS = 4


def stray_periods(index: PanelIndex) -> Mask:
    """Return the rows, (n_obs,) in canonical order, of periods that seem to be mistakes.

    They lie apart from the stretch of periods that has most rows, behind a gap that is no usual one, and have
    few rows.
    """
    periods, counts = np.unique(index.period, return_counts=True)
    stray = np.zeros(periods.size, dtype=np.bool_)
    if periods.size >= _FEWEST_PERIODS:
        gaps = np.diff(periods)
        stretch = np.concatenate([[0], np.cumsum(gaps > np.median(gaps))])
        largest = np.bincount(stretch, weights=counts).argmax()
        main = stretch == largest
        first, last, usual = periods[main][0], periods[main][-1], np.median(counts[main])
        away = np.maximum(first - periods, periods - last)
        is_far = (away > last - first) & (counts < FAR * usual)
        stray = ~main & (is_far | (counts < STRAY * usual))
    return stray[np.searchsorted(periods, index.period)]


def kept_range(index: PanelIndex, stray: Mask) -> tuple[str, str]:
    """Return the first and last period of the rows, (n_obs,), that are not stray."""
    kept = np.unique(index.time.codes[~stray])
    return index.time.labels[kept[0]], index.time.labels[kept[-1]]


def refuse_stray_periods(index: PanelIndex, locator: RowLocator) -> None:
    """Raise a DataError where some periods seem to be mistakes, see `stray_periods`.

    Parameters
    ----------
    locator : of the rows in the order of the table
    """
    stray = stray_periods(index)
    if not stray.any():
        return
    first, last = kept_range(index, stray)
    labels = [index.time.labels[code] for code in np.unique(index.time.codes[stray]).tolist()]
    what = Coded(
        "{labels}, in {n} of {size} rows, lie apart from the other periods, {first} to {last}",
        labels=few(labels),
        n=f"{stray.sum():,}",
        size=f"{stray.size:,}",
        first=first,
        last=last,
    )
    where = f"{locator.column(locator.time)}, {locator.rows(index.order[stray])}"
    ends = index.time.labels[0], index.time.labels[-1]
    leaves, keeps = (
        f"rows: {{{locator.time}: {{from: {low}, to: {high}}}}}" for low, high in ((first, last), ends)
    )
    hint = Coded(
        "correct the cells; or data: {leaves} leaves them out, and data: {keeps} keeps them",
        leaves=leaves,
        keeps=keeps,
    )
    raise DataError.at(where, what, marked("periods next to each other, or a range of them under rows"), hint)


def _refuse_duplicates(
    entity: Ints, time: Ints, order: Ints, labels: Sequence[str], times: Times, locator: RowLocator
) -> None:
    repeats = np.flatnonzero((np.diff(entity) == 0) & (np.diff(time) == 0))
    if repeats.size == 0:
        return
    written = times.labels
    pairs = [
        f"({labels[at]}, {written[at]}) in {locator.noun}s {locator.numbers(order[repeat : repeat + 2])}"
        for repeat, at in zip(repeats.tolist(), order[repeats].tolist(), strict=True)
    ]
    names = {"entity": locator.entity, "time": locator.time}
    where = Coded("{origin}: columns '{entity}' and '{time}'", origin=locator.origin, **names)
    pairs_text = few(pairs)
    what = Coded(
        "{n} rows repeat the entity and period of another: {pairs}", n=repeats.size, pairs=pairs_text
    )
    hint = marked("take the doubles out, or name the columns that tell the rows apart")
    raise DataError.at(where, what, marked("one row for each entity and period"), hint)


def _refuse_swapped(entities: Sequence[str], times: Times, locator: RowLocator) -> None:
    """Refuse years as entities next to whole numbers, more of them, that are no years."""
    periods = np.unique(times.ordinals)
    years_as_entities = all(re.fullmatch("[0-9]{4}", label) and int(label) in _YEARS for label in entities)
    years_as_times = times.kind is not INTEGERS or all(int(period) in _YEARS for period in periods)
    if years_as_entities and not years_as_times and periods.size > len(entities):
        where = Coded(
            "{origin}: columns '{entity}' and '{time}'",
            origin=locator.origin,
            entity=locator.entity,
            time=locator.time,
        )
        what = Coded(
            "the entities look like years ({entities}), and the periods like entities", entities=few(entities)
        )
        hint = marked("swap roles.entity and roles.time; or, if they are right, write the entities as text")
        expected = marked("an entity column that names whose row it is, and a time column")
        raise DataError.at(where, what, expected, hint)


_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def read_entities(column: pd.Series, *, name: str, locator: RowLocator) -> list[str]:
    """Return the label of every row, (n_obs,): a text as it is, a whole number by its digits.

    Raises
    ------
    DataError
        Where a label is missing, or the labels are neither all texts nor all whole numbers.
    """
    absent = column.isna().to_numpy(dtype=np.bool_)
    others = locator.left_out(absent) or marked("or take the rows out of the file")
    remedy = Coded("fill the cells in, as where one cell stands for several rows; {others}", others=others)
    locator.refuse(name, absent, marked("rows name no entity"), marked("an entity in every row"), remedy)
    if pd.api.types.is_integer_dtype(column):
        codes, distinct = pd.factorize(column)
        return list(distinct.astype(str).to_numpy(dtype=object)[codes])
    cells = column.tolist()
    if all(isinstance(cell, str) for cell in cells):
        return cells
    if all(_is_whole(cell) for cell in cells):
        return [str(int(cell)) for cell in cells]
    one_of = {type(cell).__name__: cell for cell in reversed(cells)}
    strange = [cell for cell in cells if not isinstance(cell, str) and not _is_whole(cell)]
    shown = strange or [one_of[kind] for kind in sorted(one_of)]
    where = locator.column(name)
    what = Coded(
        "entities are of kind {one_of}: {shown}", one_of=", ".join(sorted(one_of)), shown=quoted(shown)
    )
    raise DataError.at(
        where, what, marked("all texts, or all whole numbers"), marked("store the column as text")
    )


def _is_whole(cell: object) -> bool:
    if isinstance(cell, bool):
        return False
    return isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer())


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return distinct labels in canonical order: by number where all are whole numbers, else as text."""
    distinct = set(labels)
    if all(_INTEGER.fullmatch(label) for label in distinct):
        return tuple(sorted(distinct, key=lambda label: (int(label), label)))
    return tuple(sorted(distinct))


def near_labels_notes(labels: Iterable[str], *, name: str) -> tuple[Note, ...]:
    """Return a note on labels that differ only by case, width of letters or white space."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike["".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    groups = [" and ".join(repr(label) for label in group) for group in alike.values() if len(group) > 1]
    template = marked("Entity names that differ only in case or spaces: {groups}.")
    message = Coded(template, groups=few(groups))
    return (Note("W-IDNEAR", name, message),) if groups else ()


def read_groups(
    locator: RowLocator,
    columns: Sequence[str],
    rules: Mapping[str, ColumnSchema],
    *,
    classes: Mapping[str, pd.Categorical | pd.Series] | None = None,
) -> tuple[Key, ...]:
    """Return the group of every row, a key for each column.

    Groups stand in the order in which the column's rule lists its allowed values; where it lists none,
    classes in theirs, numbers in theirs, and others in alphabetical order.

    Parameters
    ----------
    rules : by column
    classes : classes or numbers of every row, (n_obs,), by column that a step made

    Raises
    ------
    DataError
        Where a column is not in the table, or a row belongs to no group of a column.
    """
    problems = ProblemCollector()
    frame = locator.frame.assign(**classes) if classes else locator.frame
    remedy = marked("correct the name where rows are grouped by it")
    for column in columns:
        with problems.collecting():
            require_columns([("groups", column)], frame.columns, origin=locator.origin, remedy=remedy)
            absent = frame[column].isna().to_numpy(dtype=np.bool_)
            hint = marked("fill the cells in, or leave out what groups rows by it")
            locator.refuse(
                column, absent, marked("rows belong to no group"), marked("a group in every row"), hint
            )
    problems.raise_if_any()
    return tuple(_group_key(frame[name], rules.get(name, ColumnSchema())) for name in columns)


def _group_key(cells: pd.Series, rule: ColumnSchema) -> Key:
    """Return the groups of a column, (n_obs,), without a missing cell."""
    written = [group_label(cell) for cell in cells.tolist()]
    categories = cells.cat.categories.tolist() if isinstance(cells.dtype, pd.CategoricalDtype) else []
    listed = {group_label(value): at for at, value in enumerate(rule.allowed or categories)}
    levels = tuple(sorted(in_order(written), key=lambda level: listed.get(level, len(listed))))
    position = {level: at for at, level in enumerate(levels)}
    codes = np.array([position[label] for label in written], dtype=np.int64)
    return Key(str(cells.name), levels, codes)


def group_label(cell: object) -> str:
    """Return what the group of a cell is called: a whole number by its digits."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def select_rows(locator: RowLocator, rules: Mapping[str, RowFilter], missing: frozenset[str]) -> Mask:
    """Return the rows, (n_obs,), that all rules keep.

    Parameters
    ----------
    locator : of the rows, with the table they are in; its key columns are matched by their labels
    rules : by column, all of which the table has
    missing : texts that stand for a missing number

    Raises
    ------
    DataError
        Where a rule does not fit its column, a value of it occurs nowhere, or no row is left.
    """
    problems = ProblemCollector()
    kept = np.ones(len(locator.frame), dtype=np.bool_)
    for column, rule in rules.items():
        with problems.collecting():
            kept &= _kept_by(rule, column, locator, missing)
    problems.raise_if_any()
    if not kept.any():
        where = Coded("{origin}: data.rows", origin=locator.origin)
        expected = marked("rules that together keep at least one row")
        raise DataError.at(
            where, marked("0 rows are left"), expected, marked("widen a range, or take a rule out")
        )
    return kept


def _kept_by(rule: RowFilter, column: str, locator: RowLocator, missing: frozenset[str]) -> Mask:
    series, where = locator.frame[column], Coded("{column} (data.rows)", column=locator.column(column))
    times = read_times(series, name=column, locator=locator) if column == locator.time else None
    kept = np.ones(len(series), dtype=np.bool_)
    if rule.has_range:
        if times is not None:
            first, last = _ends_of_time(rule, times, where)
            position: Floats = times.ordinals.astype(np.float64)
        else:
            position = require_numbers(series, missing, name=column, locator=locator)
            first, last = _ends_of_numbers(rule, where)
        kept = (position >= first) & (position <= last)
        if not kept.any():
            low, high = ("any" if bound is None else str(bound) for bound in (rule.from_, rule.to))
            what = Coded("no row lies between {low} and {high}", low=low, high=high)
            expected = marked("a range that holds at least one row")
            raise DataError.at(where, what, expected, marked("correct from and to"))
    # Values are matched by texts, a missing cell being an empty one.
    labels = times.labels if times else ["" if pd.isna(cell) else value_text(cell) for cell in series]
    if rule.include:
        kept &= _matches(rule.include, labels, where)
    return kept & ~_matches(rule.exclude, labels, where)


def value_text(value: object) -> str:
    """Return what a cell and a value of a spec share where they mean the same: 2, 2.0 and "2"."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _matches(values: tuple[Value, ...], labels: list[str], where: str) -> Mask:
    """Return the rows, (n_obs,), whose label is one of the values, each of which must occur."""
    wanted = [value_text(value) for value in values]
    known = set(labels)
    unknown = [value for value in wanted if value not in known]
    if unknown:
        hints = [hint for value in unknown if (hint := near_columns(value, known - {""}))]
        what = Coded("no row has the value {value}", value=few([repr(value) for value in unknown]))
        hint = "; ".join(hints) or marked("correct the value, or take it out of the rule")
        raise DataError.at(
            where, what, Coded("values of the column: {known}", known=few(sorted(known - {""}))), hint
        )
    return np.isin(np.array(labels, dtype=object), wanted)


def _ends_of_time(rule: RowFilter, times: Times, where: str) -> tuple[float, float]:
    def span(bound: Bound | None) -> tuple[float, float]:
        if bound is None:
            return -np.inf, np.inf
        found = times.kind.span(str(bound))
        if found is None:
            hint = Coded("write it as the column does: {labels}", labels=times.labels[0])
            raise DataError.at(
                where,
                Coded("{bound} is no {name} or year", bound=repr(bound), name=times.kind.name),
                EXPECTED,
                hint,
            )
        return found

    return span(rule.from_)[0], span(rule.to)[1]


def _ends_of_numbers(rule: RowFilter, where: str) -> tuple[float, float]:
    written = [repr(bound) for bound in (rule.from_, rule.to) if isinstance(bound, str)]
    if written:
        expected = marked("numbers as from and to of a column that is not the time")
        raise DataError.at(
            where,
            Coded("{written} is no number", written=few(written)),
            expected,
            marked("write the number without quotes"),
        )
    return float(-np.inf if rule.from_ is None else rule.from_), float(np.inf if rule.to is None else rule.to)
