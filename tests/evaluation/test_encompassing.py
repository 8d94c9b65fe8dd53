"""Whether predictions add to those of a reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from harness.evaluation.residual_tests import encompassing_test


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
