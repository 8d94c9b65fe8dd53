"""Descriptions of classes and their fields, read from docstrings in NumPy style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

_FIELD = re.compile(r"(?P<names>\w+(?:, \w+)*) : (?P<text>.*)")
_SECTIONS = ("Attributes", "Parameters")


def summary(cls: type) -> str:
    """Return the first paragraph of a class's docstring, in one line."""
    return " ".join(_docstring(cls).split("\n\n", 1)[0].split())


def field_texts(cls: type) -> Mapping[str, str]:
    """Return what the docstrings of a class and its bases say about each field, each in one line."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        texts |= _fields_of(_docstring(base))
    return texts


def _docstring(cls: type) -> str:
    return inspect.cleandoc(vars(cls).get("__doc__") or "")


def _fields_of(docstring: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in _section_lines(docstring):
        if found := _FIELD.fullmatch(line):
            names = found["names"].split(", ")
            fields |= dict.fromkeys(names, found["text"])
        elif line.startswith(" "):
            fields |= {name: f"{fields[name]} {line.strip()}" for name in names}
        else:
            names = []
    return fields


def _section_lines(docstring: str) -> list[str]:
    lines = docstring.splitlines()
    starts = [at for at, line in enumerate(lines) if line in _SECTIONS]
    return [line for at in starts for line in _until_next_section(lines[at + 2 :])]


def _until_next_section(lines: list[str]) -> list[str]:
    rules = [at for at, line in enumerate(lines) if line and not line.strip("-")]
    return lines[: rules[0] - 1] if rules else lines
