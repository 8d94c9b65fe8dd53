"""What a printed number stands for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.study.expectations.claim import ErrorClaim
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.spec.printed import Interval

PLACE = {"outcome": "y", "estimator": "ols"}


def error(value, digits=None):
    return ErrorClaim(**PLACE, quantity="mse", value=value, digits=digits)


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"),
    [
        (0.001, 4, 0.00095, 0.00105),
        (0.001, None, 0.0005, 0.0015),
        (920.0, None, 919.5, 920.5),
        (920.0, -1, 915.0, 925.0),
        (1e-5, None, 0.5e-5, 1.5e-5),
    ],
    ids=["zeros at the end", "shortest text", "whole number", "about 920", "small"],
)
def test_rounding_is_half_a_unit_of_the_last_digit(value, digits, low, high):
    interval = error(value, digits).meant
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-12)


def test_a_bound_is_open_on_one_side_and_a_direction_is_the_whole_way():
    least = LevelClaim(**PLACE, quantity="level", at=0.2, value=885.0, bound="least")
    assert least.meant == Interval(884.5, math.inf)
    most = LevelClaim(**PLACE, quantity="level", at=0.2, value=885.0, bound="most")
    assert most.meant == Interval(-math.inf, 885.5)
    falls = DirectionClaim(**PLACE, quantity="direction", kind="falling", between=(0.0, 1.0))
    assert falls.meant == Interval(1.0, 1.0)


@given(value=st.floats(-1e6, 1e6), digits=st.integers(-2, 8))
def test_a_number_lies_within_what_its_rounding_stands_for(value, digits):
    rounded = round(value, digits)
    assert error(rounded, digits).meant.holds(value)


def test_intervals_that_touch_meet_and_others_do_not():
    assert Interval(0.0, 1.0).meets(Interval(1.0, 2.0))
    assert Interval(0.0, 0.1 + 0.2).meets(Interval(0.3, 1.0))
    assert Interval(0.1 * 3, 1.0).meets(Interval(0.0, 0.3))
    assert not Interval(0.0, 1.0).meets(Interval(1.000001, 2.0))
    assert Interval(1.0, math.inf).meets(Interval(-math.inf, 1.0))
