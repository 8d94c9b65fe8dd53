"""From the cells of a file to columns with types, as its spec says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.data.locations import RowLocator, few
from harness.data.name import near_columns
from harness.data.prepare.account import Account, StepRecord
from harness.data.read.clean import Cleaner, CleaningLog
from harness.data.read.header import check_header
from harness.data.read.numbers import require_numbers
from harness.data.read.source import Reading, Source
from harness.data.read.table import Labels
from harness.data.read.type_inference import (
    NUMBER,
    number_from_text,
    numbers_as_text,
    texts,
    type_objects,
    type_texts,
)
from harness.data.shape.reshape import reshape
from harness.errors import DataError, Problem


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
            detail = f"{int(found.sum())} cells of {texts} are missing"
            records.append(StepRecord("missing_values", str(name), (source.origin,), Account(detail)))
    return frame


def _scaled(frame: pd.DataFrame, source: Source, records: list[StepRecord]) -> pd.DataFrame:
    locator = RowLocator(source.origin, frame, source.entity, source.time)
    for name, factor in source.spec.scale.items():
        if name not in frame.columns:
            raise DataError(
                Problem(
                    where=f"{source.origin}: column '{name}' (data.scale)",
                    what="there is no such column",
                    expected=few(list(frame.columns)),
                    hint=near_columns(name, frame.columns) or "correct the name",
                )
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
    detail = f"{len(names)} numbers by their labels: {pairs}"
    records.append(StepRecord("value_labels", column, (source.origin,), Account(detail)))
    return frame.assign(**{column: frame[column].map(labels)})
