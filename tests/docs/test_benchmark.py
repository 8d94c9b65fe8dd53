"""The page on suites: its first command runs, its suite can be read, and what it counts is there."""

import re
import shlex

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from suite_text import BLOCKS, REFERENCE, SUITE, table

from command import ROOT
from doc_pages import blocks_of
from harness.cli import cli
from harness.running.folder import RunFolder
from harness.suite.results import SUITE_GAIN, SUITE_TABLES, read_suite_table
from harness.suite.spec import load_suite

PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")


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
    assert re.search(r"lightgbm next to two_way, \w+: the smaller error on \d of 1 panels", done.output)


PANELS_PAGE = (ROOT / "docs" / "measured" / "public_panels.md").read_text(encoding="utf-8")


def test_the_page_shows_every_table_of_the_run():
    shown = re.findall(r"^```\{suite-result\} (\w+)$", PANELS_PAGE, flags=re.MULTILINE)
    assert sorted(shown) == sorted(BLOCKS)
    best = BLOCKS["held_out_standings"]().splitlines()[2]
    assert best.startswith("| RAB (bootstrapped network) | 4.40* | 84% of 25 [71.9,")


@pytest.mark.parametrize("name", sorted(path.stem for path in REFERENCE.glob("*.csv")))
def test_the_committed_tables_are_of_this_edition_of_the_suite(name):
    found = table(name)
    assert set(SUITE_TABLES[name].columns) == set(found.columns)
    assert set(found["suite"]) == {SUITE.suite}
    assert set(found["edition"].astype(str)) == {SUITE.edition}
    assert len(set(found["form"])) == 1


def test_the_committed_ranks_and_ratios_follow_from_the_committed_errors():
    cells = read_suite_table(REFERENCE, SUITE_GAIN).drop_duplicates(["study", "protocol", "estimator"])
    ranks = table("suite_ranks").set_index(["protocol", "estimator"])["average_rank"]
    ratios = table("suite_summary").set_index(["protocol", "over", "estimator"])["log_error_ratio"]
    for protocol, own in cells.groupby("protocol"):
        errors = {
            name: rows.set_index("study")["mse"].map("{:.10g}".format).astype(float)
            for name, rows in own.groupby("estimator")
        }
        wide = pd.DataFrame(errors)
        found = wide.fillna(np.inf).rank(axis=1).mean()
        assert found.to_numpy() == pytest.approx(ranks[protocol].reindex(found.index).to_numpy())
        log_ratios = np.log(wide["mlp"] / wide["two_way"]).mean()
        assert log_ratios == pytest.approx(ratios[protocol, "two_way", "mlp"], rel=1e-6)
