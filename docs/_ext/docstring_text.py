"""NumPy sections of docstrings as reStructuredText, where the slot of the type says shape, unit and range."""

from __future__ import annotations

import re
from collections.abc import Iterator

SECTIONS = ("Attributes", "Parameters", "Returns", "Raises", "Notes")
FIELD = re.compile(r"(?P<names>\w+(?:, \w+)*) : (?P<text>.+)")


def restructured(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Rewrite a docstring in place, as autodoc asks for it."""
    lines[:] = list(_rewritten(lines))


def _rewritten(lines: list[str]) -> Iterator[str]:
    is_in_section = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if line in SECTIONS and at + 1 < len(lines) and set(lines[at + 1]) == {"-"}:
            is_in_section = True
            yield from ("", f"**{line}**", "")
            at += 2
            continue
        if is_in_section and (field := FIELD.fullmatch(line)):
            names = ", ".join(f"``{one}``" for one in field["names"].split(", "))
            yield from (names, f"    {field['text']}")
        else:
            yield line
        at += 1
    yield ""
