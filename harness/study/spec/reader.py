"""A spec file to a value: its bytes, refused by kind, size and encoding, then YAML, one document and shallow.

Events are read one by one, so whatever could grow is refused before it does. Plain scalars are read as the
core schema of YAML 1.2.2 (section 10.3.2) has them: without dates, ``yes`` and ``no`` and underscores in
numbers, so that such texts stay as they are.
"""

from __future__ import annotations

import functools
import math
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError

from harness.errors import Problem, SpecError
from harness.language import DIRECTION_MARKS, Coded, marked

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
        message = Coded("{kind_of} has no {segment}", kind_of=kind_of(self), segment=repr(segment))
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


# Largest spec that is read; a long one has some ten kilobytes.
MAX_BYTES = 256 * 1024

# Control characters that one error names; a binary file is full of them.
MAX_CONTROL_CHARACTERS = 20

# Characters that YAML 1.2 does not allow as they are, and direction marks, by which a line reads as another
# (Boucher and Anderson 2023, "Trojan Source"); no name or title needs them.
CONTROL = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff{DIRECTION_MARKS}]"
)

_BYTE_ORDER_MARK = "\ufeff"


def read_bytes(path: Path) -> bytes:
    """Return the content of a spec file.

    Raises
    ------
    SpecError
        Where this is no regular file, cannot be read, or is larger than `MAX_BYTES`.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise _refused(path, "this is a directory", hint="name a file in it")
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "this is a device or a pipe", hint="save the spec as a file")
        if found.st_size > MAX_BYTES:
            what = Coded("{st_size} bytes are too many for a spec", st_size=f"{found.st_size:,}")
            raise _refused(path, what, hint=f"keep it under {MAX_BYTES:,} bytes; is this the data file?")
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = marked("check the path; it is taken from the current directory")
        raise _refused(path, "there is no such file", hint=hint) from error
    except PermissionError as error:
        raise _refused(path, "this file may not be read", hint="change its permissions") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _refused(path, f"this cannot be read: {reason}", hint="check the path") from error


def decode(path: Path, raw: bytes) -> str:
    """Return the text of a spec, without a byte order mark.

    Raises
    ------
    SpecError
        Where the bytes are not UTF-8, or hold control characters.
    """
    try:
        text = raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        place = _end_of(path, raw[: error.start].decode("utf-8"))
        what = Coded("not UTF-8: byte {start} is 0x{raw}", start=error.start, raw=f"{raw[error.start]:02X}")
        hint = marked("save the spec as UTF-8; `encoding:` under `data:` is for the data file")
        raise spec_error([Mistake(place, what, "UTF-8", hint)]) from error
    mistakes = [
        Mistake(_end_of(path, text[: found.start()]), *unprintable(found[0]))
        for found in CONTROL.finditer(text)
    ]
    if mistakes:
        raise spec_error(mistakes[:MAX_CONTROL_CHARACTERS])
    return text


def unprintable(character: str) -> tuple[str, str, str]:
    """Return what is wrong with a control character, what is expected, and a hint."""
    kind = "direction mark" if character in DIRECTION_MARKS else "control character"
    return f"{kind} U+{ord(character):04X}", "printable characters", "delete the character"


def _refused(path: Path, what: str, *, hint: str) -> SpecError:
    return spec_error([Mistake(Place(str(path)), what, marked("a regular YAML file that can be read"), hint)])


def _end_of(path: Path, before: str) -> Place:
    return Place(str(path), before.count("\n") + 1, len(before) - before.rfind("\n"))


# Longest number in characters; a double's largest integer has 309.
MAX_DIGITS = 400

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BASES = {"0o": 8, "0x": 16}


def read_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar means.

    Raises
    ------
    ValueError
        Where a number has more digits, or is larger, than any number a study could need.
    """
    if text in _WORDS:
        return _WORDS[text]
    is_integer = _INTEGER.fullmatch(text) is not None
    if not is_integer and _FLOAT.fullmatch(text) is None:
        return text
    if len(text) > MAX_DIGITS:
        message = Coded("a number of {n} characters", n=len(text))
        raise ValueError(message)
    if is_integer:
        base = _BASES.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    value = float(text)
    if math.isinf(value):
        message = Coded("the number {text} is too large", text=text)
        raise ValueError(message)
    return value


# Values that the aliases of one text may repeat, all together.
MAX_REPEATED = 1000

# Mappings and lists within each other; a spec needs about seven.
MAX_DEPTH = 32


