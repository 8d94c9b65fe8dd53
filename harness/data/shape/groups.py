"""Columns that sort rows into groups, for questions put to each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from harness.data.key import Key
from harness.data.messages import ProblemCollector, RowLocator, few
from harness.data.name import near_columns
from harness.data.rules import ColumnRule
from harness.data.shape.panel_index import in_order
from harness.errors import Problem

NO_CLASSES: Mapping[str, pd.Categorical | pd.Series] = MappingProxyType({})
"""No column of classes."""

NO_LABELS: Mapping[str, Mapping[float, str]] = MappingProxyType({})
"""No label of a number."""


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
    frame = locator.frame.assign(**classes)
    keys = [
        _key(frame, locator, column, rules.get(column, ColumnRule()), labels.get(column, {}), problems)
        for column in columns
    ]
    problems.raise_if_any()
    return tuple(key for key in keys if key is not None)


def _key(
    frame: pd.DataFrame,
    locator: RowLocator,
    column: str,
    rule: ColumnRule,
    labels: Mapping[float, str],
    problems: ProblemCollector,
) -> Key | None:
    if column not in frame:
        known = list(frame.columns)
        hint = near_columns(column, dict.fromkeys(known)) or "correct the name where rows are grouped by it"
        problems.add(Problem(locator.column(column), "there is no such column", few(known), hint))
        return None
    cells = frame[column]
    absent = cells.isna().to_numpy(dtype=np.bool_)
    if absent.any():
        hint = "fill the cells in, or leave out what groups rows by it"
        problems.add(locator.wrong(column, absent, "rows belong to no group", "a group in every row", hint))
        return None
    written = [_label(cell) for cell in cells.tolist()]
    listed = {_label(value): at for at, value in enumerate(rule.allowed or _categories(cells))}
    levels = tuple(sorted(in_order(written), key=lambda level: listed.get(level, len(listed))))
    position = {level: at for at, level in enumerate(levels)}
    named = {_label(number): label for number, label in labels.items()}
    names = tuple(named.get(level, level) for level in levels)
    codes = np.array([position[label] for label in written], dtype=np.int64)
    return Key(column, names if len(set(names)) == len(names) else levels, codes)


def _categories(cells: pd.Series) -> list[object]:
    return cells.cat.categories.tolist() if isinstance(cells.dtype, pd.CategoricalDtype) else []


def _label(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
