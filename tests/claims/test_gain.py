"""A gain against the two errors it was computed from: the published table, and a law of rounding."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.finding import Interval
from harness.claims.gain import check_ratio, gain_interval, ratio_findings
from harness.spec.claim import ErrorClaim, GainClaim


def error(value, digits, estimator="ann", **how):
    return ErrorClaim(outcome="y", estimator=estimator, quantity="mse", value=value, digits=digits, **how)


def gain(value, digits, **how):
    return GainClaim(outcome="y", estimator="ann", quantity="gain", value=value, digits=digits, **how)


TABLE_2 = {
    "total": (67575.9139, 196306.6045, 0.655763, (0.655763, 0.655764), True),
    "intensity": (0.0010, 0.0034, 0.678582, (0.686567, 0.724638), False),
    "per head": (0.4743, 1.0921, 0.565661, (0.565633, 0.565765), True),
}


@pytest.mark.parametrize(
    ("mse", "reference", "printed", "allowed", "is_consistent"), TABLE_2.values(), ids=TABLE_2
)
def test_table_2(mse, reference, printed, allowed, is_consistent):
    finding = check_ratio(gain(printed, 6), mse=error(mse, 4), mse_reference=error(reference, 4, "ols"))
    assert finding.is_consistent is is_consistent
    assert finding.recomputed == pytest.approx(1 - mse / reference, rel=1e-12)
    assert (finding.allowed.low, finding.allowed.high) == pytest.approx(allowed, abs=1e-6)


def test_the_reason_shows_the_numbers_as_printed():
    finding = check_ratio(gain(0.678582, 6), mse=error(0.001, 4), mse_reference=error(0.0034, 4, "ols"))
    assert finding.reason == (
        "the errors 0.0010 and 0.0034 give a gain of 68.6567 % to 72.4638 % by their rounding, "
        "but 67.8582 % is printed"
    )


@given(
    mse=st.floats(1e-3, 1e4),
    reference=st.floats(1e-3, 1e4),
    digits=st.integers(0, 6),
    gain_digits=st.integers(0, 8),
)
def test_a_gain_from_errors_before_rounding_is_never_inconsistent(mse, reference, digits, gain_digits):
    finding = check_ratio(
        gain(round(1 - mse / reference, gain_digits), gain_digits),
        mse=error(round(mse, digits), digits),
        mse_reference=error(round(reference, digits), digits, "ols"),
    )
    assert finding.is_consistent


def test_a_reference_that_may_be_zero_allows_any_loss():
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.5)) == Interval(-math.inf, 0.0)
    assert gain_interval(Interval(0.5, 1.5), Interval(-0.5, 0.0)) == Interval(-math.inf, 1.0)
    assert gain_interval(Interval(-0.5, 0.5), Interval(1.0, 2.0)) == Interval(0.5, 1.0)


def found(*claims):
    return dict(ratio_findings(claims, reference="ols", first_protocol="p"))


def test_a_gain_is_set_against_the_errors_of_its_own_protocol_and_sample():
    claims = (
        error(2.0, 1, "ols"),
        error(1.0, 1, protocol="p"),
        error(4.0, 1, "ols", sample="train"),
        error(1.0, 1, sample="train"),
        gain(0.5, 1),
        gain(0.75, 2, sample="train"),
        gain(0.9, 1, protocol="other"),
        gain(0.9, 1, protocol="p"),
    )
    findings = found(*claims)
    assert {at: one.is_consistent for at, one in findings.items()} == {4: True, 5: True, 7: False}


def test_a_gain_without_both_errors_is_not_judged():
    assert found(error(2.0, 1, "ols"), gain(0.5, 1)) == {}
    assert found(error(1.0, 1), gain(0.5, 1)) == {}
