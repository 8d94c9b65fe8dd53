"""The page on suites: its first command runs, its suite can be read, and what it counts is there."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from command import ROOT
from doc_pages import blocks_of
from harness.cli import cli
from harness.running.folder import RunFolder
from harness.suite.spec import load_suite

PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
SUITE = ROOT / "suites" / "public_panels.yaml"
PANELS = ROOT / "suites" / "panels"


def yaml_of_page(name):
    """Return the block of the page that is this file."""
    (found,) = [block.content for block in blocks_of(PAGE) if block.place and block.place["path"] == name]
    return found


def test_the_suite_of_the_page_can_be_read(tmp_path):
    file = tmp_path / "my_suite.yaml"
    file.write_text(yaml_of_page("my_suite.yaml"), encoding="utf-8")
    assert [entry.panels for entry in load_suite(file).suite.studies] == [1, 1, 20]


@pytest.mark.slow
def test_an_example_gets_its_line_by_the_command_of_the_page(tmp_path, monkeypatch):
    pytest.importorskip("lightgbm")
    monkeypatch.chdir(ROOT)
    (script,) = [block.content for block in blocks_of(PAGE) if block.language == "sh"]
    first, second = (shlex.split(line)[1:] for line in script.splitlines())
    out = tmp_path / "mine"
    asked = [str(out) if word == "runs/mine" else word for word in first]
    tuned = yaml_of_page("lightgbm_tuned.yaml")
    done = CliRunner().invoke(
        cli, [*asked, "--estimator", tuned, "--only", "enterprise-zones", "--jobs", "1"]
    )
    assert done.exit_code == 0, done.output
    gains = RunFolder(out).read_table("suite_gain")
    for name in ("lightgbm", "lightgbm_tuned"):
        own = gains[(gains["estimator"] == name) & (gains["status"] == "ok")]
        assert set(own["over"]) == {"pooled", "two_way", "simple"}
    budgets = RunFolder(out).read_table("suite_budgets").set_index("estimator")["n_candidates"]
    assert budgets["lightgbm_tuned"] == budgets["mlp_tuned"] == 4
    beside = [str(out) if word == "runs/mine" else word for word in second]
    done = CliRunner().invoke(cli, [*beside, "--rtol", "0.5"])
    assert re.search(r"lightgbm beside two_way, \w+: the smaller error on \d of 1 panels", done.output)
