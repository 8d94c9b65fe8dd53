"""Turning points: found where they are, not found where there are none."""

import numpy as np
import pytest
from numpy.random import default_rng

from harness.plugin import draw_weights, random_stream
from harness.scenarios.curve.turning_points import (
    alternating_extremes,
    own_extremes,
    significant_changes,
    significant_slopes,
    turning_points,
    vertices,
)
from harness.scenarios.grid import longest_run
from scenarios.least_squares import LeastSquares, powers, random_panel

AT = np.linspace(0.0, 1.0, 40)


def s_curve(x):
    """Falls to 0.13, rises to 0.87, falls again."""
    return 10 * (x**2 / 2 - x**3 / 3 - 0.13 * 0.87 * x)


SHAPES = {
    "u": (lambda x: 4 * (x - 0.4) ** 2, 2, {"minimum": 0.4}),
    "inverted u": (lambda x: -4 * (x - 0.6) ** 2, 2, {"maximum": 0.6}),
    "s": (s_curve, 3, {"minimum": 0.13, "maximum": 0.87}),
}
WITHOUT = {
    "flat": (lambda x: 0 * x, 5),
    "line": (lambda x: x, 5),
    "rising cubic": (lambda x: x + 0.3 * x**3, 4),
    "rising, then flat": (lambda x: np.minimum(x, 0.5), 5),
}


def found_on(seed, truth, degree, *, noise):
    panel = random_panel(random_stream(seed, "panel"), truth, noise=noise, columns=("x",))
    weights = draw_weights(panel, 200, unit="entity", rng=random_stream(seed, "weights"))
    estimator, columns = LeastSquares(powers(degree)), AT[:, None] ** np.arange(degree + 1)
    drawn = estimator.fit_draws(panel, weights=weights, selection=None, rng=None)
    return turning_points(
        AT,
        columns @ estimator.fit(panel, rng=None).beta,
        drawn.beta @ columns.T,
        supported=np.ones(AT.size, dtype=bool),
        level=0.95,
        rng=random_stream(seed, "turning points"),
    )


def established_on(seed, truth, degree, *, noise):
    return [point for point in found_on(seed, truth, degree, noise=noise) if point.is_established]


N_RUNS = pytest.mark.parametrize("n_runs", [30, pytest.param(1000, marks=pytest.mark.slow)])


@N_RUNS
@pytest.mark.parametrize("name", SHAPES)
def test_turning_points_are_found(name, n_runs):
    truth, degree, expected = SHAPES[name]
    near, covered = 0, 0
    for seed in range(n_runs):
        found = {point.kind: point for point in established_on(seed, truth, degree, noise=0.1)}
        if found.keys() == expected.keys():
            near += all(abs(found[kind].at - at) < 0.05 for kind, at in expected.items())
            covered += np.mean(
                [found[kind].conf_low <= at <= found[kind].conf_high for kind, at in expected.items()]
            )
    assert near >= 0.9 * n_runs
    assert covered >= 0.88 * n_runs


@N_RUNS
@pytest.mark.parametrize("name", WITHOUT)
def test_none_is_found_where_there_is_none(name, n_runs):
    truth, degree = WITHOUT[name]
    clean = sum(
        not established_on(seed, truth, degree, noise=noise) for seed in range(n_runs) for noise in (0.2, 1)
    )
    assert clean >= 0.95 * 2 * n_runs


def points(curve, draws, *, level=0.95, supported=AT >= 0, **slopes):
    return turning_points(AT, curve, draws, supported=supported, level=level, rng=default_rng(1), **slopes)


def test_interval_and_share_are_those_of_the_draws():
    centres = np.array([0.3, 0.4, 0.5, 0.6, 1.05])
    draws = -np.square(AT[None, :] - centres[:, None]) * 100
    curve = -np.square(AT - 0.45) * 100
    (point,) = points(curve, draws, level=0.5)
    assert point.kind == "maximum"
    assert point.at == pytest.approx(0.45, rel=1e-12)
    assert point.estimate == pytest.approx(0.0, abs=0.1)
    assert point.share_of_draws == 0.8
    assert (point.conf_low, point.conf_high) == pytest.approx((0.325, 0.575))


def test_draws_are_searched_between_the_neighbours():
    """Each draw has its greatest value at the far end, and its own maximum near 0.25."""
    draws = np.stack(
        [np.interp(AT, [0.0, 0.25 + shift, 0.6, 1.0], [0.0, 5.0, 0.0, 9.0]) for shift in (-0.02, 0.0, 0.02)]
    )
    first, second = points(draws[1], draws, level=0.9)
    assert (first.kind, second.kind) == ("maximum", "minimum")
    assert first.at == pytest.approx(0.25, abs=0.02)
    assert first.share_of_draws == second.share_of_draws == 1.0
    assert second.at == pytest.approx(0.6, abs=0.02)


def test_a_bend_that_the_draws_do_not_share_is_placed_but_not_established():
    """An estimate that chose a parabola among draws that chose lines."""
    draws = AT[None, :] * np.linspace(-0.1, 0.1, 50)[:, None]
    (point,) = points(-4 * np.square(AT - 0.5), draws)
    assert (point.kind, point.is_established, point.share_of_draws) == ("maximum", False, 0.0)
    assert point.at == pytest.approx(0.5, rel=1e-12)
    assert np.isnan([point.conf_low, point.conf_high]).all()


