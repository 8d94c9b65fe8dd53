"""Which steps and raw columns a set of columns follows from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.data.prepare.step import Step


def needed_steps(steps: Sequence[Step], columns: Iterable[str]) -> tuple[Step, ...]:
    """Return the steps, in order, that these columns follow from."""
    wanted = set(columns)
    kept = []
    for step in reversed(steps):
        if step.into in wanted:
            wanted |= set(step.inputs)
            kept.append(step)
    return tuple(reversed(kept))


def raw_columns(steps: Sequence[Step], columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns, each once, that must be in the table for these columns and steps."""
    made = {step.into for step in steps if step.into not in step.inputs}
    asked = [*columns, *(name for step in steps for name in step.inputs)]
    return tuple(dict.fromkeys(name for name in asked if name not in made))


def ancestors(steps: Sequence[Step], column: str) -> frozenset[str]:
    """Return the raw columns that a column follows from; a raw column follows from itself."""
    return frozenset(raw_columns(needed_steps(steps, [column]), [column]))
