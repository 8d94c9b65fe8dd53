"""Names of columns that every program takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
"""A letter, then letters, digits and underscores; Stata takes no more than 32."""

RESERVED = frozenset(
    {
        *("if", "in", "using", "with", "byte", "int", "long", "float", "double", "else", "for", "while"),
        *("function", "next", "repeat", "break", "T", "F", "entity", "time"),
    }
)
"""Words of Stata and R, and the names of the keys."""


def plain_names(columns: Iterable[str]) -> Mapping[str, str]:
    """Return a name for every column, its own where programs take it; names differ in any case."""
    names: dict[str, str] = {}
    for place, column in enumerate(dict.fromkeys(columns), start=1):
        taken = {name.lower() for name in names.values()} | {word.lower() for word in RESERVED}
        is_plain = PLAIN.fullmatch(column) and column.lower() not in taken
        names[column] = column if is_plain else f"x{place}_"
    return names
