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
# Functions that take messages, and the positions of these; of `pgettext` the first is the context.
ONE, TWO = ("gettext", "marked", "Message", "filled"), ("ngettext", "pgettext")
KEYWORDS = {**dict.fromkeys(ONE, (0,)), **dict.fromkeys(TWO, (0, 1))}

TEMPLATES = {"**.j2": {"trimmed": "true", "silent": "false"}}
PLACE = re.compile(r"\{(\w+)[^{}]*\}|%\((\w+)\)s")


def places(message: str) -> frozenset[str]:
    """Return the names of the places of a message."""
    return frozenset(
        name or other for name, other in PLACE.findall(message.replace("{{", "").replace("}}", ""))
    )


def messages(package: str) -> dict[tuple[str | None, str], str | tuple[str, str]]:
    """Return every message of a package by context and singular."""
    found = dict(_of_code(PACKAGES[package]))
    for _, _, message, _, context in extract_from_dir(
        PACKAGES[package], [("**.j2", "jinja2")], options_map=TEMPLATES, comment_tags=()
    ):
        found[context, message if isinstance(message, str) else message[0]] = message
    if package == "harness":
        found |= {
            (None, table.description): table.description for table in (*TABLES.values(), *PARQUET_TABLES)
        }
    return found


def _of_code(root: Path) -> Iterator[tuple[tuple[str | None, str], str | tuple[str, str]]]:
    """Yield the messages of Python code, with context and singular before each."""
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                texts = [getattr(node.args[at], "value", None) for at in KEYWORDS.get(name, ())]
                match texts:
                    case [str(message)]:
                        yield (None, message), message
                    case [str(context), str(message)] if name == "pgettext":
                        yield (context, message), message
                    case [str(one), str(many)]:
                        yield (None, one), (one, many)


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


# Stands in every catalog, so that it changes with its messages alone.
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


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
