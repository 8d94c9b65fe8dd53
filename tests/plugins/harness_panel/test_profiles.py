"""Mean predictions of linear models without predicting every row, against predicting every row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.plugin import CanProfile, draw_weights, random_stream
from harness.scenarios.partial_dependence import mean_predictions
from harness_panel import (
    Between,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PolynomialEffects,
    PooledOLS,
    RandomEffects,
)
from panels import simulated_panel

POINTS = np.array([[-1.0, 0.5], [0.0, 2.0], [3.0, -40.0]])
ESTIMATORS = {
    "pooled": PooledOLS(),
    "entity": FixedEffects(("entity",)),
    "both": FixedEffects(("entity", "time")),
    "curved": PolynomialEffects(("entity",)),
    "random": RandomEffects(),
    "mundlak": Mundlak(),
    "between": Between(),
    "differences": FirstDifference(constant=True),
}


def panels():
    whole = simulated_panel(random_stream(3), n_entities=20, n_periods=6, n_columns=4, share=0.8)
    whole = replace(whole, moderators=whole.controls[:1], controls=whole.controls[1:])
    early = np.flatnonzero((whole.entity.codes < 12) & (whole.period < whole.period.max() - 1))
    return whole, whole.take(early)


def moved(panel, columns, point):
    for name, value in zip(columns, point.tolist(), strict=True):
        panel = panel.with_column(name, value)
    return panel


@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_short_way_to_mean_predictions_ends_where_the_long_way_does(name, n_columns):
    """Half of the entities and two periods are new to the fits, and the first draws leave some out."""
    whole, early = panels()
    estimator, columns, points = ESTIMATORS[name], whole.columns[:n_columns], POINTS[:, :n_columns]
    fit = estimator.fit(early, rng=random_stream(0))
    weights = draw_weights(early, 5, unit="entity", rng=random_stream(1))
    draws = estimator.fit_draws(early, weights=weights, selection=None, rng=random_stream(2))
    for model in (fit, draws):
        assert isinstance(model, CanProfile)
        expected = [model.predict(moved(whole, columns, point)).mean(axis=-1) for point in points]
        found = mean_predictions(model, whole, columns=columns, points=points)
        np.testing.assert_allclose(found, np.stack(expected, axis=-1), rtol=1e-10, atol=1e-10)
