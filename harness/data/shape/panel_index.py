"""The keys of a table's rows, checked, the canonical order of the rows, and columns that group them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.key import Key
from harness.data.messages import ProblemCollector, RowLocator, few, quoted
from harness.data.name import near_columns
from harness.data.rules import ColumnRule
from harness.data.shape.times import INTEGERS, Times, read_times
from harness.errors import DataError, Problem
from harness.language import Message, marked
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
        return {
            self.time.labels[code]: int(at) for code, at in zip(self.time.codes, self.period, strict=True)
        }


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
    where = f"{locator.origin}: columns '{locator.entity}' and '{locator.time}'"
    what = f"{repeats.size} rows repeat the entity and period of another: {few(pairs)}"
    hint = "take the doubles out, or name the columns that tell the rows apart"
    raise DataError.at(where, what, "one row for each entity and period", hint)


def _refuse_swapped(entities: Sequence[str], times: Times, locator: RowLocator) -> None:
    """Refuse years as entities next to whole numbers, more of them, that are no years."""
    periods = np.unique(times.ordinals)
    years_as_entities = all(
        len(label) == 4 and label.isdecimal() and int(label) in _YEARS for label in entities
    )
    years_as_times = times.kind is not INTEGERS or all(int(period) in _YEARS for period in periods)
    if years_as_entities and not years_as_times and periods.size > len(entities):
        raise DataError.at(
            where=f"{locator.origin}: columns '{locator.entity}' and '{locator.time}'",
            what=f"the entities look like years ({few(entities)}), and the periods like entities",
            expected="an entity column that names whose row it is, and a time column",
            hint="swap roles.entity and roles.time; or, if they are right, write the entities as text",
        )


_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def read_entities(column: pd.Series, *, name: str, locator: RowLocator) -> list[str]:
    """Return the label of every row, (n_obs,): a text as it is, a whole number by its digits.

    Raises
    ------
    DataError
        Where a label is missing, or the labels are neither all texts nor all whole numbers.
    """
    absent = column.isna().to_numpy(dtype=np.bool_)
    others = locator.left_out(absent) or "or take the rows out of the file"
    remedy = f"fill the cells in, as where one cell stands for several rows; {others}"
    locator.refuse(name, absent, "rows name no entity", "an entity in every row", remedy)
    cells = column.tolist()
    if all(isinstance(cell, str) for cell in cells):
        return cells
    if all(_is_whole(cell) for cell in cells):
        return [str(int(cell)) for cell in cells]
    one_of = {type(cell).__name__: cell for cell in reversed(cells)}
    strange = [cell for cell in cells if not isinstance(cell, str) and not _is_whole(cell)]
    shown = strange or [one_of[kind] for kind in sorted(one_of)]
    where, what = locator.column(name), f"entities are of kind {', '.join(sorted(one_of))}: {quoted(shown)}"
    raise DataError.at(where, what, "all texts, or all whole numbers", "store the column as text")


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
    template = marked("Entities whose names differ by case or spaces only: {groups}.")
    message = Message(template, groups=few(groups))
    return (Note("W-IDNEAR", name, message),) if groups else ()


NO_CLASSES: Mapping[str, pd.Categorical | pd.Series] = MappingProxyType({})

NO_LABELS: Mapping[str, Mapping[float, str]] = MappingProxyType({})


def read_groups(
    locator: RowLocator,
    columns: Sequence[str],
    rules: Mapping[str, ColumnRule],
    *,
    classes: Mapping[str, pd.Categorical | pd.Series] = NO_CLASSES,
    labels: Mapping[str, Mapping[float, str]] = NO_LABELS,
) -> tuple[Key, ...]:
    """Return the group of every row, a key for each column.

    Groups stand in the order in which the column's rule lists its allowed values; where it lists none,
    classes in theirs, numbers in theirs, and others in alphabetical order. A number that the file has a label
    for is called by that.

    Parameters
    ----------
    rules : by column
    classes : classes or numbers of every row, (n_obs,), by column that a step made
    labels : of numbers, by column

    Raises
    ------
    DataError
        Where a column is not in the table, or a row belongs to no group of a column.
    """
    problems = ProblemCollector()
    frame = locator.frame.assign(**classes) if classes else locator.frame
    known = list(map(str, frame.columns))
    for column in columns:
        if column not in known:
            hint = near_columns(column, known) or "correct the name where rows are grouped by it"
            problems.add(Problem(locator.column(column), "there is no such column", few(known), hint))
            continue
        absent = frame[column].isna().to_numpy(dtype=np.bool_)
        hint = "fill the cells in, or leave out what groups rows by it"
        with problems.collecting():
            locator.refuse(column, absent, "rows belong to no group", "a group in every row", hint)
    problems.raise_if_any()
    return tuple(
        _group_key(frame[column], rules.get(column, ColumnRule()), labels.get(column, {}))
        for column in columns
    )


def _group_key(cells: pd.Series, rule: ColumnRule, labels: Mapping[float, str]) -> Key:
    """Return the groups of a column, (n_obs,), without a missing cell."""
    written = [_label(cell) for cell in cells.tolist()]
    categories = cells.cat.categories.tolist() if isinstance(cells.dtype, pd.CategoricalDtype) else []
    listed = {_label(value): at for at, value in enumerate(rule.allowed or categories)}
    levels = tuple(sorted(in_order(written), key=lambda level: listed.get(level, len(listed))))
    position = {level: at for at, level in enumerate(levels)}
    named = {_label(number): label for number, label in labels.items()}
    names = tuple(named.get(level, level) for level in levels)
    codes = np.array([position[label] for label in written], dtype=np.int64)
    return Key(str(cells.name), names if len(set(names)) == len(names) else levels, codes)


def _label(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
