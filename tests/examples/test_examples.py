"""The examples: one extension of each kind, that the core knows nothing of."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor

from command import ROOT, harness
from harness.conformance.checks import checks_among
from harness.installed import KINDS, registry_of
from harness.registry.sources import PluginChoice

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def registry():
    return registry_of((), choice=PluginChoice(folder=EXAMPLES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a run of the study of the examples, by the command."""
    out = tmp_path_factory.mktemp("runs") / "examples"
    words = ("--plugins-folder", EXAMPLES, "run", EXAMPLES / "study.yaml", "--out", out, "--jobs", "1")
    done = harness(*words)
    assert done.returncode == 0, done.stderr
    return out


def test_every_kind_has_an_example_that_works(registry):
    assert registry.broken == ()
    offered = {kind for plugin in registry.plugins[1:] for kind in plugin.offers}
    assert offered == {kind.plural for kind in KINDS}


def test_examples_keep_the_rules_of_their_kinds(registry):
    # Workers that another test started do not know the folder of the examples.
    get_reusable_executor().shutdown(wait=True)
    checks = [check for plugin in registry.plugins[1:] for check in checks_among(registry, plugin)]
    found = {str(check): check.verdict() for check in checks if not check.rule.is_slow}
    assert {name: one.reason for name, one in found.items() if one.status == "failed"} == {}
    assert {one.status for one in found.values()} >= {"passed"}


def test_the_effect_of_a_line_is_the_slope_of_its_regression(folder):
    spread = pd.read_csv(folder / "effect_spread.csv").set_index(["estimator", "share"])["effect"]
    coefficients = pd.read_csv(folder / "coefficients.csv").set_index("term")["estimate"]
    assert (spread["median"] == 0.0).all()
    # The rank is a step function: where it does not move, the effect is the coefficient alone.
    assert spread["ols", 0.25] >= coefficients["exposure"] - 1e-9
    assert list(spread["ols"].index) == [0.25, 0.5, 0.75]


def test_periods_are_left_out_one_by_one(folder):
    rows = pd.read_parquet(folder / "predictions.parquet")
    own = rows[(rows["protocol"] == "leave_one_period_out") & (rows["sample"] == "test")]
    times = own.groupby("fold", observed=True)["time"].unique().map(list)
    assert times.tolist() == [["2004"], ["2005"], ["2006"]]


def test_errors_within_the_tolerance_cost_nothing(folder):
    rows = pd.read_parquet(folder / "predictions.parquet")
    metrics = pd.read_csv(folder / "metrics.csv")
    found = metrics.set_index(["metric", "estimator", "protocol", "sample"])["value"]
    own = rows[(rows["estimator"] == "ols") & (rows["protocol"] == "in_sample") & (rows["sample"] == "test")]
    expected = np.maximum((own["observed"] - own["predicted"]).abs() - 0.2, 0.0).mean()
    assert found["tolerant_error", "ols", "in_sample", "test"] == pytest.approx(expected, rel=1e-9)


def test_the_report_shows_the_section_of_the_scenario(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    section = page.partition('<section id="effect_spread">')[2].partition("</section>")[0]
    assert (
        page.partition('<section id="effect_spread">')[0]
        .rstrip()
        .endswith(". Spread of the effect</h2></summary>")
    )
    spread = pd.read_csv(folder / "effect_spread.csv")
    shown = [f"{effect:.3f}" for effect in spread.loc[spread["estimator"] == "ols", "effect"]]
    assert all(f'<td class="num">{effect}</td>' in section for effect in shown)
    assert '<a href="#effect_spread">' in page
    assert list(folder.rglob("effect_spread.svg"))


def test_the_manifest_names_every_plugin_with_its_hash(folder):
    versions = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["versions"]
    names = {path.stem for path in EXAMPLES.iterdir() if path.stem.startswith("example_")}
    assert {f"local plugin {name}" for name in names} <= set(versions)
