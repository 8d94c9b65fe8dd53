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

from harness.language import code_of
from harness.report.render.html import PAGE
from harness.tables.registry import PARQUET_TABLES, TABLES

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "harness": ROOT / "harness",
    **{path.name: path for path in sorted((ROOT / "plugins").iterdir()) if path.is_dir()},
}
# The topic of a module.
TOPIC = re.compile(r'^gettext = (?:\w+\.)?topic\("([^"]+)"\)', re.MULTILINE)

TEMPLATES = {"**.j2": {"trimmed": "true", "silent": "false"}}
PLACE = re.compile(r"\{(\w+)[^{}]*\}|%\((\w+)\)s")


def places(message: str) -> frozenset[str]:
    """Return the names of the places of a message."""
    return frozenset(
        name or other for name, other in PLACE.findall(message.replace("{{", "").replace("}}", ""))
    )


def messages(package: str) -> dict[tuple[str, str], str | tuple[str, str]]:
    """Return every message of a package by context and singular."""
    found = dict(_of_code(PACKAGES[package]))
    for _, _, message, _, context in extract_from_dir(
        PACKAGES[package], [("**.j2", "jinja2")], options_map=TEMPLATES, comment_tags=()
    ):
        found[context or PAGE, message if isinstance(message, str) else message[0]] = message
    if package == "harness":
        found |= {
            (code_of(table.description), table.description): table.description
            for table in (*TABLES.values(), *PARQUET_TABLES)
        }
    return found


def _of_code(root: Path) -> Iterator[tuple[tuple[str, str], str | tuple[str, str]]]:
    """Yield the messages of Python code, with context and singular before each."""
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        own = TOPIC.search(text)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                codes = [ast.literal_eval(one.value) for one in node.keywords if name == "marked"]
                match name, [getattr(argument, "value", None) for argument in node.args]:
                    case "gettext", [str(message)]:
                        yield (own[1] if own else PAGE, message), message
                    case (("marked" | "Coded" | "filled" | "worded"), [str(message), *_]):
                        yield (codes[0] if codes else code_of(message), message), message
                    case "pgettext", [str(context), str(message)]:
                        yield (context, message), message
                    case "npgettext", [str(context), str(one), str(many), _]:
                        yield (context, one), (one, many)


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


def template_of(package: str, language: str) -> Catalog:
    """Return every message of a package without a translation, sorted."""
    template = Catalog(
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
    for (context, _), message in sorted(messages(package).items(), key=lambda item: item[0][::-1]):
        empty = "" if isinstance(message, str) else ("",) * template.num_plurals
        template.add(message, empty, context=context or None)
    return template


def update(package: str, language: str) -> int:
    """Bring the catalog of a package up to date, and return how many messages have no translation."""
    old, new = catalog_of(package, language), template_of(package, language)
    elsewhere = {message.id[0] if message.pluralizable else message.id: message for message in old}
    for message in new:
        one = message.id[0] if message.pluralizable else message.id
        # A message that moved to another topic keeps its translation.
        before = old.get(one, message.context) or elsewhere.get(one)
        if message.id and before is not None and before.string:
            string = before.string
            if message.pluralizable and isinstance(string, str):
                string = (string,) * new.num_plurals
            elif not message.pluralizable and not isinstance(string, str):
                string = string[0]
            message.string = string
    path = file_of(package, language)
    if len(new) or path.is_file():
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            write_po(file, new, width=100, omit_header=False, sort_output=False)
    return sum(not message.string or message.string == ("",) for message in new if message.id)


if __name__ == "__main__":
    for name in PACKAGES:
        sys.stdout.write(f"{name}: {update(name, sys.argv[1])} without a translation\n")
