"""Directives that write the reference from the code, spec, choices, commands and tables; and for autodoc."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from check_text import check_text
from command_text import command_text
from docstring_text import restructured
from docutils import nodes
from schema_text import own_spec_text
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from suite_text import BLOCKS

from harness.installed import installed
from harness.study.spec.load import load_study
from harness.suite.results import SUITE_TABLES
from harness.suite.run import write_site
from harness.tables.registry import PARQUET_TABLES, TABLES
from harness.tables.table import ResultTable

ROOT = Path(__file__).parents[2]
SPECS, REFERENCE = ROOT / "specs", ROOT / "suites" / "reference" / "public_panels"
ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
"""How autodoc writes an alias of a type within a union."""


class _Generated(SphinxDirective, ABC):
    """Parses text that is made where the directive stands."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)

    @abstractmethod
    def text(self) -> str:
        """Return Markdown; sections start at level two."""


class SpecReference(_Generated):
    """``{spec-reference}``: every mapping of a spec with its keys."""

    def text(self) -> str:
        return own_spec_text().parts()


class TableReference(_Generated):
    """``{table-reference}``: every result table with its columns, those of its key in bold."""

    def text(self) -> str:
        return "\n\n".join(_table_text(table) for table in (*TABLES.values(), *PARQUET_TABLES))


class SuiteTableReference(_Generated):
    """``{suite-table-reference}``: every table of a suite with its columns, those of its key in bold."""

    def text(self) -> str:
        return "\n\n".join(_table_text(table) for table in SUITE_TABLES.values())


class SuiteResult(_Generated):
    """``{suite-result} NAME``: a table of what the suite of public panels found."""

    required_arguments: ClassVar[int] = 1

    def text(self) -> str:
        return BLOCKS[self.arguments[0]]()


class OpenQuestions(_Generated):
    """``{open-questions} SPEC``: what a published study leaves open, and which reading the spec takes."""

    required_arguments: ClassVar[int] = 1

    def text(self) -> str:
        study = load_study(SPECS / self.arguments[0], catalogs=installed().catalogs).study
        return "\n".join(f"- {one.question} *{one.taken}*" for one in study.left_open)


class ApiReference(_Generated):
    """``{api-reference} MODULE``: classes, functions and aliases of a module, whose names are the content."""

    required_arguments: ClassVar[int] = 1
    has_content: ClassVar[bool] = True

    def text(self) -> str:
        module = self.arguments[0]
        names = " ".join(self.content).split()
        parts = [f".. currentmodule:: {module}", *(_api_text(import_module(module), name) for name in names)]
        return "```{eval-rst}\n" + "\n\n".join(parts) + "\n```"


def _api_text(module: ModuleType, name: str) -> str:
    member = getattr(module, name)
    if inspect.isclass(member):
        return f".. autoclass:: {name}\n   :members:"
    return f".. autofunction:: {name}" if inspect.isroutine(member) else f".. autodata:: {name}"


def _table_text(table: ResultTable) -> str:
    columns = (f"**`{name}`**" if name in table.key else f"`{name}`" for name in table.columns)
    return (
        f"## `{table.file}`\n\n{table.description[0].upper()}{table.description[1:]}.\n\n{', '.join(columns)}"
    )


class CheckReference(_Generated):
    """``{check-reference}``: every check of the conformance battery, by kind of member."""

    def text(self) -> str:
        return check_text()


class CommandReference(_Generated):
    """``{command-reference}``: every subcommand, as its ``--help`` tells it."""

    def text(self) -> str:
        return command_text()


def rewrite_docstring(*event: Any) -> None:  # noqa: ANN401 - autodoc's arguments
    """Rewrite the lines of a docstring in place, as autodoc asks for it."""
    lines = event[-1]
    lines[:] = list(restructured(lines))


def rewrite_signature(*event: Any) -> tuple[str, str | None] | None:  # noqa: ANN401 - autodoc's arguments
    """Call aliases of types by their names, and leave out how a protocol class is called: nobody calls it."""
    _, what, _, described, _, signature, returned = event
    if what == "class" and getattr(described, "_is_protocol", False):
        return "", None
    return signature and ALIAS.sub(r"\1", signature), returned and ALIAS.sub(r"\1", returned)


def write_results(app: Sphinx, error: Exception | None) -> None:
    """Write the results of the public panels as a site of its own into the documentation."""
    if error is None and app.builder.format == "html":
        write_site(REFERENCE, Path(app.outdir) / "results")


GENERATED: dict[str, type[_Generated]] = {
    "spec-reference": SpecReference,
    "command-reference": CommandReference,
    "table-reference": TableReference,
    "check-reference": CheckReference,
    "suite-table-reference": SuiteTableReference,
    "suite-result": SuiteResult,
    "open-questions": OpenQuestions,
    "api-reference": ApiReference,
}
DIRECTIVE = re.compile(r"^```\{([a-z-]+)\} ?(.*)\n(?:.*\n)*?```$", re.MULTILINE)


def plain_markdown(text: str, folder: Path) -> str:
    """Return a page without directives: what they make, or the file that they include.

    Parameters
    ----------
    folder : of the page
    """
    return DIRECTIVE.sub(lambda directive: _plain(*directive.groups(), folder, directive[0]), text)


def _plain(name: str, argument: str, folder: Path, written: str) -> str:
    if name == "literalinclude":
        return f"```\n{(folder / argument).read_text(encoding='utf-8')}```"
    if name not in GENERATED or name == "api-reference":  # autodoc's own words are none of Markdown
        return written
    made = object.__new__(GENERATED[name])
    made.arguments = [argument]
    return made.text()


def write_markdown(app: Sphinx, error: Exception | None) -> None:
    """Write every page as Markdown next to its HTML, for assistants; ``llms.txt`` lists where to begin."""
    if error is not None or app.builder.format != "html":
        return
    for name in app.env.found_docs:
        page = Path(app.env.doc2path(name))
        path = Path(app.outdir, f"{name}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(plain_markdown(page.read_text(encoding="utf-8"), page.parent), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and what makes docstrings readable."""
    for name, directive in GENERATED.items():
        app.add_directive(name, directive)
    app.connect("autodoc-process-docstring", rewrite_docstring)
    app.connect("autodoc-process-signature", rewrite_signature)
    app.connect("build-finished", write_results)
    app.connect("build-finished", write_markdown)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
