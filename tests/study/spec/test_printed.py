"""Claims and identities of a spec: read as printed, refused with place and remedy."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.errors import SpecError
from harness.study.expectations.curve_claim import LevelClaim
from harness.study.expectations.expectation import ExpectedNumber, ExpectedText
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study
from harness.study.spec.printed import decimals
from harness.tables.table import ResultTable

CLAIMS = Path(__file__).with_name("claims.yaml").read_text(encoding="utf-8")


@pytest.fixture
def text(good):
    return good + CLAIMS


def test_claims_are_read_with_the_decimals_they_were_printed_with(load, text):
    study = load(text).study
    assert [claim.quantity for claim in study.claims] == [
        *("mse", "gain", "level", "change", "direction", "turning_point", "onset", "median", "threshold")
    ]
    printed = [getattr(claim, "n_decimals", None) for claim in study.claims]
    assert printed == [4, 6, -1, 0, None, 3, 1, 0, 1]
    assert study.claims[0].printed == "0.0010"
    assert study.identities[0].of == ("co2_intensity", "gdp")
    assert study.data_are_published is False


def test_a_value_set_on_the_command_line_keeps_its_zeros(load, text):
    study = load(text, "claims[0].value=0.500", "data_are_published=true").study
    assert (study.claims[0].value, study.claims[0].n_decimals) == (0.5, 3)
    assert study.data_are_published is True


@given(whole=st.integers(-(10**6), 10**6), exponent=st.integers(-8, 3))
def test_decimals_are_those_of_the_text(whole, exponent):
    text = str(Decimal(whole).scaleb(exponent))
    assert decimals(text) == -exponent


def test_a_number_without_text_shows_the_decimals_it_needs():
    level = LevelClaim(outcome="y", estimator="e", quantity="level", at=0.0, value=0.25)
    assert (level.n_decimals, level.half_unit) == (2, 0.005)


def test_mistakes_are_named_with_place_value_and_remedy(untold, text):
    assert untold("claims", text) == {}


@pytest.mark.parametrize(
    "claims", ["claims: 5", "claims: [5]", "claims: [{outcome: [co2]}]", "identities: [5]"]
)
def test_claims_of_another_shape_are_mistakes_and_no_crash(load, good, claims):
    with pytest.raises(SpecError):
        load(f"{good}{claims}\n")


def test_the_schema_accepts_claims_and_refuses_wrong_ones(load, text, catalogs):
    check = Draft202012Validator(spec_schema(catalogs))
    data = load(text).document.data
    assert list(check.iter_errors(data)) == []
    for at in range(len(data["claims"])):
        claims = [dict(claim) for claim in data["claims"]]
        claims[at]["valeu"] = 1
        assert list(check.iter_errors({**data, "claims": claims}))


BESIDE = """\
counterparts:
  estimators: {bag: small_net}
  protocols: {rows: rows}
left_open:
  - {sources: [Table 2], question: Which rows., taken: test rows}
"""


def test_counterparts_and_what_is_left_open_are_read(load, text):
    study = load(text + BESIDE).study
    assert study.counterparts.estimators == {"bag": "small_net"}
    assert study.left_open[0].sources == ("Table 2",)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("{bag: small_net}", "{bag: smal_net}", "no estimator is called 'smal_net'"),
        ("{bag: small_net}", "{bags: small_net}", "no estimator is called 'bags'"),
        ("{rows: rows}", "{rows: row}", "no protocol is called 'row'"),
    ],
)
def test_a_counterpart_that_the_study_lacks_is_named_with_its_place(load, text, old, new, what):
    with pytest.raises(SpecError) as caught:
        load((text + BESIDE).replace(old, new))
    (problem,) = caught.value.problems
    assert problem.what == what
    assert "counterparts" in problem.where
    assert problem.hint


def test_a_conclusion_names_what_claims_have(load, text):
    concluded = (
        "conclusions:\n  - {text: It falls., sources: [Table 2], quantities: [mse], outcomes: [co2]}\n"
    )
    (conclusion,) = load(text + concluded).study.conclusions
    assert (conclusion.sources, conclusion.quantities, conclusion.outcomes) == (
        ("Table 2",),
        ("mse",),
        ("co2",),
    )
    (untested,) = load(text + "conclusions: [{text: Tax it.}]\n").study.conclusions
    assert untested.sources == ()
    with pytest.raises(SpecError, match="no claim has the source 'Table 3'") as raised:
        load(text + concluded.replace("Table 2", "Table 3"))
    assert "sources" in str(raised.value)


def test_a_gain_may_be_the_headline_and_nothing_else(load, text):
    marked = text.replace("value: 0.655763", "value: 0.655763, headline: true")
    assert [getattr(claim, "headline", False) for claim in load(marked).study.claims].count(True) == 1
    with pytest.raises(SpecError, match="headline"):
        load(text.replace("value: .5", "value: .5, headline: true"))


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
def expected_text(good):
    return good + EXPECT


def test_values_are_read_with_their_tolerances(load, expected_text):
    published, share, count, status = load(expected_text).study.expect
    assert isinstance(published, ExpectedNumber)
    assert (published.written, published.tolerance) == ("0.110", pytest.approx(0.0005))
    assert share.tolerance == pytest.approx(0.0025)
    assert share.rounded_to is None
    assert count.tolerance == 0
    assert isinstance(status, ExpectedText)
    assert status.where == {"scenario": "curve", "at": 0.5, "supported": True}
    assert [expectation.from_ for expectation in load(expected_text).study.expect] == [
        "publication",
        "run",
        "run",
        "run",
    ]


@pytest.mark.parametrize("how", ["digits: 2", "absolute: 0.1", "relative: 0.1"])
def test_a_tolerance_that_is_given_goes_before_the_digits_of_the_text(load, expected_text, how):
    expected = load(expected_text.replace("value: 0.110,", f"value: 0.110, {how},")).study.expect[0]
    assert expected.tolerance == pytest.approx({"digits: 2": 0.005, "absolute: 0.1": 0.1}.get(how, 0.011))


def test_mistakes_of_expectations_are_named_with_place_value_and_remedy(untold, expected_text):
    assert untold("expectations", expected_text) == {}


def test_a_study_changed_by_an_override_expects_nothing(load, expected_text):
    assert load(expected_text, "seed=2").study.expect == ()


def test_an_override_can_say_what_is_expected(load, expected_text):
    override = "expect=[{table: summary, where: {variable: co2}, column: n, value: 9, from: run}]"
    assert [expectation.table for expectation in load(expected_text, override, "seed=2").study.expect] == [
        "summary"
    ]


def test_the_schema_accepts_what_is_right_and_nothing_else(load, catalogs, expected_text):
    validator = Draft202012Validator(spec_schema(catalogs))
    data = load(expected_text).document.data
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
