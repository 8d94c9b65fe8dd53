"""Docstrings describe attributes, parameters and exceptions that are there."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("harness", "plugins", "examples")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
CLASSES = {
    node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
}
SECTION = r"{title}\n-+\n(.*?)(?:\n\n[A-Z]\w+\n---|\Z)"
EXCEPTIONS = {*CLASSES, *dir(builtins), "ValidationError", "PydanticCustomError", "PluginValidationError"}
EXCEPTIONS |= {"SkipTest"}


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
    found |= {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)}
    found |= {
        place.attr
        for place in ast.walk(node)
        if isinstance(place, ast.Attribute) and isinstance(place.ctx, ast.Store)
    }
    for base in node.bases:
        name = ast.unparse(base).partition("[")[0]
        if name in CLASSES and name != node.name:
            found |= members(CLASSES[name])
    return found


def test_attributes_are_there():
    wrong = {node.name: named(node, "Attributes") - members(node) for node in CLASSES.values()}
    assert {name: extra for name, extra in wrong.items() if extra} == {}


def functions():
    return [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_parameters_are_there():
    wrong = {}
    for node in functions():
        given = node.args
        further = [parameter for parameter in (given.vararg, given.kwarg) if parameter is not None]
        names = {
            parameter.arg for parameter in (*given.posonlyargs, *given.args, *given.kwonlyargs, *further)
        }
        if extra := named(node, "Parameters") - names:
            wrong[node.name] = extra
    assert wrong == {}


def test_exceptions_are_there():
    lines = (line for node in [*functions(), *CLASSES.values()] for line in section(node, "Raises"))
    raised = {name.strip() for line in lines for name in line.split(",")}
    assert len(raised) > 5
    assert {name for name in raised if name.rpartition(".")[2] not in EXCEPTIONS} == set()
