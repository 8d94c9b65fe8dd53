"""The pages that list warnings, figures and studies list those that there are, and links lead somewhere."""

from __future__ import annotations

import ast
import re

from command import ROOT
from source_files import files, tree_of

SOURCES = (*files("harness"), *files("plugins"))
CODE = re.compile(r"W-[A-Z][A-Z-]*[A-Z]")


def first_column(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \| \S", text, flags=re.MULTILINE)


def texts(path):
    """Yield the string constants of a module that are no docstrings of more than a code."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_code_of_a_warning_is_in_the_index_and_no_other():
    used = {text for path in SOURCES for text in texts(path) if CODE.fullmatch(text)}
    listed = first_column("warnings.md")
    assert len(used) > 30
    assert listed == sorted(used)


def names_drawn():
    """Return the beginnings of the names that figures are given."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "ReportFigure":
                given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
                found |= set(re.findall(r"[\"']([a-z]+(?:-[a-z]+)*)(?=-\{|[\"'])", ast.unparse(given[0])))
    return found


def test_every_figure_is_on_the_page_of_figures():
    listed = {re.split(r"-(?=[A-Z])", name)[0] for name in first_column("for_a_paper.md")}
    drawn = names_drawn()
    assert {"front-curve", "gains", "groups", "surface", "map"} <= drawn
    missing = {name for name in drawn if name not in listed and not name.startswith(("calibration", "suite"))}
    assert missing == set()


def test_every_study_is_listed():
    page = (ROOT / "docs" / "specs.md").read_text(encoding="utf-8")
    assert [path.name for path in (ROOT / "specs").glob("*.yaml") if f"specs/{path.name}" not in page] == []


def test_every_link_between_pages_leads_to_a_file():
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    links = [
        (path.relative_to(ROOT).as_posix(), link)
        for path in (*pages, *ROOT.glob("*.md"))
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", path.read_text(encoding="utf-8"))
    ]
    assert len(links) > 50
    assert [(page, link) for page, link in links if not (ROOT / page).parent.joinpath(link).is_file()] == []
