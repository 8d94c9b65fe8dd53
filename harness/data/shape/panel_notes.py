"""Notes on the rows of a panel: its shape, entities that are totals, outcomes and exposures of one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.key import Key
from harness.data.messages import RowLocator, few
from harness.data.roles import Roles
from harness.errors import DataError, Problem
from harness.language import Message
from harness.tables.preparation import Note


def shape_notes(entity: Key, period: Ints) -> tuple[Note, ...]:
    """Return what the reader of the report should know about the shape of a panel.

    Parameters
    ----------
    entity : of the rows, in canonical order
    period : (n_obs,), calendar positions
    """
    codes, first, count = np.unique(entity.codes, return_index=True, return_counts=True)
    reach = period[first + count - 1] - period[first] + 1
    alone, gapped = codes[count == 1], codes[reach > count]
    notes = []
    if count.min() < count.max():
        message = Message(
            "Entities have from {count} to {count_2} periods.", count=count.min(), count_2=count.max()
        )
        notes.append(Note("W-UNBALANCED", entity.name, message))
    if gapped.size:
        message = Message(
            "{size} entities have gaps between their periods: {entity}.",
            size=gapped.size,
            entity=_labels(entity, gapped),
        )
        notes.append(Note("W-GAP", entity.name, message))
    if alone.size:
        message = Message(
            "{size} entities have one row only: {entity}.", size=alone.size, entity=_labels(entity, alone)
        )
        notes.append(Note("W-SINGLETON", entity.name, message))
    return tuple(notes)


def _labels(entity: Key, codes: Ints) -> str:
    return few([entity.labels[code] for code in codes.tolist()])


_ROUNDED = 1e-6
"""Difference, relative to what is added, up to which a sum is one."""

_OTHERS = 3
"""Fewest other entities with a number other than zero; fewer can add up by chance."""


def total_notes(raw: Mapping[str, Floats], entity: Key, period: Ints) -> tuple[Note, ...]:
    """Return a note on an entity that all others add up to, or have as their mean, wherever it has a row.

    Parameters
    ----------
    raw : columns by name, (n_obs,) each
    entity : of the rows
    period : (n_obs,), calendar positions
    """
    found: dict[tuple[int, str], list[str]] = {}
    for name, values in raw.items():
        for what, rows in _rows_of_totals(values, period):
            told = np.bincount(entity.codes, rows) == np.bincount(entity.codes)
            (codes,) = np.nonzero(told)
            if codes.size == 1 and np.unique(values[entity.codes == codes[0]]).size > 1:
                found.setdefault((int(codes[0]), what), []).append(name)
    return tuple(
        _sum_note(entity, code, names) if what == "sum" else _mean_note(entity, code, names)
        for (code, what), names in found.items()
    )


def _sum_note(entity: Key, code: int, names: Sequence[str]) -> Note:
    message = Message(
        "The entity {labels} is the sum of all others in every period ({names}): leave it out by "
        "data.rows if it is no entity of its own.",
        labels=entity.labels[code],
        names=few(names),
    )
    return Note("W-TOTAL", entity.name, message)


def _mean_note(entity: Key, code: int, names: Sequence[str]) -> Note:
    message = Message(
        "The entity {labels} is the mean of all others in every period ({names}): leave it out "
        "by data.rows if it is no entity of its own.",
        labels=entity.labels[code],
        names=few(names),
    )
    return Note("W-TOTAL", entity.name, message)


def _rows_of_totals(values: Floats, period: Ints) -> tuple[tuple[str, Mask], ...]:
    """Return the rows, (n_obs,), with the sum of the others in their period, and those with their mean."""
    there = np.isfinite(values)
    cells = np.where(there, values, 0.0)
    total, size = (np.bincount(period, part)[period] for part in (cells, np.abs(cells)))
    n_filled, n_there = (np.bincount(period, part)[period] for part in (cells != 0.0, there))
    may_be = there & (cells != 0.0) & (n_filled > _OTHERS)
    is_sum = np.abs(2.0 * cells - total) <= _ROUNDED * size
    is_mean = np.abs(n_there * cells - total) <= _ROUNDED * size
    return ("sum", may_be & is_sum), ("mean", may_be & is_mean)


def variation_notes(columns: Mapping[str, Floats], roles: Roles, locator: RowLocator) -> tuple[Note, ...]:
    """Return a note on each outcome of one value, beside others that vary.

    Parameters
    ----------
    columns : outcomes and exposure by name, (n_obs,) each, in the rows that are kept
    locator : of the table

    Raises
    ------
    DataError
        Where the exposure has one value in all rows, or every outcome has.
    """
    same = {
        name: float(columns[name][0])
        for name in (*roles.outcomes, *roles.exposure_columns)
        if np.ptp(columns[name]) == 0.0
    }
    n_obs = columns[roles.outcomes[0]].size
    constant = [name for name in roles.outcomes if name in same]
    problems = []
    if same.keys() >= set(roles.exposure_columns):
        value = "of one level" if roles.levels else f"{same[roles.exposure]:.6g}"
        what = f"it is {value} in all {n_obs:,} rows, so it has no effect to estimate"
        problems.append(_constant(roles.exposure, what, roles, locator))
    if len(constant) == len(roles.outcomes):
        problems += [
            _constant(
                name,
                f"it is {same[name]:.6g} in all {n_obs:,} rows, so there is nothing to explain",
                roles,
                locator,
            )
            for name in constant
        ]
    if problems:
        raise DataError(*problems)
    return tuple(
        Note(
            "W-CONSTANT",
            name,
            Message(
                "The outcome is {same} in all {n_obs} rows, so no estimator is fitted to it.",
                same=f"{same[name]:.6g}",
                n_obs=n_obs,
            ),
        )
        for name in constant
    )


def _constant(name: str, what: str, roles: Roles, locator: RowLocator) -> Problem:
    part = "exposure" if name == roles.exposure else "outcomes"
    return Problem(
        where=f"{locator.column(name)} (roles.{part})",
        what=what,
        expected="at least two values in the rows that are kept",
        hint="name another column; or keep the rows in which it differs (data.rows, data.missing)",
    )
