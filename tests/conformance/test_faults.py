"""The kit finds faults, each by the check that is meant to, and nothing wrong where nothing is."""

from __future__ import annotations

import unittest

import pytest

from broken import FAULTS
from broken.sound import Random, Sound, SoundDraws
from harness.conformance import checks_of
from harness.conformance.check import RULES
from harness.conformance.panels import StandIn

EACH = [
    pytest.param(fault, rule, id=f"{rule}-{at}")
    for rule, faults in FAULTS.items()
    for at, fault in enumerate(faults)
]


def verdicts(estimator):
    return {check.rule.name: check.verdict() for check in checks_of(estimator)}


@pytest.mark.parametrize(("fault", "rule"), EACH)
def test_a_fault_is_found_by_the_one_check_for_it(fault, rule):
    failed = {name: one.reason for name, one in verdicts(fault()).items() if one.status == "failed"}
    assert set(failed) == {rule}, failed
    assert failed[rule]


def test_every_rule_is_shown_to_find_a_fault():
    assert set(FAULTS) == set(RULES["estimator"])


@pytest.mark.parametrize(
    "estimator", [Sound(), SoundDraws(), StandIn(), Random()], ids=lambda one: type(one).__name__
)
def test_nothing_is_found_where_nothing_is_wrong(estimator):
    found = verdicts(estimator)
    assert [name for name, one in found.items() if one.status == "failed"] == []
    assert sum(one.status == "passed" for one in found.values()) >= 24


def test_what_an_estimator_draws_is_allowed_for_where_it_matters():
    """A random half of the entities is another half under names in another order."""
    found = verdicts(Random())
    assert found["row_order"].reason == "equal up to rounding"
    assert "as are fits of other streams" in found["reordered"].reason


def test_a_rule_stands_after_those_it_needs_and_says_what_it_is():
    names = list(RULES["estimator"])
    for at, rule in enumerate(RULES["estimator"].values()):
        assert set(rule.needs) <= set(names[:at]), rule.name
        assert rule.says
        assert not rule.says.endswith(".")


def test_a_check_is_a_test_that_fails_or_is_skipped_with_a_reason():
    by_name = {check.rule.name: check for check in checks_of(FAULTS["predictions"][0]())}
    with pytest.raises(AssertionError, match=r"sound: predictions are finite.*shape \(222, 1\)"):
        by_name["predictions"].run()
    with pytest.raises(unittest.SkipTest, match="since predictions failed"):
        by_name["row_order"].run()
    by_name["fits"].run()
    assert str(by_name["fits"]) == "sound-fits"
