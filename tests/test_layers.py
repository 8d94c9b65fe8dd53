"""Imports run downward and in no circle, a class name is one thing, and the core and plugins keep apart."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from harness.installed import KINDS, installed
from source_files import ROOT, files, tree_of

LAYERS = (
    "registry",
    "data",
    "study",
    "estimators",
    "evaluation",
    "scenarios",
    "record",
)
LAYERS = (*LAYERS, "text", "findings", "running", "report", "audit", "suite")
BASE = {"arrays", "errors", "language", "rng", "tables", "terminal"}
TOP = {
    "calibration",
    "forecast",
    "conformance",
    "scaffold",
    "draft",
    "commands",
    "export",
    "pack",
    "results",
    "api",
    "cli",
}
TOP |= {"__main__", "pytest_plugin", "python_spec", "installed", "shipped", "plugin"}
PLUGINS = {"harness_causal", "harness_panel", "harness_neural", "harness_rab", "harness_sklearn"}


@cache
def imports_of(path):
    """Return the dotted names a file imports, those for type checking alone included."""
    names = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def layer_of(path):
    return path.relative_to(ROOT / "harness").parts[0].removesuffix(".py")


def test_every_file_of_the_core_has_a_layer():
    assert {layer_of(path) for path in files("harness")} == {*LAYERS, *BASE, *TOP, "__init__"}


def test_core_imports_run_downward():
    upward = []
    for path in files("harness"):
        layer = layer_of(path)
        if layer in TOP or layer == "__init__":
            continue
        allowed = BASE | set(LAYERS[: LAYERS.index(layer) + 1] if layer in LAYERS else ())
        for name in imports_of(path):
            root, *rest = name.split(".")
            if root == "harness" and rest and rest[0] not in allowed:
                upward.append(f"{path} imports {name}")
    assert upward == []


def modules():
    """Return the files of the core and of the plugins by the dotted name that they are imported by."""
    found = {}
    for root in (ROOT, ROOT / "plugins"):
        for path in files(root / "harness") if root == ROOT else files(root):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def modules_needed(path, known):
    """Return those of our modules that a file imports, or imports names from; a package only as such."""
    needed = set()
    for node in ast.walk(tree_of(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            inside = (f"{node.module}.{alias.name}" for alias in node.names)
            names = [name if name in known else node.module for name in inside]
        needed.update(name for name in names if name in known)
    return needed


def test_imports_make_no_circle():
    known = modules()
    graph = {name: modules_needed(path, known) - {name} for name, path in known.items()}
    assert sum(map(len, graph.values())) > len(graph)
    graphlib.TopologicalSorter(graph).prepare()


def test_no_class_name_stands_twice():
    trees = map(tree_of, modules().values())
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_the_core_names_no_plugin_and_no_torch():
    barred = {*PLUGINS, "torch", "minisom"}
    named = [(path, name) for path in files("harness") for name in imports_of(path)]
    assert [(path, name) for path, name in named if name.split(".")[0] in barred] == []


def strings_of(path):
    """Return the strings of a file, but for docstrings."""
    tree = tree_of(path)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return [node.value for node in constants if isinstance(node.value, str)]


def test_the_core_names_no_plugin_in_a_string():
    """Names of one word, such as mean and between, are words of the language as well."""
    plugins = [plugin for plugin in installed().plugins if plugin.name in PLUGINS]
    members = {name for plugin in plugins for kind in KINDS for name in plugin.names(kind)}
    names = {*PLUGINS, *(name for name in members if "_" in name)}
    assert len(names) > 12
    texts = {path: strings_of(path) for path in files("harness")}
    templates = (path for path in (ROOT / "harness").rglob("*") if path.suffix in {".j2", ".html", ".js"})
    texts |= {path: [path.read_text(encoding="utf-8")] for path in templates}
    named = re.compile(rf"(?<!\w)({'|'.join(sorted(names))})(?!\w)")
    found = {
        (path.name, *named.findall(text)) for path, own in texts.items() for text in own if named.search(text)
    }
    assert found == set()


@pytest.mark.parametrize("plugin", sorted(PLUGINS))
def test_plugins_import_public_names_and_themselves_alone(plugin):
    for path in files(f"plugins/{plugin}"):
        for name in imports_of(path):
            root, *rest = name.split(".")
            assert root not in PLUGINS - {plugin}, f"{path} imports {name}"
            if root == "harness" and rest:
                assert rest[0] == "plugin", f"{path} imports {name}"


@pytest.mark.parametrize(
    "words",
    [["--help"], ["plugins"], ["plugins", "--json"], ["validate", "--spec-only", "specs/grunfeld.yaml"]],
    ids=" ".join,
)
def test_light_commands_load_no_heavy_library(words):
    heavy = {"torch", "pandas", "scipy", "sklearn", "statsmodels", "linearmodels", "matplotlib", "pandera"}
    heavy |= {"pyfixest"}
    code = (
        "import sys, harness.cli\n"
        f"sys.argv = ['harness', *{words!r}]\n"
        "try: harness.cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"loaded = {heavy} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
