"""Labels and units of columns, from the rows next to their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.data.read.source import Labels

_UNIT = re.compile(r"(?:(?:计量)?单\s*位|units?)\s*[:：]\s*(.+)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[(（\[](.+)[)）\]]")
_NONE = {"没有单位", "无单位", "无", "-", "—", "n/a"}


def labels_beside(rows: Sequence[Sequence[str]], names: Sequence[str]) -> Labels:
    """Return what rows without data say of the columns next to whose names they stand.

    What is called a unit, alone or next to a title, is that of all columns. A row of units repeats some, or
    has none of the first column; a row of second names has one for that as well, each once.

    Parameters
    ----------
    rows : above and below the names, a cell for each and perhaps more
    names : of the columns
    """
    labels, units = dict[str, str](), dict[str, str]()
    for row in rows:
        filled, said = [cell for cell in row if cell], dict(zip(names, row, strict=False))
        of_all = [match[1] for cell in filled if (match := _UNIT.fullmatch(cell))]
        if len(filled) < 3 and of_all:
            units |= dict.fromkeys(names, of_all[0])
        elif len(filled) > 1 and (not row[0] or len(set(filled)) < len(filled)):
            units |= {name: _unit(cell) for name, cell in said.items()}
        elif len(filled) >= max(3, len(names) / 2):
            labels |= {name: cell for name, cell in said.items() if cell}
    return Labels(labels, {name: unit for name, unit in units.items() if unit and unit not in _NONE})


def _unit(text: str) -> str:
    """Return a unit without the word for it, and brackets around it."""
    match = _UNIT.fullmatch(text) or _IN_BRACKETS.fullmatch(text)
    return match[1].strip() if match else text
