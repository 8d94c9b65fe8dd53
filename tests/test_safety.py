"""Nothing in the package can run code that came with a spec or a data file."""

from __future__ import annotations

import ast

import pytest

from source_files import ROOT, files, tree_of

CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "query",
    "from_formula",
    "model_matrix",
    "read_pickle",
    "system",
}
MODULES = {"pickle", "cloudpickle", "dill", "subprocess", "shelve", "marshal", "patsy", "formulaic", "socket"}
MODULES |= {"urllib", "requests", "http"}

# Files that may use one of them, each for one purpose.
FREE = {
    "harness/registry/trial.py": "subprocess",  # this interpreter, to try an import
    "harness/data/read/statistics.py": "subprocess",  # this interpreter, to read a file that may end it
    "harness/audit/signature.py": "subprocess",  # ssh-keygen
    "harness/conformance/draws.py": "pickle",  # of objects that it has just made
    "harness/scenarios/task.py": "pickle",  # what a worker of this run sent, never a stored file
    "harness/pack/archive.py": "urllib",  # the path in an address of a folder, which reaches nothing
}


def name_of(call):
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def is_barred(call):
    """Whether a call runs text, unpickles or starts a shell; `compile` of a module of ours does not."""
    on_a_module_of_ours = isinstance(call.func, ast.Attribute) and name_of(call) == "compile"
    return (name_of(call) in CALLS and not on_a_module_of_ours) or any(
        keyword.arg in {"shell", "allow_pickle"} and getattr(keyword.value, "value", False)
        for keyword in call.keywords
    )


def modules_of(node):
    """Return the first names of the modules that a statement imports; none where it imports none."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        names = [node.module]
    return {name.split(".")[0] for name in names}


def barred_in(tree, *, free=None):
    """Yield what in a file runs text, unpickles or reaches out, but for one module that it may use."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and is_barred(node)) or modules_of(node) & (MODULES - {free}):
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_no_call_runs_text_and_no_module_unpickles_or_reaches_out():
    names = {path.relative_to(ROOT).as_posix(): path for path in (*files("harness"), *files("plugins"))}
    found = {name: list(barred_in(tree_of(path), free=FREE.get(name))) for name, path in names.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "eval('1')",
        "frame.query('a > 1')",
        "run(words, shell=True)",
        "load(path, allow_pickle=True)",
        "import pickle",
        "from urllib.request import urlopen",
    ],
)
def test_a_line_that_is_barred_is_found(line):
    assert list(barred_in(ast.parse(f"re.compile('x')\n{line}"), free="socket")) == [f"2: {line}"]
