"""Every command and code block of the documentation runs, and prints what the page shows."""

from __future__ import annotations

import re
import shlex

import pytest

from doc_pages import Script, blocks_of
from harness.cli import cli
from test_run import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
SLOW = {"reading_a_gain.md"}
"""Pages whose studies take minutes."""

NOT_RUN = {
    "conformance.md": "its code has a test of its own, tests/conformance/test_docs.py",
    "planning.md": "it needs a cluster",
}
"""Pages of which only the commands are looked at, and why."""


def blocks(path):
    return tuple(blocks_of(path.read_text(encoding="utf-8")))


def pages():
    """Yield the pages that have something to run."""
    for path in PAGES:
        if path.name not in NOT_RUN and blocks(path):
            marks = [pytest.mark.slow] if path.name in SLOW else []
            yield pytest.param(path, marks=marks, id=path.relative_to(DOCS).as_posix())


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
    for path in (*PAGES, ROOT / "README.md"):
        scripts = [block.content for block in blocks(path) if block.language == "sh"]
        for words in [words for script in scripts for words in calls(script)]:
            if words[:1] == ["harness"]:
                yield pytest.param(words[1:], id=f"{path.name}: {' '.join(words)}"[:100])


@pytest.mark.parametrize("path", list(pages()))
def test_page(path, tmp_path, variables):
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    Script(tmp_path, variables).run(blocks(path))


@pytest.mark.parametrize("words", list(harness_calls()))
def test_command_exists_with_these_options(words):
    context = cli.make_context("harness", list(words), resilient_parsing=False)
    with context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        command.make_context(name, rest, parent=context)
