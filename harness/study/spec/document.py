"""A spec as it was written, with those that it extends, and values of the command line over its own."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from harness.errors import Problem, SpecError
from harness.language import Coded, marked
from harness.registry.catalog import USE, changed_options
from harness.study.spec import reader
from harness.study.spec.study import SPEC_VERSION

# What messages call a spec that is no file.
NAME = "spec"

# Texts without a sign that has a meaning in YAML, in some place or other.
PLAIN = re.compile(r"[^\W\d][\w./ -]*(?<! )")

# Characters after which a line is folded.
WIDTH = 100

UNFOLDED = 10**6


@dataclass(frozen=True)
class WrittenSpec:
    """A spec that is no file yet.

    Attributes
    ----------
    text : of the YAML file that it would be
    is_seen : whether a user wrote the text, so that messages name its lines
    """

    text: str
    is_seen: bool = False


# What an object of another library is among the choices of a spec; None where it is none of them.
Adopt = Callable[[object], object | None]


def _none(_: object) -> None:
    """Take no object of another library."""


def written_spec(values: Mapping[str, Any], *, adopt: Adopt = _none) -> WrittenSpec:
    """Return the values of a spec as a YAML file, keys in the order given.

    Beside what YAML has, tuples stand for lists, paths for texts, choices may be objects, also under ``use``,
    and numbers may be NumPy's.

    Raises
    ------
    SpecError
        Where a key is no text, or a value is none that YAML has; all of them are named.
    """
    problems: list[Problem] = []
    plain = _plain(values, (), problems, adopt)
    if problems:
        raise SpecError(*problems)
    return WrittenSpec(_dumped(plain, flow=None, width=WIDTH))


def source_of(written: str | Mapping[str, Any], *, adopt: Adopt) -> WrittenSpec:
    """Return YAML text, or the values of a spec of this version, as a spec to read."""
    if isinstance(written, str):
        return WrittenSpec(written, is_seen=True)
    return written_spec({"spec_version": SPEC_VERSION, "data": {}, **written}, adopt=adopt)


def flow_text(values: Mapping[str, Any]) -> str:
    """Return a mapping of scalars and of mappings in braces, in one line."""
    return _dumped(values, flow=True, width=UNFOLDED).rstrip("\n")


def node_text(node: reader.Node) -> str:
    """Return the YAML text of values that were read, numbers with the digits they were written with."""
    return _dumped(_as_written(node), flow=None, width=WIDTH)


class _Number(float):
    """A number and how it is written."""

    text: str


def written_number(text: str) -> float:
    """Return a number that is written into YAML with these digits."""
    number = _Number(text)
    number.text = text
    return number


def _as_written(node: reader.Node) -> Plain:
    if isinstance(node.content, Mapping):
        return {key: _as_written(child) for key, child in node.content.items()}
    if isinstance(node.content, tuple):
        return [_as_written(child) for child in node.content]
    if not isinstance(node.content, float) or not node.text:
        return node.content
    return written_number(node.text)


Plain = reader.Scalar | list["Plain"] | dict[str, "Plain"]


def _plain(value: object, path: reader.Loc, problems: list[Problem], adopt: Adopt) -> Plain:
    """Return dicts, lists and scalars; whatever is none of them is noted among the problems."""
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        problems += [_refused(path, f"the key {key!r}", "texts as keys") for key in wrong]
        own = {str(key): _plain(given, (*path, str(key)), problems, adopt) for key, given in value.items()}
        return {**own, **chosen} if isinstance(chosen := own.get(USE), dict) else own
    if isinstance(value, list | tuple):
        return [_plain(entry, (*path, at), problems, adopt) for at, entry in enumerate(value)]
    if isinstance(value, np.generic):
        return _plain(value.item(), path, problems, adopt)
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, str | int | float | bool | None):
        return value
    is_choice = dataclasses.is_dataclass(value) and not isinstance(value, type)
    if (choice := value if is_choice else adopt(value)) is not None:
        return _plain(changed_options(choice), path, problems, adopt)
    expected = marked("mappings, lists, texts, numbers, true, false and null")
    problems.append(_refused(path, f"a value of the type {type(value).__name__}", expected))
    return None


def _refused(path: reader.Loc, what: str, expected: str) -> Problem:
    return Problem(
        f"{NAME}: {reader.spell(path)}" if path else NAME,
        what,
        expected,
        marked("write it as in a YAML file"),
    )


class _Representer(SafeRepresenter):
    """Writes scalars so that `read_scalar` reads them again."""


def _text(representer: SafeRepresenter, value: str) -> ScalarNode:
    """Quote what would be read as a number, a word of YAML or a broken number, and what has signs in it."""
    try:
        is_plain = PLAIN.fullmatch(value) is not None and reader.read_scalar(value) == value
    except ValueError:
        is_plain = False
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=None if is_plain else '"')


def _number(representer: SafeRepresenter, value: float) -> ScalarNode:
    words = {math.inf: ".inf", -math.inf: "-.inf"}
    text = ".nan" if math.isnan(value) else words.get(value, repr(value))
    return representer.represent_scalar("tag:yaml.org,2002:float", text)


def _written_number(representer: SafeRepresenter, value: _Number) -> ScalarNode:
    return representer.represent_scalar("tag:yaml.org,2002:float", value.text)


def _mapping(representer: SafeRepresenter, value: dict[str, Plain]) -> MappingNode:
    """Keep the order of the keys; what has items would be sorted."""
    return representer.represent_mapping("tag:yaml.org,2002:map", list(value.items()))


_Representer.add_representer(dict, _mapping)
_Representer.add_representer(str, _text)
_Representer.add_multi_representer(str, _text)
_Representer.add_representer(float, _number)
_Representer.add_representer(_Number, _written_number)


def _dumped(values: object, *, flow: bool | None, width: int) -> str:
    yaml, buffer = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = _Representer
    yaml.width, yaml.default_flow_style = width, flow
    yaml.dump(values, buffer)
    return buffer.getvalue()


# Key of the numbers that a spec expects.
EXPECT = "expect"


@dataclass(frozen=True)
class Document:
    """A YAML file with a mapping at its top.

    Attributes
    ----------
    path : as the user gave it; ``spec`` for a spec that is no file
    text : of the file, without overrides
    sha256 : of the file's bytes
    root : the values, overrides included
    flaws : duplicate keys, tags and the like; a document that has some must not be used
    """

    path: Path
    text: str
    sha256: str
    root: reader.Node
    flaws: tuple[reader.Mistake, ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The values as dicts, lists, texts, numbers, booleans and None."""
        data: dict[str, Any] = self.root.plain()
        return data

    def value(self, loc: reader.Loc) -> object:
        """Return what is written at a path; None where nothing is."""
        node: reader.Node | None = self.root
        for segment in loc:
            node = None if node is None else node.child(segment)
        return None if node is None else node.plain()

    def entries(self, loc: reader.Loc) -> list[reader.Loc]:
        """Return the paths of the entries of the list at a path; a name alone is an entry itself."""
        written = self.value(loc)
        if isinstance(written, str):
            return [loc]
        return [(*loc, at) for at in range(len(written))] if isinstance(written, list) else []

    def texts(self, *patterns: str, within: reader.Loc = ()) -> list[tuple[reader.Loc, str]]:
        """Return the texts at some paths, each with its path; what is no text is left out.

        Parameters
        ----------
        patterns : such as ``scenarios.*.learners.*``; a star is each entry of a list
        within : the path that they start at
        """
        found = []
        for pattern in patterns:
            locs = [within]
            for segment in pattern.split("."):
                inner = (self.entries(loc) if segment == "*" else [(*loc, segment)] for loc in locs)
                locs = [loc for own in inner for loc in own]
            found += [(loc, text) for loc in locs if isinstance(text := self.value(loc), str)]
        return found

    def find(self, loc: reader.Loc) -> reader.Place:
        """Return the place that pydantic's path of a mistake leads to; see `Node.find`."""
        return self.root.find(loc)

    def place(self, loc: reader.Loc) -> str:
        """Return that place as a user reads it: ``specs/x.yaml:12:5: estimators[1].use``."""
        return str(self.find(loc))


