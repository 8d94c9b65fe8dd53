"""Tests of residuals: forecast encompassing, and Moran's I."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from harness.evaluation.residual_tests import encompassing_test, moran_test
from harness_panel.diagnostics.pooled import moran, weight_matrix
from panels import panel_from_arrays


def predictions(seed=1, n_entities=60, n_periods=6):
    rng = np.random.default_rng(seed)
    n_obs = n_entities * n_periods
    keys = {
        "fold": "1",
        "entity": np.repeat(np.arange(n_entities), n_periods),
        "time": np.tile(np.arange(n_periods), n_entities),
    }
    signal, extra = rng.standard_normal((2, n_obs))
    frame = pd.DataFrame(keys).assign(observed=signal + extra + rng.standard_normal(n_obs))
    return frame.assign(predicted=signal), frame.assign(predicted=signal + extra), signal, rng


def test_the_statistic_is_that_of_clustered_least_squares():
    reference, rival, *_ = predictions()
    found = encompassing_test(rival, reference)
    error = reference["observed"] - reference["predicted"]
    difference = rival["predicted"] - reference["predicted"]
    fit = sm.OLS(error, difference).fit(
        cov_type="cluster", cov_kwds={"groups": rival["entity"], "use_correction": False}
    )
    assert found.statistic == pytest.approx(fit.tvalues.iloc[0] * np.sqrt(59 / 60), rel=1e-10)
    assert found.p_value < 1e-6
    assert found.n_entities == 60


def test_noise_adds_nothing_in_95_of_100_cases():
    rejected = 0
    for seed in range(200):
        reference, _, signal, rng = predictions(seed)
        noisy = reference.assign(predicted=signal + rng.standard_normal(signal.size))
        rejected += encompassing_test(noisy, reference).p_value < 0.05
    assert 4 <= rejected <= 18


def test_few_periods_and_equal_predictions_have_no_test():
    reference, rival, *_ = predictions(n_periods=4)
    assert encompassing_test(rival, reference) is None
    reference, rival, *_ = predictions()
    assert encompassing_test(reference, reference) is None


def drawn(seed, *, n_entities=40, n_periods=4, share=0.0):
    """Return predictions whose residuals last for an entity and, to a share, go with its neighbours'."""
    rng = np.random.default_rng([3, seed])
    places = pd.DataFrame(
        rng.uniform(-20.0, 20.0, (n_entities, 2)), columns=["latitude", "longitude"], index=range(n_entities)
    )
    noise = rng.standard_normal((n_entities, n_periods)) + 1.5 * rng.standard_normal((n_entities, 1))
    distance = np.hypot(*(places.to_numpy()[:, None] - places.to_numpy()[None]).transpose(2, 0, 1))
    near = np.exp(-distance / 6.0)
    smooth = near @ noise / np.sqrt(np.square(near).sum(axis=1, keepdims=True))
    residual = np.sqrt(share) * smooth + np.sqrt(1.0 - share) * noise
    keys = {"entity": np.repeat(range(n_entities), n_periods), "time": np.tile(range(n_periods), n_entities)}
    return pd.DataFrame(keys).assign(observed=residual.ravel(), predicted=0.0), places


def test_the_statistic_is_the_one_for_cross_sections():
    predictions, places = drawn(1, n_periods=1, n_entities=60)
    panel = panel_from_arrays(
        entity=np.arange(60),
        period=np.zeros(60, dtype=int),
        outcome=predictions["observed"].to_numpy(),
        X=np.arange(60.0)[:, None],
    )
    panel = replace(panel, coordinates=places.to_numpy())
    own = panel.observed - panel.observed.mean()
    weights = weight_matrix(panel.links(), 60)
    (expected, *_) = moran(weights, np.full((60, 1), 60.0**-0.5), own)
    found = moran_test(predictions, places, np.random.default_rng(1))
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    assert found.n_entities == 60


def rejections(n_panels, **how):
    tested = (moran_test(*drawn(seed, **how), np.random.default_rng(seed)) for seed in range(n_panels))
    return np.mean([one.p_value < 0.05 for one in tested])


def test_residuals_that_last_are_not_taken_for_spatial_ones_and_spatial_ones_are_found():
    assert rejections(8, share=0.9) >= 0.75
    assert rejections(20) <= 0.2


@pytest.mark.slow
def test_size():
    assert 0.03 <= rejections(500) <= 0.075


def test_few_entities_have_no_test():
    assert moran_test(*drawn(1, n_entities=12), np.random.default_rng(1)) is None
