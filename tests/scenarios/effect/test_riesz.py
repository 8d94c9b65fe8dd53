"""Representers by the conditions of their optimum, whatever units columns are in."""

import numpy as np
import pytest

from harness.scenarios.effect.riesz import PENALTIES, TOLERANCE, _lasso_path, _ridge_path, riesz_representer
from panels import balanced_panel


@pytest.fixture
def moments():
    """Return functions in some units, one of them zero, their derivatives, sizes and standardised moments."""
    rng = np.random.default_rng(2)
    values = np.column_stack([np.ones(200), rng.standard_normal((200, 4))])
    values = np.column_stack([values * [1.0, 100.0, 0.01, 5.0, 1.0], np.zeros(200)])
    size = np.append(np.sqrt(np.square(values[:, :-1]).mean(axis=0)), 1.0)
    derivatives = rng.standard_normal((200, 6)) * size * [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    scaled = values / size
    return values, derivatives, size, scaled.T @ scaled / 200, (derivatives / size).mean(axis=0)


def test_ridge_solves_its_normal_equations(moments):
    values, derivatives, size, gram, moment = moments
    slopes = size[:, None] * _ridge_path(values, derivatives)
    for penalty, one in zip(PENALTIES, slopes.T, strict=True):
        np.testing.assert_allclose(gram @ one + penalty * one, moment, atol=1e-9)


def test_lasso_leaves_moments_of_the_penalty_where_it_has_a_slope_and_none_above(moments):
    values, derivatives, size, gram, moment = moments
    slopes = size[:, None] * _lasso_path(values, derivatives)
    assert np.count_nonzero(slopes, axis=0)[[0, -1]].tolist() == [5, 0]
    for penalty, one in zip(PENALTIES, slopes.T, strict=True):
        remainder, free = moment - gram @ one, np.arange(6) == 0
        has_slope = (one != 0.0) & ~free
        np.testing.assert_allclose(
            remainder[has_slope], penalty * np.sign(one[has_slope]), atol=20 * TOLERANCE
        )
        assert (np.abs(remainder[~free]) <= penalty + 20 * TOLERANCE).all()
        assert abs(remainder[0]) < 20 * TOLERANCE


def panel_of(seed, *, unit=1.0, units=(1.0, 1.0, 1.0), further=()):
    X = np.random.default_rng(seed).standard_normal((150, 3))
    exposure = X[:, 0] + 0.8 * np.random.default_rng(seed + 10).standard_normal(150)
    columns = [unit * exposure + 3.0 * (unit != 1.0), *(X * units + units).T, *further]
    return balanced_panel((30, 5), outcome=exposure, X=np.column_stack(columns))


@pytest.mark.parametrize("kind", ["ridge", "lasso"])
def test_units_of_controls_do_not_matter_and_that_of_the_exposure_is_one_over(kind):
    usual, other = (
        riesz_representer(kind, *(panel_of(seed, **given) for seed in (1, 2)), rng=np.random.default_rng(1))
        for given in ({}, {"unit": 4.0, "units": (1000.0, 0.01, 7.0)})
    )
    np.testing.assert_allclose(4.0 * other, usual, rtol=1e-4, atol=1e-4)


def test_a_column_that_does_not_vary_changes_nothing():
    usual, other = (
        riesz_representer(
            "ridge", *(panel_of(seed, **given) for seed in (1, 2)), rng=np.random.default_rng(1)
        )
        for given in ({}, {"further": (np.full(150, 9.0),)})
    )
    np.testing.assert_allclose(other, usual, rtol=1e-8, atol=1e-8)
