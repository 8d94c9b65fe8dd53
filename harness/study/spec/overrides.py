"""Values given on the command line as ``--set key=value``, put over those of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import Problem, SpecError
from harness.registry.catalog import USE
from harness.study.spec.document import Document
from harness.study.spec.node import Mistake, Node, Place, SourceMark, kind_of, spec_error, spell
from harness.study.spec.reader import parse_yaml

_KEY = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[^\[\]]+\])*")
_SEGMENT = re.compile(r"[^.\[\]]+")
_NAMES = ("id", USE)

EXPECT = "expect"
"""Key of the numbers that a spec expects."""


def with_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """Return the document with these values in place of its own, later ones over earlier ones.

    What a spec expects holds of the study as the file has it, so a changed study expects nothing, unless an
    override says what.

    Parameters
    ----------
    document : the file
    overrides : ``estimators[1].draws=50``: keys and list positions from the top, then a YAML value. An
        entry of a list may be named by its id: ``estimators[rab].draws=50``, ``estimators.rab.draws=50``

    Raises
    ------
    SpecError
        Where an override is not of this form, or its key leads nowhere; all of them are named.
    """
    problems: list[Problem] = []
    if overrides:
        document = _without_expectations(document)
    for override in overrides:
        try:
            document = _overridden(document, override)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(*problems)
    return document


def _without_expectations(document: Document) -> Document:
    keys = document.root.content
    kept = {key: node for key, node in keys.items() if key != EXPECT} if isinstance(keys, Mapping) else keys
    return replace(document, root=replace(document.root, content=kept))


def _overridden(document: Document, override: str) -> Document:
    mark = SourceMark(f"--set {override}")
    key, equals, text = override.partition("=")
    if not equals or _KEY.fullmatch(key) is None:
        form = "key=value, such as estimators[1].draws=50"
        raise spec_error([Mistake(Place(mark), "this override cannot be read", form, "write key=value")])
    parsed = parse_yaml(text, lambda line, column: mark)  # noqa: ARG005 - an override has no lines
    root = _set(document.root, _SEGMENT.findall(key), parsed.root, at=Place(mark))
    return replace(document, root=root, flaws=(*document.flaws, *parsed.flaws))


def _set(node: Node, keys: list[str], value: Node, *, at: Place) -> Node:
    """Return `node` with a value under a path of keys; mappings that are missing on the way are made."""
    segment = _segment(node, keys[0], at=at)
    if len(keys) > 1:
        child = node.child(segment) or Node(at.mark, {})
        value = _set(child, keys[1:], value, at=Place(at.mark, (*at.path, segment)))
    return node.with_child(segment, value)


def _segment(node: Node, key: str, *, at: Place) -> str | int:
    """Return a key of a mapping, or the position that a number or an id means in a list."""
    if isinstance(node.content, tuple):
        names = [entry_name(item) for item in node.content]
        position = int(key) if key.isascii() and key.isdigit() else names.index(key) if key in names else -1
        if 0 <= position < len(names):
            return position
        expected = f"0 to {len(names) - 1}, or an id: {', '.join(filter(None, names))}"
        raise spec_error(
            [Mistake(at, f"this list has no entry '{key}'", expected, "name an entry of the list")]
        )
    if isinstance(node.content, Mapping):
        return key
    what = f"{spell(at.path)} is {kind_of(node)}, so it has no '{key}'"
    raise spec_error(
        [Mistake(Place(at.mark), what, "a key of a mapping", f"set {spell(at.path)} as a whole")]
    )


def entry_name(item: Node) -> str:
    """Return what an entry of a list is called; empty where it has no name."""
    named = [child.content for key in _NAMES if (child := item.child(key)) is not None]
    return next((name for name in [*named, item.content] if isinstance(name, str)), "")
