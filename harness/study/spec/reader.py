"""YAML text to a value: one document, no tags, few aliases, shallow.

Events are read one by one, so whatever could grow is refused before it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
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
from harness.study.spec.node import Mistake, Node, Place, Scalar, SourceMark, spec_error
from harness.study.spec.scalars import read_scalar
from harness.study.spec.source import CONTROL, unprintable

MAX_REPEATED = 1000
"""Values that the aliases of one text may repeat, all together."""


class AnchorError(Exception):
    """An alias that cannot be followed: what is wrong, and a hint."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class Anchors:
    """The anchored values of one text, in the order of reading."""

    def __init__(self) -> None:
        self._finished: dict[str, Node] = {}
        self._open: set[str] = set()
        self._n_repeated = 0

    def start(self, name: str) -> None:
        """Note that an anchored value starts."""
        self._open.add(name)

    def finish(self, name: str, node: Node) -> None:
        """Note that an anchored value is complete."""
        self._open.discard(name)
        self._finished[name] = node

    def repeat(self, name: str) -> Node:
        """Return the value that an alias stands for.

        Raises
        ------
        AnchorError
            Where the value is not complete or not known, or aliases have repeated too much.
        """
        if name in self._open:
            raise AnchorError(f"the alias *{name} stands within the value it repeats", "write the value out")
        if name not in self._finished:
            raise AnchorError(f"there is no anchor &{name} above the alias *{name}", "write the value out")
        node = self._finished[name]
        self._n_repeated += node.size
        if self._n_repeated > MAX_REPEATED:
            raise AnchorError(f"aliases repeat more than {MAX_REPEATED:,} values", "use fewer aliases")
        return node


MAX_DEPTH = 32
"""Mappings and lists within each other; a spec needs about seven."""

SourceMarkAt = Callable[[int, int], SourceMark]
"""Place of a line and a column, both from 1."""


class EventReader:
    """Reads the events of one text; the depth of its recursion is at most `MAX_DEPTH`.

    Attributes
    ----------
    flaws : mistakes met so far that leave the rest readable
    """

    def __init__(self, events: Iterator[Event], mark_at: SourceMarkAt) -> None:
        self._events = events
        self._mark_at = mark_at
        self._anchors = Anchors()
        self.flaws: list[Mistake] = []

    def document(self) -> Node:
        """Return the value of the only document; null where there is none."""
        next(self._events)
        first = next(self._events)
        if isinstance(first, StreamEndEvent):
            return Node(self._mark_at(1, 1), None)
        if isinstance(first, DocumentStartEvent) and first.version not in (None, (1, 2)):
            self._flaw(first, "this asks for another YAML version", "YAML 1.2", "remove the %YAML line")
        event = next(self._events)
        root = self._node(event, mark=self._at(event), depth=0)
        next(self._events)
        second = next(self._events)
        if not isinstance(second, StreamEndEvent):
            raise self._fatal(second, "a second document starts", "one document", "remove the `---`")
        return root

    def _node(self, event: Event, *, mark: SourceMark, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._repeated(event, mark)
        if not isinstance(event, ScalarEvent | CollectionStartEvent):
            message = f"the parser sent {event} where a value starts"
            raise TypeError(message)
        text = event.value if isinstance(event, ScalarEvent) else ""
        if event.anchor is None:
            return Node(mark, self._content(event, depth), text)
        self._anchors.start(event.anchor)
        node = Node(mark, self._content(event, depth), text)
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
            yield self._node(event, mark=self._at(event), depth=depth)

    def _entries(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise self._fatal(event, "this key is not a text", "a text before the colon", "write a name")
            self._refuse_tag(event)
            key = self._text(event)
            node = self._node(next(self._events), mark=self._at(event), depth=depth)
            first = entries.setdefault(key, node)
            if first is not node:
                lines = f"lines {first.mark.line} and {node.mark.line}"
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

    def _repeated(self, event: AliasEvent, mark: SourceMark) -> Node:
        try:
            return replace(self._anchors.repeat(event.anchor), mark=mark)
        except AnchorError as error:
            expected = "a few aliases of complete values above"
            raise self._fatal(event, error.what, expected, error.hint) from error

    def _at(self, event: Event) -> SourceMark:
        return self._mark_at(event.start_mark.line + 1, event.start_mark.column + 1)

    def _flaw(self, event: Event, what: str, expected: str, hint: str) -> None:
        self.flaws.append(Mistake(Place(self._at(event)), what, expected, hint))

    def _fatal(self, event: Event, what: str, expected: str, hint: str) -> SpecError:
        return spec_error([*self.flaws, Mistake(Place(self._at(event)), what, expected, hint)])


_PLAIN = (
    (r"'\t' that cannot start", "a tab at the start", "indent with spaces"),
    (
        "mapping values are not allowed",
        "this colon is not expected",
        "check the indentation; quote a text with ': '",
    ),
    ("expected <block end>", "this does not fit the lines above", "check the indentation and the quotes"),
    ("unknown escape", "a backslash begins an escape here", "write paths with /, or in single quotes"),
    ("expected escape", "a backslash begins an escape here", "write paths with /, or in single quotes"),
    ("'%' that cannot start", "an unquoted text does not begin with %", "put it in quotes"),
    ("'@' that cannot start", "an unquoted text does not begin with @", "put it in quotes"),
    ("'`' that cannot start", "an unquoted text does not begin with `", "put it in quotes"),
    ("expected ',' or", "a bracket opened before this is not closed", "close it, or add a comma"),
)
"""What the parser says, what is expected, and a hint."""


@dataclass(frozen=True)
class Parsed:
    """A YAML text.

    Attributes
    ----------
    root : its value; null where the text is empty
    flaws : mistakes that leave the rest readable, so that they can be reported with those of the content
    """

    root: Node
    flaws: tuple[Mistake, ...]


def parse_yaml(text: str, mark_at: SourceMarkAt) -> Parsed:
    """Read one YAML 1.2 document.

    Raises
    ------
    SpecError
        Where the text is not YAML, or is more than one shallow document without an alias bomb. The flaws
        found before are part of the error.
    """
    reader = EventReader(YAML(typ="safe", pure=True).parse(text), mark_at)
    try:
        root = reader.document()
    except YAMLError as error:
        raise spec_error([*reader.flaws, _unreadable(error, mark_at)]) from error
    return Parsed(root, tuple(reader.flaws))


def _unreadable(error: YAMLError, mark_at: SourceMarkAt) -> Mistake:
    """Point at the quote that is never closed, else at what the parser could not read."""
    problem = str(getattr(error, "problem", error))
    what, hint = f"this is not YAML: {problem}", "look at this line and the one above"
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, MarkedYAMLError) and "quoted scalar" in str(error.context):
        what, hint = "this quote is not closed", "close it in the same line"
        mark = error.context_mark
    for fragment, plain_what, plain_hint in _PLAIN:
        if fragment in problem:
            what, hint = plain_what, plain_hint
    if not isinstance(mark, StringMark):
        return Mistake(Place(mark_at(1, 1)), what, "YAML 1.2", hint)
    place = Place(mark_at(mark.line + 1, mark.column + 1))
    return Mistake(place, f"{what}\n{mark.get_snippet()}", "YAML 1.2", hint)
