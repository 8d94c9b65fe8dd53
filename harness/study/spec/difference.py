"""What differs between two specs, value by value, whatever their layout and comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.study.spec.document import Document, entry_name
from harness.study.spec.node import Node

ORDER = "order"
"""Last part of the path of a list whose entries are the same in another order."""


@dataclass(frozen=True)
class ValueDifference:
    """One value that differs.

    Attributes
    ----------
    path : of the value; an entry of a list is called by its id where it has one
    a, b : the two values, as JSON; None where there is none
    """

    path: str
    a: str | None
    b: str | None


def spec_differences(a: Document, b: Document) -> tuple[ValueDifference, ...]:
    """Return every value that one spec has and the other has not, or has otherwise."""
    return tuple(_differences(a.root, b.root, ""))


def _differences(a: Node | None, b: Node | None, path: str) -> Iterator[ValueDifference]:
    if a is not None and b is not None:
        if isinstance(a.content, Mapping) and isinstance(b.content, Mapping):
            for key in dict.fromkeys((*a.content, *b.content)):
                yield from _differences(a.child(key), b.child(key), f"{path}.{key}" if path else key)
            return
        if isinstance(a.content, tuple) and isinstance(b.content, tuple):
            yield from _between_lists(a.content, b.content, path)
            return
    text_a, text_b = _text(a), _text(b)
    if text_a != text_b:
        yield ValueDifference(path, text_a, text_b)


def _between_lists(a: tuple[Node, ...], b: tuple[Node, ...], path: str) -> Iterator[ValueDifference]:
    named_a, named_b = _named(a), _named(b)
    if named_a is None or named_b is None:
        named_a, named_b = (
            dict(zip(map(str, range(len(entries))), entries, strict=True)) for entries in (a, b)
        )
    for name in dict.fromkeys((*named_a, *named_b)):
        yield from _differences(named_a.get(name), named_b.get(name), f"{path}[{name}]")
    shared_a, shared_b = (
        [name for name in first if name in second] for first, second in _both_ways(named_a, named_b)
    )
    if shared_a != shared_b:
        yield ValueDifference(f"{path}.{ORDER}", json.dumps(shared_a), json.dumps(shared_b))


def _both_ways(a: dict[str, Node], b: dict[str, Node]) -> tuple[tuple[dict[str, Node], dict[str, Node]], ...]:
    return (a, b), (b, a)


def _named(entries: tuple[Node, ...]) -> dict[str, Node] | None:
    """Return entries by name, or None where some have no name, or the same."""
    named = {entry_name(entry): entry for entry in entries}
    return named if len(named) == len(entries) and "" not in named else None


def _text(node: Node | None) -> str | None:
    return None if node is None else json.dumps(node.plain(), ensure_ascii=False)
