"""Turning points that networks report: where the truth has them, and where it has none."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.simulate.curved_panels import InvertedU, Monotone, SCurve
from harness.data.simulate.linear_panels import NullEffect
from harness.scenarios.curve.scenario import CurveScenario
from harness_neural.mlp import Mlp
from rab_subjects import NETWORK, rab_on

NEAR = 0.05


def turning_points(simulation, *, draws, network=NETWORK):
    """Return kind and place of the turning points that a RAB reports on a simulated panel."""
    subject = rab_on(simulation, draws=draws, network=network)
    rows = CurveScenario(draws=draws).answer(subject)["turning_points"].to_dict("records")
    return [(row["kind"], row["at"]) for row in rows if row["kind"] != "none"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("panel", "expected"),
    [
        (SCurve, [("minimum", 0.13), ("maximum", 0.87)]),
        (InvertedU, [("maximum", InvertedU.turning_points[0])]),
    ],
    ids=["s_curve", "inverted_u"],
)
def test_turning_points_are_found_in_nine_of_ten_panels(panel, expected):
    n_right = 0
    for seed in range(1, 11):
        found = turning_points(panel(seed=seed), draws=60)
        kinds = [kind for kind, _ in found] == [kind for kind, _ in expected]
        n_right += kinds and np.allclose([at for _, at in found], [at for _, at in expected], atol=NEAR)
    assert n_right >= 9


@pytest.mark.slow
@pytest.mark.parametrize("panel", [Monotone, NullEffect], ids=["monotone", "null_effect"])
def test_hardly_any_panel_without_turning_points_is_given_one(panel):
    network = Mlp(optimiser="levenberg_marquardt", hidden=6, restarts=1)
    found = [
        turning_points(panel(n_entities=80, n_periods=6, seed=seed), draws=50, network=network)
        for seed in range(1, 101)
    ]
    assert sum(bool(points) for points in found) <= 5
