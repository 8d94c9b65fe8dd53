"""What the run says beyond the first screen: findings as a table, and what estimators say of the effect."""

from dataclasses import replace

import numpy as np
import pytest

from harness.findings.lines import Band, Curve
from harness.findings.run import read_run
from harness.report.sections.readings import effect_table, effects, read_curve
from harness.report.sections.verdict import findings_table, other_gains, shown_findings
from report.changed_run import with_table
from report.shown_blocks import cells


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_the_first_screen_tells_of_one_protocol_and_the_section_of_the_others(run):
    assert other_gains(run, "lwage").startswith("For later periods of the same men, ")
    assert "not used in training" not in other_gains(run, "lwage")


def test_findings_of_no_estimator_stand_there_and_of_featured_ones_what_is_significant(run):
    significant = with_table(run, "findings", lambda frame: frame.assign(is_established=True))
    shown = {row.estimator for row in shown_findings(significant, "lwage")}
    assert shown == {"ols", "rab"}
    kinds = {row.finding for row in shown_findings(significant, "lwage")}
    assert kinds.isdisjoint({"gain", "lowest_error"})
    none = with_table(run, "findings", lambda frame: frame.assign(is_established=False))
    assert shown_findings(none, "lwage") == ()
    rows = shown_findings(significant, "lwage")
    table = findings_table(run, "lwage", rows)
    labels = [row[0] for row, _ in table.body_rows]
    assert len(labels) == len(rows)
    assert all(len(label) < 80 for label in labels)


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
        bands=(Band("pointwise", 40, 0.95, "entity", estimate - half, estimate + half, estimate),),
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


def test_effects_put_coefficient_and_curve_of_an_estimator_together(run):
    found = {one.estimator.id: one for one in effects(run, "lwage")}
    assert list(found) == ["ols", "fe", "ann", "rab", "boosting"]
    assert found["ols"].coefficient.estimate == 0.110124
    assert found["ann"].coefficient is None
    assert found["ols"].curve.change == pytest.approx(0.03 * (15.0 - 0.75))


def test_coefficients_of_an_outcome_of_very_small_numbers_are_told_apart_from_their_errors(run):
    def small(table):
        return table.assign(
            **{name: 1e-9 * table[name] for name in ("estimate", "std_error", "conf_low", "conf_high")}
        )

    changed = with_table(run, "coefficients", small)
    table = effect_table(changed, "lwage", effects(changed, "lwage"))
    coefficient, interval, *_ = next(iter(cells(table).values()))
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
