"""The test of a linear effect given entity effects."""

from __future__ import annotations

import numpy as np
import pytest

from harness import EstimationError
from harness.scenarios.effect.linearity import linearity_test, restricted_cubic_splines
from panels import balanced_panel


def drawn(seed, *, share=0.0, n_entities=273, n_periods=9):
    """Return a panel whose errors are correlated over time; a square is `share` of the variance within."""
    rng = np.random.default_rng([7, seed])
    shape = (n_entities, n_periods)
    level = rng.standard_normal((n_entities, 1))
    exposure = 0.8 * level + rng.standard_normal(shape)
    control = 0.5 * level + 0.5 * exposure + rng.standard_normal(shape)
    noise = rng.standard_normal(shape)
    for at in range(1, n_periods):
        noise[:, at] = 0.5 * noise[:, at - 1] + np.sqrt(0.75) * noise[:, at]
    square = np.square(exposure)
    within = square - square.mean(axis=1, keepdims=True)
    spread = (noise - noise.mean(axis=1, keepdims=True)).var()
    bend = np.sqrt(share / (1.0 - share) * spread / within.var()) * square
    outcome = exposure + control + 2.0 * level**2 + level + 0.2 * np.arange(n_periods) + bend + noise
    return balanced_panel(
        (n_entities, n_periods),
        outcome=outcome.ravel(),
        X=np.column_stack([exposure.ravel(), control.ravel()]),
    )


def rejections(n_panels, **how):
    return np.mean([linearity_test(drawn(seed, **how)).p_value < 0.05 for seed in range(n_panels)])


def test_the_statistic_is_that_of_a_regression_with_entity_dummies():
    """On balanced panels entity means and dummies give the same slopes (Mundlak 1978)."""
    import statsmodels.api as sm

    panel = drawn(1, n_entities=30, n_periods=5)
    exposure = panel.column("x0")
    bends = restricted_cubic_splines(exposure, np.quantile(exposure, (0.05, 0.275, 0.5, 0.725, 0.95)))
    dummies = [
        (codes[:, None] == np.unique(codes)[at:]).astype(float)
        for codes, at in ((panel.entity.codes, 0), (panel.time.codes, 1))
    ]
    fit = sm.OLS(panel.observed, np.column_stack([bends, panel.X, *dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": panel.entity.codes, "use_correction": False}
    )
    wald = fit.wald_test(np.eye(3, fit.params.size), use_f=False, scalar=True)
    found = linearity_test(panel)
    assert found.statistic == pytest.approx(float(wald.statistic) / 3 * 29 / 30, rel=1e-6)
    assert found.n_entities == 30


def test_bends_are_straight_beyond_the_outer_knots_and_smooth_between():
    knots = np.array([0.0, 1.0, 2.0, 4.0])
    beyond = restricted_cubic_splines(np.array([4.0, 5.0, 6.0, 7.0]), knots)
    assert np.diff(beyond, n=2, axis=0) == pytest.approx(0.0, abs=1e-12)
    assert restricted_cubic_splines(np.array([-3.0, 0.0]), knots).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_few_null_panels_are_rejected_and_a_square_is_found():
    assert rejections(20) <= 0.2
    assert rejections(5, share=0.05) == 1.0


@pytest.mark.slow
def test_size_and_power():
    assert 0.03 <= rejections(500) <= 0.075
    assert rejections(200, share=0.02) >= 0.9


def test_an_exposure_of_two_values_has_no_bends():
    panel = drawn(1, n_entities=30, n_periods=5)
    with pytest.raises(EstimationError, match="too few distinct values"):
        linearity_test(panel.with_column("x0", (panel.column("x0") > 0).astype(float)))
