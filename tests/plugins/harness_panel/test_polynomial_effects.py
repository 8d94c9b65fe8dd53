"""Fixed effects that bend: a cubic with an interaction, and fixed effects on columns made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.plugin import random_stream
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


def incomes():
    """Incomes of about 200,000 whose effect turns at 180,000, in entities with levels of their own."""
    rng = np.random.default_rng(7)
    entity = np.repeat(np.arange(40), 8)
    income = 200_000.0 + 30_000.0 * rng.normal(size=320)
    outcome = 2e-9 * (income - 180_000.0) ** 2 + rng.normal(size=40)[entity] + 0.1 * rng.normal(size=320)
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(8), 40),
        outcome=outcome,
        X=np.column_stack([income, 3.0 * income, rng.normal(size=320)]),
        columns=("income", "tripled", "other"),
        n_moderators=1,
    )


def test_coefficients_give_the_turning_point_in_units_of_the_exposure():
    panel = incomes()
    fit = PolynomialEffects(degree=2, with_moderators=False).fit(panel, rng=random_stream(0))
    by_term = dict(zip(fit.coefficients().terms, fit.coefficients().estimate, strict=True))
    turning = -by_term["income"] / (2.0 * by_term["income^2"])
    grid = np.linspace(150_000.0, 210_000.0, 60_001)
    curve = fit.profile(panel, ("income",), grid[:, None])
    assert turning == pytest.approx(grid[np.argmin(curve)], abs=1.0)
    assert turning == pytest.approx(180_000.0, rel=0.02)


def test_the_table_is_that_of_fixed_effects_on_raw_powers_and_products():
    panel = make_panel(noise=1.0)
    x, m, z = panel.X.T
    raw = replace(panel, controls=("z", "xx", "xxx", "xm"), X=np.column_stack([x, m, z, x**2, x**3, x * m]))
    own = PolynomialEffects().fit(panel, rng=random_stream(0)).coefficients()
    expected = FixedEffects().fit(raw, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(own.estimate, expected.estimate, rtol=1e-9)
    np.testing.assert_allclose(own.covariance, expected.covariance, rtol=1e-8, atol=1e-14)


def test_a_moderator_that_repeats_the_exposure_passes_its_share_on_to_it():
    """It is dropped, but the raw product of both needs it all the same."""
    panel = incomes()
    fit = PolynomialEffects(degree=1).fit(panel, rng=random_stream(0))
    assert [note.where for note in fit.notes if note.code == "W-COLLINEAR"] == ["tripled"]
    table = fit.coefficients()
    assert table.terms == ("income", "other", "income x tripled")
    x, moved = panel.column("income"), panel.column("income") + 10_000.0
    after = panel.with_column("income", moved).with_column("tripled", 3.0 * moved)
    expected = table.estimate[0] * 10_000.0 + table.estimate[2] * 3.0 * (moved**2 - x**2)
    np.testing.assert_allclose(fit.predict(after) - fit.predict(panel), expected, rtol=1e-7, atol=1e-9)
    turning = -table.estimate[0] / (2.0 * 3.0 * table.estimate[2])
    assert turning == pytest.approx(180_000.0, rel=0.02)
