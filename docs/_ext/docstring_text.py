"""Docstrings as autodoc gets them: NumPy sections whose type slot says shape, unit and range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

SECTIONS = ("Attributes", "Parameters", "Returns", "Raises", "Notes")
FIELD = re.compile(r"(?P<names>\w+(?:, \w+)*) : (?P<text>.+)")


def restructured(lines: Sequence[str]) -> Iterator[str]:
    """Yield a docstring in reStructuredText."""
    is_in_section = False
    for line, below in pairwise([*lines, ""]):
        field = FIELD.fullmatch(line) if is_in_section else None
        if line in SECTIONS and _is_rule(below):
            is_in_section = True
            yield from ("", f"**{line}**", "")
        elif field:
            names = ", ".join(f"``{name}``" for name in field["names"].split(", "))
            yield from (names, f"    {field['text']}")
            yield from [""] * below.strip()[
                :1
            ].isupper()  # a sentence of its own, and not the rest of this one
        elif not _is_rule(line):
            yield line
    yield ""


def _is_rule(line: str) -> bool:
    return len(line) > 2 and set(line) == {"-"}
