"""How a claim can stand: a sign and a meaning for each word."""

from __future__ import annotations

from harness.language import marked

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
    (
        marked("inconsistent"),
        marked("cannot be right together with the other published numbers, by arithmetic"),
    ),
    (
        marked("inconsistent under assumption"),
        marked("cannot be right together with them if what is named there is assumed"),
    ),
    (marked("differs"), marked("this run gives another number than the published one, beyond its rounding")),
    (
        marked("reproduced"),
        marked("this run's number rounds to the published one, or lies within the declared tolerance"),
    ),
    (marked("consistent"), marked("follows from the other published numbers, as far as they were printed")),
    (
        marked("not comparable"),
        marked("these data are not the published ones, or this run gives no such number"),
    ),
)
