"""Curves of outcomes whose ratio is held fixed rise and fall together, by the same factors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.study.expectations.claim import Identity
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.expectations.identity import Tied, identity_findings, tied_outcomes

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
    ids=[
        "an end in common",
        "two estimators",
        "not tied",
        "one point",
        "a bound",
        "a level that may be zero",
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
