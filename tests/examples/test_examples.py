"""The examples: one extension of each kind, and panels with a known truth."""

from __future__ import annotations

import csv
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor
from pygments.lexers import StataLexer
from pygments.token import Token

from command import ROOT, harness, python
from harness.api import open_run
from harness.conformance.checks import checks_among
from harness.data.simulate.simulation import SIMULATION
from harness.errors import EstimationError
from harness.estimators.protocol import ESTIMATOR
from harness.installed import KINDS, registry_of
from harness.plugin import random_stream
from harness.registry.choice import PluginChoice
from harness.tables.csv_table import from_csv

EXAMPLES = ROOT / "examples"

# Regions of the file, in the order of the places.
NAMES = ["north", "south", "west"]


@pytest.fixture(scope="module")
def registry():
    return registry_of((), choice=PluginChoice(folder=EXAMPLES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a run of the study of the examples, by the command."""
    out = tmp_path_factory.mktemp("runs") / "examples"
    words = ("--plugins-folder", EXAMPLES, "run", EXAMPLES / "study.yaml", "--out", out)
    done = harness(*words, "--jobs", "1", "--trust-plugins")
    assert done.returncode == 0, done.stderr
    return out


def test_every_kind_has_an_example_that_works(registry):
    assert registry.broken == ()
    offered = {kind for plugin in registry.plugins[1:] for kind in plugin.offers}
    assert offered == {kind.plural for kind in KINDS}


def test_the_page_shows_every_example():
    page = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{literalinclude\} \.\./examples/(\S+)$", page, re.MULTILINE)
    there = {path.name for path in EXAMPLES.glob("example_*.py")} - {"example_learners.py"}
    assert sorted(shown) == sorted({*there, "study.yaml"})


def test_examples_keep_the_rules_of_their_kinds(registry):
    # Workers that another test started do not know the folder of the examples.
    get_reusable_executor().shutdown(wait=True)
    checks = [check for plugin in registry.plugins[1:] for check in checks_among(registry, plugin)]
    asked = [check for check in checks if not check.rule.is_slow or check.kind in ("rule", "section")]
    found = {str(check): check.verdict() for check in asked}
    absent = {f"{name}-fits" for name in LEARNERS if not is_there(name)}
    failed = {name: one.reason for name, one in found.items() if one.status == "failed"}
    assert {name for name, reason in failed.items() if REFUSED.search(reason)} == failed.keys() == absent
    assert {
        found[name].status for name in ("largest_errors-present", "effect_spread-keyed", "json_lines-reads")
    } == {"passed"}


@pytest.mark.slow
def test_how_often_limits_of_a_model_hold_stands_in_the_table_of_errors(folder):
    """Recomputed from what the median was fitted on."""
    rows = pd.read_parquet(folder / "predictions.parquet")
    accuracies = pd.read_csv(folder / "accuracy.csv").set_index(["estimator", "protocol", "sample"])
    for protocol, of_median in rows[rows["estimator"] == "median"].groupby("protocol", observed=True):
        held, widths = [], []
        for _, fold in of_median.groupby("fold", observed=True):
            train, test = (fold.loc[fold["sample"] == name, "observed"] for name in ("train", "test"))
            low, high = train.quantile([0.05, 0.95])
            held += test.between(low, high).tolist()
            widths += [high - low] * len(test)
        row = accuracies.loc[("median", protocol, "test")]
        assert row["model_coverage"] == pytest.approx(np.mean(held))
        assert row["model_width"] == pytest.approx(np.mean(widths))
    is_of_median = accuracies["model_coverage"].notna()
    assert {*accuracies.index[is_of_median]} == {
        ("median", one, "test") for one in ("in_sample", "leave_one_group_out")
    }


# Learners of outside libraries with what brings them, and how a fit without it ends.
LEARNERS = {"lightgbm": "lightgbm", "catboost": "catboost", "realmlp": "pytabkit", "tabm": "pytabkit"}
WITH_WEIGHTS = ("tabpfn", "tabicl")
LEARNERS |= {name: name for name in WITH_WEIGHTS}
REFUSED = re.compile(r"the library is not installed; pip install \w+$|no weights: TAB\w+_WEIGHTS is ")


def is_there(learner):
    weights = Path(os.environ.get(f"{learner.upper()}_WEIGHTS", ""))
    has_weights = learner not in WITH_WEIGHTS or weights.is_file()
    return has_weights and find_spec(LEARNERS[learner]) is not None


@pytest.mark.parametrize(("name", "model"), [("tabpfn", "TabPFNRegressor"), ("tabicl", "TabICLRegressor")])
def test_weights_that_are_not_there_are_refused_and_none_are_downloaded(registry, monkeypatch, name, model):
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(**{model: lambda **options: options}))
    learner, variable = registry.of(ESTIMATOR)[name](), f"{name.upper()}_WEIGHTS"
    monkeypatch.setenv(variable, __file__)
    assert learner.regressor(3)["model_path"] == __file__
    monkeypatch.delenv(variable)
    with pytest.raises(EstimationError, match=f"no weights: {variable} is not set"):
        learner.regressor(0)
    monkeypatch.setenv(variable, "/no/such.ckpt")
    with pytest.raises(EstimationError, match=r"is '/no/such\.ckpt', which is no file"):
        learner.regressor(0)


@pytest.fixture(scope="module")
def drawn(registry):
    """The panel that the study simulates: nine places in four years, in this order."""
    return registry.of(SIMULATION)["straight_line"](slope=2.0, noise=0.0, n_entities=9, n_periods=4).draw()


def test_a_simulation_reader_and_steps_bring_the_columns(folder, drawn):
    rows = pd.read_csv(folder / "summary.csv").set_index("variable")
    assert rows.loc["outcome", "max"] == pytest.approx(2.0 * drawn["exposure"].max(), rel=1e-12)
    truth = pd.read_csv(folder / "truth.csv").query("scenario == 'curve' and kind == 'level'")
    np.testing.assert_allclose(truth["truth"], 2.0 * truth["at"], rtol=1e-12)
    # The areas of the file are 1, 4 and 9; ranks of n rows without ties are 1/n, ..., 1.
    assert rows.loc["root_area", ["mean", "min", "max"]].tolist() == [2.0, 1.0, 3.0]
    assert rows.loc["rank_of_exposure", "mean"] == pytest.approx((36 + 1) / (2 * 36), rel=1e-12)


def test_an_estimator_predicts_the_regions_that_a_protocol_leaves_out(folder, drawn):
    rows = pd.read_parquet(folder / "predictions.parquet")
    own = rows[(rows["protocol"] == "leave_one_group_out") & (rows["sample"] == "test")]
    found = own[own["estimator"] == "median"].groupby("fold", observed=True)["predicted"].agg(["min", "max"])
    # Twelve rows a region: north, south and west in the order of the places.
    outside = {
        name: np.delete(drawn["outcome"], range(12 * at, 12 * at + 12)) for at, name in enumerate(NAMES)
    }
    expected = [np.median(outside[name]) for name in NAMES]
    assert found.index.tolist() == NAMES
    np.testing.assert_allclose(found["min"], expected, rtol=1e-12)
    np.testing.assert_allclose(found["max"], expected, rtol=1e-12)


def test_a_metric_costs_what_lies_beyond_the_tolerance(folder, drawn):
    metrics = pd.read_csv(folder / "metrics.csv")
    found = metrics.set_index(["metric", "estimator", "protocol", "sample"])["value"]
    error = (drawn["outcome"] - drawn["outcome"].median()).abs()
    cell = ("tolerant_error", "median", "in_sample", "test")
    assert found[cell] == pytest.approx(np.maximum(error - 0.2, 0.0).mean(), rel=1e-12)


def section_of(folder, name):
    page = (folder / "report.html").read_text(encoding="utf-8")
    return page.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def test_a_scenario_finds_the_slope_and_its_table_is_shown_without_a_section(folder):
    spread = pd.read_csv(folder / "effect_spread.csv").set_index(["estimator", "share"])["effect"]
    assert (spread["median"] == 0.0).all()
    np.testing.assert_allclose(spread["ols"], 2.0, rtol=1e-9)
    shown = section_of(folder, "table_effect_spread")
    assert "Quantiles over the rows of the effect of the exposure" in shown
    assert shown.count('<td class="num">2.000</td>') == 3


def test_a_section_shows_the_largest_error_of_the_predictions(folder, drawn):
    worst = (drawn["outcome"] - drawn["outcome"].median()).abs().max()
    assert f'<td class="num">{worst:.3f}</td>' in section_of(folder, "largest_errors")
    assert list(folder.rglob("largest_errors.svg"))


def test_a_dataset_is_chosen_by_its_name(tmp_path):
    text = """
spec_version: 1
study: copper
title: Copper
data: {dataset: example_copper}
roles: {entity: market, time: year, outcomes: worldconsumption, exposure: copperprice}
estimators: [median, pooled_ols]
evaluation: {protocols: [in_sample]}
"""
    (tmp_path / "copper.yaml").write_text(text, encoding="utf-8")
    done = harness("--plugins-folder", EXAMPLES, "validate", tmp_path / "copper.yaml")
    assert "25 rows of 1 entities in 25 periods" in done.stdout, done.stderr


def test_the_manifest_names_every_plugin_with_its_hash(folder):
    versions = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["versions"]
    names = {path.stem for path in EXAMPLES.iterdir() if path.stem.startswith("example_")}
    assert {f"local plugin {name}" for name in names} <= set(versions)


RSCRIPT = shutil.which("Rscript")


def has_generics():
    ask = [RSCRIPT, "-e", "quit(status = !requireNamespace('generics', quietly = TRUE))"]
    return RSCRIPT is not None and subprocess.run(ask, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not has_generics(), reason="R or its package generics is not on this machine")
def test_the_package_for_r_is_without_a_warning_and_has_the_numbers_of_python(tmp_path):
    """Its own test compares coefficients with those of lm()."""
    program, run = tmp_path / "harness", tmp_path / "run"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c 'import harness.cli as c; c.main()' \"$@\"\n")
    program.chmod(0o755)
    environment = {**os.environ, "HARNESS": str(program), "HARNESS_RUN": str(run)}
    for words in (["build", EXAMPLES / "r"], ["check", "--no-manual", "panelharness_0.1.0.tar.gz"]):
        command = ["R", "CMD", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    assert re.search(r"^Status: (OK|\d+ NOTEs?)$", done.stdout, re.MULTILINE), done.stdout
    result = open_run(run)
    gains = from_csv((run / "gain_r.txt").read_text(encoding="utf-8"))
    assert gains.to_numpy().tolist() == result.gain[list(gains.columns)].to_numpy().tolist()
    tidy = from_csv((run / "tidy_r.txt").read_text(encoding="utf-8"))
    tidy.columns = tidy.columns.str.replace("std.error", "std_error").str.replace(".", "_")
    assert tidy.to_dict("list") == result.tidy()[list(tidy.columns)].to_dict("list")
    assert len(tidy) == 5
    environment["R_LIBS"] = str(tmp_path / "panelharness.Rcheck")
    rng = random_stream(1)
    rows = [[city, year, *rng.uniform(1.0, 2.0, 4)] for city in range(16) for year in range(2015, 2020)]
    cities = pd.DataFrame(rows, columns=["city", "year", "co2", "digital", "gdp_pc", "urban"])
    cities.to_csv(tmp_path / "cities.csv", index=False)
    for page in (ROOT / "docs" / "r.md", ROOT / "README.md"):
        (code,) = re.findall(r"^```r\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        words = [RSCRIPT, "--vanilla", "-e", code]
        done = subprocess.run(
            words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "digital" in done.stdout


# Commands of Stata that the ado-file uses.
STATA = """
capture confirm display end ereturn erase exit forvalues generate if import keep local matrix mkmat preserve
program quietly replace restore save shell syntax tempfile tempname version
"""


def test_the_command_for_stata_is_in_the_words_of_stata():
    """No Stata is here: a lexer finds no stray sign, brackets and macros close, options are read and used."""
    text = (EXAMPLES / "harness.ado").read_text(encoding="utf-8")
    assert "not run in Stata" in text
    assert [word for kind, word in StataLexer().get_tokens(text) if kind is Token.Error] == []
    code = [line.split("//")[0].strip() for line in text.splitlines() if not line.startswith("*!")]
    for line in filter(None, code):
        assert line == "}" or line.split()[0] in STATA.split(), line
        assert line.count("`") == line.replace("''", "'").count("'"), line  # '' transposes
        assert line.count('"') % 2 == 0, line
        assert line.count("(") == line.count(")"), line
    assert text.count("{") == text.count("}")
    (syntax,) = (line for line in code if line.startswith("syntax"))
    options = {name.lower() for name in re.findall(r"\b([A-Z]{3,}[a-z]*)", syntax)} | {"using"}
    made = set(re.findall(r"^(?:if .* )?(?:local|tempfile|forvalues) (\w+)", "\n".join(code), re.MULTILINE))
    used = set(re.findall(r"`(\w+)'", "\n".join(code)))
    assert used == options | made | {"b", "V"}


CELL = re.compile(r"^```\{python\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_article_reads_a_run(folder, tmp_path):
    """Its cells run in order, and Quarto renders it where it is there; a page needs Jupyter too."""
    article = EXAMPLES / "quarto" / "article.qmd"
    (tmp_path / "run").symlink_to(folder)
    cells = CELL.findall(article.read_text(encoding="utf-8"))
    assert len(cells) == 7
    code = "\n".join(cells).replace("from IPython.display import Markdown", "Markdown = str")
    done = python("-W", "error", "-c", f"import matplotlib; matplotlib.use('agg')\n{code}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if shutil.which("quarto") is None:
        pytest.skip("Quarto is not on this machine")
    shutil.copy(article, tmp_path)
    words = ["quarto", "render", "article.qmd", "--to", "html"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<table" in (tmp_path / "article.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def suite():
    return runpy.run_path(str(ROOT / "benchmarks" / "known_truth.py"))


@pytest.mark.parametrize("family", ["constant", "varying", "staggered", "nonlinear"])
def test_the_truth_is_the_difference_that_the_effect_makes(suite, family):
    make = suite["FAMILIES"][family]
    # The same draws with the effect and without: what is left is the effect times the exposure.
    with_effect, without = (make(random_stream(1), effect, (3000, 8)) for effect in (0.4, 0.0))
    exposure = with_effect.columns["x"]
    assert np.array_equal(exposure, without.columns["x"])
    made = with_effect.columns["y"] - without.columns["y"]
    weights = exposure**2
    assert (made * exposure).sum() / weights.sum() == pytest.approx(with_effect.truth, abs=0.02)
    assert without.truth == 0.0


def test_the_direct_impact_is_what_a_unit_of_its_own_exposure_does(suite):
    make = suite["FAMILIES"]["spatial"]
    # Linear in the effect, so that the impact of one unit is a share of the made difference.
    once, twice = (make(random_stream(1), effect) for effect in (0.2, 0.4))
    assert twice.truth == pytest.approx(2.0 * once.truth, rel=1e-12)
    assert once.truth > 0.2


def test_answers_are_numbers_or_the_words_of_the_package(suite):
    serve = runpy.run_path(str(ROOT / "examples" / "known_truth" / "serve.py"))
    frame = suite["frame_of"](suite["FAMILIES"]["constant"](random_stream(1), 0.15))
    said = serve["answer"](lambda rows: (rows.x.mean(), 1.0, -1.0, 1.0), frame)
    assert said["estimate"] == pytest.approx(frame.x.mean())
    assert serve["answer"](lambda rows: rows["z"], frame) == {"reason": "KeyError: 'z'"}
    assert serve["answer"](lambda _rows: (float("nan"),) * 4, frame) == {"reason": "not finite"}


def test_the_table_is_what_the_stored_answers_say(suite):
    table = (ROOT / "docs" / "measured" / "known_truth.csv").read_text(encoding="utf-8").splitlines()
    rows = [suite["HEAD"], *suite["shown_rows"](pd.read_csv(suite["STORED"]))]
    assert [tuple(row) for row in csv.reader(table)] == rows


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not there")
def test_an_adapter_in_r_answers_as_those_in_python(suite, tmp_path):
    if subprocess.run(["Rscript", "-e", "library(plm); library(jsonlite)"], capture_output=True).returncode:
        pytest.skip("R has no plm or jsonlite")
    asked = [("constant", 1, 0.15)]
    (within, _) = suite["answers"]("plm", sys.executable, asked, tmp_path)
    (fixed_effects, *_) = suite["answers"]("harness", sys.executable, asked, tmp_path)
    assert within.estimate == pytest.approx(fixed_effects.estimate, rel=1e-6)
    assert within.truth == 0.15
