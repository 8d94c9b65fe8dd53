"""Expected numbers beside those of a run: the one cell that each names, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal, TypeVar

import numpy as np
import pandas as pd

from harness.arrays import Mask
from harness.study.expectations.expectation import AnyExpectation, ExpectedNumber, Key
from harness.study.spec.entry import Entry
from harness.study.spec.study import Study
from harness.tables.table import DETAILS, STATUS, ResultTable
from harness.tables.variations import VARIATIONS

# Relative difference up to which two numbers name the same row, such as a point of a grid.
CLOSE = 1e-9


# Rows that are shown.
MOST = 3


@dataclass(frozen=True)
class FoundCell:
    """What stands in a cell.

    Attributes
    ----------
    value : a number, a text, or None where there is nothing
    reason : why there is nothing
    """

    value: float | str | None
    reason: str = ""


def find_cell(frame: pd.DataFrame, where: Mapping[str, Key], column: str) -> FoundCell:
    """Return the cell in a column of the only row whose other columns hold these values.

    Parameters
    ----------
    frame : a table of a run; an empty one where the run has none of the name
    """
    if frame.empty:
        return FoundCell(None, "this run has no such table, or an empty one")
    absent = [name for name in (*where, column) if name not in frame]
    if absent:
        return FoundCell(
            None, f"there is no column {', '.join(absent)}; columns are {', '.join(frame.columns)}"
        )
    agreeing = np.sum([_agreeing(frame[name], key) for name, key in where.items()], axis=0)
    rows = frame[agreeing == len(where)]
    if len(rows) == 1:
        return _cell(rows.iloc[0], column)
    if len(rows):
        return FoundCell(None, f"{len(rows)} such rows: {_shown(rows, _telling(rows, (*where, column)))}")
    nearest = _near_rows(frame[agreeing == agreeing.max()], where)
    refusal = _refusal(nearest.iloc[0])
    why = f" ({refusal})" if refusal else ""
    return FoundCell(None, f"no such row; nearest: {_shown(nearest, (*where,))}{why}")


def _agreeing(column: pd.Series, key: Key) -> Mask:
    """Return the rows, (n_rows,), that hold what is asked for; numbers may differ in their last bits."""
    if isinstance(key, str | bool):
        return np.asarray(column.astype(str) == str(key))
    held = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(np.isclose(held, key, rtol=CLOSE, atol=0.0))


def _cell(row: pd.Series, column: str) -> FoundCell:
    held = row[column]
    if pd.isna(held):
        return FoundCell(None, _refusal(row) or "the cell is empty")
    if isinstance(held, int | float | np.number) and not isinstance(held, bool):
        return FoundCell(float(held))
    return FoundCell(str(held))


def _refusal(row: pd.Series) -> str:
    """Return how a row went wrong and why; an empty text where it did not."""
    status = row.get("status", "ok")
    return "" if status == "ok" else f"{status}: {row['reason']}"


def _telling(rows: pd.DataFrame, named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first column that tells rows apart beside those that are named already."""
    others = [str(name) for name in rows if name not in {*named, *STATUS}]
    return next(((name,) for name in others if len(rows[name].unique()) > 1), named)


def _near_rows(rows: pd.DataFrame, where: Mapping[str, Key]) -> pd.DataFrame:
    """Return the few rows, one for each set of keys, whose keys are spelt most like those asked for."""
    requested = " ".join(map(str, where.values()))
    held = rows[[*where]].drop_duplicates()
    spelt = (" ".join(map(str, keys)) for keys in held.to_numpy(dtype=object))
    likeness = np.array([SequenceMatcher(None, requested, keys).ratio() for keys in spelt])
    return rows.loc[held.index[np.argsort(-likeness, kind="stable")[:MOST]]]


def _shown(rows: pd.DataFrame, columns: Iterable[str]) -> str:
    """Return what the first rows hold in some columns: ``sample=train; sample=test``."""
    rendered = [
        ", ".join(f"{column}={held}" for column, held in row.items())
        for row in rows[[*columns]].head(MOST).to_dict("records")
    ]
    return "; ".join([*rendered, "..."] if len(rows) > MOST else rendered)


# ``explained``: the run gives another number, which the spec knows; ``missing``: it has no such cell, or
# nothing in it.
Status = Literal["reproduced", "explained", "differs", "missing"]


@dataclass(frozen=True)
class Reproduction:
    """What a run gives for an expectation.

    Attributes
    ----------
    expectation : the expectation
    obtained : what stands in the cell; None where there is no such cell, or nothing in it
    status : how the two compare
    reason : why they differ, or why there is nothing; empty where the value is reproduced
    """

    expectation: AnyExpectation
    obtained: float | str | None
    status: Status
    reason: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether it is neither reproduced nor known to differ."""
        return self.status in ("differs", "missing")

    @property
    def difference(self) -> float:
        """Obtained less expected number, in the cell's unit; NaN where one of them is none."""
        if isinstance(self.expectation, ExpectedNumber) and isinstance(self.obtained, float):
            return self.obtained - self.expectation.value
        return math.nan


def check_expectations(
    expected: Sequence[AnyExpectation], read_table: Callable[[str], pd.DataFrame]
) -> tuple[Reproduction, ...]:
    """Return what a run gives for each expectation, in their order.

    Parameters
    ----------
    read_table : returns a table of the run by its name; an empty frame where the run has none of the name
    """
    tables = {name: read_table(name) for name in {expectation.table for expectation in expected}}
    found = []
    for expectation in expected:
        cell = find_cell(tables[expectation.table], expectation.where, expectation.column)
        reason = cell.reason if cell.value is None else expectation.why_not(cell.value)
        status: Status = "missing" if cell.value is None else "differs" if reason else "reproduced"
        if status == "reproduced" and getattr(expectation, "here", None) is not None:
            status, reason = "explained", expectation.reason
        found.append(Reproduction(expectation, cell.value, status, reason))
    return tuple(found)


