"""Nothing in the package can run code that came with a spec or a data file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "harness").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])

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

FREE = {
    "harness/registry/trial.py": "subprocess",  # this interpreter, to try an import
    "harness/store/signature.py": "subprocess",  # ssh-keygen
    "harness/conformance/laws/blocks.py": "pickle",  # of objects that it has just made
    "harness/scenarios/sealed.py": "pickle",  # what a worker of this run sent, never a stored file
    "harness/pack/own_code.py": "urllib",  # the path in an address of a folder, which reaches nothing
    "harness/report/drawing/vectors.py": "urllib",  # the writing of addresses, which reaches nothing
}
"""Files that may use one of them, each for one purpose."""


def name_of(call):
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_call_runs_text_and_no_module_unpickles_or_reaches_out(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = name_of(node)
            on_a_module_of_ours = isinstance(node.func, ast.Attribute) and name == "compile"
            assert name not in CALLS or on_a_module_of_ours, f"{path}:{node.lineno}: {name}"
            assert not any(
                keyword.arg in {"shell", "allow_pickle"} and getattr(keyword.value, "value", False)
                for keyword in node.keywords
            ), f"{path}:{node.lineno}"
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        refused = MODULES - {FREE.get(path.relative_to(ROOT).as_posix())}
        assert not {name.split(".")[0] for name in names} & refused, f"{path}:{node.lineno}"
