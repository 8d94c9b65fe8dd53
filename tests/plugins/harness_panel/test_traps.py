"""Traps that other programs fall into, each sprung once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.plugin import random_stream
from harness_panel import Classical, FirstDifference, FixedEffects, PooledOLS
from panels import panel_from_arrays, simulated_panel
from r_reference import r_panel

ROOT = Path(__file__).parents[3]


def table(estimator, panel):
    return estimator.fit(panel, rng=random_stream(0)).coefficients()


def test_columns_of_very_different_size_are_all_estimated():
    """The LinearRegression of scikit-learn 1.9 takes the small one for zero without a word."""
    base = simulated_panel(random_stream(181), n_entities=30, n_periods=5)
    units = np.array([1e-7, 1.0, 1e4])
    apart = replace(base, X=base.X * units)
    own, expected = table(PooledOLS(Classical()), apart), table(PooledOLS(Classical()), base)
    np.testing.assert_allclose(own.estimate[1:] * units, expected.estimate[1:], rtol=1e-9)


def test_a_row_of_an_entity_alone_moves_no_slope():
    """linearmodels drops or keeps such rows, and other degrees of freedom follow."""
    rows = r_panel("edge")
    sizes = np.bincount(rows.entity.codes)
    several = rows.take(np.flatnonzero(sizes[rows.entity.codes] > 1))
    own, without = (table(FixedEffects(covariance=Classical()), one) for one in (rows, several))
    assert own.correction.n_obs - without.correction.n_obs == 10
    assert own.correction.df_resid == without.correction.df_resid
    np.testing.assert_allclose(own.estimate, without.estimate, rtol=1e-12)
    np.testing.assert_allclose(own.std_error, without.std_error, rtol=1e-12)


def test_years_that_all_entities_lack_are_gaps_of_the_calendar():
    base = simulated_panel(random_stream(182), n_entities=10, n_periods=8)
    kept = base.take(np.flatnonzero(base.period != 2004))
    closed = panel_from_arrays(
        entity=kept.entity.codes,
        period=np.where(kept.period > 2004, kept.period - 1, kept.period),
        outcome=kept.observed,
        X=kept.X,
    )

    assert table(FirstDifference(), kept).correction.n_obs == 50
    assert table(FirstDifference(), closed).correction.n_obs == 60
