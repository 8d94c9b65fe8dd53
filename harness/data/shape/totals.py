"""Entities that are the total, or the mean, of all others, as tables print them below the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.key import Key
from harness.data.locations import few
from harness.data.note import Note

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
    message = (
        f"The entity {entity.labels[code]} is the sum of all others in every period ({few(names)}): "
        "leave it out by data.rows if it is no entity of its own."
    )
    return Note("W-TOTAL", entity.name, message)


def _mean_note(entity: Key, code: int, names: Sequence[str]) -> Note:
    message = (
        f"The entity {entity.labels[code]} is the mean of all others in every period ({few(names)}): "
        "leave it out by data.rows if it is no entity of its own."
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
