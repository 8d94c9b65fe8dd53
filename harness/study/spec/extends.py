"""A spec that is another one with changes: its key ``extends``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.errors import SpecError
from harness.registry.catalog import USE
from harness.study.spec.document import EXPECT, NAME, Document, WrittenSpec, node_text, read_document
from harness.study.spec.node import Node, kind_of

EXTENDS: Final = "extends"

# The only key of a mapping that adds its entries to a list, where a list alone takes the place of another.
APPEND: Final = "append"


def read_spec(source: Path | WrittenSpec) -> Document:
    """Read a spec together with those that it extends.

    Mappings are joined key by key; what is no mapping takes the place of what it changes, a list as a whole,
    or with ``{append: [...]}`` behind the entries that are there; a key without a value removes one. Options
    of a choice are not joined to those of another choice. What a spec expects holds of it alone.

    Returns
    -------
    Document
        Its text is the joined spec, which needs no other file, and the hash is that text's.

    Raises
    ------
    SpecError
        Where a file cannot be read, or names one that lies outside, or extends itself.
    """
    document = read_document(source)
    joined = _joined(document, ())
    if joined is document:
        return document
    text = node_text(joined.root)
    return replace(joined, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def _joined(document: Document, chain: tuple[Path, ...]) -> Document:
    """Return a document with the values of all that it extends; its text is still its file's."""
    named = document.root.child(EXTENDS)
    if named is None:
        return document
    chain = (*chain, document.path.resolve())
    base = _joined(read_document(_base(document, named, chain)), chain)
    root = _changed(base.root.without(EXPECT), document.root.without(EXTENDS))
    return replace(document, root=root, flaws=(*base.flaws, *document.flaws))


def _base(document: Document, named: Node, chain: tuple[Path, ...]) -> Path:
    """Return the file that is extended, as messages name it."""
    where, written = document.place((EXTENDS,)), named.content
    if str(document.path) == NAME or not isinstance(written, str):
        what = (
            "a spec that is no file extends none" if isinstance(written, str) else f"found {kind_of(named)}"
        )
        raise SpecError.at(
            where, what, "the path of a spec, relative to the folder of this file", "write such a path"
        )
    path = Path(os.path.normpath(document.path.parent / written))
    folders = (Path.cwd(), document.path.resolve().parent)
    if Path(written).is_absolute() or not any(path.resolve().is_relative_to(folder) for folder in folders):
        hint = "copy the spec beneath the current folder, and name it relative to this file"
        raise SpecError.at(where, f"'{written}' lies outside of the current folder", "a spec within it", hint)
    if path.resolve() in chain:
        what = f"'{written}' extends this file itself, or is it"
        raise SpecError.at(where, what, "another spec", "name the spec that this one changes")
    return path


def _changed(base: Node, change: Node) -> Node:
    if (
        isinstance(base.content, tuple)
        and isinstance(change.content, Mapping)
        and set(change.content) == {APPEND}
    ):
        added = change.content[APPEND]
        if isinstance(added.content, tuple):
            return replace(base, content=(*base.content, *added.content))
    if not isinstance(base.content, Mapping) or not isinstance(change.content, Mapping):
        return change
    if (use := change.child(USE)) is not None and (
        (other := base.child(USE)) is None or use.content != other.content
    ):
        return change
    content = dict(base.content)
    for key, node in change.content.items():
        known = content.get(key)
        if known is not None and node.content is None:
            del content[key]
        else:
            content[key] = node if known is None else _changed(known, node)
    return replace(change, content=content)
