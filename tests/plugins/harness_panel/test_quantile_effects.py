"""Quantile regression with effects: against quantreg, and on panels whose quantiles are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.plugin import EstimationError, random_stream
from harness_panel import QuantileEffects
from panels import balanced_panel
from r_reference import r_panel

# What quantile_effects.R prints: quantiles .25, .5 and .75 of produc, effects of both keys and of states.
QUANTREG = {
    ("entity", "time"): """
        -0.0460660081601 0.138959044482 0.797418375698 -0.00436495617977
        -0.0315301151309 0.166282756249 0.771701769081 -0.00423335190494
        -0.0148656048644 0.197607716769 0.742219256095 -0.00408247567155""",
    ("entity",): """
        -0.0148763369073 0.221528358796 0.828191567983 -0.00448502786127
        -0.0239520788488 0.278268118511 0.779861886398 -0.00513931419773
        -0.0359745350832 0.353430158412 0.715840511018 -0.00600603439488""",
}
QUANTILES = (0.25, 0.5, 0.75)


@pytest.mark.parametrize("effects", QUANTREG, ids="-".join)
def test_slopes_are_those_of_quantreg(effects):
    fit = QuantileEffects(quantiles=QUANTILES, effects=effects).fit(r_panel("produc"))
    expected = np.array(QUANTREG[effects].split(), dtype=float).reshape(3, 4)
    assert fit.slopes == pytest.approx(expected, rel=1e-9)
    assert fit.coefficients().estimate == pytest.approx(expected[1], rel=1e-9)


def spread_panel(seed, shape, *, moved=0.5):
    """Return a panel whose spread grows with the exposure: the slope at a quantile is 1 + moved * normal."""
    rng = random_stream(seed, "quantiles")
    level = rng.normal(size=(shape[0], 1))
    exposure = np.abs(rng.normal(size=shape)) + 0.5 * np.abs(level)
    scale = 1.0 + 0.3 * np.abs(level) + moved * exposure
    outcome = level + exposure + scale * rng.normal(size=shape)
    return balanced_panel(shape, outcome=outcome.ravel(), X=exposure.ravel())


def test_predictions_are_the_quantile_that_is_asked_for():
    panel = spread_panel(1, (80, 12))
    fits = [QuantileEffects(predicted=quantile).fit(panel) for quantile in (0.1, 0.5, 0.9)]
    shares = [np.mean(panel.observed <= fit.predict(panel)) for fit in fits]
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.03)
    # What is predicted is linear in the exposure, by the slope that the table shows.
    moved = replace(panel, X=panel.X + 1.0)
    for fit in fits:
        assert fit.predict(moved) - fit.predict(panel) == pytest.approx(
            np.full(panel.n_obs, fit.coefficients().estimate[0])
        )


def test_what_quantiles_cannot_be_estimated_from():
    outcome = np.zeros((60, 6))
    outcome[0, 1::2] = 1.0
    panel = balanced_panel((60, 6), outcome=outcome.ravel(), X=np.tile([0.0, 1.0], 180))
    with pytest.raises(EstimationError, match="absolute residuals of outcome': entity effects explain it"):
        QuantileEffects(quantiles=QUANTILES, effects=("entity",)).fit(panel)
    outcome[1] = outcome[0] + 0.1 * random_stream(1, "one entity").normal(size=6)
    panel = replace(panel, observed=outcome.ravel())
    with pytest.raises(EstimationError, match=r"residuals are alike around the quantile 0\.25"):
        QuantileEffects(quantiles=QUANTILES, effects=("entity",)).fit(panel)
    for options, named in (
        ({"quantiles": (0.5, 0.25)}, "in increasing order"),
        ({"predicted": 0.3}, "one of quantiles"),
        ({"effects": ()}, "entity, time or both"),
    ):
        with pytest.raises(ValueError, match=named):
            QuantileEffects(**options)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(100, 8), (100, 20), (40, 10)], ids=str)
def test_intervals_hold_and_equal_slopes_are_seldom_rejected(shape):
    truth = 1.0 + 0.5 * stats.norm.ppf(QUANTILES)
    held, rejected = np.zeros(3), 0
    for seed in range(200):
        estimator = QuantileEffects(quantiles=QUANTILES, effects=("entity",))
        table = estimator.fit(spread_panel(seed, shape)).details()["slopes_by_quantile"]
        low, high = (np.array(table[name]) for name in ("conf_low", "conf_high"))
        held += (low <= truth) & (truth <= high)
        alike = estimator.fit(spread_panel(seed, shape, moved=0.0))
        rejected += alike.equal_slopes().p_value < 0.05
    assert (held / 200 > 0.87).all()
    assert rejected / 200 < 0.10
