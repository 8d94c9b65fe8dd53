"""Keys and columns whose levels have effects or are clusters, by name and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.plugin import EffectKey, listed

Dimension = Literal["entity", "time"]
"""A key of the panel."""


def in_order(effects: Sequence[EffectKey]) -> tuple[EffectKey, ...]:
    """Return entity, then time, then columns as they stand."""
    return tuple(sorted(effects, key=lambda effect: (not isinstance(effect, str), effect == "time")))


def in_words(effects: Sequence[EffectKey]) -> str:
    """Return effects by name, such as ``entity, time and industry``."""
    return listed([str(effect) for effect in in_order(effects)])
