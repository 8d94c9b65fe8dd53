"""Coverage of the bands of net effect curves, for networks and for OLS."""

from __future__ import annotations

import numpy as np
import pytest

from harness import draw_weights, left_out, stream
from harness.data.simulate.s_curve import SCurve
from harness.scenarios.effect import partial_dependence
from harness_neural.mlp import Mlp
from harness_panel import PooledOLS
from panels import panel_from_frame

AT = np.array([0.25, 0.35, 0.5, 0.65, 0.75])
CONTROLS = tuple(f"control_{at}" for at in range(1, 5))
N_DRAWS = 100


def drawn(seed, *, linear):
    """Return a panel and the true curve at `AT`; the linear truth has the slope 0.5."""
    simulation = SCurve(n_entities=100, n_periods=6, noise=0.1, seed=seed)
    frame = simulation.draw()
    true = [simulation.expected(frame, outcome="outcome", exposure=float(at)).mean() for at in AT]
    if linear:
        response = simulation.response(frame["exposure"].to_numpy(), frame["moderator"].to_numpy())
        frame["outcome"] += 0.5 * frame["exposure"] - response
        true = true + 0.5 * AT - simulation.response(AT, AT)
    panel = panel_from_frame(
        frame,
        entity="city",
        time="year",
        outcome="outcome",
        exposure="exposure",
        moderators=("moderator",),
        controls=CONTROLS,
    )
    return panel, np.asarray(true)


def covered(estimator, seed, *, linear, unit="entity"):
    """Return at which of the points the 95 % percentile band holds the truth."""
    panel, true = drawn(seed, linear=linear)
    weights = draw_weights(panel, N_DRAWS, unit=unit, rng=stream(seed, "weights"))
    draws = estimator.fit_draws(panel, weights=weights, selection=left_out(weights), rng=stream(seed, "fit"))
    low, high = np.quantile(partial_dependence(draws, panel, AT), [0.025, 0.975], axis=0)
    return (low <= true) & (true <= high)


def coverage(estimator, n_panels, **truth):
    return np.mean([covered(estimator, seed, **truth) for seed in range(n_panels)])


def test_ols_covers_a_linear_truth_on_a_few_panels():
    # Exact binomial limits at 0.1 % two-sided for 60 panels that cover together: 0.82.
    assert coverage(PooledOLS(), 60, linear=True) >= 0.82


@pytest.mark.slow
def test_a_network_covers_a_linear_truth_off_the_edges():
    # 60 panels covered 0.98 when measured, more than the nominal 0.95: the ensemble is shrunk towards a line.
    assert coverage(Mlp(sizes_around=0), 60, linear=True) >= 0.92


@pytest.mark.slow
def test_rows_resampled_one_by_one_cover_less():
    by_entity = coverage(PooledOLS(), 300, linear=True)
    by_row = coverage(PooledOLS(), 300, linear=True, unit="row")
    assert by_row < by_entity - 0.02
