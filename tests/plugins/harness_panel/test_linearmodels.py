"""Transformed regressions against linearmodels, on panels with holes and columns that never vary."""

from __future__ import annotations

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Between, FirstDifference, PooledOLS, RandomEffects
from panels import panel_from_arrays, simulated_panel


def test_no_variance_between_entities_is_pooled_ols_and_says_so():
    """Errors that cancel within every entity leave less variance between entities than chance would."""
    entity, period = (axis.ravel() for axis in np.indices((20, 4)))
    X = random_stream(53).normal(size=(80, 1))
    outcome = 2.0 * X[:, 0] + np.where(period % 2, 1.0, -1.0)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)
    fitted = RandomEffects().fit(panel, rng=random_stream(0))
    assert fitted.equation.components.entity == 0.0
    assert [note.code for note in fitted.notes] == ["W-VARIANCE"]
    pooled = PooledOLS().fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(fitted.coefficients().estimate, pooled.estimate, rtol=1e-12)
    np.testing.assert_allclose(fitted.coefficients().covariance, pooled.covariance, rtol=1e-12)


@pytest.mark.parametrize(
    ("estimator", "kept", "words"),
    [
        (RandomEffects(), "first period", "no degrees of freedom within"),
        (RandomEffects(), "three entities", "entities are too few"),
        (Between(), "three entities", "too few"),
        (FirstDifference(), "first period", "no entity has rows in two adjacent periods"),
        (FirstDifference(), "every second period", "no entity has rows in two adjacent periods"),
    ],
)
def test_rows_that_cannot_be_estimated_on_are_refused(estimator, kept, words):
    panel = simulated_panel(random_stream(54), n_entities=12, n_periods=6)
    rows = {
        "first period": panel.period == 2001,
        "three entities": panel.entity.codes < 3,
        "every second period": panel.period % 2 == 0,
    }[kept]
    with pytest.raises(EstimationError, match=words):
        estimator.fit(panel.take(np.flatnonzero(rows)), rng=random_stream(0))


def test_differences_of_a_steady_column_are_constant_whatever_its_rounding():
    panel = simulated_panel(random_stream(55), n_entities=10, n_periods=6)
    steady = panel.with_column("x1", 1e3 + 0.1 * panel.period)
    fitted = FirstDifference(constant=True).fit(steady, rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-CONSTANT", "x1")]
