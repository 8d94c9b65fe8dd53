"""How rows of entities and periods come out of a table that has periods, or variables, side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.data.file_spec import PERIOD, VARIABLE, Reshape
from harness.data.shape.reshape import PERIOD_PATTERN
from harness.draft.column import RawColumn
from harness.draft.keys import YEARS, entity_rank, may_be_entity

_NAMED_BY_PERIOD = re.compile(rf"(?P<before>.*?)(?<![0-9]){PERIOD_PATTERN}(?![0-9])(?P<after>.*)")
_MARKS = r" _.\-"


@dataclass(frozen=True)
class WideTable:
    """A table that has its periods, or its variables, side by side.

    Attributes
    ----------
    entity : column of the entities
    reshape : that makes rows of entities and periods of it
    """

    entity: str
    reshape: Reshape


def find_wide(frame: pd.DataFrame, *, entity: str | None, value: str) -> WideTable | None:
    """Return how a table is wide; None where its columns are not named by several periods.

    Parameters
    ----------
    entity : column of the entities, where it is known
    value : name for the cells of a table of one variable that does not say how it is called
    """
    pattern, named = _column_pattern([str(name) for name in frame.columns])
    if pattern is None:
        return None
    others = {str(name): RawColumn.of(str(name), frame[name]) for name in frame.columns if name not in named}
    entities = sorted(
        (column for column in others.values() if entity in (None, column.name) and may_be_entity(column)),
        key=entity_rank,
    )
    if VARIABLE in pattern:
        alone = [column for column in entities if column.n_values == len(frame)]
        return WideTable(alone[0].name, Reshape(columns=pattern)) if alone else None
    if alone := [column for column in entities if column.n_values == len(frame)]:
        return WideTable(alone[0].name, Reshape(columns=pattern, into=value))
    pairs = [
        (column, variable)
        for column in entities
        for variable in others.values()
        if variable is not column and variable.kind == "text" and _tell_apart((column, variable))
    ]
    if not pairs:
        return None
    column, variable = min(pairs, key=lambda pair: (entity_rank(pair[0])[0], pair[1].n_values))
    return WideTable(column.name, Reshape(columns=pattern, variable=variable.name))


def find_stacked(columns: Mapping[str, RawColumn], times: Sequence[RawColumn]) -> WideTable | None:
    """Return how a table with a row for each entity, period and variable is made wide in its variables.

    Parameters
    ----------
    columns : of the table
    times : those that may be its periods
    """
    numbers = [column for column in columns.values() if column.kind == "number" and column not in times]
    found = [
        WideTable(entity.name, Reshape(variable=variable.name, value=value.name))
        for time in times[:1]
        for value in numbers
        for variable in columns.values()
        for entity in sorted(columns.values(), key=entity_rank)
        if len({time.name, value.name, variable.name, entity.name}) == 4
        and variable.kind == "text"
        and may_be_entity(entity)
        and variable.n_values < entity.n_values
        and _tell_apart((entity, time, variable))
    ]
    return found[0] if len(numbers) == 1 and found else None


def _column_pattern(names: Sequence[str]) -> tuple[str | None, frozenset[str]]:
    """Return how columns of periods are named, and which they are; None where there are not several."""
    found = {name: match for name in names if (match := _NAMED_BY_PERIOD.fullmatch(name)) and _is_year(match)}
    if len({match["period"] for match in found.values()}) < 2:
        return None, frozenset()
    befores = list(dict.fromkeys(match["before"] for match in found.values()))
    afters = list(dict.fromkeys(match["after"] for match in found.values()))
    if befores == [""] and len(afters) == 1:
        return f"{PERIOD}{afters[0]}", frozenset(found)
    if len(afters) == 1 and all(befores):
        return f"{VARIABLE}{_common_mark(befores, last=True)}{PERIOD}{afters[0]}", frozenset(found)
    if len(befores) == 1 and all(afters):
        return f"{befores[0]}{PERIOD}{_common_mark(afters, last=False)}{VARIABLE}", frozenset(found)
    return None, frozenset()


def _is_year(match: re.Match[str]) -> bool:
    return YEARS[0] <= int(match["period"][:4]) <= YEARS[1]


def _common_mark(texts: Sequence[str], *, last: bool) -> str:
    """Return the marks that all texts end with, or begin with; none where they have different ones."""
    marks = {re.search(rf"[{_MARKS}]*$" if last else rf"^[{_MARKS}]*", text) for text in texts}
    found = {match[0] for match in marks if match}
    return found.pop() if len(found) == 1 else ""


def _tell_apart(columns: Sequence[RawColumn]) -> bool:
    """Return whether no two rows have the same cells in all columns, and none is missing."""
    rows = np.column_stack([column.codes for column in columns])
    return all(not column.n_missing for column in columns) and len(np.unique(rows, axis=0)) == len(rows)
