"""The entity column: whose row it is."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from harness.data.locations import RowLocator, few, quoted
from harness.data.note import Note
from harness.errors import DataError, Problem

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def read_entities(column: pd.Series, *, name: str, locator: RowLocator) -> list[str]:
    """Return the label of every row, (n_obs,): a text as it is, a whole number by its digits.

    Raises
    ------
    DataError
        Where a label is missing, or the labels are neither all texts nor all whole numbers.
    """
    absent = column.isna().to_numpy(dtype=np.bool_)
    if absent.any():
        raise DataError(
            Problem(
                where=locator.column(name, absent),
                what=f"{int(absent.sum())} rows name no entity",
                expected="an entity in every row",
                hint=f"fill the cells in, as where one cell stands for several rows; "
                f"{locator.left_out(absent) or 'or take the rows out of the file'}",
            )
        )
    cells = column.tolist()
    if all(isinstance(cell, str) for cell in cells):
        return cells
    if all(_is_whole(cell) for cell in cells):
        return [str(int(cell)) for cell in cells]
    one_of = {type(cell).__name__: cell for cell in reversed(cells)}
    kinds = sorted(one_of)
    strange = [cell for cell in cells if not isinstance(cell, str) and not _is_whole(cell)]
    shown = strange or [one_of[kind] for kind in kinds]
    raise DataError(
        Problem(
            where=locator.column(name),
            what=f"entities are of kind {', '.join(kinds)}: {quoted(shown)}",
            expected="all texts, or all whole numbers",
            hint="store the column as text",
        )
    )


def _is_whole(cell: object) -> bool:
    if isinstance(cell, bool):
        return False
    return isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer())


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return distinct labels in canonical order: by number where all are whole numbers, else as text."""
    distinct = set(labels)
    if all(_INTEGER.fullmatch(label) for label in distinct):
        return tuple(sorted(distinct, key=lambda label: (int(label), label)))
    return tuple(sorted(distinct))


def near_labels_note(labels: Iterable[str], *, name: str) -> Note | None:
    """Return a note on labels that differ only by case, width of letters or white space."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike["".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
    groups = [" and ".join(repr(label) for label in group) for group in alike.values() if len(group) > 1]
    if not groups:
        return None
    return Note("W-IDNEAR", name, f"Entities whose names differ by case or spaces only: {few(groups)}.")