_DATA = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".dta", ".parquet", ".sav", ".sas7bdat"})


def read_document(source: Path | WrittenSpec) -> Document:
    """Read a spec.

    Raises
    ------
    SpecError
        Where the file cannot be read, is not one YAML document, or is no mapping.
    """
    if isinstance(source, WrittenSpec):
        start = reader.Place(NAME, 1, 1) if source.is_seen else reader.Place(NAME)
        return _document(Path(NAME), source.text.encode(), start)
    if source.suffix.lower() in _DATA and source.is_file():
        hint = Coded("`harness init {source}` drafts one for it", source=source)
        raise SpecError.at(
            str(source), marked("is a file of data by its name, and no spec"), marked("a YAML file"), hint
        )
    return _document(source, reader.read_bytes(source), reader.Place(str(source), 1, 1))


def _document(path: Path, raw: bytes, start: reader.Place) -> Document:
    text = reader.decode(path, raw)
    parsed = reader.parse_yaml(text, start)
    if not isinstance(parsed.root.content, Mapping):
        found = "nothing" if parsed.root.content is None else reader.kind_of(parsed.root)
        what = Coded("a mapping is expected, found {found}", found=found)
        hint = marked("start with `spec_version: 1`")
        raise reader.spec_error(
            [*parsed.flaws, reader.Mistake(parsed.root.place, what, marked("keys with values"), hint)]
        )
    return Document(path, text, hashlib.sha256(raw).hexdigest(), parsed.root, parsed.flaws)


