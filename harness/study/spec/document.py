"""A spec as YAML text: a file as it was written, or the values of a script as the file that they would be."""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from harness.errors import Problem, SpecError
from harness.study.spec.node import Loc, Mistake, Node, Place, Scalar, SourceMark, kind_of, spec_error, spell
from harness.study.spec.reader import SourceMarkAt, parse_yaml
from harness.study.spec.scalars import read_scalar
from harness.study.spec.source import decode, read_bytes

NAME = "spec"
"""What messages call such a spec."""

PLAIN = re.compile(r"[^\W\d][\w./ -]*(?<! )")
"""Texts without a sign that has a meaning in YAML, in some place or other."""

WIDTH = 100
"""Characters after which a line is folded."""


@dataclass(frozen=True)
class WrittenSpec:
    """A spec that is no file yet.

    Attributes
    ----------
    text : of the YAML file that it would be
    """

    text: str


def written_spec(values: Mapping[str, Any]) -> WrittenSpec:
    """Return the values of a spec as a YAML file, keys in the order given.

    Beside what YAML has, tuples stand for lists, paths for texts, and numbers may be NumPy's.

    Raises
    ------
    SpecError
        Where a key is no text, or a value is none that YAML has; all of them are named.
    """
    problems: list[Problem] = []
    plain = _plain(values, (), problems)
    if problems:
        raise SpecError(*problems)
    buffer = io.StringIO()
    _yaml().dump(plain, buffer)
    return WrittenSpec(buffer.getvalue())


Plain = Scalar | list["Plain"] | dict[str, "Plain"]


def _plain(value: object, path: Loc, problems: list[Problem]) -> Plain:
    """Return dicts, lists and scalars; whatever is none of them is noted among the problems."""
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        problems += [_refused(path, f"the key {key!r}", "texts as keys") for key in wrong]
        return {str(key): _plain(entry, (*path, str(key)), problems) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, (*path, at), problems) for at, entry in enumerate(value)]
    if isinstance(value, np.generic):
        return _plain(value.item(), path, problems)
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, str | int | float | bool | None):
        return value
    expected = "mappings, lists, texts, numbers, true, false and null"
    problems.append(_refused(path, f"a value of the type {type(value).__name__}", expected))
    return None


def _refused(path: Loc, what: str, expected: str) -> Problem:
    return Problem(f"{NAME}: {spell(path)}" if path else NAME, what, expected, "write it as in a YAML file")


class _Representer(SafeRepresenter):
    """Writes scalars so that `read_scalar` reads them again."""


def _text(representer: SafeRepresenter, value: str) -> ScalarNode:
    """Quote what would be read as a number, a word of YAML or a broken number, and what has signs in it."""
    try:
        is_plain = PLAIN.fullmatch(value) is not None and read_scalar(value) == value
    except ValueError:
        is_plain = False
    return representer.represent_scalar("tag:yaml.org,2002:str", value, style=None if is_plain else '"')


def _number(representer: SafeRepresenter, value: float) -> ScalarNode:
    words = {math.inf: ".inf", -math.inf: "-.inf"}
    text = ".nan" if math.isnan(value) else words.get(value, repr(value))
    return representer.represent_scalar("tag:yaml.org,2002:float", text)


def _mapping(representer: SafeRepresenter, value: dict[str, Plain]) -> MappingNode:
    """Keep the order of the keys; what has items would be sorted."""
    return representer.represent_mapping("tag:yaml.org,2002:map", list(value.items()))


_Representer.add_representer(dict, _mapping)
_Representer.add_representer(str, _text)
_Representer.add_representer(float, _number)


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.width = WIDTH
    return yaml


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
    root: Node
    flaws: tuple[Mistake, ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The values as dicts, lists, texts, numbers, booleans and None."""
        data: dict[str, Any] = self.root.plain()
        return data

    def value(self, loc: Loc) -> object:
        """Return what is written at a path; None where nothing is."""
        node: Node | None = self.root
        for segment in loc:
            node = None if node is None else node.child(segment)
        return None if node is None else node.plain()

    def entries(self, loc: Loc) -> list[Loc]:
        """Return the paths of the entries of the list at a path; none where no list is written."""
        written = self.value(loc)
        return [(*loc, at) for at in range(len(written))] if isinstance(written, list) else []

    def texts(self, loc: Loc) -> tuple[str, ...]:
        """Return the texts of the list at a path; what is no text is left out."""
        return tuple(text for at in self.entries(loc) if isinstance(text := self.value(at), str))

    def find(self, loc: Loc) -> Place:
        """Return the place that pydantic's path of a mistake leads to; see `Node.find`."""
        return self.root.find(loc)

    def place(self, loc: Loc) -> str:
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
        # Nobody saw the text, so its lines would tell a user nothing.
        return _document(Path(NAME), source.text.encode(), lambda line, column: SourceMark(NAME))  # noqa: ARG005 - a mapping has no lines
    if source.suffix.lower() in _DATA and source.is_file():
        hint = f"`harness init {source}` drafts one for it"
        raise SpecError(
            Problem(str(source), "is a file of data by its name, and no spec", "a YAML file", hint)
        )
    return _document(source, read_bytes(source), lambda line, column: SourceMark(str(source), line, column))


def _document(path: Path, raw: bytes, mark_at: SourceMarkAt) -> Document:
    text = decode(path, raw)
    parsed = parse_yaml(text, mark_at)
    if not isinstance(parsed.root.content, Mapping):
        found = "nothing" if parsed.root.content is None else kind_of(parsed.root)
        what, hint = f"a mapping is expected, found {found}", "start with `spec_version: 1`"
        raise spec_error([*parsed.flaws, Mistake(Place(parsed.root.mark), what, "keys with values", hint)])
    return Document(path, text, hashlib.sha256(raw).hexdigest(), parsed.root, parsed.flaws)
