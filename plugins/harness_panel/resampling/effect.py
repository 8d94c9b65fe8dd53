"""What has effects of its own: the levels of a key, or of a column that rows are grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness import EstimationError, Key, Panel, Problem

Dimension = Literal["entity", "time"]
"""A key of the panel."""


@dataclass(frozen=True)
class GroupColumn:
    """A column of `Panel.groups`.

    Attributes
    ----------
    name : such as ``industry``; it may be the name of a key, which it is not mistaken for
    """

    name: str

    def __str__(self) -> str:
        return self.name


Effect = Dimension | GroupColumn
"""Whose levels have effects."""


def effect_named(name: str) -> Effect:
    """Return a key by its name, ``entity`` or ``time``, and a column by any other."""
    if name == "entity":
        return "entity"
    return "time" if name == "time" else GroupColumn(name)


def key_of(panel: Panel, effect: Effect) -> Key:
    """Return the level of every row.

    Raises
    ------
    EstimationError
        Where the panel carries no such column.
    """
    if effect == "entity":
        return panel.entity
    if effect == "time":
        return panel.time
    carried = {group.name: group for group in panel.groups}
    if str(effect) not in carried:
        raise EstimationError(
            Problem(
                where=f"column {str(effect)!r}",
                what=f"the panel carries no column {str(effect)!r} to group rows by",
                expected=f"one of {', '.join(carried)}" if carried else "",
                hint="hand the column over in the panel's groups",
            )
        )
    return carried[str(effect)]


def in_order(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return entity, then time, then columns as they stand."""
    return tuple(sorted(effects, key=lambda effect: (isinstance(effect, GroupColumn), effect == "time")))


def in_words(effects: Sequence[Effect]) -> str:
    """Return effects by name, such as ``entity, time and industry``."""
    *before, last = [str(effect) for effect in in_order(effects)]
    return f"{', '.join(before)} and {last}" if before else last
