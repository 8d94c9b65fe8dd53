"""Values of a spec that know where they were written, and the mistakes found there."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import Problem, SpecError

# Keys and list positions that lead from the top of a spec to one of its values.
Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a value of a spec was written, and how one gets there from the top.

    Attributes
    ----------
    source : path of the file, or the override as it was given
    line, column : from 1; both 0 where there are no lines, as in an override
    path : keys and list positions; empty for the text as such
    """

    source: str
    line: int = 0
    column: int = 0
    path: Loc = ()

    @property
    def spot(self) -> str:
        """The place without its path: ``specs/x.yaml:12:5``."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    def __str__(self) -> str:
        return f"{self.spot}: {spell(self.path)}" if self.path else self.spot

    @property
    def order(self) -> tuple[bool, int, int]:
        """Sorts the file by line, and overrides behind it."""
        return self.line == 0, self.line, self.column

    def at(self, line: int, column: int) -> Place:
        """Return the place of a line and a column of the same text; this one where it has no lines."""
        return replace(self, line=line, column=column) if self.line else self


@dataclass(frozen=True)
class Mistake:
    """One mistake at one place; the words are those of `harness.errors.Problem`."""

    place: Place
    what: str
    expected: str = ""
    hint: str = ""


def spell(path: Loc) -> str:
    """Return a path as a user writes it, such as ``estimators[1].use``."""
    spelled = "".join(f"[{segment}]" if isinstance(segment, int) else f".{segment}" for segment in path)
    return spelled.removeprefix(".")


def spec_error(mistakes: Iterable[Mistake]) -> SpecError:
    """Return all these mistakes as one error, each once, in the order of the file."""
    ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.place.order)
    return SpecError(
        *(Problem(str(mistake.place), mistake.what, mistake.expected, mistake.hint) for mistake in ordered)
    )


Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Node:
    """A value and where it starts: at its key within a mapping, at itself within a list.

    Attributes
    ----------
    place : without a path, since a value may stand at several
    text : of a single value, as written; a number does not keep the zeros at its end
    """

    place: Place
    content: Scalar | tuple[Node, ...] | Mapping[str, Node]
    text: str = ""

    @functools.cached_property
    def size(self) -> int:
        """Number of values within, itself included; what aliases repeat counts each time."""
        if isinstance(self.content, Mapping):
            return 1 + sum(node.size for node in self.content.values())
        return 1 + sum(node.size for node in self.content) if isinstance(self.content, tuple) else 1

    def child(self, segment: str | int) -> Node | None:
        """Return the value under a key or at a list position, or None where there is none."""
        if isinstance(self.content, Mapping) and isinstance(segment, str):
            return self.content.get(segment)
        if isinstance(self.content, tuple) and isinstance(segment, int) and 0 <= segment < len(self.content):
            return self.content[segment]
        return None

    def with_child(self, segment: str | int, child: Node) -> Node:
        """Return a copy with another value under a key, or at a list position that exists.

        Raises
        ------
        TypeError
            Where a single value, or a segment of the other kind, has no such children.
        """
        if isinstance(self.content, Mapping) and isinstance(segment, str):
            return replace(self, content={**self.content, segment: child})
        if isinstance(self.content, tuple) and isinstance(segment, int):
            before, after = self.content[:segment], self.content[segment + 1 :]
            return replace(self, content=(*before, child, *after))
        message = f"{kind_of(self)} has no {segment!r}"
        raise TypeError(message)

    def without(self, key: str) -> Node:
        """Return a mapping without one of its keys; anything else as it is."""
        if not isinstance(self.content, Mapping):
            return self
        return replace(self, content={name: node for name, node in self.content.items() if name != key})

    def plain(self) -> Any:  # noqa: ANN401 - whatever a user can write in YAML
        """Return dicts, lists and scalars."""
        if isinstance(self.content, Mapping):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, tuple):
            return [node.plain() for node in self.content]
        return self.content

    def find(self, loc: Loc) -> Place:
        """Return the place that a path leads to, without the segments that lead nowhere.

        pydantic's paths also name union branches and keys that are missing; these are no values of the
        text, so a missing key is found at the mapping that lacks it.
        """
        node, path = self, []
        for segment in loc:
            child = node.child(segment)
            if child is not None:
                node = child
                path.append(segment)
        return replace(node.place, path=tuple(path))


def kind_of(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node.content, Mapping):
        return "a mapping"
    return "a list" if isinstance(node.content, tuple) else "a single value"
