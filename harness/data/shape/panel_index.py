"""The keys of a table's rows, checked, and the canonical order of the rows."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.key import Key
from harness.data.messages import ProblemCollector, RowLocator, few, quoted
from harness.data.shape.times import INTEGERS, Times, read_times
from harness.errors import DataError
from harness.language import Message
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
    near = near_labels_note(levels, name=locator.entity)
    zone = f"Times were read as written in the time zone {times.zone}."
    return PanelIndex(
        entity=Key(locator.entity, levels, entity[order]),
        time=Key(locator.time, tuple(times.kind.label(ordinal) for ordinal in present.tolist()), time[order]),
        period=((times.ordinals - present[0]) // spacing)[order],
        order=order,
        notes=(
            *((near,) if near else ()),
            *((Note("W-TIMEZONE", locator.time, zone),) if times.zone else ()),
        ),
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
    raise DataError.at(
        where=f"{locator.origin}: columns '{locator.entity}' and '{locator.time}'",
        what=f"{repeats.size} rows repeat the entity and period of another: {few(pairs)}",
        expected="one row for each entity and period",
        hint="take the doubles out, or name the columns that tell the rows apart",
    )


def _refuse_swapped(entities: Sequence[str], times: Times, locator: RowLocator) -> None:
    """Refuse years as entities beside whole numbers, more of them, that are no years."""
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
    kinds = sorted(one_of)
    strange = [cell for cell in cells if not isinstance(cell, str) and not _is_whole(cell)]
    shown = strange or [one_of[kind] for kind in kinds]
    raise DataError.at(
        where=locator.column(name),
        what=f"entities are of kind {', '.join(kinds)}: {quoted(shown)}",
        expected="all texts, or all whole numbers",
        hint="store the column as text",
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


def near_labels_note(labels: Iterable[str], *, name: str) -> Note | None:
    """Return a note on labels that differ only by case, width of letters or white space."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike["".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    groups = [" and ".join(repr(label) for label in group) for group in alike.values() if len(group) > 1]
    if not groups:
        return None
    return Note(
        "W-IDNEAR",
        name,
        Message("Entities whose names differ by case or spaces only: {groups}.", groups=few(groups)),
    )
