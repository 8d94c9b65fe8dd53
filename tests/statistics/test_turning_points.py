"""Turning points that networks report: where the truth has them, and where it has none."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.simulate.small_panels import InvertedU, MonotonePanel, NullEffect, SCurve
from harness.plugin import random_stream
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Subject
from harness_neural.mlp import Mlp
from harness_panel import PolynomialEffects
from panels import panel_from_arrays
from rab_subjects import NETWORK, rab_on

NEAR = 0.05


def turning_points(simulation, *, draws, network=NETWORK):
    """Return kind and place of the established turning points that a RAB reports on a simulated panel."""
    subject = rab_on(simulation, draws=draws, network=network)
    rows = answer_in_process(CurveScenario(draws=draws), subject)["turning_points"].to_dict("records")
    return [(row["kind"], row["at"]) for row in rows if row["is_established"]]


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
@pytest.mark.parametrize("panel", [MonotonePanel, NullEffect], ids=["monotone", "null_effect"])
def test_hardly_any_panel_without_turning_points_is_given_one(panel):
    network = Mlp(optimiser="levenberg_marquardt", hidden=6, restarts=1)
    found = [
        turning_points(panel(n_entities=80, n_periods=6, seed=seed), draws=50, network=network)
        for seed in range(1, 101)
    ]
    assert sum(bool(points) for points in found) <= 5


def income_panel(seed, *, peak):
    """Return log emissions on log income per head of 186 countries, unbalanced; a cubic that peaks."""
    rng = random_stream(seed, "countries")
    n_years = rng.integers(8, 31, size=186)
    country = np.repeat(np.arange(186), n_years)
    year = np.concatenate([np.arange(2020 - own, 2020) for own in n_years])
    level = rng.normal(8.9, 1.1, size=186)
    income = level[country] + 0.02 * (year - 2010) + 0.1 * rng.standard_normal(country.size)
    gap = income - peak
    truth = -0.35 * gap**2 - 0.02 * gap**3
    outcome = truth + 0.8 * rng.standard_normal(186)[country] + 0.15 * rng.standard_normal(country.size)
    return panel_from_arrays(entity=country, period=year, outcome=outcome, X=income, columns=("income",))


def test_the_peak_of_a_cubic_is_placed_with_its_interval_on_unbalanced_countries():
    """Peaks well inside the data, and in their upper tenth."""
    covered = []
    for seed, peak in [(seed, peak) for seed in range(10) for peak in (9.5, 10.4)]:
        panel = income_panel(seed, peak=peak)
        estimator = PolynomialEffects(effects=("entity",), degree=3)
        subject = Subject(panel, estimator, "cubic", seed)
        rows = answer_in_process(CurveScenario(draws=40, grid=40), subject)["turning_points"]
        (found,) = rows[rows["kind"] == "maximum"].to_dict("records")
        assert found["at"] == pytest.approx(peak, abs=0.4)
        covered.append(found["conf_low"] <= peak <= found["conf_high"])
    assert np.mean(covered) >= 0.8
