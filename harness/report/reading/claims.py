"""Published numbers beside those recomputed from them and those of the run."""

from __future__ import annotations

from dataclasses import dataclass

INCONSISTENT = "inconsistent"


@dataclass(frozen=True)
class ClaimRow:
    """One published number and how it stands; `digits` are the decimals it was printed with."""

    outcome: str
    quantity: str
    published: float
    recomputed: float
    this_run: float
    status: str
    reason: str
    about: str
    source: str
    note: str
    estimator: str
    digits: int | None = None
    recomputed_low: float = float("nan")
    recomputed_high: float = float("nan")
