"""Curves put together from rows, and what is read off them."""

import numpy as np
import pytest

from harness.report.reading.banded import Band
from harness.report.reading.curves import Curve, CurveRow, curves_from, unsupported_spans
from harness.report.reading.run import read_run
from harness.report.tables.effect import effects, read_curve

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
        bands=(Band("pointwise", 40, 0.95, "entity", estimate - half, estimate + half),),
    )


@pytest.mark.parametrize(
    ("supported", "spans"),
    [
        ([True, True, True, True], ()),
        ([False, True, True, True], ((0.0, 0.5),)),
        ([True, False, True, False], ((0.5, 1.5), (3.0, 4.0))),
        ([False, False, False, False], ((0.0, 4.0),)),
    ],
)
def test_unsupported_stretches_reach_halfway_to_their_neighbours(supported, spans):
    assert unsupported_spans(AT, np.array(supported)) == spans


def test_an_empty_grid_has_no_stretches():
    assert unsupported_spans(np.empty(0), np.empty(0, dtype=bool)) == ()


def row(estimator, at, status="ok", band="", half=np.nan):
    return CurveRow(
        outcome="y",
        estimator=estimator,
        kind="level",
        at=at,
        estimate=at**2,
        conf_low=at**2 - half,
        conf_high=at**2 + half,
        band=band,
        n_draws=None,
        supported=True,
        status=status,
        reason="",
    )


def test_rows_become_curves_in_order_of_the_grid_and_refusals_do_not():
    made = curves_from([row("b", 2.0), row("a", 1.0), row("b", 1.0), row("c", 0.0, "refused")])
    assert [(one.estimator, one.at.tolist(), one.estimate.tolist()) for one in made] == [
        ("b", [1.0, 2.0], [1.0, 4.0]),
        ("a", [1.0], [1.0]),
    ]
    assert not any(one.has_band for one in made)


def test_the_bands_of_a_curve_share_its_grid():
    kinds = {"pointwise": 1.0, "simultaneous": 3.0}
    (made,) = curves_from(
        [row("a", at, band=kind, half=half) for kind, half in kinds.items() for at in (2.0, 1.0)]
    )
    assert made.at.tolist() == [1.0, 2.0]
    assert made.band("pointwise").low.tolist() == [0.0, 3.0]
    assert made.band("simultaneous").high.tolist() == [4.0, 7.0]
    assert made.band("uniform") is None


def test_a_reading_uses_the_supported_points_alone():
    level = curve("level", [9.0, 1.0, 3.0, 6.0], 0.5, (False, True, True, True))
    slope = curve("slope", [5.0, 0.4, 0.6, -0.7], 0.5, (False, True, True, True))
    reading = read_curve(level, slope)
    assert (reading.low_at, reading.high_at, reading.change) == (1.0, 4.0, 5.0)
    assert (reading.rising, reading.falling) == pytest.approx((1 / 3, 1 / 3))


def test_too_little_support_gives_no_reading():
    assert read_curve(curve("level", AT, 0.1, (False, True, False, False)), None) is None


def test_effects_put_coefficient_and_curve_of_an_estimator_together(wage):
    found = {one.estimator.id: one for one in effects(read_run(wage), "lwage")}
    assert list(found) == ["ols", "fe", "ann", "rab", "boosting"]
    assert found["ols"].coefficient.estimate == 0.110124
    assert found["ann"].coefficient is None
    assert found["ols"].curve.change == pytest.approx(0.03 * (15.0 - 0.75))
