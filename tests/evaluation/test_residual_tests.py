"""Tests of unit roots: their size and power, and where there is none."""

import numpy as np
import pytest
from scipy.stats import binom

from harness.evaluation.residual_tests import harris_tzavalis
from panels import balanced_panel


def rows_of(shape):
    return balanced_panel(shape, outcome=np.zeros(np.prod(shape)), X=np.zeros(np.prod(shape)))


@pytest.mark.parametrize(("persistence", "least", "most"), [(1.0, 0.0, 0.05), (0.5, 1.0, 1.0)])
def test_random_walks_are_seldom_rejected_and_stationary_series_always(persistence, least, most):
    """With shocks that all entities share; of 200 panels the share rejected has an error of .015."""
    rng, shape = np.random.default_rng(3), (100, 12)
    shocks = rng.standard_normal((200, *shape)) + rng.standard_normal((200, 1, 12))
    series = rng.standard_normal((200, *shape))
    for period in range(1, 12):
        series[..., period] = persistence * series[..., period - 1] + shocks[..., period]
    rejected = sum(harris_tzavalis(rows_of(shape), one.ravel()).p_value < 0.05 for one in series)
    assert binom.ppf(0.001, 200, least) <= rejected <= binom.ppf(0.999, 200, most)


def test_there_is_none_with_few_periods_few_entities_a_gap_or_no_variation():
    values = np.random.default_rng(4).standard_normal(300)
    assert harris_tzavalis(rows_of((30, 10)), values).n_entities == 30
    assert harris_tzavalis(rows_of((30, 9)), values[:270]) is None
    assert harris_tzavalis(rows_of((19, 10)), values[:190]) is None
    assert harris_tzavalis(rows_of((30, 10)), np.ones(300)) is None
    whole = rows_of((25, 12))
    kept = np.flatnonzero(whole.period != 5)
    assert harris_tzavalis(whole.take(kept), values[kept]) is None
