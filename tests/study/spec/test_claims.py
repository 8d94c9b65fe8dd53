"""Claims and identities of a spec: read as printed, refused with place and remedy."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.errors import SpecError
from harness.study.expectations.curve_claim import LevelClaim
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.printed import decimals

CLAIMS = """\
identities:
  - {product: co2, of: [co2_intensity, gdp]}
claims:
  - {outcome: co2, quantity: mse, estimator: ols, value: 0.0010, source: Table 2}
  - {outcome: co2, quantity: gain, estimator: small_net, protocol: rows, value: 0.655763}
  - {outcome: co2, quantity: level, estimator: bag, at: 0, value: 920, digits: -1, note: read off}
  - {outcome: co2, quantity: change, estimator: bag, between: [0, 0.5], value: -80}
  - {outcome: co2, quantity: direction, estimator: bag, kind: falling, between: [0, 1]}
  - {outcome: co2, quantity: turning_point, estimator: bag, kind: maximum, value: 0.870}
  - {outcome: co2, quantity: bend, estimator: bag, value: .5}
  - {outcome: co2, quantity: median, estimator: bag, by: size, group: large, value: 8.00e2}
  - {outcome: co2, quantity: threshold, estimator: bag, moderator: gdp, value: 3.7, tolerance: 0.2}
"""


@pytest.fixture
def text(good):
    return good + CLAIMS


def test_claims_are_read_with_the_decimals_they_were_printed_with(load, text):
    study = load(text).study
    assert [claim.quantity for claim in study.claims] == [
        *("mse", "gain", "level", "change", "direction", "turning_point", "bend", "median", "threshold"),
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
    with pytest.raises(SpecError, match="no claim has the source 'Table 3'") as raised:
        load(text + concluded.replace("Table 2", "Table 3"))
    assert "sources" in str(raised.value)


def test_a_gain_may_be_the_headline_and_nothing_else(load, text):
    marked = text.replace("value: 0.655763", "value: 0.655763, headline: true")
    assert [getattr(claim, "headline", False) for claim in load(marked).study.claims].count(True) == 1
    with pytest.raises(SpecError, match="headline"):
        load(text.replace("value: .5", "value: .5, headline: true"))
