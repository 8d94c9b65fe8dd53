"""Names that stay until 1.0, as the code has them: ``python docs/_ext/stable_names.py`` writes the table.

Written at a release, and held by a test: a name of the file that the code no longer has is a broken promise.
"""

from __future__ import annotations

import csv
import dataclasses
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click

import harness
from harness.cli import cli
from harness.errors import ExitCode
from harness.findings import rules
from harness.findings.sentence import Sentence
from harness.installed import KINDS, installed
from harness.registry.catalog import option_key
from harness.results import StudyResult
from harness.tables.registry import PARQUET_TABLES, TABLES

DOCS = Path(__file__).parents[1]
FILE, WARNINGS = DOCS / "stable_names.csv", DOCS / "warnings.md"

# Kinds whose members a spec names; datasets come and go with their packages.
CHOSEN = ("estimator", "protocol", "scenario", "step", "simulation", "metric")


def names() -> Iterator[tuple[str, str]]:
    """Yield what a name is of, and the name."""
    yield from (("python", f"harness.{name}") for name in harness._PUBLIC)
    yield from (("python", f"harness.run({name}=)") for name in inspect.signature(harness.run).parameters)
    fields = (one.name for one in dataclasses.fields(StudyResult))
    public = (name for name in dir(StudyResult) if not name.startswith("_"))
    yield from (("python", f"StudyResult.{name}") for name in (*fields, *public))
    for command in cli.commands.values():
        yield from _of_command(command, f"harness {command.name}")
    for module in iter_modules(rules.__path__, f"{rules.__name__}."):
        import_module(module.name)
    yield from (("finding", code) for code in _sentences(Sentence))
    text = WARNINGS.read_text(encoding="utf-8")
    yield from (("warning", code) for code in re.findall(r"^\| `(W-[^`]+)` \|", text, re.MULTILINE))
    yield from (("exit code", f"{code.name} {int(code)}") for code in ExitCode)
    for table in (*TABLES.values(), *PARQUET_TABLES):
        yield from (("column", f"{table.file}: {column}") for column in table.columns)
    for kind in KINDS:
        yield "hook", kind.hook
        if kind.name not in CHOSEN:
            continue
        for name, member in installed().of(kind).items():
            yield kind.name, name
            if isinstance(member, type) and dataclasses.is_dataclass(member):
                options = (option_key(one.name) for one in dataclasses.fields(member) if one.init)
                yield from ((kind.name, f"{name}: {option}") for option in options)


def _sentences(kind: type[Sentence]) -> Iterator[str]:
    """Yield the codes of all kinds of sentence of the harness itself."""
    for one in kind.__subclasses__():
        if one.__module__.startswith("harness."):
            yield one.code()
        yield from _sentences(one)


def _of_command(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    yield "command", path
    options = (word for one in command.params for word in one.opts if word.startswith("--"))
    yield from (("command", f"{path} {option}") for option in options)
    for inner in getattr(command, "commands", {}).values():
        yield from _of_command(inner, f"{path} {inner.name}")


if __name__ == "__main__":
    with FILE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("of", "name"), *sorted(set(names()))])
