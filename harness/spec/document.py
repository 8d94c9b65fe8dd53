"""A spec file as it was written: its text, its values, and where each of them stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import Problem, SpecError
from harness.spec.mistake import Loc, Mistake, Place, Spot, spec_error
from harness.spec.node import Node, kind_of
from harness.spec.parse import parse_yaml
from harness.spec.reader import SpotAt
from harness.spec.source import decode, read_bytes
from harness.spec.written import NAME, WrittenSpec


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
        return _document(Path(NAME), source.text.encode(), lambda line, column: Spot(NAME))  # noqa: ARG005 - a mapping has no lines
    if source.suffix.lower() in _DATA and source.is_file():
        hint = f"`harness init {source}` drafts one for it"
        raise SpecError(
            Problem(str(source), "is a file of data by its name, and no spec", "a YAML file", hint)
        )
    return _document(source, read_bytes(source), lambda line, column: Spot(str(source), line, column))


def _document(path: Path, raw: bytes, spot_at: SpotAt) -> Document:
    text = decode(path, raw)
    parsed = parse_yaml(text, spot_at)
    if not isinstance(parsed.root.content, Mapping):
        found = "nothing" if parsed.root.content is None else kind_of(parsed.root)
        what, hint = f"a mapping is expected, found {found}", "start with `spec_version: 1`"
        raise spec_error([*parsed.flaws, Mistake(Place(parsed.root.spot), what, "keys with values", hint)])
    return Document(path, text, hashlib.sha256(raw).hexdigest(), parsed.root, parsed.flaws)
