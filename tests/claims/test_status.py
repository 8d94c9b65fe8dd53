"""The rule by which a claim stands."""

from __future__ import annotations

import math

import pytest

from harness.claims.finding import Finding
from harness.claims.run_value import RunValue
from harness.claims.status import status_of
from harness.spec.claim import ErrorClaim, LevelClaim

CLAIM = ErrorClaim(outcome="y", estimator="ols", quantity="mse", value=2.0, digits=1)
NONE = RunValue(math.nan, "no room")
ABSENT = RunValue(math.nan, "no minimum", is_absent=True)
RIGHT = Finding("ratio", is_consistent=True, reason="as printed")
WRONG = Finding("ratio", is_consistent=False, reason="cannot be")


@pytest.mark.parametrize(
    ("found", "finding", "published", "status"),
    [
        (RunValue(2.04), None, True, "reproduced"),
        (RunValue(2.05), None, True, "reproduced"),
        (RunValue(2.06), None, True, "differs"),
        (RunValue(2.04), RIGHT, True, "reproduced"),
        (RunValue(2.06), RIGHT, True, "differs"),
        (RunValue(2.04), WRONG, True, "inconsistent"),
        (RunValue(2.04), WRONG, False, "inconsistent"),
        (RunValue(2.04), RIGHT, False, "consistent"),
        (RunValue(2.04), None, False, "not comparable"),
        (NONE, None, True, "not comparable"),
        (NONE, RIGHT, True, "consistent"),
        (NONE, WRONG, True, "inconsistent"),
        (ABSENT, None, True, "differs"),
        (ABSENT, None, False, "not comparable"),
    ],
)
def test_the_rule(found, finding, published, status):
    stands = status_of(CLAIM, found, finding=finding, data_are_published=published)
    assert stands.status == status
    assert stands.reason


def test_reasons_say_what_was_compared_with_what():
    def reason(found, finding, *, published):
        return status_of(CLAIM, found, finding=finding, data_are_published=published).reason

    assert reason(RunValue(2.0), RIGHT, published=True) == (
        "this run's number lies within 1.95 to 2.05; as printed"
    )
    assert reason(RunValue(3.0), None, published=True) == "this run's number lies outside 1.95 to 2.05"
    assert reason(RunValue(3.0), None, published=False) == (
        "the spec does not say that these data are the published ones"
    )
    assert reason(NONE, None, published=True) == "no room"
    assert reason(ABSENT, None, published=True) == "no minimum"
    assert reason(NONE, None, published=False).endswith("the published ones; no room")


def test_a_declared_tolerance_is_added_to_the_rounding():
    claim = CLAIM.model_copy(update={"tolerance": 0.5})
    assert status_of(claim, RunValue(2.55), finding=None, data_are_published=True).status == "reproduced"
    assert status_of(claim, RunValue(2.56), finding=None, data_are_published=True).status == "differs"


def test_a_bound_is_reproduced_on_its_side():
    claim = LevelClaim(outcome="y", estimator="ols", quantity="level", at=0.2, value=885.0, bound="least")
    assert status_of(claim, RunValue(5000.0), finding=None, data_are_published=True).status == "reproduced"
    assert status_of(claim, RunValue(880.0), finding=None, data_are_published=True).status == "differs"
