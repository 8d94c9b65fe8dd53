"""What each estimator says of the effect, read off curves and coefficients."""

from dataclasses import replace

import numpy as np
import pytest

from harness.findings.lines import Band, Curve
from harness.findings.run import read_run
from harness.report.sections.verdict.effects import effects, read_curve
from harness.report.sections.verdict.section import effect_table
from report.changed_run import with_table
from report.shown_blocks import cells

AT = np.array([0.0, 1.0, 2.0, 4.0])


def curve(kind, estimate, half, supported=(True, True, True, True)):
    estimate = np.asarray(estimate, dtype=float)
    return Curve(
        scenario="curve",
        outcome="y",
        estimator="ann",
        kind=kind,
        at=AT,
        estimate=estimate,
        supported=np.array(supported),
        share_of_rows=np.full(4, np.nan),
        bands=(Band("pointwise", 40, 0.95, "entity", estimate - half, estimate + half),),
    )


def test_a_reading_uses_the_supported_points_alone():
    level = curve("level", [9.0, 1.0, 3.0, 6.0], 0.5, (False, True, True, True))
    slope = curve("slope", [5.0, 0.4, 0.6, -0.7], 0.5, (False, True, True, True))
    fewer = curve("level_supported", [9.0, 1.0, 3.0, 4.5], 0.5, (False, True, True, True))
    reading = read_curve(level, slope, fewer)
    assert reading.supported_change == 3.5
    assert (reading.low_at, reading.high_at, reading.change) == (1.0, 4.0, 5.0)
    assert (reading.rising, reading.falling) == pytest.approx((1 / 3, 1 / 3))


def test_a_slope_on_the_other_side_of_zero_than_its_band_neither_rises_nor_falls():
    """Networks of resamples can all rise where the network of all rows falls."""
    level, slope = curve("level", [1.0, 2.0, 3.0, 4.0], 0.5), curve("slope", [0.6, 0.6, 0.6, -0.7], 0.5)
    other = replace(slope, estimate=np.array([-0.1, 0.6, 0.0, 0.2]))
    reading = read_curve(level, other, None)
    assert (reading.rising, reading.falling) == (0.25, 0.0)


def test_too_little_support_gives_no_reading():
    assert read_curve(curve("level", AT, 0.1, (False, True, False, False)), None, None) is None


def test_effects_put_coefficient_and_curve_of_an_estimator_together(wage):
    found = {one.estimator.id: one for one in effects(read_run(wage), "lwage")}
    assert list(found) == ["ols", "fe", "ann", "rab", "boosting"]
    assert found["ols"].coefficient.estimate == 0.110124
    assert found["ann"].coefficient is None
    assert found["ols"].curve.change == pytest.approx(0.03 * (15.0 - 0.75))


def test_coefficients_of_an_outcome_of_very_small_numbers_are_told_apart_from_their_errors(wage):
    def small(table):
        return table.assign(
            **{name: 1e-9 * table[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}
        )

    run = with_table(read_run(wage), "coefficients", small)
    coefficient, interval, *_ = next(iter(cells(effect_table(run, "lwage", effects(run, "lwage"))).values()))
    assert (coefficient.words, coefficient.beneath) == ("1.101 × 10⁻¹⁰", ("(1.186 × 10⁻¹¹)",))
    assert "10⁻¹¹" in interval.text


def test_bands_that_rounding_of_a_level_leaves_off_zero_are_at_zero():
    """A mean of 8 at every exposure is summed to slopes of 1e-15, the same in every draw."""
    level = curve("level", [8.0, 8.0, 8.0, 8.0], 0.5)
    rounding = curve("slope", [4e-15, -4e-15, 2e-15, 0.0], 1e-16)
    reading = read_curve(level, rounding, None)
    assert (reading.rising, reading.falling) == (0.0, 0.0)
    steep = read_curve(level, curve("slope", [4e-12, -4e-12, 2e-12, 0.0], 1e-16), None)
    assert (steep.rising, steep.falling) == (0.5, 0.25)
