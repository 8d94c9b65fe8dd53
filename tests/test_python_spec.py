"""A spec written in Python is the file that it stands for, with the same mistakes."""

from __future__ import annotations

import pytest
import yaml
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR

import harness
from harness.evaluation.protocol import Forward
from harness.installed import installed
from harness.scenarios.curve.scenario import CurveScenario
from harness.study.spec.load import load_study
from harness_panel import Conley, FixedEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn import Splines

ROLES = {"entity": "firm", "time": "year", "outcomes": "invest", "exposure": "value", "controls": ["capital"]}
FILE = """\
spec_version: 1
study: grunfeld
seed: 3
data: {dataset: grunfeld}
roles: {entity: firm, time: year, outcomes: [invest], exposure: value, controls: [capital]}
estimators:
  - {id: ols, use: pooled_ols, label: Pooled}
  - {id: alone, use: pooled_ols, controls: []}
  - {use: fixed_effects, effects: [entity, time]}
  - {use: rab, base: {use: splines}, draws: 30}
  - {id: svr, use: sklearn, class: sklearn.svm.SVR, options: {C: 3.0}}
evaluation: {reference: ols, protocols: [in_sample, {use: forward, windows: 2}]}
scenarios: [{use: curve, draws: 40, grid: 9}]
"""


def written():
    return harness.Spec(
        {
            "study": "grunfeld",
            "seed": 3,
            "data": {"dataset": "grunfeld"},
            "roles": ROLES,
            "estimators": [
                {"use": PooledOLS(), "id": "ols", "label": "Pooled"},
                {"use": "pooled_ols", "id": "alone", "controls": []},
                FixedEffects(effects=["entity", "time"]),
                Rab(base=Splines(), draws=30),
                {"use": SVR(C=3.0), "id": "svr"},
            ],
            "evaluation": {"reference": "ols", "protocols": ["in_sample", Forward(windows=2)]},
            "scenarios": [CurveScenario(draws=40, grid=9)],
        }
    )


def test_it_is_the_study_of_the_file(tmp_path):
    spec = written()
    (tmp_path / "file.yaml").write_text(FILE, encoding="utf-8")
    catalogs = installed().catalogs
    own = load_study(spec.save(tmp_path / "own.yaml"), catalogs=catalogs).study
    assert own == load_study(tmp_path / "file.yaml", catalogs=catalogs).study
    assert repr(spec) == "Spec('grunfeld')"
    assert {spec} == {written()}


def test_options_that_are_objects_are_written_whole():
    roles = ROLES | {"latitude": "lat", "longitude": "lon"}
    estimator = PooledOLS(covariance=Conley(cutoff_km=100.0))
    spec = harness.Spec({"study": "near", "roles": roles, "estimators": [estimator]})
    (entry,) = yaml.safe_load(spec.text)["estimators"]
    assert entry["covariance"]["use"] == "conley"
    assert entry["covariance"]["cutoff_km"] == 100.0


def test_mistakes_are_those_of_a_file():
    wrong = {
        "study": "grunfeld",
        "roles": ROLES | {"control": "x"},
        "estimators": ["pooled_olss"],
        "seed": -1,
    }
    with pytest.raises(harness.SpecError) as caught:
        harness.Spec(wrong)
    said = str(caught.value)
    for message in ("roles", "did you mean 'pooled_ols'", "seed"):
        assert message in said
    assert len(caught.value.problems) == 3


def test_a_text_is_kept_and_its_mistakes_have_lines():
    assert harness.Spec(FILE).text == FILE
    with pytest.raises(harness.SpecError, match=r"(?s)spec:10:\d+: .*did you mean 'splines'"):
        harness.Spec(FILE.replace("use: splines", "use: spline"))


@pytest.mark.parametrize("choice", [3, object(), make_pipeline(SVR())], ids=["number", "object", "pipeline"])
def test_what_is_no_choice_is_refused(choice):
    with pytest.raises(harness.SpecError, match=r"estimators\[0\]|regressor of scikit-learn"):
        harness.Spec({"study": "grunfeld", "roles": ROLES, "estimators": [choice]})


def test_a_script_runs_it(tmp_path):
    text = (
        FILE[: FILE.index("  - {id: alone")] + "evaluation: {protocols: [in_sample]}\nreport: {formats: []}\n"
    )
    result = harness.run(text, out=tmp_path / "run", progress=False)
    assert result.accuracy["estimator"].unique().tolist() == ["ols"]
    assert (result.path / "spec.yaml").read_text(encoding="utf-8") == text
