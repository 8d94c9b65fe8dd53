"""Expected numbers of the spec beside those of the run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExpectationRow:
    """One expected number and what the run gives for it, both as written in the table."""

    table: str
    where: str
    column: str
    expected: str
    obtained: str
    difference: float
    tolerance: float
    origin: str
    source: str
    status: str
    reason: str
    note: str
    digits: int | None = None
