"""The one cell that an expectation names, or why there is none, and whether its number is reproduced."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.study.expectations.cell import check_expectations, expectations_table, find_cell
from harness.study.expectations.claim import Identity
from harness.study.expectations.claims_table import Tied, identity_findings, tied_outcomes
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.expectations.expectation import AnyExpectation

FRAME = pd.DataFrame(
    {
        "estimator": ["ols", "ols", "fe", "fe", "twfe"],
        "term": ["const", "educ", "educ", "union", None],
        "at": [0.1, 0.2, 0.1 + 0.2, 1.0, np.nan],
        "supported": [True, False, True, True, False],
        "estimate": [1.5, 0.1, 0.2, 0.3, np.nan],
        "status": ["ok", "ok", "ok", "ok", "refused"],
        "reason": ["", "", "", "", "educ never varies"],
    }
)


@pytest.mark.parametrize(
    ("where", "column", "value"),
    [
        ({"estimator": "ols", "term": "educ"}, "estimate", 0.1),
        ({"at": 0.3}, "estimate", 0.2),
        ({"at": 1}, "term", "union"),
        ({"estimator": "ols", "supported": False}, "estimate", 0.1),
        ({"estimator": "twfe"}, "status", "refused"),
        ({"estimator": "ols", "term": "educ"}, "supported", "False"),
    ],
)
def test_a_cell_is_found(where, column, value):
    found = find_cell(FRAME, where, column)
    assert (found.value, found.reason) == (value, "")


@pytest.mark.parametrize(
    ("where", "column", "words"),
    [
        ({"estimator": "ols", "term": "eduk"}, "estimate", ["no such row", "nearest: estimator=ols, term="]),
        ({"estimator": "fe"}, "estimate", ["2 such rows: term=educ; term=union"]),
        ({"estimator": "twfe"}, "estimate", ["refused: educ never varies"]),
        ({"estimator": "twfe", "term": "educ"}, "estimate", ["no such row"]),
        ({"estimator": "ols", "trem": "educ"}, "estimate", ["no column trem", "estimator, term"]),
        ({"estimator": "ols", "term": "educ"}, "std_error", ["no column std_error"]),
    ],
    ids=["no row", "several rows", "a refused cell", "a row of it", "no such key", "no such column"],
)
def test_why_there_is_none(where, column, words):
    found = find_cell(FRAME, where, column)
    assert found.value is None
    for word in words:
        assert word in found.reason


def test_an_empty_cell_and_an_empty_table():
    frame = FRAME.assign(status="ok")
    assert find_cell(frame, {"estimator": "twfe"}, "estimate").reason == "the cell is empty"
    assert "no such table" in find_cell(pd.DataFrame(), {"estimator": "ols"}, "estimate").reason


READ = TypeAdapter(AnyExpectation)


def check(held, **how):
    expectation = READ.validate_python(
        {"table": "gain", "where": {"estimator": "fe"}, "column": "gain", "from": "run"} | how
    )
    frame = pd.DataFrame({"estimator": ["fe"], "gain": [held], "status": ["ok"], "reason": [""]})
    (found,) = check_expectations([expectation], {"gain": frame}.__getitem__)
    return found


@pytest.mark.parametrize(
    ("held", "how", "status"),
    [
        (0.1155, {"value": 0.116, "digits": 3}, "reproduced"),
        (0.11549, {"value": 0.116, "digits": 3}, "differs"),
        (924.0, {"value": 920.0, "digits": -1}, "reproduced"),
        (926.0, {"value": 920.0, "digits": -1}, "differs"),
        (-0.3, {"value": 0.3, "digits": 1}, "differs"),
        (1.01, {"value": 1.0, "absolute": 0.01}, "reproduced"),
        (1.0101, {"value": 1.0, "absolute": 0.01}, "differs"),
        (-202.0, {"value": -200.0, "relative": 0.01}, "reproduced"),
        (-202.1, {"value": -200.0, "relative": 0.01}, "differs"),
        (104.0, {"value": 104.0, "absolute": 0.0}, "reproduced"),
        (math.inf, {"value": 1.0, "absolute": 5.0}, "differs"),
        (math.nan, {"value": 1.0, "absolute": 5.0}, "missing"),
        ("refused", {"value": "refused"}, "reproduced"),
        ("ok", {"value": "refused"}, "differs"),
        ("refused", {"value": 1.0, "digits": 1}, "differs"),
        (1.0, {"value": "refused"}, "differs"),
    ],
)
def test_how_a_number_stands(held, how, status):
    found = check(held, **how)
    assert found.status == status
    assert (found.reason == "") == (status == "reproduced")


@given(st.decimals(min_value=-1000, max_value=1000, places=6), st.integers(0, 5))
def test_a_number_reproduces_what_it_rounds_to(number, digits):
    printed = number.quantize(Decimal(1).scaleb(-digits))
    assert check(float(number), value=float(printed), digits=digits).status == "reproduced"
    unit = Decimal(1).scaleb(-digits)
    assert check(float(number + 2 * unit), value=float(printed), digits=digits).status == "differs"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(-1e3, 1e3))
def test_a_wider_tolerance_never_makes_a_number_differ(value, tolerance, off):
    narrow, wide = (
        check(value + off, value=value, absolute=one).status for one in (tolerance, 2 * tolerance)
    )
    assert (narrow, wide) != ("reproduced", "differs")


def test_the_table_tells_all_of_it():
    found = check(0.25, value=0.2, digits=1, source="Table 1", reason="as printed", **{"from": "publication"})
    row = expectations_table([found]).iloc[0].to_dict()
    assert row == {
        "table": "gain",
        "where": "estimator=fe",
        "column": "gain",
        "expected": "0.2",
        "obtained": 0.25,
        "difference": pytest.approx(0.05),
        "tolerance": pytest.approx(0.05),
        "origin": "publication",
        "source": "Table 1",
        "status": "reproduced",
        "reason": "",
        "note": "as printed",
        "digits": 1,
    }


TIED = Tied(frozenset({"co2", "co2_pc", "co2_intensity"}), frozenset({"population", "gdp_pc"}))


def level(outcome, at, value, digits, **how):
    return LevelClaim(
        outcome=outcome, estimator="rab", quantity="level", at=at, value=value, digits=digits, **how
    )


def direction(outcome, kind, start, end, estimator="rab"):
    return DirectionClaim(
        outcome=outcome, estimator=estimator, quantity="direction", kind=kind, between=(start, end)
    )


def found(*claims, tied=TIED):
    return dict(identity_findings(claims, [tied]))


FIGURE_4 = (
    direction("co2", "falling", 0.0, 0.88),
    level("co2", 0.0, 920.0, -1),
    level("co2", 0.88, 590.0, -1),
    direction("co2_intensity", "rising", 0.0, 0.83),
    level("co2_intensity", 0.0, 0.12, 2),
    level("co2_intensity", 0.83, 0.14, 2),
    direction("co2_pc", "rising", 0.13, 0.87),
)


def test_the_three_published_curves_are_not_of_one_effect():
    findings = found(*FIGURE_4)
    assert sorted(findings) == list(range(7))
    assert not any(finding.is_consistent for finding in findings.values())
    assert findings[0].reason == (
        "co2 falls by 36% between 0 and 0.88, while co2_intensity rises by 17% between 0 and 0.83; "
        "holding gdp_pc and population fixed and with one effect for all entities, both change by the same "
        "factor: not under a single effect; possible if effects differ between entities"
    )
    assert {finding.assumption for finding in findings.values()} == {"one effect for all entities"}
    assert not any(finding.is_error for finding in findings.values())
    assert findings[6].reason.startswith("co2_pc rises between 0.13 and 0.87, while co2 falls by 36%")


def test_levels_at_the_same_two_exposures_must_change_by_the_same_factor():
    claims = (
        level("co2", 0.0, 100.0, 0),
        level("co2", 1.0, 90.0, 0),
        level("co2_pc", 0.0, 2.0, 1),
        level("co2_pc", 1.0, 1.8, 1),
    )
    assert {one.is_consistent for one in found(*claims).values()} == {True}
    findings = found(*claims[:3], level("co2_pc", 1.0, 2.2, 1))
    assert {one.is_consistent for one in findings.values()} == {False}
    assert findings[0].reason.startswith(
        "co2 changes by -10.0 % between 0 and 1, while co2_pc changes by +10.0 % between 0 and 1"
    )


@given(
    seed=st.integers(0, 10_000),
    digits=st.integers(0, 4),
    n_points=st.integers(2, 5),
    log_rest=st.floats(-3.0, 3.0),
)
def test_an_exact_identity_is_never_inconsistent(seed, digits, n_points, log_rest):
    rng = np.random.default_rng(seed)
    at = np.linspace(0.0, 1.0, 9)
    curve = np.exp(rng.normal(scale=0.5, size=at.size) + 2.0)
    claims = []
    for outcome, own in (("co2", curve * np.exp(log_rest)), ("co2_pc", curve)):
        for place in rng.choice(at.size, size=n_points, replace=False):
            value = round(float(own[place]), digits)
            claims.append(level(outcome, float(at[place]), value, digits))
        for start in rng.choice(at.size - 1, size=n_points, replace=False):
            kind = "rising" if own[start + 1] > own[start] else "falling"
            claims.append(direction(outcome, kind, float(at[start]), float(at[start + 1])))
    assert all(finding.is_consistent for finding in found(*claims).values())


@pytest.mark.parametrize(
    "claims",
    [
        (direction("co2", "falling", 0.0, 0.5), direction("co2_pc", "rising", 0.5, 1.0)),
        (direction("co2", "falling", 0.0, 1.0), direction("co2_pc", "rising", 0.0, 1.0, estimator="ann")),
        (direction("co2", "falling", 0.0, 1.0), direction("gdp", "rising", 0.0, 1.0)),
        (level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0), level("co2_pc", 0.0, 1.0, 0)),
        (
            *(level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0)),
            *(level("co2_pc", 0.0, 1.0, 0), level("co2_pc", 1.0, 9.0, 0, bound="least")),
        ),
        (
            *(level("co2", 0.0, 9.0, 0), level("co2", 1.0, 1.0, 0)),
            *(level("co2_pc", 0.0, 0.0, 0), level("co2_pc", 1.0, 9.0, 0)),
        ),
    ],
)
def test_what_cannot_be_compared_is_not_judged(claims):
    assert found(*claims) == {}


def test_outcomes_are_tied_through_a_third_one():
    identities = (
        Identity(product="a", of=("b", "x")),
        Identity(product="c", of=("d", "y")),
        Identity(product="d", of=("a", "z", "x")),
    )
    (group,) = tied_outcomes(identities, frozenset("abcd"))
    assert group == Tied(frozenset("abcd"), frozenset("xyz"))
    apart = tied_outcomes(identities[:2], frozenset("abcd"))
    assert {one.outcomes for one in apart} == {frozenset("ab"), frozenset("cd")}
