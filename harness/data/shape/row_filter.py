"""Which rows of a table are kept, as the spec's rules say."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.arrays import Floats, Mask
from harness.data.messages import ProblemCollector, RowLocator, few
from harness.data.name import near_columns
from harness.data.read.numbers import require_numbers
from harness.data.rules import Bound, RowFilter, Value
from harness.data.shape.times import EXPECTED, Times, read_times
from harness.errors import DataError


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
        where, expected = f"{locator.origin}: data.rows", "rules that together keep at least one row"
        raise DataError.at(where, "0 rows are left", expected, "widen a range, or take a rule out")
    return kept


def _kept_by(rule: RowFilter, column: str, locator: RowLocator, missing: frozenset[str]) -> Mask:
    series, where = locator.frame[column], f"{locator.column(column)} (data.rows)"
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
            what, expected = f"no row lies between {low} and {high}", "a range that holds at least one row"
            raise DataError.at(where, what, expected, "correct from and to")
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
        what = f"no row has the value {few([repr(value) for value in unknown])}"
        hint = "; ".join(hints) or "correct the value, or take it out of the rule"
        raise DataError.at(where, what, f"values of the column: {few(sorted(known - {''}))}", hint)
    return np.isin(np.array(labels, dtype=object), wanted)


def _ends_of_time(rule: RowFilter, times: Times, where: str) -> tuple[float, float]:
    def span(bound: Bound | None) -> tuple[float, float]:
        if bound is None:
            return -np.inf, np.inf
        found = times.kind.span(str(bound))
        if found is None:
            what, hint = (
                f"{bound!r} is no {times.kind.name} or year",
                f"write it as the column does: {times.labels[0]}",
            )
            raise DataError.at(where, what, EXPECTED, hint)
        return found

    return span(rule.from_)[0], span(rule.to)[1]


def _ends_of_numbers(rule: RowFilter, where: str) -> tuple[float, float]:
    written = [repr(bound) for bound in (rule.from_, rule.to) if isinstance(bound, str)]
    if written:
        expected = "numbers as from and to of a column that is not the time"
        raise DataError.at(where, f"{few(written)} is no number", expected, "write the number without quotes")
    return float(-np.inf if rule.from_ is None else rule.from_), float(np.inf if rule.to is None else rule.to)
