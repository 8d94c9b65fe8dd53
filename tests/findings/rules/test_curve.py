"""Curves: where slopes differ from zero, where no line fits, and where they turn."""

import numpy as np
import pandas as pd
import pytest

from findings.wage_effects import NB, told
from harness.findings.rules import curve, moderator
from report.fake_run import with_table

model_curve_findings, turning_point_findings = (
    told(find) for find in (curve.model_curve_findings, curve.turning_point_findings)
)


def test_turning_points_are_placed_whether_or_not_they_are_established(run):
    found = [row for row in turning_point_findings(run, "lwage") if row.estimator == "rab"]
    assert [row.text for row in found] == [
        f"RAB: the curve has a maximum at 12.1 [10.7,{NB}13.2] years, in 92% of draws."
    ]
    changed = with_table(run, "turning_points", lambda frame: frame.assign(is_established=False))
    (row,) = [row for row in turning_point_findings(changed, "lwage") if row.estimator == "rab"]
    assert not row.is_established
    assert row.estimate == pytest.approx(found[0].estimate)
    assert row.text.endswith("; not significant.")


def test_a_place_outside_the_interval_of_draws_is_said_to_be_there_and_not_established(run):
    """Draws can turn, and change their sign, all elsewhere than the fit does."""

    def elsewhere(frame):
        return frame.assign(at=frame["conf_high"] + 1.0)

    turns = with_table(run, "turning_points", elsewhere)
    (turn,) = [row for row in turning_point_findings(turns, "lwage") if row.estimator == "rab"]
    assert turn.is_established
    assert turn.text == (
        f"RAB: the curve has a maximum at 14.2, outside its interval [10.7,{NB}13.2] years, in 92% of draws; "
        "its place is uncertain."
    )
    crosses = with_table(run, "thresholds", elsewhere)
    crossing = told(moderator.sign_change_findings)(crosses, "lwage")
    (cross,) = [row for row in crossing if row.estimator == "rab"]
    assert cross.is_established
    assert f" at 11.4, outside its interval [9.1,{NB}10.4], in 98% of draws; its place is" in cross.text


def test_a_turning_point_anywhere_in_the_range_is_none(run):
    def wide(share):
        at = run.frame("curves").query("kind == 'level' and estimator == 'rab' and supported")["at"]
        high = at.min() + share * (at.max() - at.min())
        return with_table(
            run, "turning_points", lambda frame: frame.assign(conf_low=at.min(), conf_high=high)
        )

    (kept,) = [row for row in turning_point_findings(wide(0.79), "lwage") if row.estimator == "rab"]
    assert kept.is_established
    (none,) = [row for row in turning_point_findings(wide(0.81), "lwage") if row.estimator == "rab"]
    assert not none.is_established
    assert none.text == "RAB: the curve has no turning point inside the supported range."


def with_slopes(run, low, high, estimate=None):
    """Return a run in which every slope has these simultaneous limits, in their middle or elsewhere."""

    def change(frame):
        slopes = frame[frame["kind"] == "slope"].sort_values("at", kind="stable")
        share = (slopes["at"].rank(method="dense") - 1) / (slopes["at"].nunique() - 1)
        middle = (low(share) + high(share)) / 2.0
        is_wide = slopes["band"] == "simultaneous"
        slopes = slopes.assign(
            conf_low=slopes["conf_low"].mask(is_wide, low(share)),
            conf_high=slopes["conf_high"].mask(is_wide, high(share)),
            estimate=middle if estimate is None else estimate(share),
        )
        return pd.concat([frame[frame["kind"] != "slope"], slopes]).assign(supported=True)

    return with_table(run, "curves", change)


@pytest.mark.parametrize(
    ("low", "high", "effect", "nonlinearity"),
    [
        (lambda t: 0 * t - 1, lambda t: 0 * t + 1, False, False),
        (lambda t: 0 * t + 0.1, lambda t: 0 * t + 0.2, True, False),
        (lambda t: t - 0.5, lambda t: t + 0.3, True, True),
        (lambda t: t - 1.5, lambda t: t + 0.1, False, False),
        (lambda t: 2 * t - 1.2, lambda t: 2 * t - 0.9, True, True),
    ],
    ids=["flat", "a line", "bent above zero", "too wide", "both signs"],
)
def test_a_slope_has_an_effect_off_zero_and_a_bend_where_no_line_fits(run, low, high, effect, nonlinearity):
    found = {row.finding: row for row in model_curve_findings(with_slopes(run, low, high), "lwage")}
    assert found["model_curve"].is_established == effect
    assert found["nonlinearity"].is_established == nonlinearity
    assert ("rises" in found["model_curve"].text or "falls" in found["model_curve"].text) == effect
    assert ("no constant slope" in found["nonlinearity"].text) == nonlinearity


def effect_of_rab(run):
    (found,) = [
        row
        for row in model_curve_findings(run, "lwage")
        if (row.estimator, row.finding) == ("rab", "model_curve")
    ]
    return found


def test_nothing_is_established_where_the_fit_is_on_the_other_side_of_zero_than_its_draws(run):
    changed = with_slopes(run, lambda t: 0 * t + 0.01, lambda t: 0 * t + 0.2, lambda t: 0 * t - 0.03)
    found = effect_of_rab(changed)
    assert not found.is_established
    assert "the slope is nowhere significantly different from zero (simultaneous band); slope" in found.text


def test_the_slope_that_is_named_is_one_of_those_told_from_zero(run):
    changed = with_slopes(
        run, lambda t: t - 0.5, lambda t: t + 0.3, lambda t: np.where(t < 0.9, -0.3, t - 0.1)
    )
    found = effect_of_rab(changed)
    assert found.is_established
    assert found.estimate > 0.0
    assert found.conf_low > 0.0


def test_an_open_curve_is_read_where_it_moves(run):
    """A curve of steps has places at which no draw moves; a slope of 0 [0, 0] there says nothing of it."""
    changed = with_slopes(
        run,
        lambda t: np.where(t < 0.7, 0.0, -1.0),
        lambda t: np.where(t < 0.7, 0.0, 2.0),
        lambda t: np.where(t < 0.7, 0.0, 0.4),
    )
    found = effect_of_rab(changed)
    assert not found.is_established
    assert (found.estimate, found.conf_low, found.conf_high) == (0.4, -1.0, 2.0)


def test_a_curve_that_no_draw_moves_is_called_flat(run):
    found = effect_of_rab(with_slopes(run, lambda t: 0 * t, lambda t: 0 * t, lambda t: 0 * t))
    assert not found.is_established
    assert found.text.endswith(": flat in every draw.")


def test_slopes_that_rounding_of_a_level_makes_are_no_findings(run):
    """Levels of 1e9 differ by up to 1e-6 from rounding, be the curve a line or flat."""
    changed = with_slopes(run, lambda t: 1e-7 * t, lambda t: 1e-7 * t + 1e-9)
    far = with_table(
        changed,
        "curves",
        lambda frame: frame.assign(
            estimate=frame["estimate"].mask(frame["kind"] == "level", frame["estimate"] + 1e9)
        ),
    )
    for shown, is_found in ((changed, True), (far, False)):
        found = {row.finding: row for row in model_curve_findings(shown, "lwage")}
        assert found["model_curve"].is_established == is_found
        assert found["nonlinearity"].is_established == is_found
