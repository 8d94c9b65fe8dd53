"""Fixed-effects predictions against a regression on dummies, and what new levels get."""

from __future__ import annotations

import numpy as np
import pytest

from harness import Panel
from harness.plugin import Floats, random_stream
from harness_panel import FixedEffects
from panels import labelled, simulated_panel

EFFECTS = [("entity",), ("time",), ("entity", "time"), ("time", "entity")]


@pytest.fixture(params=[1.0, 0.6], ids=["balanced", "unbalanced"])
def panel(request) -> Panel:
    return simulated_panel(random_stream(3, "panel"), n_entities=15, n_periods=7, share=request.param)


def dummies(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """One column a level of each key, (n_obs, n_levels)."""
    keys = {"entity": panel.entity, "time": panel.time}
    return np.hstack([np.eye(len(keys[one].labels))[keys[one].codes] for one in effects])


def dummy_solution(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """Coefficients of columns, then of dummies, by least norm."""
    design = np.hstack([panel.X, dummies(panel, effects)])
    return np.linalg.lstsq(design, panel.observed, rcond=1e-12)[0]


@pytest.mark.parametrize("effects", EFFECTS)
def test_predictions_are_those_of_the_regression_on_dummies(panel, effects):
    moved = panel.with_column(panel.exposure, panel.column(panel.exposure) + 1.5)
    expected = np.hstack([moved.X, dummies(panel, effects)]) @ dummy_solution(panel, effects)
    predicted = FixedEffects(effects).fit(panel, rng=random_stream(0)).predict(moved)
    np.testing.assert_allclose(predicted, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("effects", EFFECTS)
def test_a_new_entity_gets_the_mean_effect_over_the_training_rows(panel, effects):
    fitted = FixedEffects(effects).fit(panel, rng=random_stream(0))
    stranger = labelled(panel, entity="nowhere")
    solution = dummy_solution(panel, effects)[panel.X.shape[1] :]
    n_entities = len(panel.entity.labels)
    entity_part = {
        ("entity",): solution,
        ("time",): np.zeros(n_entities),
        ("entity", "time"): solution[:n_entities],
        ("time", "entity"): solution[-n_entities:],
    }[effects][panel.entity.codes]
    expected = fitted.predict(panel) - entity_part + entity_part.mean()
    np.testing.assert_allclose(fitted.predict(stranger), expected, rtol=1e-9)
    assert fitted.n_unseen(stranger) == (panel.n_obs if "entity" in effects else 0)
    assert fitted.n_unseen(panel) == 0


def test_a_row_new_in_both_keys_gets_the_mean_outcome_at_mean_columns_and_counts_once(panel):
    fitted = FixedEffects(("entity", "time")).fit(panel, rng=random_stream(0))
    stranger = labelled(panel, entity="nowhere", time="never")
    for at, name in enumerate(panel.columns):
        stranger = stranger.with_column(name, panel.X[:, at].mean())
    np.testing.assert_allclose(fitted.predict(stranger), panel.observed.mean(), rtol=1e-12)
    assert fitted.n_unseen(stranger) == panel.n_obs
