"""Every command and code block of the documentation runs, and prints what the page shows."""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import replace

import pytest

from command import ROOT
from doc_pages import Script, blocks_of
from harness.cli import cli
from harness.plugin import random_stream

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
# Pages whose studies and installations take ten seconds or more.
SLOW = {
    "add_an_estimator.md",
    "calibration.md",
    "choosing_estimators.md",
    "for_a_paper.md",
    "my_file.md",
    "pin_a_replication.md",
    "planning.md",
    "reading_a_gain.md",
    "tutorial.md",
    "zh/tutorial.md",
}

# Pages of which only the commands are looked at, and why.
NOT_RUN = {
    "benchmark.md": "its commands run in tests/docs/test_benchmark.py, on one panel",
    "conformance.md": "its code has a test of its own, tests/conformance/test_docs.py",
    "figure_by_figure.md": "its numbers have a test of their own, tests/docs/test_figure_by_figure.py",
    "paper_items.md": "its names have a test of their own, tests/docs/test_paper_items.py",
    "performance.md": "its command takes minutes",
    "two_ladders.md": "its numbers have a test of their own, tests/docs/test_two_ladders.py",
}


def blocks(path):
    return tuple(blocks_of(path.read_text(encoding="utf-8")))


def pages():
    """Yield the pages that have something to run."""
    for path in PAGES:
        if path.name not in NOT_RUN and blocks(path):
            name = path.relative_to(DOCS).as_posix()
            yield pytest.param(path, marks=[pytest.mark.slow] if name in SLOW else [], id=name)


def calls(script):
    """Yield the commands of a shell script, a list of words each."""
    text = re.sub(r"\\\n|2>&1|\s#.*", " ", script)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>\n")
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words = []
    for word in [*lexer, "\n"]:
        if set(word) <= set(lexer.punctuation_chars):
            yield words
            words = []
        else:
            words.append(word)


def harness_calls():
    """Yield every call of ``harness`` on a page, also of those that are not run here."""
    for path in (*PAGES, ROOT / "README.md", ROOT / "README.zh.md"):
        scripts = [block.content for block in blocks(path) if block.language == "sh"]
        for words in [words for script in scripts for words in calls(script)]:
            if words[:1] == ["harness"]:
                yield pytest.param(words[1:], id=f"{path.name}: {' '.join(words)}"[:100])


@pytest.mark.parametrize("path", list(pages()))
def test_page(path, tmp_path, variables):
    Script(tmp_path, variables).run(blocks(path))


@pytest.mark.slow
def test_readme(tmp_path, variables):
    """All but the commands that install the harness, which test_readme.py looks at."""
    with (tmp_path / "cities.csv").open("w", encoding="utf-8") as file:
        file.write("city,year,co2,digital,gdp_pc,urban\n")
        rng = random_stream(1)
        for city, year in itertools.product(range(16), range(2015, 2020)):
            numbers = ",".join(f"{number:.4f}" for number in rng.uniform(1.0, 2.0, 4))
            file.write(f"c{city},{year},{numbers}\n")
    (tmp_path / "runs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "runs" / name).symlink_to("my-study")
    installs = (".venv/bin", "pip install")
    found = [one for one in blocks(ROOT / "README.md") if not any(word in one.content for word in installs)]
    # What takes minutes is cut short, and what a person would be asked is said.
    added = {
        r"harness calibrate \S+": "--panels 2",
        r"harness init \S+": "--outcome co2 --exposure digital",
        r"harness run my_study.yaml": "--quick",
    }
    for words, options in added.items():
        found = [replace(one, content=re.sub(f"({words})", rf"\1 {options}", one.content)) for one in found]
    Script(tmp_path, variables).run(found)


@pytest.mark.parametrize("words", list(harness_calls()))
def test_command_exists_with_these_options(words):
    context = cli.make_context("harness", list(words), resilient_parsing=False)
    with context:
        _, after_options, _ = cli.make_parser(context).parse_args(list(words))
        name, command, rest = cli.resolve_command(context, after_options)
        command.make_context(name, rest, parent=context)
