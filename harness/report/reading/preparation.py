"""How columns were prepared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PreparationRow:
    """One step: the column it made, from which, and what else is to be known of it."""

    step: str
    into: str
    inputs: str
    detail: str
