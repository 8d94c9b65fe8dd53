"""Claims as rows of the run, and their numbers in words."""

from __future__ import annotations

import math

from harness.language import gettext
from harness.tables.claims import ClaimRow
from harness.text.numbers import MISSING, fixed, percent, significant

FRACTIONS = frozenset(
    {
        *("gain", "direction", "pace", "band", "order", "effect_sign", "effect_trend", "shape"),
        *("level_range", "choice"),
    }
)
"""Quantities that are shares, shown in per cent."""


def published_text(row: ClaimRow) -> str:
    """Return the published number with the decimals it was printed with."""
    if row.quantity in FRACTIONS:
        return percent(row.published, max(0, row.digits - 2) if row.digits is not None else 0)
    if row.digits is None:
        return significant(row.published)
    return fixed(row.published, max(0, row.digits))


def claim_number(row: ClaimRow, value: float) -> str:
    """Return another number of a claim's kind, such as this run's."""
    if not math.isfinite(value):
        return MISSING
    return percent(value, 2) if row.quantity in FRACTIONS else significant(value)


def allowed_range(row: ClaimRow) -> str:
    """Return what rounding allows the recomputed number to be."""
    low, high = row.recomputed_low, row.recomputed_high
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return gettext("{low} to\u00a0{high}").format(low=claim_number(row, low), high=claim_number(row, high))
