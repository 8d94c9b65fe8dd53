"""Pages of the documentation as scripts: fenced blocks, run in order in one folder.

A block that starts with ``# file: PATH`` is that file. One that starts with ``# in: PATH`` has definitions
that take the place of those with the same names in that file. Other ``sh`` and ``python`` blocks are run; a
``text`` block after one of them is what it prints, as `is_like` compares. Other ``yaml`` blocks are parts of
specs, and ``none`` blocks are no code.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
DECIMAL = re.compile(r"-?\d+\.\d+")
PLACE = re.compile(r"# (?P<what>file|in): (?P<path>\S+)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    line : of its fence in the page, from 1
    """

    language: str
    content: str
    line: int

    @property
    def place(self) -> re.Match[str] | None:
        """The first line, where it says which file the block is about."""
        return PLACE.match(self.content) if self.language != "text" else None


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of a page."""
    for found in FENCE.finditer(text):
        yield Block(found["language"], found["content"], text.count("\n", 0, found.start()) + 1)


@dataclass(frozen=True)
class Script:
    """A page being run.

    Attributes
    ----------
    folder : where its blocks run
    variables : environment of its commands
    """

    folder: Path
    variables: Mapping[str, str]

    def run(self, blocks: Sequence[Block]) -> None:
        """Run blocks in order; the first that goes wrong raises an `AssertionError` with its line."""
        printed = ""
        for block in blocks:
            if block.language == "text":
                assert is_like(printed, block.content), f"line {block.line}: it printed\n{printed}"
            elif block.place:
                printed = self._write(block, self.folder / block.place["path"])
            elif block.language == "yaml":
                YAML(typ="safe").load(block.content)
            elif block.language in {"sh", "python"}:
                printed = self._execute(block)

    def _write(self, block: Block, path: Path) -> str:
        if block.place["what"] == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content, encoding="utf-8")
        else:
            changed = with_definitions(path.read_text(encoding="utf-8"), block.content)
            path.write_text(changed, encoding="utf-8")
        return ""

    def _execute(self, block: Block) -> str:
        words = {"sh": ("bash", "-euo", "pipefail", "-c"), "python": ("python", "-W", "error", "-c")}
        done = subprocess.run(
            [*words[block.language], block.content],
            cwd=self.folder,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        told = f"{block.content}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, f"line {block.line}: exit code {done.returncode}\n{told}"
        return done.stdout


def is_like(printed: str, shown: str) -> bool:
    """Whether what was printed is what a page shows.

    Spaces do not count, ``...`` stands for anything, and the last digit of a decimal may be off by two.
    """
    decimals = DECIMAL.findall(shown)
    found = re.fullmatch(_pattern(shown), " ".join(printed.split()))
    return found is not None and all(map(is_near, found.groups(), decimals))


def _pattern(shown: str) -> str:
    """Return a pattern with a group for each decimal, of as many digits, and any text for each gap."""
    pattern, end = "", 0
    for found in re.finditer(rf"{DECIMAL.pattern}|\.\.\.", shown):
        pattern += _words(shown[end : found.start()])
        end = found.end()
        digits = len(found[0].partition(".")[2])
        is_whole = not shown.startswith("...", end)
        pattern += ".*" if found[0] == "..." else rf"(-?\d+\.\d{{{digits}}})" + r"(?!\d)" * is_whole
    return pattern + _words(shown[end:])


def _words(text: str) -> str:
    return " ?".join(["", *map(re.escape, text.split()), ""]) if text.strip() else " ?"


def is_near(printed: str, shown: str) -> bool:
    """Whether two decimals of as many digits are at most two units of the last one apart."""
    unit = 10.0 ** -len(shown.partition(".")[2])
    return abs(float(printed) - float(shown)) <= 2.01 * unit


def with_definitions(source: str, changes: str) -> str:
    """Return a module in which functions and classes take the place of those with the same names."""
    lines = source.splitlines()
    old = {one.name: one for one in ast.parse(source).body if hasattr(one, "name")}
    for new in reversed([one for one in ast.parse(changes).body if hasattr(one, "name")]):
        first, last = span(old[new.name])
        start, stop = span(new)
        lines[first:last] = changes.splitlines()[start:stop]
        old = {one.name: one for one in ast.parse("\n".join(lines)).body if hasattr(one, "name")}
    return "\n".join(lines) + "\n"


def span(definition: ast.stmt) -> tuple[int, int]:
    """Return the lines of a definition with its decorators, from 0, the end excluded."""
    decorators = getattr(definition, "decorator_list", [])
    first = min([definition.lineno, *(one.lineno for one in decorators)])
    return first - 1, definition.end_lineno or first
