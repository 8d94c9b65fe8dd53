"""Messages of the harness and of its plugins, read off their code, and catalogs brought up to date with them.

``python tests/language_messages.py fr`` writes ``locale/fr.po`` of the harness and of each plugin that has
messages, or adds what a file lacks and takes out what is no longer said.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from harness.tables.registry import PARQUET_TABLES, TABLES

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "harness": ROOT / "harness",
    **{path.name: path for path in sorted((ROOT / "plugins").iterdir()) if path.is_dir()},
}
METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
OPTIONS = {"**.j2": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {
    "gettext": None,
    "_": None,
    "marked": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACE = re.compile(r"\{(\w+)[^{}]*\}|%\((\w+)\)s")

STORED = ("data", "estimators", "evaluation", "running", "scenarios")
"""Folders of the core whose messages get into tables, in English."""

SAID = frozenset({"message", "what", "reason", "hint", "how", "title", "caution", "kind", "null"})
"""Names that such messages are given."""

WHOLE = ("study/expectations",)
"""Folders all of whose sentences are shown or get into tables."""

ASIDE = frozenset({"cell", "expectation", "narrow"})
"""Modules there that say nothing which is shown."""

ENDING = ("data", "running")
"""Folders of which notes get into tables; what else they say ends a run."""


def places(message: str) -> frozenset[str]:
    """Return the names of the places of a message."""
    return frozenset(
        name or other for name, other in PLACE.findall(message.replace("{{", "").replace("}}", ""))
    )


def messages(package: str) -> dict[tuple[str | None, str], str | tuple[str, str]]:
    """Return every message of a package by context and singular."""
    root = PACKAGES[package]
    found: dict[tuple[str | None, str], str | tuple[str, str]] = {}
    for _, _, message, _, context in extract_from_dir(
        root, METHODS, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=()
    ):
        one = message if isinstance(message, str) else message[0]
        if isinstance(message, str):
            found.setdefault((context, one), message)
        else:
            found[context, one] = message
    for message in _stored(root, is_core=package == "harness"):
        found.setdefault((None, message), message)
    return found


def _stored(root: Path, *, is_core: bool) -> Iterator[str]:
    folders = STORED if is_core else (".",)
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "report" not in path.relative_to(root).parts:
                yield from stored_messages(source, _names(folder, source))

    for folder in WHOLE if is_core else ():
        for path in sorted((root / folder).rglob("*.py")):
            if path.stem not in ASIDE:
                yield from every_text(path.read_text(encoding="utf-8"))
    if is_core:
        yield from (table.description for table in (*TABLES.values(), *PARQUET_TABLES))


def _names(folder: str, source: str) -> frozenset[str]:
    if folder not in ENDING:
        return SAID
    return frozenset({"detail", "message"} if "Note(" in source else {"detail"})


def every_text(source: str) -> Iterator[str]:
    """Yield every text of several words that a module holds, its documentation aside."""
    tree = ast.parse(source)
    aside = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and _is_text(node.value))
        for inner in ast.walk(node)
        if inner is not node and _is_text(inner)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (_is_text(node) and id(node) not in aside):
            yield from _texts(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def stored_messages(source: str, names: frozenset[str] = SAID) -> Iterator[str]:
    """Yield the texts that a module composes for tables: of notes, and what has one of the names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = {"Note": 2, "Leak": 1, "Problem": 1, "at": 1}.get(called)
            is_stored = called not in {"Problem", "at"} or "what" in names
            if position is not None and len(node.args) > position and is_stored:
                yield from _texts(node.args[position])
            for keyword in node.keywords:
                if keyword.arg in names:
                    yield from _texts(keyword.value)
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            for one in ast.walk(node):
                if isinstance(one, ast.Return) and one.value is not None:
                    yield from _texts(one.value)
        elif isinstance(node, ast.Assign):
            if any(isinstance(one, ast.Name) and one.id in names for one in node.targets):
                yield from _texts(node.value)
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value
            and node.target.id in names
        ):
            yield from _texts(node.value)


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield what an expression may say, with named places for what it fills in."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search("[A-Za-z].* .*[A-Za-z]", node.value)
    ):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        text = _template(node)
        if re.search("[a-z]{3}", PLACE.sub("", text)):
            yield text
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _within(part.value)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _within(node: ast.expr) -> Iterator[str]:
    """Yield alternatives that are filled in, as they stand in a place."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node)


def _template(node: ast.JoinedStr) -> str:
    names: dict[str, str] = {}
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
        elif isinstance(part, ast.FormattedValue):
            written = ast.unparse(part.value)
            if written not in names:
                base = _name(part.value)
                taken = set(names.values())
                numbered = (base if n == 1 else f"{base}_{n}" for n in range(1, 99))
                names[written] = next(name for name in numbered if name not in taken)
            parts.append(f"{{{names[written]}}}")
    return "".join(parts)


def _name(node: ast.expr) -> str:
    """Return what a place is called: the last name of what is filled in."""
    names = [
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute)
    ]
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_")
    if isinstance(node, ast.Call) and len(names) > 1:
        names = names[1:]
    return names[0].strip("_") if names and names[0].strip("_") else "value"


def file_of(package: str, language: str) -> Path:
    """Return the catalog of a package."""
    return PACKAGES[package] / "locale" / f"{language}.po"


def catalog_of(package: str, language: str) -> Catalog:
    """Return the catalog of a package as it is, an empty one where there is none."""
    path = file_of(package, language)
    if not path.is_file():
        return Catalog(locale=language, project=package)
    with path.open("rb") as file:
        return read_po(file, locale=language)


BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in every catalog, so that it changes with its messages alone."""


def update(package: str, language: str) -> int:
    """Bring the catalog of a package up to date, and return how many messages have no translation."""
    found = messages(package)
    old = catalog_of(package, language)
    new = Catalog(
        locale=language,
        project="panel-harness",
        version="0.1",
        header_comment=f"# Messages of {package}.",
        msgid_bugs_address="none",
        last_translator="none",
        language_team="none",
        creation_date=BEGUN,
        revision_date=BEGUN,
        fuzzy=False,
    )
    for (context, one), message in sorted(found.items(), key=lambda item: (item[0][1], item[0][0] or "")):
        before = old.get(one, context)
        string = before.string if before is not None else ""
        if not isinstance(message, str) and isinstance(string, str):
            string = (string,) * new.num_plurals if string else ("",) * new.num_plurals
        elif isinstance(message, str) and not isinstance(string, str):
            string = string[0]
        new.add(message, string, context=context)
    path = file_of(package, language)
    if found or path.is_file():
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, width=100, omit_header=False, sort_output=False)
    return sum(not message.string or message.string == ("",) for message in new if message.id)


if __name__ == "__main__":
    for name in PACKAGES:
        sys.stdout.write(f"{name}: {update(name, sys.argv[1])} without a translation\n")
