"""Every command and code block of the documentation runs, and prints what the page shows."""

from __future__ import annotations

import shlex

import click
import pytest

from doc_pages import Script, blocks_of
from harness.cli import cli
from test_run import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
SLOW = {"reading_a_gain.md"}
"""Pages whose studies take minutes."""


def blocks(path):
    return tuple(blocks_of(path.read_text(encoding="utf-8")))


def marked(path):
    return pytest.param(path, marks=[pytest.mark.slow] if path.name in SLOW else [], id=path.name)


def commands():
    """Yield every call of ``harness`` on a page, words after the name of the command."""
    for path in (*PAGES, ROOT / "README.md"):
        for block in blocks(path):
            if block.language != "sh":
                continue
            lines = block.content.replace("\\\n", " ").splitlines()
            for line in lines:
                words = shlex.split(line, comments=True)
                if words[:1] == ["harness"]:
                    yield pytest.param(words[1:], id=f"{path.name}: {' '.join(words)}"[:120])


@pytest.mark.parametrize("path", [marked(path) for path in PAGES if blocks(path)])
def test_page(path, tmp_path, variables):
    Script(tmp_path, variables).run(blocks(path))


@pytest.mark.parametrize("words", list(commands()))
def test_command_exists_with_these_options(words):
    """Also of the pages that are not run here."""
    end = words.index("||") if "||" in words else len(words)
    end = min([end, *(at for at, word in enumerate(words) if word in {"|", ">", ">>", "&&", ";"})])
    with cli.make_context("harness", words[:end], resilient_parsing=False) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        if not isinstance(command, click.Group):
            command.make_context(name, rest, parent=context)
