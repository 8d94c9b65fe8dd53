"""From the cells of a file to columns with types, as its spec says: cleaned, counted, shown by examples."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from harness.data.file_spec import FileSpec
from harness.data.messages import Account, RowLocator, StepRecord, few, quoted
from harness.data.name import near_columns
from harness.data.read.layout import check_header
from harness.data.read.number_text import NUMBER, PLAIN, number_from_text
from harness.data.read.numbers import numbers_as_text, require_numbers, texts, type_objects, type_texts
from harness.data.read.source import Reading, Source
from harness.data.read.table import Labels
from harness.data.shape.reshape import reshape
from harness.data.shape.times import plain_period
from harness.errors import DataError, Problem
from harness.language import Message


def interpret(reading: Reading, source: Source) -> Reading:
    """Return a table with clean cells, the spec's names of columns, one row an entity and period, and types.

    Raises
    ------
    DataError
        Where a column that the spec names is not there, or does not hold what the spec says.
    """
    log = CleaningLog(source.origin)
    names = source.spec.rename
    frame = _renamed(reading.frame, names, source.origin)
    labels = Labels(
        {names.get(name, name): label for name, label in reading.labels.columns.items()},
        {names.get(name, name): numbers for name, numbers in reading.labels.numbers.items()},
    )
    cleaner = Cleaner(source.spec, source.entity, source.time, log)
    for name in _text_columns(frame):
        written = frame[name].tolist()
        cells = cleaner.column(str(name), written)
        if any(after is not before for after, before in zip(cells, written, strict=True)):
            frame[name] = pd.Series(cells, frame.index, dtype="object")
    records = [*reading.records]
    if source.spec.reshape is not None:
        shaped = reshape(
            frame, source.spec.reshape, entity=source.entity, time=source.time, origin=source.origin
        )
        frame = shaped.frame
        records.append(shaped.record)
    for name in _text_columns(frame):
        frame[name] = _typed(frame[name], str(name), source, reading, log)
    frame = _without_numbers(frame, source, records)
    frame = _scaled(frame, source, records)
    frame = _named(frame, labels.numbers.get(source.entity, {}), source, records)
    return replace(reading, frame=frame, labels=labels, records=(*log.records(), *records))


def _renamed(frame: pd.DataFrame, names: Mapping[str, str], origin: str) -> pd.DataFrame:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise DataError(
            *(
                Problem(
                    where=f"{origin}: column '{name}' (data.rename)",
                    what="there is no such column",
                    expected=few(list(map(str, frame.columns))),
                    hint=near_columns(name, frame.columns) or "correct the name",
                )
                for name in absent
            )
        )
    return frame.set_axis(
        check_header([names.get(name, name) for name in frame.columns], origin), axis="columns"
    )


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [
        name
        for name in frame.columns
        if frame[name].dtype == object or isinstance(frame[name].dtype, pd.StringDtype)
    ]


def _typed(column: pd.Series, name: str, source: Source, reading: Reading, log: CleaningLog) -> pd.Series:
    """Return a column with a type; the column of entities is text as it stands."""
    missing = frozenset(source.spec.missing_values)
    cells = [None if _is_absent(cell) else cell for cell in column.tolist()]
    if reading.cells == "texts":
        as_texts = ["" if cell is None else str(cell) for cell in cells]
        typed = texts(as_texts) if name == source.entity else type_texts(as_texts, missing)
        return typed.set_axis(column.index)
    if name != source.entity and (found := numbers_as_text(cells, missing)):
        for text in found if name != source.time else ():
            log.add("number_from_text", name, text, str(number_from_text(text)))
        numbers = set(found)
        cells = [number_from_text(cell) if cell in numbers else cell for cell in cells]
    elif reading.cells == "typed":
        return column
    return type_objects(cells, frozenset({""}) if name == source.entity else missing).set_axis(column.index)


def _is_absent(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def _without_numbers(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    """Return the table without the numbers, such as -999, that stand for missing cells."""
    marks = {float(text): text for text in source.spec.missing_values if NUMBER.fullmatch(text)}
    for name in frame.columns if marks else ():
        column = frame[name]
        if name == source.entity or not pd.api.types.is_numeric_dtype(column):
            continue
        found = column.isin(marks).to_numpy(dtype=np.bool_)
        if found.any():
            frame = frame.assign(**{name: column.astype("float64").mask(found)})
            texts = ", ".join(marks[mark] for mark in sorted(set(column[found].tolist())))
            detail = Message("{sum} cells of {texts} are missing", sum=int(found.sum()), texts=texts)
            records.append(StepRecord("missing_values", str(name), (source.origin,), Account(detail)))
    return frame


def _scaled(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    locator = RowLocator(source.origin, frame, source.entity, source.time)
    for name, factor in source.spec.scale.items():
        if name not in frame.columns:
            raise DataError.at(
                where=f"{source.origin}: column '{name}' (data.scale)",
                what="there is no such column",
                expected=few(list(frame.columns)),
                hint=near_columns(name, frame.columns) or "correct the name",
            )
        missing = frozenset(source.spec.missing_values)
        values = require_numbers(frame[name], missing, name=name, locator=locator)
        frame = frame.assign(**{name: values * factor})
        records.append(StepRecord("scale", name, (source.origin,), Account(f"{name} x {factor:.15g}")))
    return frame


def _named(
    frame: pd.DataFrame, labels: Mapping[float, str], source: Source, records: list[StepRecord]
) -> pd.DataFrame:
    """Return the table with entities by their labels, where each number has one of its own."""
    column = source.entity
    if column not in frame.columns or not labels or not pd.api.types.is_numeric_dtype(frame[column]):
        return frame
    numbers = frame[column].unique().tolist()
    names = [labels.get(number) for number in numbers]
    if None in names or len(set(names)) < len(names):
        return frame
    pairs = few([f"{number} as {name}" for number, name in zip(numbers, names, strict=True)])
    detail = Message("{names} numbers by their labels: {pairs}", names=len(names), pairs=pairs)
    records.append(StepRecord("value_labels", column, (source.origin,), Account(detail)))
    return frame.assign(**{column: frame[column].map(labels)})


_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_WIDE = re.compile(r"[\uff05\uff0b-\uff19]")
_PERCENT = re.compile(r"[+-]?[0-9.,' ]*[0-9.]\s?%", re.ASCII)
_EXAMPLES = 3


@dataclass
class CleaningLog:
    """What was cleaned in one file.

    Attributes
    ----------
    origin : the file
    """

    origin: str
    _changes: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, step: str, column: str, before: str, after: str) -> None:
        """Count one cell."""
        self._changes[step, column].append((before, after))

    def records(self) -> tuple[StepRecord, ...]:
        """Return one record for each kind of cleaning and column: how many cells, and the first of them."""
        return tuple(
            StepRecord(step, column, (self.origin,), Account(_detail(changes)))
            for (step, column), changes in self._changes.items()
        )


def _detail(changes: Sequence[tuple[str, str]]) -> str:
    distinct = list(dict.fromkeys(changes))
    shown = ", ".join(f"{before!r} to {after!r}" for before, after in distinct[:_EXAMPLES])
    cells = "1 cell" if len(changes) == 1 else f"{len(changes)} cells"
    return f"{cells}: {shown}" + (", ..." if len(distinct) > _EXAMPLES else "")


def plain_blanks(text: str) -> str:
    """Return a text without white space at its ends and between Chinese characters, where it only aligns.

    Full-width, no-break and other blanks, and runs of them, are one ordinary blank; marks of no width go.
    """
    return _BETWEEN_HAN.sub("", " ".join(text.translate(_ZERO_WIDTH).split()))


@dataclass(frozen=True)
class Cleaner:
    """Cleans the cells of one file.

    Attributes
    ----------
    spec : what separators and percent signs mean
    entity, time : columns of names and of periods
    log : where each changed cell is counted
    """

    spec: FileSpec
    entity: str
    time: str
    log: CleaningLog

    def column(self, name: str, cells: Sequence[object]) -> list[object]:
        """Return the cells of a column, (n_obs,); what is no text is returned as it is."""
        clean = self._period if name == self.time else self._name if name == self.entity else self._cell
        texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
        changes = {text: found for text in texts if (found := clean(text))}
        self._refuse_mixed(name, texts, changes)
        cleaned = list(cells)
        for at, cell in enumerate(cells if changes else ()):
            if isinstance(cell, str) and cell in changes:
                for step, before, after in changes[cell]:
                    self.log.add(step, name, before, after)
                    cleaned[at] = after
        return cleaned

    def _refuse_mixed(
        self, name: str, texts: Iterable[str], changes: Mapping[str, Sequence[tuple[str, str, str]]]
    ) -> None:
        """Refuse fractions made of per cents beside numbers without the sign, which may be either."""
        if self.spec.percent != "fraction":
            return
        marked = [cell for cell, found in changes.items() if any(step == "percent" for step, *_ in found)]
        bare = [cell for cell in texts if PLAIN.fullmatch(cell) and float(cell) != 0.0]
        if marked and bare:
            raise DataError.at(
                where=f"{self.log.origin}: column '{name}'",
                what=f"some cells have a percent sign ({quoted(marked)}), others none ({quoted(bare)})",
                expected="one way of writing throughout",
                hint="write all cells of the column alike; or say percent: number, if all are per cents",
            )

    def _name(self, cell: str) -> list[tuple[str, str, str]]:
        return _changes(cell, ("strip_blanks", plain_blanks))

    def _period(self, cell: str) -> list[tuple[str, str, str]]:
        return _changes(
            cell, ("strip_blanks", plain_blanks), ("plain_period", lambda text: plain_period(text) or text)
        )

    def _cell(self, cell: str) -> list[tuple[str, str, str]]:
        if self.spec.thousands != "." and PLAIN.fullmatch(cell):
            return []  # as each of the steps would leave it
        return _changes(
            cell,
            ("strip_blanks", plain_blanks),
            ("full_width", _plain_width),
            ("minus_sign", _plain_minus),
            ("percent", self._percent),
            ("thousands", self._thousands),
            ("decimal", self._decimal),
        )

    def _percent(self, text: str) -> str:
        if self.spec.percent is None or not _PERCENT.fullmatch(text):
            return text
        number = self._decimal(self._thousands(text[:-1].rstrip()))
        if not PLAIN.fullmatch(number):
            return text
        return number if self.spec.percent == "number" else _shifted(number, -2)

    def _thousands(self, text: str) -> str:
        mark = self.spec.thousands
        if mark is None or mark not in text:
            return text
        grouped = (
            rf"[+-]?[1-9][0-9]{{0,2}}({re.escape(mark)}[0-9]{{3}})+({re.escape(self.spec.decimal)}[0-9]*)?"
        )
        return text.replace(mark, "") if re.fullmatch(grouped, text, re.ASCII) else text

    def _decimal(self, text: str) -> str:
        if self.spec.decimal == "." or text.count(",") != 1:
            return text
        written = text.replace(",", ".")
        return written if PLAIN.fullmatch(written) else text


def _changes(cell: str, *steps: tuple[str, Callable[[str], str]]) -> list[tuple[str, str, str]]:
    """Return the steps, in order, that change a cell, with the cell before and after each."""
    changes = []
    for step, function in steps:
        after = function(cell)
        if after != cell:
            changes.append((step, cell, after))
            cell = after
    return changes


def _plain_width(text: str) -> str:
    """Return a number in the ordinary width; another text as it is."""
    if not _WIDE.search(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    return plain if re.fullmatch(r"[+-]?[0-9.,' ]*[0-9.][0-9.]*%?", plain, re.ASCII) else text


def _plain_minus(text: str) -> str:
    """Return a number behind a typographic minus with an ordinary one; another text as it is."""
    return f"-{text[1:]}" if text[:1] == "\u2212" and text[1:2].isdecimal() else text


def _shifted(number: str, places: int) -> str:
    """Return a decimal number with its point moved, exactly."""
    from decimal import Decimal

    return format(Decimal(number).scaleb(places), "f")
