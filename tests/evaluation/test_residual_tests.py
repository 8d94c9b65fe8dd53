"""Tests of residuals: forecast encompassing, and Moran's I."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from harness.evaluation.residual_tests import encompassing_test, moran_test, surroundings_of
from harness_panel.diagnostics.effects import moran, weight_matrix
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


def test_the_statistic_is_that_of_least_squares_within_periods_one_entity_left_out_after_another():
    reference, rival, *_ = predictions()
    found = encompassing_test(rival, reference)
    error = reference["observed"] - reference["predicted"]
    difference = rival["predicted"] - reference["predicted"]
    error, difference = (one - one.groupby(rival["time"]).transform("mean") for one in (error, difference))
    weight = sm.OLS(error, difference).fit().params.iloc[0]
    kept = [rival["entity"] != entity for entity in range(60)]
    without = [sm.OLS(error[rows], difference[rows]).fit().params.iloc[0] for rows in kept]
    assert found.weight == pytest.approx(weight, rel=1e-10)
    assert found.statistic == pytest.approx(
        weight / np.sqrt(59 / 60 * np.square(np.array(without) - weight).sum()), rel=1e-10
    )
    assert found.p_value == pytest.approx(stats.t.sf(found.statistic, 59), rel=1e-12, abs=0)
    assert found.n_entities == 60
    folds = encompassing_test(rival, reference, test_to_train=0.25)
    assert folds.statistic == pytest.approx(found.statistic / np.sqrt(1.25), rel=1e-12)


@pytest.mark.slow
def test_columns_without_an_effect_add_nothing_in_95_of_100_cases():
    """Least squares learn three such columns in five folds of entities."""
    rejected = 0
    for seed in range(200):
        reference, _, signal, rng = predictions(seed, n_entities=30)
        columns, fold = rng.standard_normal((signal.size, 3)), (reference["entity"] % 5).to_numpy()
        rest = [
            np.linalg.lstsq(columns[fold != at], (reference["observed"] - signal)[fold != at])[0]
            for at in range(5)
        ]
        learned = (columns * np.stack(rest)[fold]).sum(axis=1)
        own = reference.assign(fold=fold)
        rejected += (
            encompassing_test(own.assign(predicted=signal + learned), own, test_to_train=0.25).p_value < 0.05
        )
    assert 2 <= rejected <= 21


def test_predictions_that_differ_by_a_number_for_each_period_have_no_test():
    reference, *_ = predictions()
    assert encompassing_test(reference, reference) is None
    shifted = reference.assign(predicted=reference["predicted"] + 3.7 * reference["time"])
    assert encompassing_test(shifted, reference) is None
    assert encompassing_test(*(one[one["entity"] == 3] for one in predictions()[:2])) is None


@pytest.mark.slow
@pytest.mark.parametrize("n_periods", [4, 9])
def test_shocks_of_periods_that_last_add_nothing(n_periods):
    """20 % of the variance is an AR(.8) common to all; clustered by entity alone a third were rejected."""
    rejected = 0
    for seed in range(100):
        reference, _, signal, rng = predictions(seed, n_periods=n_periods)
        common = np.cumsum(rng.standard_normal((2, n_periods)), axis=1)[:, reference["time"]]
        truth = reference.assign(observed=reference["observed"] + common[0])
        noisy = truth.assign(predicted=signal + rng.standard_normal(signal.size) + common[1])
        rejected += encompassing_test(noisy, truth).p_value < 0.05
    assert rejected <= 13


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
    moved = {name: predictions[name] + np.arange(60.0) for name in ("observed", "predicted")}
    labelled = predictions.assign(entity=predictions["entity"].astype(str), **moved)
    found = moran_test(labelled, surroundings_of(panel), np.random.default_rng(1))
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