_KEY = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[^\[\]]+\])*")
_SEGMENT = re.compile(r"[^.\[\]]+")


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
        document = replace(document, root=document.root.without(EXPECT))
    for override in overrides:
        try:
            document = _overridden(document, override)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(*problems)
    return document


def _overridden(document: Document, override: str) -> Document:
    place = reader.Place(f"--set {override}")
    key, equals, text = override.partition("=")
    if not equals or _KEY.fullmatch(key) is None:
        form = "key=value, such as estimators[1].draws=50"
        raise reader.spec_error(
            [reader.Mistake(place, marked("this override cannot be read"), form, marked("write key=value"))]
        )
    parsed = reader.parse_yaml(text, place)
    root = _set(document.root, _SEGMENT.findall(key), parsed.root, at=place)
    return replace(document, root=root, flaws=(*document.flaws, *parsed.flaws))


def _set(node: reader.Node, keys: list[str], value: reader.Node, *, at: reader.Place) -> reader.Node:
    """Return `node` with a value under a path of keys; mappings that are missing on the way are made."""
    segment = _segment(node, keys[0], at=at)
    if len(keys) > 1:
        child = node.child(segment) or reader.Node(replace(at, path=()), {})
        value = _set(child, keys[1:], value, at=replace(at, path=(*at.path, segment)))
    return node.with_child(segment, value)


def _segment(node: reader.Node, key: str, *, at: reader.Place) -> str | int:
    """Return a key of a mapping, or the position that a number or an id means in a list."""
    if isinstance(node.content, tuple):
        names = [entry_name(item) for item in node.content]
        position = int(key) if key.isascii() and key.isdigit() else names.index(key) if key in names else -1
        if 0 <= position < len(names):
            return position
        expected = Coded(
            "0 to {n}, or an id: {names}", n=len(names) - 1, names=", ".join(filter(None, names))
        )
        raise reader.spec_error(
            [
                reader.Mistake(
                    at,
                    Coded("this list has no entry '{key}'", key=key),
                    expected,
                    marked("name an entry of the list"),
                )
            ]
        )
    if isinstance(node.content, Mapping):
        return key
    what = Coded(
        "{spell} is {kind_of}, so it has no '{key}'",
        spell=reader.spell(at.path),
        kind_of=reader.kind_of(node),
        key=key,
    )
    hint = Coded("set {spell} as a whole", spell=reader.spell(at.path))
    raise reader.spec_error([reader.Mistake(replace(at, path=()), what, marked("a key of a mapping"), hint)])


def entry_name(item: reader.Node) -> str:
    """Return what an entry of a list is called; empty where it has no name."""
    named = [child.content for key in ("id", USE) if (child := item.child(key)) is not None]
    return next((name for name in [*named, item.content] if isinstance(name, str)), "")


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


def _base(document: Document, named: reader.Node, chain: tuple[Path, ...]) -> Path:
    """Return the file that is extended, as messages name it."""
    where, written = document.place((EXTENDS,)), named.content
    if str(document.path) == NAME or not isinstance(written, str):
        what = (
            marked("a spec that is no file extends none")
            if isinstance(written, str)
            else Coded("found {kind_of}", kind_of=reader.kind_of(named))
        )
        raise SpecError.at(
            where,
            what,
            marked("the path of a spec, relative to the folder of this file"),
            marked("write such a path"),
        )
    path = Path(os.path.normpath(document.path.parent / written))
    folders = (Path.cwd(), document.path.resolve().parent)
    if Path(written).is_absolute() or not any(path.resolve().is_relative_to(folder) for folder in folders):
        hint = marked("copy the spec beneath the current folder, and name it relative to this file")
        raise SpecError.at(
            where,
            Coded("'{written}' lies outside of the current folder", written=written),
            marked("a spec within it"),
            hint,
        )
    if path.resolve() in chain:
        what = Coded("'{written}' extends this file itself, or is it", written=written)
        raise SpecError.at(where, what, marked("another spec"), marked("name the spec that this one changes"))
    return path


def _changed(base: reader.Node, change: reader.Node) -> reader.Node:
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
