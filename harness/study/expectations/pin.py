"""Take expected numbers from a finished run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import ArtifactError, Problem, near_names
from harness.tables.table import ResultTable

if TYPE_CHECKING:
    import pandas as pd

Entry = Mapping[str, Any]
"""An expectation as it is written in YAML, keys in their order."""

GUARD_DIGITS = 3
"""Digits that a pinned number has beyond those that its tolerance asks for."""

USUALLY_ONE = frozenset({"outcome", "reference", "scenario"})


@dataclass(frozen=True)
class PinSelection:
    """Which numbers of a run are pinned, and how near to them later runs must come.

    Attributes
    ----------
    tables : names, of those with measures, whose rows are all pinned; empty for gains and errors on test rows
        and the coefficient of the exposure
    estimators : ids; empty for all
    relative : > 0, tolerance as a share of each number
    """

    tables: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    relative: float = 1e-6


@dataclass(frozen=True)
class PinnedRun:
    """A finished run that numbers are pinned from.

    Attributes
    ----------
    origin : of the run, for messages
    exposure : column
    is_quick : whether its numbers are not those of its spec
    tables : that it has, by name
    read_table : returns one of them by its name
    """

    origin: str
    exposure: str
    is_quick: bool
    tables: Mapping[str, ResultTable]
    read_table: Callable[[str], pd.DataFrame]


def pinned(run: PinnedRun, selection: PinSelection) -> tuple[Entry, ...]:
    """Return expectations that a finished run fulfils: its numbers, and the status of cells without any.

    Rows that share all their keys, such as the minima of one curve, cannot be named and are left out.

    Raises
    ------
    ArtifactError
        Where the run was a quick one, nothing is selected, or a table has no numbers to pin.
    """
    if run.is_quick:
        what = "a quick run: fewer draws, splits and restarts than its spec asks for"
        raise ArtifactError(Problem(run.origin, what, hint="run the study without --quick"))
    entries = [
        entry
        for table in _selected(run.tables, selection.tables)
        for entry in _of_table(table, run.read_table(table.name), selection, exposure=run.exposure)
    ]
    if not entries:
        what = "holds none of the numbers asked for"
        raise ArtifactError(Problem(run.origin, what, hint="name other tables or estimators"))
    return tuple(entries)


def _selected(tables: Mapping[str, ResultTable], names: Sequence[str]) -> Iterator[ResultTable]:
    measured = {name: table for name, table in tables.items() if table.measures}
    for name in names or ("gain", "accuracy", "coefficients"):
        if name not in measured:
            what = "no result table of this name has numbers to pin"
            raise ArtifactError(Problem(name, what, ", ".join(measured), near_names(name, measured)))
        yield measured[name]


def _of_table(
    table: ResultTable, frame: pd.DataFrame, selection: PinSelection, *, exposure: str
) -> Iterator[Entry]:
    if frame.empty:
        return
    keys = _telling(frame, table.key)
    rows = frame[~frame.duplicated(keys, keep=False)]
    if selection.estimators:
        rows = rows[rows["estimator"].isin(selection.estimators)]
    if not selection.tables:
        rows = _of_interest(rows, exposure)
    for row in rows.to_dict("records"):
        where = {key: row[key] for key in keys if isinstance(row[key], str)}
        place = {"table": table.name, "where": where}
        if row.get("status", "ok") == "ok":
            for column in table.measures:
                if isinstance(row[column], bool | np.bool_):
                    yield {**place, "column": column, "value": str(row[column]), "from": "run"}
                elif math.isfinite(row[column]):
                    yield {**place, "column": column, **_number(row[column], selection.relative)}
        else:
            yield {**place, "column": "status", "value": row["status"], "from": "run"}


def _telling(frame: pd.DataFrame, keys: Collection[str]) -> list[str]:
    """Return the keys that rows are found by; what most studies have one of is named where there are more."""
    return [key for key in keys if key not in USUALLY_ONE or len(frame[key].unique()) > 1]


def _of_interest(rows: pd.DataFrame, exposure: str) -> pd.DataFrame:
    """Return the rows on test samples, those of the exposure, and those without numbers."""
    if "sample" in rows:
        return rows[rows["sample"] == "test"]
    return rows[(rows["term"] == exposure) | (rows["status"] != "ok")]


def _number(value: float, relative: float) -> Entry:
    """Return a number with the digits that its tolerance needs; zero has an absolute one."""
    digits = math.ceil(-math.log10(relative)) + GUARD_DIGITS
    kind = "relative" if value else "absolute"
    return {"value": float(f"{value:.{digits}g}"), kind: relative, "from": "run"}