def test_a_peak_near_the_end_of_the_data_is_placed_with_its_interval():
    """Too little falls behind it to be a significant fall; a third of the draws peak later still."""
    centres = np.array([0.94, 0.96, 0.97, 0.98, 1.2, 1.3])
    draws = -np.square(AT[None, :] - centres[:, None])
    (point,) = points(-np.square(AT - 0.965), draws, level=0.9)
    assert (point.kind, point.is_established) == ("maximum", False)
    assert point.at == pytest.approx(0.965, rel=1e-9)
    assert point.share_of_draws == pytest.approx(2 / 3)
    assert 0.9 < point.conf_low < point.conf_high < 1.0


def test_wiggles_narrower_than_the_window_are_left_out_unless_steeper_than_what_is_around_them():
    at = np.linspace(0.0, 1.0, 101)
    wiggly = at + 0.02 * np.where((at > 0.495) & (at < 0.505), 1.0, 0.0)
    assert not own_extremes(at, wiggly, (), scale=3.0)
    peak = np.where(np.abs(at - 0.5) < 0.005, 3.0, at)
    assert own_extremes(at, peak, (), scale=3.0) == [(50, "maximum"), (51, "minimum")]
    assert own_extremes(at, wiggly, {50}, scale=3.0) == [(50, "maximum"), (51, "minimum")]
    assert not own_extremes(at, np.full(101, 3.0) + 1e-12 * np.sin(50 * at), (), scale=3.0)


def test_only_the_longest_supported_stretch_counts():
    draws = -np.square(AT - 0.6)[None, :] * np.array([[1.0], [1.1], [0.9]])
    supported = (AT < 0.55) | (AT > 0.8)
    assert points(draws[0], draws, supported=supported, level=0.9) == ()
    assert points(draws[0], draws, supported=np.zeros(40, dtype=bool), level=0.9) == ()


def test_neighbours_are_not_told_apart():
    draws = np.stack([AT, AT * 1.01, AT * 0.99])
    signs = significant_changes(AT, draws[0], draws, level=0.9, rng=default_rng(1))
    assert (signs[0, :2] == 0).all()
    assert (signs[0, 2:] == 1).all()
    assert (np.tril(signs) == 0).all()


def test_a_walk_up_down_and_up():
    curve = np.array([0.0, 2.0, 5.0, 4.5, 1.0, 3.0, 9.0])
    change = curve[None, :] - curve[:, None]
    signs = np.where(np.abs(change) > 3, np.sign(change), 0).astype(int)
    assert alternating_extremes(curve, signs) == [(2, "maximum"), (4, "minimum")]
    assert alternating_extremes(curve, np.where(np.abs(change) > 4.5, signs, 0)) == []


def test_mirrored_curves_turn_at_the_same_places():
    rng = np.random.default_rng(2)
    draws = np.sin(9 * AT) + 0.05 * rng.normal(size=(100, 1)) * AT
    up, down = (points(sign * draws.mean(axis=0), sign * draws) for sign in (1, -1))
    assert [point.at for point in up] == [point.at for point in down]
    assert [point.at for point in up] == pytest.approx([np.pi / 18, np.pi / 6, 5 * np.pi / 18], abs=0.01)
    assert {point.kind for point in up} == {point.kind for point in down} == {"minimum", "maximum"}


def test_vertices_of_parabolas_on_an_uneven_grid():
    at = np.array([0.0, 0.1, 0.35, 0.5, 1.0])
    curves = -np.square(at - np.array([[0.3], [0.2], [0.45]]))
    assert vertices(at, curves, curves.argmax(axis=1)) == pytest.approx([0.3, 0.2, 0.45], rel=1e-12)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [("", slice(0, 0)), ("000", slice(0, 0)), ("0110111", slice(4, 7)), ("110011", slice(0, 2))],
)
def test_longest_run(marked, expected):
    assert longest_run(np.array([mark == "1" for mark in marked], dtype=bool)) == expected


def test_a_curve_whose_slope_rises_here_and_falls_there_turns_between():
    """Rise and fall are told by the slope's band and by no change among those of all pairs of points."""
    curve = 1.0 - np.square(AT - 0.6)
    draws = (
        curve
        + default_rng(1).normal(scale=2.0, size=(40, 1)) * AT
        + 0.3 * default_rng(2).normal(size=(40, AT.size))
    )
    open_ = points(curve, draws)
    assert [(point.kind, point.is_established) for point in open_] == [("maximum", False)]
    slopes = np.where(AT < 0.3, 1, np.where(AT > 0.9, -1, 0))
    (point,) = points(curve, draws, slopes=slopes)
    assert point.is_established
    assert point.at == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_curve_whose_slope_goes_one_way_has_no_established_turning_point(sign):
    curve = 1.0 - np.square(AT - 0.6)
    draws = curve + default_rng(2).normal(size=(40, AT.size))
    slopes = np.where((AT < 0.3) if sign > 0 else (AT > 0.9), sign, 0)
    (point,) = points(curve, draws, slopes=slopes)
    assert not point.is_established


def test_slopes_are_told_from_zero_where_band_and_fit_agree():
    slope, low = np.array([1.0, 1.0, -1.0, -1.0, -1.0]), np.array([0.5, -0.5, -2.0, -2.0, 0.5])
    high = np.array([2.0, 2.0, -0.5, 0.5, 2.0])
    np.testing.assert_array_equal(significant_slopes(slope, low, high), [1, 0, -1, 0, 0])
