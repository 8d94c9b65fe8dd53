"""A spec written in Python is the file that it stands for, with the same mistakes."""

from __future__ import annotations

import pytest
import yaml

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
evaluation: {reference: ols, protocols: [in_sample, {use: forward, windows: 2}]}
scenarios: [{use: curve, draws: 40, grid: 9}]
"""


def written():
    return harness.Spec(
        "grunfeld",
        seed=3,
        data={"dataset": "grunfeld"},
        roles=ROLES,
        estimators=[
            {"use": PooledOLS(), "id": "ols", "label": "Pooled"},
            {"use": "pooled_ols", "id": "alone", "controls": []},
            FixedEffects(effects=("entity", "time")),
            Rab(base=Splines(), draws=30),
        ],
        evaluation={"reference": "ols", "protocols": ["in_sample", Forward(windows=2)]},
        scenarios=[CurveScenario(draws=40, grid=9)],
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
    spec = harness.Spec(
        "near",
        data={"dataset": "grunfeld"},
        roles=ROLES | {"latitude": "lat", "longitude": "lon"},
        estimators=[PooledOLS(covariance=Conley(cutoff_km=100.0))],
    )
    (entry,) = yaml.safe_load(spec.text)["estimators"]
    assert entry["covariance"]["use"] == "conley"
    assert entry["covariance"]["cutoff_km"] == 100.0


def test_text_and_mappings_with_objects_are_specs_too():
    assert harness.Spec.of(FILE).text == FILE
    values = yaml.safe_load(FILE) | {"estimators": [FixedEffects(effects=["entity"]), PooledOLS()]}
    values["evaluation"] = {"protocols": "in_sample"}
    written = yaml.safe_load(harness.Spec.of(values).text)["estimators"]
    assert written == [{"use": "fixed_effects"}, {"use": "pooled_ols"}]
    wrong = FILE.replace("use: splines", "use: spline")
    with pytest.raises(harness.SpecError, match=r"(?s)spec:10:\d+: .*did you mean 'splines'"):
        harness.Spec.of(wrong)


def test_mistakes_are_those_of_a_file():
    with pytest.raises(harness.SpecError) as caught:
        harness.Spec("grunfeld", roles=ROLES | {"control": "x"}, estimators=["pooled_olss"], seed=-1)
    said = str(caught.value)
    for message in ("roles", "did you mean 'pooled_ols'", "seed"):
        assert message in said
    assert len(caught.value.problems) == 3


def test_what_is_no_choice_is_refused():
    with pytest.raises(harness.SpecError, match=r"estimators\[0\]"):
        harness.Spec("grunfeld", roles=ROLES, estimators=[3])


def test_a_script_runs_it(tmp_path):
    spec = harness.Spec(
        "grunfeld",
        data={"dataset": "grunfeld"},
        roles=ROLES,
        estimators=[PooledOLS()],
        evaluation={"protocols": ["in_sample"]},
        report={"formats": []},
    )
    result = harness.run(spec.text, out=tmp_path / "run", progress=False)
    assert result.accuracy["estimator"].unique().tolist() == ["pooled_ols"]
    assert (result.path / "spec.yaml").read_text(encoding="utf-8") == spec.text
