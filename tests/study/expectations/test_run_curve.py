"""What claims ask of a curve, against curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.study.expectations.lookup import NotInRun, RunCurve

AT = np.linspace(0.0, 1.0, 41)


def test_levels_and_changes_of_a_line_are_exact_between_grid_points():
    curve = RunCurve(AT, 3.0 - 2.0 * AT)
    assert curve.levels_at(0.333)[0] == pytest.approx(3.0 - 0.666, rel=1e-12)
    assert curve.change(0.1, 0.45) == pytest.approx(-0.7, rel=1e-12)


@given(turn=st.floats(0.05, 0.95))
def test_the_share_of_an_inverted_u_that_rises_ends_at_its_top(turn):
    curve = RunCurve(AT, -((AT - turn) ** 2))
    rises = curve.share_going(0.0, 1.0, sign=1.0)
    assert rises == pytest.approx(turn, abs=1 / 40)
    assert rises + curve.share_going(0.0, 1.0, sign=-1.0) == pytest.approx(1.0, abs=1 / 40)


def test_a_direction_is_judged_between_its_ends_alone():
    curve = RunCurve(AT, np.abs(AT - 0.5))
    assert curve.share_going(0.0, 0.5, sign=-1.0) == 1.0
    assert curve.share_going(0.0, 0.5, sign=1.0) == 0.0
    assert curve.share_going(0.41, 0.61, sign=1.0) == pytest.approx(0.55, rel=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["upwards", "downwards"])
def test_a_curve_bends_at_its_kink_on_any_grid(sign):
    at = np.array([0.0, 0.1, 0.3, 0.35, 0.4, 0.6, 0.7, 1.0])
    assert RunCurve(at, sign * np.maximum(at - 0.4, 0.0)).bend() == 0.4


@pytest.mark.parametrize("slope", [0.0, -1e6, 3e-7])
def test_a_straight_line_has_no_bend(slope):
    with pytest.raises(NotInRun) as missing:
        RunCurve(AT, 7.0 + slope * AT).bend()
    assert missing.value.is_absent


def test_what_lies_beyond_the_grid_or_needs_more_points_has_a_reason():
    curve = RunCurve(AT[:2], AT[:2])
    for beyond in (
        lambda: curve.levels_at(0.5),
        lambda: curve.change(0.0, 1.0),
        lambda: curve.share_going(0.0, 1.0, sign=1.0),
    ):
        with pytest.raises(NotInRun, match=r"the curve of this run goes from 0 to 0\.025"):
            beyond()
    with pytest.raises(NotInRun, match="too few points to show curvature"):
        curve.bend()


def test_the_share_of_a_v_is_zero_where_its_least_level_lies_at_an_end():
    at = np.linspace(0.0, 1.0, 11)
    assert RunCurve(at, at).share_of_v() == 0.0
    assert RunCurve(at, np.abs(at - 0.5)).share_of_v() == pytest.approx(1.0)
    wavy = np.abs(at - 0.5) + np.where(np.isclose(at, 0.8), 0.5, 0.0)
    assert RunCurve(at, wavy).share_of_v() == pytest.approx(0.9)


def test_a_grid_that_ends_a_rounding_before_the_exposure_claimed_has_it():
    at = np.linspace(0.0, 0.88, 89)
    short = np.append(at[:-1], np.nextafter(at[-1], 0.0))
    for level in (at**2, -np.sqrt(at)):
        whole, cut = RunCurve(at, level), RunCurve(short, level)
        assert cut.levels_at(0.88) == pytest.approx(whole.levels_at(0.88))
        assert cut.change(0.4, 0.88) == pytest.approx(whole.change(0.4, 0.88))
        for sign in (1.0, -1.0):
            assert cut.share_going(0.0, 0.88, sign=sign) == whole.share_going(0.0, 0.88, sign=sign)
            found, expected = (one.share_pacing(0.4, 0.88, sign=sign) for one in (cut, whole))
            assert found == pytest.approx(expected)
    with pytest.raises(NotInRun):
        RunCurve(short, short).levels_at(0.8801)
