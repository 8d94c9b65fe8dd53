"""Notes on the shape of a panel: unbalanced, with gaps, with entities of one row."""

from __future__ import annotations

import numpy as np

from harness.arrays import Ints
from harness.data.key import Key
from harness.data.locations import few
from harness.data.note import Note


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
        message = f"Entities have from {count.min()} to {count.max()} periods."
        notes.append(Note("W-UNBALANCED", entity.name, message))
    if gapped.size:
        message = f"{gapped.size} entities have gaps between their periods: {_labels(entity, gapped)}."
        notes.append(Note("W-GAP", entity.name, message))
    if alone.size:
        message = f"{alone.size} entities have one row only: {_labels(entity, alone)}."
        notes.append(Note("W-SINGLETON", entity.name, message))
    return tuple(notes)


def _labels(entity: Key, codes: Ints) -> str:
    return few([entity.labels[code] for code in codes.tolist()])
