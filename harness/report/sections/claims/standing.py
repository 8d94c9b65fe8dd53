"""How a claim can stand: a sign and a meaning for each word."""

from __future__ import annotations

SYMBOLS = {
    "inconsistent": "✗",
    "inconsistent under assumption": "?",
    "differs": "≠",
    "reproduced": "=",
    "consistent": "✓",
    "not comparable": "",
}
"""What says the same as the word beside it."""

MEANINGS = (
    ("inconsistent", "cannot be right together with the other published numbers, by arithmetic"),
    (
        "inconsistent under assumption",
        "cannot be right together with them if what is named there is assumed",
    ),
    ("differs", "this run gives another number than the published one, beyond its rounding"),
    ("reproduced", "this run's number rounds to the published one, or lies within the declared tolerance"),
    ("consistent", "follows from the other published numbers, as far as they were printed"),
    ("not comparable", "these data are not the published ones, or this run gives no such number"),
)
