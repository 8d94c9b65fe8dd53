"""YAML events to nodes: one document, no tags, few aliases, shallow.

Events are read one by one, so whatever could grow is refused before it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from harness.errors import SpecError
from harness.spec.anchors import AnchorError, Anchors
from harness.spec.mistake import Mistake, Place, Spot, spec_error
from harness.spec.node import Node, Scalar
from harness.spec.scalars import read_scalar
from harness.spec.source import CONTROL, unprintable

MAX_DEPTH = 32
"""Mappings and lists within each other; a spec needs about seven."""

SpotAt = Callable[[int, int], Spot]
"""Place of a line and a column, both from 1."""


class EventReader:
    """Reads the events of one text; the depth of its recursion is at most `MAX_DEPTH`.

    Attributes
    ----------
    flaws : mistakes met so far that leave the rest readable
    """

    def __init__(self, events: Iterator[Event], spot_at: SpotAt) -> None:
        self._events = events
        self._spot_at = spot_at
        self._anchors = Anchors()
        self.flaws: list[Mistake] = []

    def document(self) -> Node:
        """Return the value of the only document; null where there is none."""
        next(self._events)
        first = next(self._events)
        if isinstance(first, StreamEndEvent):
            return Node(self._spot_at(1, 1), None)
        if isinstance(first, DocumentStartEvent) and first.version not in (None, (1, 2)):
            self._flaw(first, "this asks for another YAML version", "YAML 1.2", "remove the %YAML line")
        event = next(self._events)
        root = self._node(event, spot=self._at(event), depth=0)
        next(self._events)
        second = next(self._events)
        if not isinstance(second, StreamEndEvent):
            raise self._fatal(second, "a second document starts", "one document", "remove the `---`")
        return root

    def _node(self, event: Event, *, spot: Spot, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._repeated(event, spot)
        if not isinstance(event, ScalarEvent | CollectionStartEvent):
            message = f"the parser sent {event} where a value starts"
            raise TypeError(message)
        text = event.value if isinstance(event, ScalarEvent) else ""
        if event.anchor is None:
            return Node(spot, self._content(event, depth), text)
        self._anchors.start(event.anchor)
        node = Node(spot, self._content(event, depth), text)
        self._anchors.finish(event.anchor, node)
        return node

    def _content(
        self, event: ScalarEvent | CollectionStartEvent, depth: int
    ) -> Scalar | tuple[Node, ...] | dict[str, Node]:
        self._refuse_tag(event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if depth == MAX_DEPTH:
            what = f"mappings and lists are nested more than {MAX_DEPTH} deep"
            raise self._fatal(event, what, f"{MAX_DEPTH} levels", "flatten this part")
        if isinstance(event, MappingStartEvent):
            return self._entries(depth + 1)
        return tuple(self._items(depth + 1))

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, spot=self._at(event), depth=depth)

    def _entries(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise self._fatal(event, "this key is not a text", "a text before the colon", "write a name")
            self._refuse_tag(event)
            key = self._text(event)
            node = self._node(next(self._events), spot=self._at(event), depth=depth)
            first = entries.setdefault(key, node)
            if first is not node:
                lines = f"lines {first.spot.line} and {node.spot.line}"
                self._flaw(
                    event, f"the key '{key}' is given twice, in {lines}", "each key once", "remove one"
                )
        return entries

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text = self._text(event)
        is_plain = event.implicit[0]
        if not is_plain:
            return text
        try:
            return read_scalar(text)
        except ValueError as error:
            self._flaw(event, str(error), "numbers of ordinary size", "quote it if it is a text")
            return None

    def _text(self, event: ScalarEvent) -> str:
        if found := CONTROL.search(event.value):
            self._flaw(event, *unprintable(found[0]))
        return str(event.value)

    def _refuse_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        if event.tag is not None:
            what, hint = f"the tag {event.tag}", "remove the tag; quote what is meant as text"
            self._flaw(event, what, "plain YAML without tags", hint)

    def _repeated(self, event: AliasEvent, spot: Spot) -> Node:
        try:
            return replace(self._anchors.repeat(event.anchor), spot=spot)
        except AnchorError as error:
            expected = "a few aliases of complete values above"
            raise self._fatal(event, error.what, expected, error.hint) from error

    def _at(self, event: Event) -> Spot:
        return self._spot_at(event.start_mark.line + 1, event.start_mark.column + 1)

    def _flaw(self, event: Event, what: str, expected: str, hint: str) -> None:
        self.flaws.append(Mistake(Place(self._at(event)), what, expected, hint))

    def _fatal(self, event: Event, what: str, expected: str, hint: str) -> SpecError:
        return spec_error([*self.flaws, Mistake(Place(self._at(event)), what, expected, hint)])