def expectations_table(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return one row for each expectation, in the order of the spec."""
    return pd.DataFrame(
        [
            {
                "table": one.expectation.table,
                "where": one.expectation.row,
                "column": one.expectation.column,
                "expected": one.expectation.written,
                "obtained": one.obtained,
                "difference": one.difference,
                "tolerance": getattr(one.expectation, "tolerance", math.nan),
                "origin": one.expectation.from_,
                "source": one.expectation.source,
                "status": one.status,
                "reason": one.reason,
                "note": one.expectation.reason,
                "digits": getattr(one.expectation, "rounded_to", None),
            }
            for one in reproductions
        ]
    )


COMPARED = frozenset({"accuracy", "gain"})
OF_ALL_PROTOCOLS = frozenset({"decomposition", "recognition"})
OF_FITS = frozenset({"coefficients"})
OF_DATA = frozenset({"summary", "preparation", "interpolated"})

E = TypeVar("E", bound=Entry)

# Entries of a study, each by its kind and its id: ``("protocol", "forward")``.
Parts = frozenset[tuple[str, str]]


def narrowed(study: Study) -> Study:
    """Return the study with those outcomes, estimators, protocols and scenarios that its numbers rest on.

    The multiverse and the claims go, unless the whole study is needed.
    """
    references = _references(study)
    needed: Parts = frozenset(("estimator", name) for name in references)
    for expectation in study.expect:
        own = _needs(expectation, study)
        if own is None:
            return study
        needed |= own

    def kept(kind: str, entries: Iterable[E]) -> tuple[E, ...]:
        return tuple(entry for entry in entries if (kind, entry.id) in needed)

    compared = {"reference": references[0], "further_references": references[1:]}
    protocols = {"protocols": kept("protocol", study.evaluation.protocols)}
    return study.model_copy(
        update={
            "roles": replace(study.roles, outcomes=_outcomes(study)),
            "estimators": kept("estimator", study.estimators),
            "scenarios": kept("scenario", study.scenarios),
            "evaluation": study.evaluation.model_copy(update={**compared, **protocols}),
            "multiverse": None,
            "method_ladder": None,
            "claims": (),
        }
    )


def idle_estimators(study: Study) -> tuple[frozenset[str], frozenset[str]]:
    """Return estimators none of whose expected numbers rests on fits to folds, and to all rows."""
    used: dict[bool, set[str]] = {True: {*study.evaluation.references}, False: set()}
    for one in study.expect:
        own = _needs(one, study)
        if own is None:
            return frozenset(), frozenset()
        used[one.table in COMPARED | OF_ALL_PROTOCOLS] |= {id_ for kind, id_ in own if kind == "estimator"}
    names = frozenset(entry.id for entry in study.estimators)
    return names - used[True], names - used[False]


def _outcomes(study: Study) -> tuple[str, ...]:
    return _named("outcome", study.roles.outcomes, study.expect)


def _references(study: Study) -> tuple[str, ...]:
    """Return references of expected gains; all where one names none, as do parts of gains by protocol."""
    comparing = [one for one in study.expect if one.table in {"gain", *OF_ALL_PROTOCOLS}]
    return _named("reference", study.evaluation.references, comparing)


def _named(key: str, names: tuple[str, ...], expected: Sequence[AnyExpectation]) -> tuple[str, ...]:
    """Return those that rows are found by; all where one is found without, or hangs on a family of tests."""
    named = {one.where.get(key) for one in expected}
    if None in named or any(map(_is_of_a_family, expected)):
        return names
    return tuple(name for name in names if name in named) or names


def _is_of_a_family(expectation: AnyExpectation) -> bool:
    """Return whether it may be an adjusted p-value, or a decision by one."""
    return not isinstance(expectation, ExpectedNumber) or expectation.column.startswith("p_")


def _needs(expectation: AnyExpectation, study: Study) -> Parts | None:
    """Return what one cell rests on; None where no rule below tells it apart from the whole study."""
    table, protocols = expectation.table, study.evaluation.protocols

    def named(kind: str, entries: Iterable[Entry]) -> Parts:
        """Return the entry that a row is found by, or all where it is found without one."""
        id_ = expectation.where.get(kind)
        return frozenset((kind, entry.id) for entry in entries if id_ in (None, entry.id))

    estimators = named("estimator", study.estimators)
    giving = named("scenario", (one for one in study.scenarios if _has(one.scenario.tables, table)))
    describing = named("scenario", (one for one in study.scenarios if _has(one.scenario.data_tables, table)))
    if table in OF_DATA:
        return frozenset()
    if table == VARIATIONS.name:  # the multiverse and the ladder are in it, too
        return None
    if describing and not giving:
        return describing
    if table in COMPARED:
        return estimators | named("protocol", protocols)
    if table in OF_ALL_PROTOCOLS:
        return estimators | {("protocol", entry.id) for entry in protocols}
    if table in OF_FITS or table.startswith(DETAILS):
        return estimators
    return estimators | giving if giving else None


def _has(tables: Iterable[ResultTable], name: str) -> bool:
    return any(table.name == name for table in tables)
