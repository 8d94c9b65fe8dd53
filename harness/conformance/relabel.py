"""Panels with other keys on the same rows."""

from __future__ import annotations

from dataclasses import replace

from harness.data.key import Key
from harness.data.panel import Panel

YEARS = 1000
"""By how much periods are shifted, so that none is one of before."""


def renamed(panel: Panel) -> Panel:
    """Return the panel with other names of entities and periods, in the same order."""
    return replace(
        panel,
        entity=_renamed(panel.entity, prefix="new "),
        time=_renamed(panel.time, prefix="new "),
        period=panel.period + YEARS,
    )


def reordered(panel: Panel) -> Panel:
    """Return the panel with names of entities that sort in the reverse order."""
    last = len(panel.entity.labels) - 1
    labels = tuple(f"r{at:04}" for at in range(last + 1))
    return replace(panel, entity=Key(panel.entity.name, labels, last - panel.entity.codes))


def _renamed(key: Key, *, prefix: str) -> Key:
    return Key(key.name, tuple(f"{prefix}{label}" for label in key.labels), key.codes)
