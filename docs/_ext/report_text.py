"""The fields of the accuracy-gain report, as Markdown, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markdown import code, table

Schema = Mapping[str, Any]

REFERENCE = "#/$defs/"
HEAD = ("field", "what", "meaning")


def report_text(schema: Schema) -> str:
    """Return a section for the report and for each of its definitions, with all fields by path."""
    sections = [("The report", schema), *((code(name), part) for name, part in schema["$defs"].items())]
    return "\n\n".join(
        f"## {title}\n\n{part['description']}\n\n{table(HEAD, _fields(part, ''))}" for title, part in sections
    )


def _fields(schema: Schema, within: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, kind and meaning of every field, those of nested mappings and lists below it."""
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        path = f"{within}{name}"
        words = _words(part) if name in needed else f"{_words(part)}, may be left out"
        yield code(path), words, part.get("description", "")
        yield from _fields(part, f"{path}.")
        yield from _fields(part.get("items", {}), f"{path}[].")


def _words(schema: Schema) -> str:
    if "$ref" in schema:
        return code(schema["$ref"].removeprefix(REFERENCE))
    if "anyOf" in schema:
        return " or ".join(_words(part) for part in schema["anyOf"])
    if "const" in schema:
        return code(f'"{schema["const"]}"')
    if "enum" in schema:
        return " or ".join("null" if part is None else code(f'"{part}"') for part in schema["enum"])
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"array of {_words(schema['items'])}"
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
