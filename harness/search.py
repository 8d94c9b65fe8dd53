"""What `harness plugins WORDS` searches: choices, keys of a spec, commands, tables, with their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from harness.registry.catalog import USE, Catalogs
from harness.registry.registry import Registry

# Topics that are printed at most.
MOST = 12


@dataclass(frozen=True)
class Topic:
    """Something that can be looked up.

    Attributes
    ----------
    name : what it is and how it is called, such as ``step lag``
    text : what it does
    parts : its options, keys or columns, with their meanings
    names : other names that people look for
    """

    name: str
    text: str
    parts: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def rank(self, words: tuple[str, ...]) -> int:
        """Return where it stands among the results: 0 by its name, 1 by a part's, 2 by a meaning, else 3."""
        named = " ".join((self.name, *self.names))
        with_parts = " ".join((named, *self.parts))
        whole = " ".join((with_parts, self.text, *self.parts.values()))
        ranked = enumerate((named, with_parts, whole))
        return next((rank for rank, text in ranked if all(_begins(word, text) for word in words)), 3)

    def lines(self, words: tuple[str, ...]) -> Iterator[str]:
        """Yield its line, and one for each part that has one of the words."""
        yield f"{self.name}: {self.text}"
        for part, meaning in self.parts.items():
            if any(_begins(word, f"{part} {meaning}") for word in words):
                yield f"  {part}: {meaning}" if meaning else f"  {part}"


def matches(
    registry: Registry, commands: Mapping[str, click.Command], words: tuple[str, ...]
) -> Iterator[str]:
    """Yield the lines of what has all words, what is called so first."""
    sought = tuple(word.casefold() for word in words)
    listed = (*_choices(registry.catalogs), *_commands(commands), *_tables())
    # What several choices nest, such as errors by cluster, is one topic.
    topics = list({(topic.name, topic.text): topic for topic in listed}.values())
    ranked = sorted((topic.rank(sought), index) for index, topic in enumerate(topics))
    hits = [topics[index] for rank, index in ranked if rank < 3]
    for topic in hits[:MOST]:
        yield from topic.lines(sought)
    if len(hits) > MOST:
        yield f"and {len(hits) - MOST} more; add a word"


def _choices(catalogs: Catalogs) -> Iterator[Topic]:
    """Yield what can be chosen by name with its options, then other mappings of a spec with their keys."""
    from harness.study.spec.json_schema import choices_of, spec_schema

    schema = spec_schema(catalogs)
    parts: dict[str, Any] = {"spec": schema, **schema["$defs"]}
    for kind, catalog in catalogs.items():
        for taken in (kind, f"{kind.capitalize()}Entry"):
            parts.pop(taken, None)
        for name, one in choices_of(schema, kind).items():
            known = getattr(catalog.members.get(name), "known_as", ())
            yield Topic(f"{kind} {name}", _plain(one["description"]), _meanings(one), tuple(known))
    for name, one in parts.items():
        if keys := _keys(one):
            called = f"{USE}: {keys[USE]['const']}" if USE in keys else name.rpartition(".")[2]
            yield Topic(f"in a spec, {called}", _plain(one.get("description", "")), _meanings(one))


def _commands(commands: Mapping[str, click.Command]) -> Iterator[Topic]:
    for name, command in commands.items():
        options = (one for one in command.params if isinstance(one, click.Option))
        meanings = {max(one.opts, key=len): one.help or "" for one in options}
        yield Topic(f"harness {name}", command.get_short_help_str(300), meanings)


def _tables() -> Iterator[Topic]:
    from harness.tables.registry import TABLES

    for table in TABLES.values():
        yield Topic(f"table {table.file}", table.description, dict.fromkeys(table.columns, ""))


def _begins(word: str, text: str) -> bool:
    """Return whether a word of a text, or a part of a name between underscores, begins so."""
    return re.search(rf"(?<![^\W_]){re.escape(word)}", text.casefold()) is not None


def _keys(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    keys: Mapping[str, Any] = schema.get("properties", {})
    return keys


def _meanings(schema: Mapping[str, Any]) -> Mapping[str, str]:
    keys = _keys(schema)
    return {key: _plain(one.get("description", "")) for key, one in keys.items() if key != USE}


def _plain(text: str) -> str:
    return text.replace("``", "`")
