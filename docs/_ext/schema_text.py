"""The reference of a spec, as Markdown, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from markdown import code, table

from harness.installed import registry_of
from harness.registry.catalog import USE
from harness.registry.hooks import OURS
from harness.study.spec.json_schema import choices_of, spec_schema
from harness.study.spec.schema_text import WORDS, Expected

Schema = dict[str, Any]

REFERENCE = "#/$defs/"
CHOICES = {
    "EstimatorEntry": "an estimator",
    "estimator": "an estimator",
    "ProtocolEntry": "a protocol",
    "protocol": "a protocol",
    "MetricEntry": "a metric",
    "metric": "a metric",
    "ScenarioEntry": "a scenario",
    "scenario": "a scenario",
    "simulation": "a simulation",
    "step": "a preparation step",
}
"""Definitions of choices by name, and what one of them is called."""


@dataclass(frozen=True)
class SpecText:
    """The reference of a spec.

    Attributes
    ----------
    schema : JSON Schema of the spec with its definitions
    """

    schema: Schema

    def parts(self) -> str:
        """Return a section for each mapping of a spec, the spec itself first."""
        own = {name: entry for name, entry in self._definitions.items() if self._is_part(name)}
        order = [name for name in self._met(self.schema) if name in own]
        sections = [("The spec", self.schema), *((name, own[name]) for name in order)]
        return "\n\n".join(self._section(title, entry) for title, entry in sections)

    def choices(self, kind: str) -> str:
        """Return a section for each choice of a kind, such as ``estimator`` or ``step``."""
        return "\n\n".join(self._section(name, entry) for name, entry in self._options(kind))

    def _options(self, kind: str) -> Iterator[tuple[str, Schema]]:
        for name, entry in choices_of(self.schema, kind).items():
            others = {key: value for key, value in entry["properties"].items() if key != USE}
            yield name, {**entry, "properties": others}

    @property
    def _definitions(self) -> Mapping[str, Schema]:
        definitions: Mapping[str, Schema] = self.schema["$defs"]
        return definitions

    def _is_part(self, name: str) -> bool:
        return name not in CHOICES and "." not in name

    def _met(self, schema: Schema) -> list[str]:
        """Return the definitions that a schema leads to, each once, in the order they are met."""
        met: dict[str, None] = {}
        waiting = [schema["properties"]]
        while waiting:
            names = [name for name in _references(waiting.pop(0)) if name not in met]
            met |= dict.fromkeys(names)
            waiting += [self._definitions[name] for name in names if self._is_part(name)]
        return list(met)

    def _section(self, title: str, schema: Schema) -> str:
        heading = title if " " in title or title[0].isupper() else code(title)
        parts = [f"## {heading}", _plain(schema["description"])]
        keys = self._table(schema)
        parts += [keys if keys else "No options."]
        parts += self._nested(schema)
        return "\n\n".join(part for part in parts if part)

    def _nested(self, schema: Schema) -> Iterator[str]:
        """Yield a table for each kind of a nested choice, such as the covariances of an estimator."""
        for name in dict.fromkeys(_references(schema.get("properties", {}))):
            if "." not in name:
                continue
            entry = self._definitions[name]
            kind = self._choice(name)
            yield f"{code(kind)}: {_plain(entry['description'])}"
            others = {key: value for key, value in entry["properties"].items() if key != USE}
            yield self._table({**entry, "properties": others})

    def _table(self, schema: Schema) -> str:
        needed = schema.get("required", ())
        rows = [
            (code(key), self._words(entry), _default(entry, is_needed=key in needed), _description(entry))
            for key, entry in schema.get("properties", {}).items()
        ]
        return table(("key", "what", "default", "meaning"), rows) if rows else ""

    def _words(self, schema: Schema) -> str:
        """Return what a value may be, in words, linked where a section says more."""
        branches = schema.get("anyOf") or schema.get("oneOf")
        if WORDS in schema:
            words = str(schema[WORDS])
        elif "$ref" in schema:
            words = self._named(schema["$ref"].removeprefix(REFERENCE))
        elif branches:
            words = " or ".join(dict.fromkeys(self._words(entry) for entry in branches))
        elif constants := schema.get("enum", [schema["const"]] if "const" in schema else []):
            words = " or ".join(code(_shown(entry)) for entry in constants)
        elif schema.get("type") == "array":
            words = self._list(schema)
        elif isinstance(schema.get("additionalProperties"), Mapping):
            words = f"a mapping, each {self._words(schema['additionalProperties'])}"
        else:
            words = Expected(schema, None).words(())
        return words or "any value"

    def _choice(self, name: str) -> str:
        """Return how a nested mapping is chosen, as ``use: clustered``; its name where it is no choice."""
        use = self._definitions[name]["properties"].get(USE)
        return name.rpartition(".")[2] if use is None else f"{USE}: {use['const']}"

    def _list(self, schema: Schema) -> str:
        items = schema.get("items")
        each = f", each {self._words(items)}" if items else ""
        least = schema.get("minItems", 0)
        return f"a list{each}" + (f", at least {least}" if least > 1 else "")

    def _named(self, name: str) -> str:
        if name in CHOICES:
            return CHOICES[name]
        if "." in name:
            return code(
                f"{{{self._choice(name)}}}"
                if USE in self._definitions[name]["properties"]
                else self._choice(name)
            )
        return f"[{name}](#{name.lower()})"


def own_spec_text() -> SpecText:
    """Return the reference of the spec with the harness's own plugins, whatever else is installed."""
    points = (point for point in entry_points(group="harness") if point.dist and point.dist.name in OURS)
    return SpecText(spec_schema(registry_of(tuple(points)).catalogs))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].removeprefix(REFERENCE)
        for key, entry in value.items():
            if key != "discriminator":
                yield from _references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def _default(schema: Schema, *, is_needed: bool) -> str:
    if is_needed:
        return "needed"
    default = schema.get("default")
    return "" if default is None or isinstance(default, dict) else code(_shown(default))


def _description(schema: Schema) -> str:
    return _plain(schema.get("description", ""))


def _plain(text: str) -> str:
    """Return a docstring's text as Markdown: double backticks are reStructuredText's."""
    return text.replace("``", "`")


def _shown(value: object) -> str:
    """Return a value as it is written in a spec."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
