"""The page on suites: its first command runs, its suite can be read, and what it counts is there."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from doc_pages import blocks_of
from harness.cli import cli
from harness.store.folder import RunFolder
from harness.suite.spec import load_suite
from test_run import ROOT

PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
SUITE = ROOT / "suites" / "public_panels.yaml"
PANELS = ROOT / "suites" / "panels"


def test_the_panels_are_as_many_as_the_page_says():
    suite = load_suite(SUITE).suite
    assert f"has {len(suite.studies)} real panels" in PAGE
    assert {(ROOT / "suites" / entry.spec).name for entry in suite.studies} == {
        path.name for path in PANELS.glob("*.yaml")
    }
    published = [path for path in PANELS.glob("*.yaml") if "from: publication" in path.read_text("utf-8")]
    assert len(published) == 13
    assert "Thirteen of the panels have such numbers" in PAGE


def test_the_suite_of_the_page_can_be_read(tmp_path):
    (text,) = [block.content for block in blocks_of(PAGE) if block.language == "yaml"]
    file = tmp_path / "my_suite.yaml"
    file.write_text(text, encoding="utf-8")
    assert [entry.panels for entry in load_suite(file).suite.studies] == [1, 1, 20]


@pytest.mark.slow
def test_an_example_gets_its_line_by_the_command_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("lightgbm")
    monkeypatch.chdir(ROOT)
    (script,) = [block.content for block in blocks_of(PAGE) if block.language == "sh"]
    first, second = (shlex.split(line)[1:] for line in script.splitlines())
    out = tmp_path / "mine"
    asked = [str(out) if word == "runs/mine" else word for word in first]
    done = CliRunner().invoke(cli, [*asked, "--only", "enterprise-zones", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    gains = RunFolder(out).read_table("suite_gain")
    own = gains[(gains["estimator"] == "lightgbm") & (gains["status"] == "ok")]
    assert set(own["over"]) == {"pooled", "two_way", "simple"}
    beside = [str(out) if word == "runs/mine" else word for word in second]
    done = CliRunner().invoke(cli, [*beside, "--rtol", "0.5"])
    assert re.search(r"lightgbm beside two_way, \w+: the smaller error on \d of 1 panels", done.output)
