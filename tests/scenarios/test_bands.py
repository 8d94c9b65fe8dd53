"""Pointwise and simultaneous bands against closed forms and simulated truth."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy import stats

from harness import draw_weights, random_stream
from harness.scenarios.bands import bands, pointwise_limits, simultaneous_limits
from scenarios.least_squares import LeastSquares, powers, random_panel

ALL = np.ones(10, dtype=bool)


def test_of_99_draws_the_limits_are_the_5th_from_either_end():
    draws = np.arange(99.0, 0.0, -1.0)[:, None] + np.array([0.0, 10.0])
    low, high = pointwise_limits(draws, level=0.9)
    assert low == pytest.approx([5.0, 15.0], rel=1e-14)
    assert high == pytest.approx([95.0, 105.0], rel=1e-14)


@pytest.mark.parametrize("n_draws", [40, 57, 200])
def test_pointwise_limits_are_the_quantiles_of_the_standard_library(n_draws):
    draws = np.random.default_rng(4).gamma(2.0, size=n_draws)
    cuts = statistics.quantiles(draws.tolist(), n=40, method="exclusive")
    assert pointwise_limits(draws, level=0.95) == pytest.approx((cuts[0], cuts[-1]), rel=1e-13)


def test_one_more_draw_lies_between_the_limits_as_often_as_the_level_says():
    draws = np.random.default_rng(11).normal(size=(41, 40_000))
    low, high = pointwise_limits(draws[1:], level=0.9)
    assert ((low <= draws[0]) & (draws[0] <= high)).mean() == pytest.approx(0.9, abs=0.006)


@pytest.mark.parametrize("n_points", [1, 3, 10])
def test_independent_normal_points_get_the_factor_of_their_number(n_points):
    draws = np.random.default_rng(3).normal(size=(40_000, n_points)) * np.arange(1, n_points + 1)
    low, high = simultaneous_limits(draws, level=0.95, among=ALL[:n_points])
    factor = stats.norm.ppf(0.5 + 0.95 ** (1 / n_points) / 2)
    assert high / np.arange(1, n_points + 1) == pytest.approx(factor, rel=0.03)
    assert -low / np.arange(1, n_points + 1) == pytest.approx(factor, rel=0.03)


def test_points_that_move_together_need_no_wider_band():
    draws = np.random.default_rng(3).normal(size=(400, 1)) * np.arange(1.0, 11.0)
    pointwise = pointwise_limits(draws, level=0.95)
    assert simultaneous_limits(draws, level=0.95, among=ALL) == pytest.approx(np.array(pointwise), rel=1e-2)


def test_the_band_holds_the_share_of_draws_at_once_and_the_pointwise_band():
    draws = np.random.default_rng(8).gamma(2.0, size=(500, 10))
    narrow, wide = bands(draws, level=0.9, supported=ALL)
    assert (narrow.kind, wide.kind) == ("pointwise", "simultaneous")
    inside = ((draws >= wide.low) & (draws <= wide.high)).all(axis=1).mean()
    assert inside == pytest.approx(0.9, abs=0.003)
    assert (wide.low < narrow.low).all()
    assert (wide.high > narrow.high).all()


def test_unsupported_points_do_not_widen_the_band():
    draws = np.random.default_rng(8).normal(size=(500, 10))
    draws[:, 5:] = draws[:, 5:] ** 9
    supported = np.arange(10) < 5
    low, _ = simultaneous_limits(draws, level=0.9, among=supported)
    alone, _ = simultaneous_limits(draws[:, :5], level=0.9, among=ALL[:5])
    assert low[:5] == pytest.approx(alone, rel=1e-13)
    assert (low[5:] <= pointwise_limits(draws, level=0.9)[0][5:]).all()


def test_a_point_at_which_no_draw_differs_has_no_width():
    draws = np.column_stack([np.zeros(100), np.random.default_rng(1).normal(size=100)])
    low, high = simultaneous_limits(draws, level=0.95, among=ALL[:2])
    assert low[0] == high[0] == 0.0


@pytest.mark.parametrize(
    ("truth", "degree"),
    [(lambda x: 2 * x, 1), (lambda x: (x - 0.4) ** 2, 2), (lambda x: x**3 - x, 3)],
    ids=["line", "parabola", "cubic"],
)
def test_simultaneous_bands_cover_the_whole_truth(truth, degree):
    at = np.linspace(0, 1, 30)
    columns = at[:, None] ** np.arange(degree + 1)
    n_runs, joint, each = 100, 0, 0.0
    for seed in range(n_runs):
        panel = random_panel(random_stream(seed, "panel"), truth, n_entities=150, columns=("x",))
        weights = draw_weights(panel, 300, unit="entity", rng=random_stream(seed, "weights"))
        drawn = LeastSquares(powers(degree)).fit_draws(panel, weights=weights, selection=None, rng=None)
        narrow, wide = bands(drawn.beta @ columns.T, level=0.95, supported=np.ones(at.size, dtype=bool))
        joint += ((wide.low <= truth(at)) & (truth(at) <= wide.high)).all()
        each += ((narrow.low <= truth(at)) & (truth(at) <= narrow.high)).mean()
    assert joint / n_runs >= 0.90
    assert 0.90 <= each / n_runs <= 0.98
