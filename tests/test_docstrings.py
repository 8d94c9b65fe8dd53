"""Docstrings describe attributes, parameters and exceptions that are there."""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache

from source_files import files, tree_of

SECTION = r"{title}\n-+\n(.*?)(?:\n\n[A-Z]\w+\n---|\Z)"
# Exceptions of libraries that are raised.
FOREIGN = {"ValidationError", "PydanticCustomError", "PluginValidationError", "SkipTest"}


@cache
def nodes(kind):
    """Return the nodes of a kind in all source files."""
    paths = [path for folder in ("harness", "plugins", "examples") for path in files(folder)]
    return [node for path in paths for node in ast.walk(tree_of(path)) if isinstance(node, kind)]


@cache
def classes():
    """Return our classes by name."""
    return {node.name: node for node in nodes(ast.ClassDef)}


def section(node, title):
    """Return the lines of a section of a docstring that are not indented."""
    found = re.search(SECTION.format(title=title), ast.get_docstring(node) or "", flags=re.DOTALL)
    return [line for line in found[1].splitlines() if line[:1].strip()] if found else []


def named(node, title):
    """Return the names that a section describes, such as ``low, high : limits``."""
    heads = (line.partition(" : ") for line in section(node, title))
    return {name.strip("* ") for head, colon, _ in heads if colon for name in head.split(",")}


def members(node):
    """Return the names of what a class has, its bases among our classes included."""
    found = {entry.target.id for entry in node.body if isinstance(entry, ast.AnnAssign)}
    found |= {one.id for entry in node.body if isinstance(entry, ast.Assign) for one in entry.targets}
    found |= {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)}
    found |= {
        place.attr
        for place in ast.walk(node)
        if isinstance(place, ast.Attribute) and isinstance(place.ctx, ast.Store)
    }
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0]
        if name in classes() and name != node.name:
            found |= members(classes()[name])
    return found


def test_attributes_are_there():
    wrong = {node.name: named(node, "Attributes") - members(node) for node in classes().values()}
    assert {name: extra for name, extra in wrong.items() if extra} == {}


def test_parameters_are_there():
    wrong = {}
    for node in nodes(ast.FunctionDef):
        given = node.args
        further = [parameter for parameter in (given.vararg, given.kwarg) if parameter is not None]
        names = {
            parameter.arg for parameter in (*given.posonlyargs, *given.args, *given.kwonlyargs, *further)
        }
        if extra := named(node, "Parameters") - names:
            wrong[node.name] = extra
    assert wrong == {}


def test_exceptions_are_there():
    lines = (
        line for node in [*nodes(ast.FunctionDef), *classes().values()] for line in section(node, "Raises")
    )
    raised = {name.strip() for line in lines for name in line.split(",")}
    assert len(raised) > 5
    known = {*classes(), *dir(builtins), *FOREIGN}
    assert {name for name in raised if name.rpartition(".")[2] not in known} == set()
