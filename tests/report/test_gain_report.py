"""The accuracy-gain report and its JSON Schema."""

import copy
import json
from importlib.resources import files

import jsonschema
import pytest

from harness.report.gain_report import gain_report


@pytest.fixture(scope="module")
def schema():
    return json.loads((files("harness.report") / "gain_report.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", ["wage", "chinese", "hostile"])
def test_it_follows_its_schema(name, request, validator):
    folder = request.getfixturevalue(name)
    written = json.loads((folder.path / "gain_report.json").read_text(encoding="utf-8"))
    validator.validate(written)
    assert written == json.loads(json.dumps(gain_report(folder)))


def test_every_cell_is_there(wage):
    report = gain_report(wage)
    assert len(report["cells"]) == 5 * 4 * 3
    cells = {(one["estimator"], one["protocol"], one["sample"]): one for one in report["cells"]}
    ann = cells["ann", "held_out_entities", "test"]
    assert ann["mse"] == pytest.approx(0.2341 * 1.143)
    assert ann["gain"]["estimate"] == -0.143
    assert ann["gain"]["standing"] == "worse"
    assert ann["gain"]["mse_reference"] == 0.2341
    assert (ann["gain"]["conf_low"], ann["gain"]["conf_high"]) == pytest.approx((-0.203, -0.083))
    assert cells["ols", "forward", "test"]["gain"] is None
    refused = cells["fe", "held_out_entities", "test"]
    assert (refused["status"], refused["mse"], refused["gain"]["estimate"]) == ("refused", None, None)
    assert refused["gain"]["standing"] is None
    assert "absorbed" in refused["reason"]
    leaks = {one["id"]: [leak["code"] for leak in one["leaks"]] for one in report["protocols"]}
    assert leaks["held_out_entities"] == ["same_period"]
    assert "test_selection" in leaks["as_published"]


def test_adjusted_p_values_and_their_verdict(wage):
    report = gain_report(wage)
    cells = {(one["estimator"], one["protocol"], one["sample"]): one["gain"] for one in report["cells"]}
    unsure = cells["boosting", "as_published", "test"]
    assert (unsure["p_value"], unsure["p_holm"]) == (0.01, 0.081)
    assert unsure["conf_low"] > 0
    assert unsure["standing"] == "cannot tell"
    (verdict,) = report["verdicts"]
    assert verdict["established"] == []
    assert verdict["words"][0].startswith(
        "For men not used in training, no estimator predicts better than Pooled OLS: the closest is "
    )
    assert len(verdict["words"]) == 2


def test_decomposition_and_multiverse(wage):
    report = gain_report(wage)
    parts = {(one["estimator"], one["part"]): one["estimate"] for one in report["decomposition"]}
    assert len(parts) == 3 * 4
    assert parts["ann", "entities never seen"] == -0.143
    (multiverse,) = report["multiverse"]
    table = wage.read_table("multiverse")
    assert (multiverse["outcome"], multiverse["estimator"], multiverse["all"]["n"]) == ("lwage", "ann", 96)
    assert multiverse["all"]["n_above"] == (table["conf_low"] > 0).sum()
    assert multiverse["apart"]["n"] == 24
    assert multiverse["published"] == [{"gain": 0.678582, "source": "Table 2", "n_below": 96}]
    stored = wage.read_table("multiverse_choices")
    assert [one["mean_gain"] for one in multiverse["choices"]] == stored["mean_gain"].tolist()


def _some_gain(report):
    return next(one["gain"] for one in report["cells"] if one["gain"] is not None)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda report: report.pop("protocols"), id="no-protocols"),
        pytest.param(lambda report: report["cells"][0].update(mse=-1.0), id="negative-error"),
        pytest.param(lambda report: report["cells"][0].update(more=1), id="unknown-key"),
        pytest.param(lambda report: report["cells"][0].update(sample="half"), id="unknown-sample"),
        pytest.param(lambda report: report.update(gain_report_version="1.0"), id="other-version"),
        pytest.param(lambda report: _some_gain(report).pop("p_holm"), id="no-adjusted-p-value"),
        pytest.param(lambda report: report["multiverse"][0]["all"].update(n=0), id="empty-multiverse"),
        pytest.param(lambda report: report["decomposition"][0].pop("part"), id="nameless-part"),
    ],
)
def test_the_schema_refuses(spoil, wage, validator):
    report = copy.deepcopy(json.loads(json.dumps(gain_report(wage))))
    spoil(report)
    assert not validator.is_valid(report)
