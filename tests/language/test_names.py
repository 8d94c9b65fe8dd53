"""No name of the code and no column of a table has a retired word (``retired_names.yaml``).

Codes of findings are names too, those of their classes.

Words that are too frequent to go at once have a ceiling, the number of names that have them today. It is a
ratchet: a count that rises fails, and whoever takes some away lowers the ceiling with them. So a new name
takes the field's word, and none of the old ones comes back.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.tables.registry import PARQUET_TABLES, TABLES
from source_files import ROOT, files, tree_of

RETIRED = YAML(typ="safe").load(Path(__file__).with_name("retired_names.yaml"))
ROOMS = {"product": ("harness", "plugins", "benchmarks", "examples"), "tests": ("tests",)}
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words_of(name: str) -> str:
    """Return the words of a name, lower-case and between spaces: `ShareLeft` and `share_left` alike."""
    return f" {' '.join(PART.findall(name)).lower()} "


def names_of(tree: ast.AST) -> Iterator[str]:
    """Yield what a module names: classes, functions, parameters, variables and attributes, once each time."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name


@cache
def names_in(room: str) -> tuple[tuple[str, str], ...]:
    """Return every name of the modules of a room, with the module that has it; modules have one too.

    Tests are not among them: their names are sentences.
    """
    names = []
    for path in (path for folder in ROOMS[room] for path in files(folder)):
        module = path.relative_to(ROOT).as_posix()
        every = (path.stem, *names_of(tree_of(path)))
        names += [(module, name) for name in every if not name.startswith("test_")]
    return tuple(names)


def columns() -> Iterator[tuple[str, str]]:
    """Yield every declared column, with the file of its table."""
    for table in (*TABLES.values(), *PARQUET_TABLES):
        yield from ((table.file, column) for column in table.columns)


def test_names_of_every_kind_are_found():
    code = """
import numpy as imported
class Kind(Base):
    field: int = 1
    def method(self, first, *rest, keyword=2, **more):
        self.attribute = local = first.read
        return [each for each in rest] or (lambda inner: inner)
match value:
    case Point(x=captured):
        pass
"""
    expected = "imported Kind field method self first rest keyword more attribute local each inner captured"
    assert sorted(names_of(ast.parse(code))) == sorted(expected.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [("share_left", " share left "), ("LittleLeft", " little left "), ("p2SLSRow_", " p sls row ")],
)
def test_a_name_has_its_words_however_they_are_joined(name, words):
    assert words_of(name) == words


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_of_the_code_has_a_retired_word(room):
    assert not retired(names_in(room))


def test_no_column_has_a_retired_word():
    assert not retired(columns())


def retired(names: Iterable[tuple[str, str]]) -> list[str]:
    """Return where names have retired words, and what to say instead."""
    return [
        f"{where}: {name!r}, say: {new}"
        for where, name in names
        for new, all_old in RETIRED["words"].items()
        for old in all_old
        if f" {old} " in words_of(name)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_word_that_goes_step_by_step_gains_a_name(room):
    """Not one more than its ceiling, which counts every time that a name is given, in all modules."""
    counts = Counter(word for _, name in names_in(room) for word in words_of(name).split())
    ceilings = RETIRED["ceilings"][room]
    risen = {word: (counts[word], most) for word, most in ceilings.items() if counts[word] > most}
    assert not risen, f"more names than the ceiling: {risen}; say instead: {RETIRED['instead']}"
