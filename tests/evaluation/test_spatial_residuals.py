"""Moran's I of residuals, and how often it is said to be there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.residual_tests import moran_test
from harness_panel.diagnostics.spatial import Neighbours, weight_matrix
from panels import panel_from_arrays


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
    near = Neighbours(weights, np.full((60, 1), 60.0**-0.5), own, panel.observed, "")
    found = moran_test(predictions, places, np.random.default_rng(1))
    assert found.statistic == pytest.approx(near.moran()[0], rel=1e-9)
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
