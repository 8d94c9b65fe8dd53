"""Expected numbers of a spec: read as written, refused with place and remedy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from jsonschema import Draft202012Validator

from harness.errors import SpecError
from harness.study.expectations.expectation import ExpectedNumber, ExpectedText
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study
from harness.tables.table import ResultTable

EXPECT = """\
expect:
  - {table: coefficients, where: {estimator: ols, term: gdp}, column: estimate, value: 0.110,
     from: publication, source: Table 1}
  - {table: gain, where: {outcome: co2, estimator: bag, protocol: rows}, column: gain,
     value: 0.25, relative: 1e-2, from: run}
  - {table: details/statistics, where: {estimator: ols, statistic: n_obs}, column: value,
     value: 162, absolute: 0, from: run, reason: rows}
  - {table: curves, where: {scenario: curve, at: 0.5, supported: true}, column: status,
     value: refused, from: run}
"""


@pytest.fixture
def text(good):
    return good + EXPECT


def test_values_are_read_with_their_tolerances(load, text):
    published, share, count, status = load(text).study.expect
    assert isinstance(published, ExpectedNumber)
    assert (published.written, published.tolerance) == ("0.110", pytest.approx(0.0005))
    assert share.tolerance == pytest.approx(0.0025)
    assert share.rounded_to is None
    assert count.tolerance == 0
    assert isinstance(status, ExpectedText)
    assert status.where == {"scenario": "curve", "at": 0.5, "supported": True}
    assert [expectation.from_ for expectation in load(text).study.expect] == [
        "publication",
        "run",
        "run",
        "run",
    ]


@pytest.mark.parametrize("how", ["digits: 2", "absolute: 0.1", "relative: 0.1"])
def test_a_tolerance_that_is_given_goes_before_the_digits_of_the_text(load, text, how):
    expected = load(text.replace("value: 0.110,", f"value: 0.110, {how},")).study.expect[0]
    assert expected.tolerance == pytest.approx({"digits: 2": 0.005, "absolute: 0.1": 0.1}.get(how, 0.011))


def test_mistakes_are_named_with_place_value_and_remedy(untold, text):
    assert untold("expectations", text) == {}


def test_a_study_changed_by_an_override_expects_nothing(load, text):
    assert load(text, "seed=2").study.expect == ()


def test_an_override_can_say_what_is_expected(load, text):
    override = "expect=[{table: summary, where: {variable: co2}, column: n, value: 9, from: run}]"
    assert [expectation.table for expectation in load(text, override, "seed=2").study.expect] == ["summary"]


def test_the_schema_accepts_what_is_right_and_nothing_else(load, catalogs, text):
    validator = Draft202012Validator(spec_schema(catalogs))
    data = load(text).document.data
    assert not list(validator.iter_errors(data))
    data["expect"][1]["table"] = "gains"
    data["expect"][2]["from"] = "a book"
    del data["expect"][3]["column"]
    assert sorted(error.path[1] for error in validator.iter_errors(data)) == [1, 2, 3]


@dataclass(frozen=True)
class Lagged:
    """A scenario of a plugin with a table of its own."""

    name: ClassVar[str] = "lagged"
    tables: ClassVar[tuple[ResultTable, ...]] = (
        ResultTable("lags", ("outcome", "estimator", "lag", "effect"), ("outcome", "lag"), "effects by lag"),
    )


LAG = """\
expect:
  - {table: lags, where: {outcome: co2, lag: 1}, column: COLUMN, value: 0.5, from: run}
"""


def test_a_table_of_a_plugins_scenario_can_be_expected_of(good, catalogs, tmp_path):
    scenarios = catalogs["scenario"]
    with_lags = replace(scenarios, members={**scenarios.members, "lagged": Lagged})
    offered = {**catalogs, "scenario": with_lags}
    path = tmp_path / "study.yaml"
    path.write_text(good + LAG.replace("COLUMN", "effect"), encoding="utf-8")
    (expectation,) = load_study(path, catalogs=offered).study.expect
    assert expectation.table == "lags"
    data = load_study(path, catalogs=offered).document.data
    assert not list(Draft202012Validator(spec_schema(offered)).iter_errors(data))
    assert list(Draft202012Validator(spec_schema(catalogs)).iter_errors(data))
    with pytest.raises(SpecError, match="there is no result table 'lags'"):
        load_study(path, catalogs=catalogs)
    path.write_text(good + LAG.replace("COLUMN", "efect"), encoding="utf-8")
    with pytest.raises(SpecError, match="'lags' has no column 'efect'"):
        load_study(path, catalogs=offered)
