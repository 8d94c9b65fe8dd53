"""Where a surface is supported, and where a conditional effect changes its sign."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from numpy.random import default_rng

from harness import EstimationError
from harness.scenarios.conditional.surface import cell_support, crossings, in_hull, thresholds

GRID = np.linspace(0.0, 1.0, 11)


def test_the_hull_of_a_triangle():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    first, second = np.meshgrid(GRID, GRID, indexing="ij")
    assert np.array_equal(in_hull(corners, GRID, GRID), first + second <= 1.0 + 1e-12)


def test_rows_and_entities_near_a_cell_are_counted():
    rng = np.random.default_rng(1)
    values, entities = rng.uniform(size=(300, 2)), rng.integers(40, size=300)
    values[:2] = [[0.0, 0.0], [1.0, 1.0]]
    near = cell_support(values, entities, GRID, GRID[:5])
    reach = 0.1 * np.ptp(values, axis=0)
    for i, j in [(0, 0), (5, 3), (10, 4)]:
        rows = (np.abs(values - [GRID[i], GRID[j]]) <= reach).all(axis=1)
        assert near.n_obs[i, j] == rows.sum()
        assert near.n_entities[i, j] == np.unique(entities[rows]).size
    assert near.n_obs.shape == (11, 5)


def test_a_hole_in_the_data_is_not_supported():
    rng = np.random.default_rng(2)
    values = rng.uniform(size=(4000, 2))
    hole = (np.abs(values - 0.5) < 0.25).all(axis=1)
    near = cell_support(values[~hole], np.arange((~hole).sum()) // 5, GRID, GRID)
    assert not near.supported[5, 5]
    assert near.supported[5, 1]
    assert near.supported[2, 8]


def test_one_entity_alone_is_no_support():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.uniform(0.0, 0.5, size=(400, 2)), rng.uniform(0.9, 1.0, size=(50, 2))])
    entities = np.concatenate([np.arange(400) // 4, np.full(50, 999)])
    near = cell_support(values, entities, GRID, GRID)
    assert near.n_obs[10, 10] > 10
    assert not near.supported[10, 10]


def test_variables_on_a_line_have_no_surface():
    x = np.linspace(0, 1, 30)
    with pytest.raises(EstimationError, match="are collinear"):
        cell_support(np.column_stack([x, 2 * x + 1]), np.arange(30), GRID, 2 * GRID + 1)


AT = np.linspace(-1.0, 1.0, 21)
ALL = np.ones(21, dtype=bool)


def found_in(effect, draws, supported=ALL):
    return thresholds(AT, effect, draws, supported=supported, level=0.95, rng=default_rng(1))


def noisy(effect, *, sd=0.1, n_draws=400, seed=0):
    """Return draws that differ by a common shift and a common tilt."""
    rng = np.random.default_rng(seed)
    shift, tilt = sd * rng.normal(size=(2, n_draws, 1))
    return effect + shift + tilt * AT


def test_a_line_crosses_where_it_does():
    effect = 2.0 * (AT - 0.23)
    draws = noisy(effect)
    (threshold,) = found_in(effect, draws)
    assert threshold.kind == "negative_to_positive"
    assert threshold.at == pytest.approx(0.23, rel=1e-12)
    assert threshold.share_of_draws == 1.0
    slopes, starts = draws[:, -1] - draws[:, 0], draws[:, 0]
    crossings = statistics.quantiles(-1.0 - 2.0 * starts / slopes, n=40, method="exclusive")
    assert (threshold.conf_low, threshold.conf_high) == pytest.approx((crossings[0], crossings[-1]), rel=1e-9)


def test_a_parabola_crosses_twice():
    effect = 4.0 * AT**2 - 1.0
    first, second = found_in(effect, noisy(effect))
    assert (first.kind, second.kind) == ("positive_to_negative", "negative_to_positive")
    assert (first.at, second.at) == pytest.approx((-0.5, 0.5), abs=0.01)
    assert first.conf_low < -0.5 < first.conf_high < second.conf_low < 0.5 < second.conf_high


@pytest.mark.parametrize(
    "effect", [np.ones(21), np.zeros(21), 0.05 * AT, 1.0 + AT], ids=["constant", "zero", "weak", "one sign"]
)
def test_what_cannot_be_told_from_zero_on_both_sides_is_no_threshold(effect):
    assert found_in(effect, noisy(effect)) == ()


def test_unsupported_moderators_say_nothing():
    effect = AT - 0.5
    draws = np.where(AT > 0.3, np.nan, noisy(effect))
    assert found_in(effect, draws, AT <= 0.3) == ()
    assert found_in(effect, draws, ~ALL) == ()


def test_a_zero_effect_seldom_has_a_threshold():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(400):
        scores = rng.normal(size=(200, 3)) + rng.normal(size=3)
        draws = scores @ np.stack([np.ones(21), AT, AT**2])
        found += bool(thresholds(AT, draws.mean(axis=0), draws, supported=ALL, level=0.95, rng=rng))
    assert found <= 0.05 * 400


def test_crossings_are_those_of_straight_lines():
    curves = np.array([[-1.0, 1.0, 1.0, -2.0], [1.0, -3.0, 0.0, 4.0]])
    found = crossings(np.array([0.0, 1.0, 3.0, 4.0]), curves)
    assert found[0, 0] == 0.5
    assert found[1, 1] == 3.0
    assert np.isnan(found).sum() == 4
