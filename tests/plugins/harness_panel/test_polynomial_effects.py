"""Fixed effects that bend: a cubic with an interaction, and fixed effects on columns made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import random_stream
from harness_panel import FixedEffects
from harness_panel.estimators.polynomial_effects import PolynomialEffects
from panels import panel_from_arrays


def make_panel(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(60), 6)
    x, m, z = rng.normal(size=(3, 360))
    effects = rng.normal(size=60)[entity]
    outcome = effects + x - 0.5 * x**3 + 2 * x * m + z + noise * rng.normal(size=360)
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(6), 60),
        outcome=outcome,
        X=np.column_stack([x, m, z]),
        columns=("x", "m", "z"),
        n_moderators=1,
    )


def test_a_cubic_with_an_interaction_is_met_exactly():
    panel = make_panel()
    fit = PolynomialEffects().fit(panel, rng=random_stream(0, "c"))
    assert fit.predict(panel) == pytest.approx(panel.observed, abs=1e-9)
    at_one = fit.predict(panel.with_column("x", 1.0)) - fit.predict(panel.with_column("x", 0.0))
    assert at_one == pytest.approx(0.5 + 2 * panel.column("m"), abs=1e-9)


def test_it_equals_fixed_effects_on_columns_made_by_hand():
    panel = make_panel(noise=1.0)
    x, m, z = panel.X.T
    by_hand = replace(
        panel, controls=("z", "xx", "xxx", "xm"), X=np.column_stack([x, m, z, x**2, x**3, x * m])
    )
    expected = FixedEffects().fit(by_hand, rng=random_stream(0, "c")).predict(by_hand)
    fit = PolynomialEffects().fit(panel, rng=random_stream(0, "c"))
    assert fit.predict(panel) == pytest.approx(expected, abs=1e-9)
    assert fit.coefficients().terms == ("x", "m", "z", "x^2", "x^3", "x x m")


def test_draws_of_unit_weight_are_the_fit():
    panel = make_panel(noise=1.0)
    draws = PolynomialEffects().fit_draws(
        panel, weights=np.ones((2, panel.n_obs)), selection=None, rng=random_stream(0, "c")
    )
    expected = PolynomialEffects().fit(panel, rng=random_stream(0, "c")).predict(panel)
    assert draws.predict(panel) == pytest.approx(np.stack([expected, expected]), abs=1e-8)


def test_without_terms_it_is_fixed_effects():
    panel = make_panel(noise=1.0)
    plain = PolynomialEffects(degree=1, with_moderators=False).fit(panel, rng=random_stream(0, "c"))
    expected = FixedEffects().fit(panel, rng=random_stream(0, "c"))
    assert plain.coefficients().estimate.tolist() == expected.coefficients().estimate.tolist()
    assert plain.n_unseen(panel) == 0