class _EventReader:
    """Reads the events of one text; the depth of its recursion is at most `MAX_DEPTH`.

    Attributes
    ----------
    flaws : mistakes met so far that leave the rest readable
    """

    def __init__(self, events: Iterator[events.Event], start: Place) -> None:
        self._events = events
        self._start = start
        self._anchored: dict[str, Node | None] = {}  # None while the value is not complete
        self._n_repeated = 0
        self.flaws: list[Mistake] = []

    def document(self) -> Node:
        """Return the value of the only document; null where there is none."""
        next(self._events)
        first = next(self._events)
        if isinstance(first, events.StreamEndEvent):
            return Node(self._start.at(1, 1), None)
        if isinstance(first, events.DocumentStartEvent) and first.version not in (None, (1, 2)):
            self._flaw(first, "this asks for another YAML version", "YAML 1.2", "remove the %YAML line")
        event = next(self._events)
        root = self._node(event, self._at(event), depth=0)
        next(self._events)
        second = next(self._events)
        if not isinstance(second, events.StreamEndEvent):
            raise self._fatal(second, "a second document starts", "one document", "remove the `---`")
        return root

    def _node(self, event: events.Event, place: Place, *, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            return self._repeated(event, place)
        if not isinstance(event, events.ScalarEvent | events.CollectionStartEvent):
            message = Coded("the parser sent {event} where a value starts", event=event)
            raise TypeError(message)
        text = event.value if isinstance(event, events.ScalarEvent) else ""
        if event.anchor is not None:
            self._anchored[event.anchor] = None
        node = Node(place, self._content(event, depth), text)
        if event.anchor is not None:
            self._anchored[event.anchor] = node
        return node

    def _content(
        self, event: events.ScalarEvent | events.CollectionStartEvent, depth: int
    ) -> Scalar | tuple[Node, ...] | dict[str, Node]:
        self._refuse_tag(event)
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event)
        if depth == MAX_DEPTH:
            what = Coded("mappings and lists are nested more than {max_depth} deep", max_depth=MAX_DEPTH)
            raise self._fatal(event, what, f"{MAX_DEPTH} levels", "flatten this part")
        if isinstance(event, events.MappingStartEvent):
            return self._entries(depth + 1)
        return tuple(self._items(depth + 1))

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            yield self._node(event, self._at(event), depth=depth)

    def _entries(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            if not isinstance(event, events.ScalarEvent):
                raise self._fatal(event, "this key is not a text", "a text before the colon", "write a name")
            self._refuse_tag(event)
            key = self._text(event)
            node = self._node(next(self._events), self._at(event), depth=depth)
            first = entries.setdefault(key, node)
            if first is not node:
                lines = f"lines {first.place.line} and {node.place.line}"
                self._flaw(
                    event, f"the key '{key}' is given twice, in {lines}", "each key once", "remove one"
                )
        return entries

    def _scalar(self, event: events.ScalarEvent) -> Scalar:
        text = self._text(event)
        if not event.implicit[0]:  # it is quoted
            return text
        try:
            return read_scalar(text)
        except ValueError as error:
            self._flaw(event, str(error), "numbers of ordinary size", "quote it if it is a text")
            return None

    def _text(self, event: events.ScalarEvent) -> str:
        if found := CONTROL.search(event.value):
            self._flaw(event, *unprintable(found[0]))
        return str(event.value)

    def _refuse_tag(self, event: events.ScalarEvent | events.CollectionStartEvent) -> None:
        if event.tag is not None:
            what = Coded("the tag {tag}", tag=event.tag)
            hint = marked("remove the tag; quote what is meant as text")
            self._flaw(event, what, "plain YAML without tags", hint)

    def _repeated(self, event: events.AliasEvent, place: Place) -> Node:
        """Return the value that an alias stands for, at the place of the alias."""
        name, node = event.anchor, self._anchored.get(event.anchor)
        expected, hint = marked("a few aliases of complete values above"), marked("write the value out")
        if name not in self._anchored:
            raise self._fatal(event, f"there is no anchor &{name} above the alias *{name}", expected, hint)
        if node is None:
            raise self._fatal(event, f"the alias *{name} stands within the value it repeats", expected, hint)
        self._n_repeated += node.size
        if self._n_repeated > MAX_REPEATED:
            what = Coded("aliases repeat more than {max_repeated} values", max_repeated=f"{MAX_REPEATED:,}")
            raise self._fatal(event, what, expected, "use fewer aliases")
        return replace(node, place=place)

    def _at(self, event: events.Event) -> Place:
        return self._start.at(event.start_mark.line + 1, event.start_mark.column + 1)

    def _flaw(self, event: events.Event, what: str, expected: str, hint: str) -> None:
        self.flaws.append(Mistake(self._at(event), what, expected, hint))

    def _fatal(self, event: events.Event, what: str, expected: str, hint: str) -> SpecError:
        return spec_error([*self.flaws, Mistake(self._at(event), what, expected, hint)])


# What the parser says, what is expected, and a hint.
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


def parse_yaml(text: str, start: Place) -> Parsed:
    """Read one YAML 1.2 document.

    Parameters
    ----------
    start : of the text; one without lines is that of all its values

    Raises
    ------
    SpecError
        Where the text is not YAML, or is more than one shallow document without an alias bomb. The flaws
        found before are part of the error.
    """
    reader = _EventReader(YAML(typ="safe", pure=True).parse(text), start)
    try:
        root = reader.document()
    except YAMLError as error:
        raise spec_error([*reader.flaws, _unreadable(error, start)]) from error
    return Parsed(root, tuple(reader.flaws))


def _unreadable(error: YAMLError, start: Place) -> Mistake:
    """Point at the quote that is never closed, else at what the parser could not read."""
    problem = str(getattr(error, "problem", error))
    what: str = Coded("this is not YAML: {problem}", problem=problem)
    hint: str = marked("look at this line and the one above")
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, MarkedYAMLError) and "quoted scalar" in str(error.context):
        what, hint = marked("this quote is not closed"), marked("close it in the same line")
        mark = error.context_mark
    for fragment, plain_what, plain_hint in _PLAIN:
        if fragment in problem:
            what, hint = plain_what, plain_hint
    if not isinstance(mark, StringMark):
        return Mistake(start.at(1, 1), what, marked("YAML 1.2"), hint)
    return Mistake(
        start.at(mark.line + 1, mark.column + 1), f"{what}\n{mark.get_snippet()}", marked("YAML 1.2"), hint
    )
