"""Covariances against linearmodels on unbalanced panels, and their corner cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Classical, Clustered, DriscollKraay, FixedEffects, PooledOLS, Robust
from panels import panel_from_arrays, simulated_panel


@pytest.mark.parametrize(
    ("covariance", "effects", "kind", "df_resid", "n_clusters", "bandwidth"),
    [
        (Classical(), ("entity", "time"), "classical", 90 - 3 - 20, (), None),
        (Robust("HC0"), ("time",), "HC0", 90 - 3 - 6, (), None),
        (Clustered(), ("entity",), "clustered by entity", 14, (15,), None),
        (Clustered(("entity", "time")), ("entity",), "clustered by entity and time", 5, (15, 6), None),
        (DriscollKraay(3), ("entity",), "Driscoll-Kraay", 5, (6,), 3),
        (DriscollKraay(), ("entity",), "Driscoll-Kraay, bandwidth floor(T^(1/4))", 5, (6,), 1),
    ],
)
def test_a_correction_says_how_it_was_computed(covariance, effects, kind, df_resid, n_clusters, bandwidth):
    panel = simulated_panel(random_stream(22), n_entities=15, n_periods=6)
    correction = FixedEffects(effects, covariance).fit(panel, rng=random_stream(0)).coefficients().correction
    assert (correction.kind, correction.df_resid) == (kind, df_resid)
    assert (correction.n_clusters, correction.bandwidth) == (n_clusters, bandwidth)
    assert (correction.n_obs, correction.n_coef) == (90, 3)


def test_the_default_bandwidth_is_the_fourth_root_of_the_number_of_periods():
    for n_periods, bandwidth in [(15, 1), (16, 2), (80, 2), (81, 3)]:
        panel = simulated_panel(random_stream(23), n_entities=3, n_periods=n_periods, n_columns=1)
        table = PooledOLS(DriscollKraay()).fit(panel, rng=random_stream(0)).coefficients()
        assert table.correction.bandwidth == bandwidth


@pytest.mark.parametrize("step", [1, 2])
def test_lags_are_counted_in_periods_that_some_row_has(step):
    """So a panel of every second year has the errors of one of every year."""
    base = simulated_panel(random_stream(24), n_entities=20, n_periods=8)
    rows = replace(base, period=2000 + step * (base.period - 2000))
    table, expected = (
        FixedEffects(covariance=DriscollKraay(2)).fit(one, rng=random_stream(0)).coefficients()
        for one in (rows, base)
    )
    np.testing.assert_allclose(table.covariance, expected.covariance, rtol=1e-8)


def test_a_bandwidth_of_all_periods_is_refused():
    panel = simulated_panel(random_stream(24), n_entities=20, n_periods=5)
    PooledOLS(DriscollKraay(4)).fit(panel, rng=random_stream(0))
    with pytest.raises(EstimationError, match="bandwidth 5 need 6 periods; there are 5"):
        PooledOLS(DriscollKraay(5)).fit(panel, rng=random_stream(0))


ENTITY, PERIOD = (axis.ravel() for axis in np.indices((4, 4)))

# Residuals that cancel within entities and within periods leave only what is subtracted.
CHECKERED = np.where((ENTITY + PERIOD) % 2 == 0, 1.0, -1.0)


def clustered_by_both(exposure, outcome=CHECKERED):
    panel = panel_from_arrays(entity=ENTITY, period=PERIOD, outcome=outcome, X=exposure)
    return PooledOLS(Clustered(("entity", "time"))).fit(panel, rng=random_stream(0)).coefficients()


def test_a_two_way_clustered_variance_below_zero_is_mended_and_says_so():
    noise = 0.1 * random_stream(27).normal(size=ENTITY.size)
    exposure = np.array([1.0, 1.0, -1.0, -1.0])[ENTITY] + noise
    table = clustered_by_both(exposure, CHECKERED + PERIOD)
    assert table.correction.kind.endswith("time, negative eigenvalues set to zero")
    assert np.all(table.std_error > 0.0)
    with pytest.raises(EstimationError, match="standard error of 'const', 'x0' is zero"):
        clustered_by_both(exposure)


def test_a_variance_below_zero_of_the_constant_leaves_slopes_alone():
    """Where the columns are zero decides about it, and should about no slope."""
    exposure = random_stream(26).normal(size=ENTITY.size)
    tables = [clustered_by_both(exposure + level) for level in (0.0, 3.0)]
    mended, alone = tables
    assert mended.correction.kind.endswith("negative eigenvalues set to zero for the constant")
    assert alone.correction.kind == "clustered by entity and time"
    assert mended.std_error[0] >= 0.0
    np.testing.assert_allclose(mended.std_error[1], alone.std_error[1], rtol=1e-10)
