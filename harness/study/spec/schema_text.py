"""What a JSON Schema allows at a place, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.study.spec.reader import Loc


# Keyword of a JSON Schema with the words for what it allows, where a pattern says it badly.
WORDS = "x-words"

# Keyword of a JSON Schema of a property that may be left out although its type has no default.
FILLED_IN = "x-filled-in"

Schema = Mapping[str, Any]

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "a mapping",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "minLength": "characters: at least",
    "maxLength": "characters: at most",
    "minItems": "entries: at least",
    "maxItems": "entries: at most",
}


@dataclass(frozen=True)
class Expected:
    """What a schema allows at the places of one document.

    Attributes
    ----------
    schema : a JSON Schema with its definitions under ``$defs``
    data : the document's values; they decide which branch of a choice is meant
    """

    schema: Schema
    data: Any

    def keys(self, path: Loc) -> tuple[str, ...]:
        """Return the keys of the mapping at `path`, in the schema's order."""
        value = self._value(path)
        return tuple(
            dict.fromkeys(
                key
                for schema in self._at(path)
                for leaf in self._fitting(schema, value)
                for key in _properties(leaf)
            )
        )

    def words(self, path: Loc) -> str:
        """Return what may stand at `path`, or an empty string where the schema leaves it open."""
        return " or ".join(dict.fromkeys(filter(None, map(self._describe, self._leaves_at(path)))))

    def values(self, path: Loc) -> tuple[str, ...]:
        """Return the texts listed as the only ones allowed at `path`."""
        constants = (value for leaf in self._leaves_at(path) for value in _constants(leaf))
        return tuple(value for value in constants if isinstance(value, str))

    def is_one_value(self, path: Loc) -> bool:
        """Return whether a text or a number may stand at `path`, and neither a list nor a mapping."""
        leaves = self._leaves_at(path)
        return bool(leaves) and all(leaf.get("type") not in ("array", "object") for leaf in leaves)

    def default(self, path: Loc) -> object:
        """Return what stands for a value that is left out, or None."""
        return next((schema["default"] for schema in self._at(path) if "default" in schema), None)

    def _value(self, path: Loc) -> object:
        value = self.data
        for segment in path:
            inside = isinstance(value, dict) and segment in value
            inside |= isinstance(value, list) and isinstance(segment, int) and segment < len(value)
            value = value[segment] if inside else None
        return value

    def _at(self, path: Loc) -> list[Schema]:
        """Return the schemas of `path`; several where a choice on the way stays open."""
        schemas = [self.schema]
        for depth, segment in enumerate(path):
            value = self._value(path[:depth])
            leaves = [leaf for schema in schemas for leaf in self._fitting(schema, value)]
            schemas = [child for leaf in leaves if (child := _child(leaf, segment)) is not None]
        return schemas

    def _leaves_at(self, path: Loc) -> list[Schema]:
        """Return the branches of what a schema allows at `path`."""
        return [leaf for schema in self._at(path) for leaf in self._leaves(schema)]

    def _fitting(self, schema: Schema, value: object) -> list[Schema]:
        leaves = list(self._leaves(schema))
        return [leaf for leaf in leaves if _fits(leaf, value)] or leaves

    def _leaves(self, schema: Schema) -> Iterator[Schema]:
        """Yield the branches of a schema, its references followed."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            schema = {**self.schema["$defs"][name], **schema}
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches and WORDS not in schema:
            for branch in branches:
                yield from self._leaves(branch)
        else:
            yield schema

    def _describe(self, leaf: Schema) -> str:
        if WORDS in leaf:
            return str(leaf[WORDS])
        if constants := _constants(leaf):
            return " or ".join(repr(constant) for constant in constants)
        kind = leaf.get("type", "")
        if kind == "array":
            items = " or ".join(self._describe(item) for item in self._leaves(leaf.get("items", {})))
            words = f"a list, each {items}" if items else "a list"
        elif fixed := _fixed(leaf):
            words = "{" + ", ".join(f"{key}: {constant}" for key, constant in fixed.items()) + "}"
        else:
            words = _TYPES.get(kind, "")
        bounds = [f"{prefix} {leaf[bound]}" for bound, prefix in _BOUNDS.items() if bound in leaf]
        return ", ".join(filter(None, [words, *bounds]))


def _constants(leaf: Schema) -> list[Any]:
    return [leaf["const"]] if "const" in leaf else list(leaf.get("enum", ()))


def _properties(leaf: Schema) -> Schema:
    properties: Schema = leaf.get("properties", {})
    return properties


def _child(leaf: Schema, segment: str | int) -> Schema | None:
    if isinstance(segment, str):
        child = _properties(leaf).get(segment, leaf.get("additionalProperties"))
    else:
        prefix = leaf.get("prefixItems", ())
        child = prefix[segment] if segment < len(prefix) else leaf.get("items")
    return child if isinstance(child, Mapping) else None


def _fixed(leaf: Schema) -> dict[str, Any]:
    """Return the constants that tell this branch of a choice from the others."""
    return {key: schema["const"] for key, schema in _properties(leaf).items() if "const" in schema}


def _fits(leaf: Schema, value: object) -> bool:
    """Whether a value is of the schema's kind, and agrees with the constants that tell choices apart."""
    if isinstance(value, dict):
        is_meant = all(value.get(key, constant) == constant for key, constant in _fixed(leaf).items())
        return leaf.get("type") == "object" and is_meant
    return bool(leaf.get("type") == "array") == isinstance(value, list) and leaf.get("type") != "object"
