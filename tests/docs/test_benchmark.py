"""The page on suites: its first command runs, its suite can be read, and what it counts is there."""

from __future__ import annotations

import re
import shlex

import pandas as pd
import pytest
from click.testing import CliRunner

from doc_pages import blocks_of
from harness.cli import cli
from harness.running.folder import RunFolder
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


def test_the_numbers_that_were_published_are_as_many_and_traced_as_far_as_the_page_says():
    texts = [path.read_text("utf-8") for path in PANELS.glob("*.yaml")]
    reasons = re.findall(r'from: publication, .*reason: "([^"]+)"', "\n".join(texts))
    assert len(reasons) == sum(text.count("from: publication") for text in texts) == 97
    assert sum("not traced to another" not in reason for reason in reasons) == 19
    assert "97 in all" in PAGE
    assert "19 stand in another public print" in PAGE


def yaml_of_page(name):
    """Return the block of the page that is this file."""
    (found,) = [block.content for block in blocks_of(PAGE) if block.place and block.place["path"] == name]
    return found


def test_a_run_has_as_many_fits_as_the_page_says():
    fits = pd.read_csv(ROOT / "suites" / "reference" / "public_panels" / "suite_budgets.csv")["n_fits"]
    assert f"is {fits.sum():,} fits, {fits.max()} for each estimator" in PAGE
    assert set(fits) == {fits.max()}


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
