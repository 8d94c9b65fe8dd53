"""Estimators with columns and rows of their own, and curves over a second exposure, against least squares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import harness
from harness.installed import installed
from harness.study.spec.load import load_study
from harness.study.spec.written import written_spec

SPEC = {
    "spec_version": 1,
    "study": "stepwise",
    "data": {},
    "roles": {
        "entity": "city",
        "time": "year",
        "outcomes": ["y"],
        "exposure": "index",
        "controls": ["raw", "age", "size"],
    },
    "estimators": [
        {"id": "alone", "use": "pooled_ols", "controls": []},
        {"id": "aged", "use": "pooled_ols", "controls": ["age"]},
        {"id": "whole", "use": "pooled_ols"},
        {"id": "raw", "use": "pooled_ols", "exposure": "raw", "controls": ["age", "size"]},
        {"id": "east", "use": "pooled_ols", "rows": {"region": {"include": ["east"]}}},
    ],
    "evaluation": {"reference": "whole", "protocols": ["in_sample", "random_rows"]},
    "scenarios": [
        {"use": "curve", "draws": 4, "grid": 3},
        {"id": "curve_raw", "use": "curve", "exposure": "raw", "draws": 4, "grid": 3},
    ],
    "report": {"formats": []},
}


def table():
    rng = np.random.default_rng(11)
    city, year = (axis.ravel() for axis in np.indices((20, 5)))
    frame = pd.DataFrame({"city": [f"c{at}" for at in city], "year": 2001 + year})
    frame["region"] = np.where(city % 2, "east", "west")
    frame["raw"], frame["age"], frame["size"] = rng.normal(size=(3, 100))
    frame["index"] = 0.5 * frame["raw"] + rng.normal(size=100)
    frame["y"] = frame["index"] - 2 * frame["age"] + 0.3 * frame["raw"] + rng.normal(size=100)
    return frame


def slopes(frame, *names):
    """Return least squares with a constant: an independent arithmetic."""
    X = np.column_stack([np.ones(len(frame)), *(frame[name] for name in names)])
    return dict(zip(names, np.linalg.lstsq(X, frame["y"], rcond=None)[0][1:], strict=True))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stepwise")
    return harness.run(SPEC, data=table(), out=folder / "run", progress=False)


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        ("alone", ["index"]),
        ("aged", ["index", "age"]),
        ("whole", ["index", "raw", "age", "size"]),
        ("raw", ["raw", "age", "size"]),
    ],
)
def test_an_estimator_has_the_regressors_that_its_entry_names(result, estimator, names):
    rows = result.coefficients[result.coefficients["estimator"] == estimator].set_index("term")["estimate"]
    expected = slopes(table(), *names)
    assert set(rows.index) - {"const", "constant", "intercept"} == set(names)
    for name, slope in expected.items():
        assert rows[name] == pytest.approx(slope, rel=1e-9)


def test_an_estimator_on_rows_of_its_own_has_coefficients_and_no_gain(result):
    frame = table()
    rows = result.coefficients[result.coefficients["estimator"] == "east"].set_index("term")
    expected = slopes(frame[frame["region"] == "east"], "index", "raw", "age", "size")
    assert rows["estimate"]["index"] == pytest.approx(expected["index"], rel=1e-9)
    assert set(rows["n_obs"]) == {50}
    refused = result.gain[result.gain["estimator"] == "east"]
    assert set(refused["status"]) == {"refused"}
    assert refused["reason"].str.contains("rows of its own").all()
    whole = result.accuracy[(result.accuracy["estimator"] == "raw") & (result.accuracy["sample"] == "all")]
    residual = frame["y"] - frame["y"].mean()
    own = slopes(frame, "raw", "age", "size")
    residual -= sum(slope * (frame[name] - frame[name].mean()) for name, slope in own.items())
    in_sample = whole[whole["protocol"] == "in_sample"]["mse"].item()
    assert in_sample == pytest.approx(float((residual**2).mean()), rel=1e-9)


def test_a_curve_over_a_second_exposure_has_its_slope_and_every_estimator_that_has_it(result):
    curves = result.curves
    own = curves[(curves["scenario"] == "curve_raw") & (curves["kind"] == "slope")]
    frame = table()
    expected = {
        "whole": slopes(frame, "index", "raw", "age", "size")["raw"],
        "raw": slopes(frame, "raw", "age", "size")["raw"],
        "east": slopes(frame[frame["region"] == "east"], "index", "raw", "age", "size")["raw"],
    }
    done = own[own["status"] == "ok"]
    assert set(done["estimator"]) == set(expected)
    for name, slope in expected.items():
        assert done[done["estimator"] == name]["estimate"].to_numpy() == pytest.approx(slope, rel=1e-6)
    answered = curves[curves["scenario"] == "curve_raw"]
    reasons = answered[answered["status"] == "refused"].set_index("estimator")["reason"]
    assert set(reasons.index) == {"alone", "aged"}
    assert reasons.str.contains("none of its regressors").all()


def test_a_curve_over_the_studys_exposure_is_not_asked_of_an_estimator_of_another(result):
    curves = result.curves
    refused = curves[(curves["scenario"] == "curve") & (curves["estimator"] == "raw")]
    assert refused["status"].tolist() == ["refused"]
    assert "set `exposure: raw`" in refused["reason"].item()


def test_the_record_of_the_run_names_columns_rows_and_exposures(result):
    from harness.findings.run import read_run
    from harness.running.folder import RunFolder

    study = read_run(RunFolder.open(result.path)).manifest.study
    options = {entry.id: entry.options for entry in study.estimators}
    assert options["alone"]["controls"] == []
    assert options["raw"]["exposure"] == "raw"
    assert options["east"]["rows"]["region"]["include"] == ["east"]
    assert "controls" not in options["whole"]
    assert [study.exposure_of(name) for name in ("curve", "curve_raw")] == ["index", "raw"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimators": [{"use": "pooled_ols", "controls": ["agee"]}]}, "did you mean 'age'"),
        ({"estimators": [{"use": "pooled_ols", "exposure": "co2"}]}, "'co2' is no regressor of the study"),
        (
            {"estimators": [{"id": "whole", "use": "pooled_ols", "rows": {"region": {"include": ["east"]}}}]},
            "gains are over the same rows",
        ),
        (
            {
                "multiverse": {"estimator": "aged", "seeds": 2, "references": ["whole"]},
            },
            "'aged' has `controls` of its own",
        ),
        ({"scenarios": [{"use": "curve", "exposure": "heat"}]}, "'heat' is no moderator or control"),
    ],
    ids=["control", "exposure", "reference", "multiverse", "scenario"],
)
def test_columns_and_rows_that_do_not_fit_are_told(change, message):
    written = written_spec({**SPEC, "data": {"path": "a.csv"}, **change})
    with pytest.raises(harness.SpecError, match=message):
        load_study(written, catalogs=installed().catalogs)


def test_rows_by_a_column_that_is_not_there_are_told(tmp_path):
    estimators = [*SPEC["estimators"][:-1], {"use": "mean", "rows": {"regoin": {"include": ["east"]}}}]
    with pytest.raises(harness.DataError, match="did you mean 'region'"):
        harness.run(SPEC | {"estimators": estimators}, data=table(), out=tmp_path / "run", progress=False)
