"""The subcommands on specs and data, right and wrong."""

import json

import numpy as np
import pandas as pd
import pytest

from command import ROOT, harness, invoked, printed
from harness.tables.csv_table import as_read, from_csv

GOOD = (ROOT / "specs" / "grunfeld.yaml").read_text(encoding="utf-8")
DATA = """\
data:
  path: panel.csv
"""
CSV = "firm,year,invest,value,capital\na,1,1.5,2,3\na,2,2.5,2,4\nb,1,3,1,5\nb,2,4,7,6\n"


def test_validating_looks_at_the_data_too(tmp_path):
    done = harness("validate", "specs/grunfeld.yaml")
    assert "200 rows of 10 entities in 20 periods" in done.stdout
    table = tmp_path / "firms.csv"
    table.write_text(CSV)
    wrong = harness("validate", "specs/grunfeld.yaml", "--data", table)
    assert wrong.returncode == 3
    assert "no row has the value 'American Steel'" in wrong.stderr


def test_validating_prints_what_the_report_would_warn_of(tmp_path):
    (tmp_path / "panel.csv").write_text("id,year,y,x\na,1,1,2\na,3,2,1\nb,1,4,1\nb,2,8,3\nb,3,1,1\n")
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "{spec_version: 1, study: s, data: {path: panel.csv}, estimators: [{use: pooled_ols}], "
        "roles: {entity: id, time: year, outcomes: [y], exposure: x}}"
    )
    assert harness("validate", spec).stdout.splitlines()[:3] == [
        f"{spec}: valid; study 's' with 1 estimators; 5 rows of 2 entities in 3 periods",
        f"W-UNBALANCED: {spec}:1:95: roles.entity (id): Entities have from 2 to 3 periods.",
        f"W-GAP: {spec}:1:95: roles.entity (id): 1 entity has gaps in its periods: a.",
    ]


def test_plan_says_what_would_be_fitted():
    printed = harness("plan", "specs/grunfeld.yaml", "--quick", "--list-only").stdout
    assert "200 rows, 10 entities, 20 periods" in printed
    assert "protocol as_published: 3 folds" in printed
    assert "estimator ann: som_ann (sizes_around: 0, restarts: 1, map_training: sequential, " in printed
    # 6 estimators on 1 + 3 + 3 + 3 + 1 folds and on all rows.
    assert "fits in all: 72" in printed


def test_the_schema_beside_the_specs_is_the_one_the_command_prints():
    printed = json.loads(harness("schema").stdout)
    assert printed == json.loads((ROOT / "specs" / "spec.schema.json").read_text(encoding="utf-8"))


def spec_with(tmp_path, old="", new="", *, csv=None):
    text = GOOD.replace(old, new, 1) if old else GOOD
    assert not old or text != GOOD
    if csv is not None:
        head, rest = text.split("data:\n", 1)
        text = head + DATA + "\nroles:" + rest.split("roles:", 1)[1]
        (tmp_path / "panel.csv").write_text(csv, encoding="utf-8")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "csv", "code", "words"),
    [
        ("outcomes:", "ouctomes:", None, 2, ["ouctomes", "outcomes"]),
        ("", "", CSV.replace("2.5", "two"), 3, ["panel.csv", "invest", "1 of 4 cells", "two", "line 3"]),
        ("", "", None, 3, []),
    ],
)
def test_bad_input_is_one_readable_error(tmp_path, old, new, csv, code, words):
    path = spec_with(tmp_path, old, new, csv=csv)
    if code == 3 and csv is None:
        done = harness("run", path, "--data", tmp_path / "absent.csv", "--out", tmp_path / "run")
        words = ["absent.csv"]
    else:
        done = harness("run", path, "--out", tmp_path / "run")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if old:
        words = [*words, f"study.yaml:{GOOD[: GOOD.index(old)].count(chr(10)) + 1}:"]
    for word in words:
        assert word in done.stderr
    assert not (tmp_path / "run").exists()


# An escape, a title of a window, a direction mark, an escape of one character.
STUDY = """spec_version: 1
study: towns
data: {path: towns.csv}
roles: {entity: town, time: year, outcomes: [income], exposure: tax}
estimators: [pooled_ols, mean]
evaluation: {reference: mean, protocols: [forward]}
"""


@pytest.mark.parametrize(("outcome", "says"), [(3.0, True), (None, False)])
def test_a_run_without_any_result_says_so_beside_its_folder(tmp_path, outcome, says):
    rng = np.random.default_rng(1)
    keys = pd.MultiIndex.from_product([[f"town {at}" for at in range(6)], range(2001, 2005)])
    frame = pd.DataFrame({"tax": rng.normal(size=24), "income": rng.normal(size=24)}, index=keys)
    if outcome is not None:
        frame.loc[keys.get_level_values(1) < 2004, "income"] = outcome
    frame.to_csv(tmp_path / "towns.csv", index_label=["town", "year"])
    (tmp_path / "towns.yaml").write_text(STUDY + "report: {formats: []}\n")
    done = invoked("run", tmp_path / "towns.yaml", "--jobs", 1, "--out", tmp_path / "run")
    assert done.exit_code == (6 if says else 0)
    assert done.stdout.endswith(f"results: {tmp_path / 'run'}\n")
    assert ("Prediction." in done.stdout) != says
    line = "no estimator has a result, see 6 rows of accuracy.csv: fold 1: "
    assert (line in done.stderr) == says
    assert ("'income' is constant in the training rows; check the outcome" in done.stderr) == says


@pytest.mark.parametrize("name", ["tidy", "glance", "predictions", "coefficients"])
def test_a_table_is_printed_with_all_digits(small_run, name):
    made, text = getattr(small_run, name), printed("table", small_run.path, name)
    expected = made() if callable(made) else made
    pd.testing.assert_frame_equal(from_csv(text), as_read(expected), check_dtype=False, check_exact=True)


def test_the_gain_of_two_estimators_is_printed_by_outcome_and_protocol(small_run):
    head, *lines = printed("gain", small_run.path, "curved", "ols").splitlines()
    assert head == "Gain of curved over Pooled OLS, 95% intervals clustered by firm"
    row = small_run.gain.query("protocol == 'random_rows' and sample == 'test'").iloc[0]
    assert f"invest, Random rows: {row['gain']:.1%}" in lines[0]
    assert f"p\u00a0=\u00a0{row['p_value']:.3f}" in lines[0]
    rows = json.loads(printed("gain", small_run.path, "curved", "ols", "--json"))
    assert [one["gain"] for one in rows if one["protocol"] == "random_rows"] == [row["gain"]]
