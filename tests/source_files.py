"""The source files of the package and what they parse to; each is parsed once a process."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def files(folder: str) -> tuple[Path, ...]:
    """Return the Python files under a folder of the repository, in order."""
    found = tuple(sorted((ROOT / folder).rglob("*.py")))
    assert found, folder
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    """Return what a file parses to."""
    return ast.parse(path.read_text(encoding="utf-8"))
