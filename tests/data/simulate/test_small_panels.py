"""The small simulated panels: what they draw, and that their truth is the mean of what they draw."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from harness.data.data_spec import DataSpec
from harness.data.simulate.small_panels import InteractionPanel, InvertedU, MonotonePanel, NullEffect, SCurve
from spec_tables import table_of

SMALL = (NullEffect(), SCurve(), InvertedU(), InteractionPanel(), MonotonePanel())
every_panel = pytest.mark.parametrize("panel", SMALL, ids=lambda panel: panel.name)
GRID = np.linspace(0.0, 1.0, 1001)


@cache
def curve(panel, **given):
    """Return the mean expected outcome on the grid, up to what does not depend on the exposure."""
    small = replace(panel, n_entities=5, n_periods=2)
    frame = small.draw().iloc[[3]]
    truths = [small.expected(frame, outcome="outcome", exposure=level, **given)[0] for level in GRID]
    return np.array(truths)


@every_panel
def test_without_noise_the_outcome_is_what_is_expected(panel):
    quiet = replace(panel, noise=0.0)
    frame = quiet.draw()
    np.testing.assert_array_equal(quiet.expected(frame, outcome="outcome"), frame["outcome"])


@every_panel
def test_the_noise_has_mean_zero_and_the_deviation_asked_for(panel):
    frame = panel.draw()
    noise = frame["outcome"] - panel.expected(frame, outcome="outcome")
    assert abs(noise.mean()) < 4.0 * panel.noise / np.sqrt(len(frame))
    assert noise.std() == pytest.approx(panel.noise, rel=0.06)


@pytest.mark.parametrize(
    ("panel", "turning_points"),
    [(SCurve(), [0.13, 0.87]), (MonotonePanel(), []), (NullEffect(), [])],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_truth_turns_where_it_should(panel, turning_points):
    steps = np.sign(np.diff(curve(panel)).round(12))
    turns = GRID[1:-1][steps[1:] * steps[:-1] < 0]
    assert turns == pytest.approx(turning_points, abs=0.0011)


def test_the_s_curve_falls_rises_by_one_and_falls():
    truth = curve(SCurve())
    at = dict(zip(GRID.round(3).tolist(), truth.tolist(), strict=True))
    assert at[0.87] - at[0.13] == pytest.approx(1.0, abs=1e-12)
    assert at[0.0] - at[0.13] == pytest.approx(at[0.87] - at[1.0], abs=1e-12)
    assert at[0.0] - at[0.13] == pytest.approx(0.31, abs=0.005)
    slope = (0.37**2 - (GRID - 0.5) ** 2) * (1 + 16 * (GRID - 0.5) ** 2)
    gradient = np.gradient(truth, GRID)
    np.testing.assert_allclose(gradient[1:-1] / gradient[500], slope[1:-1] / slope[500], atol=1e-4)


def test_the_parabola_and_the_saturating_curve_are_the_documented_ones():
    np.testing.assert_allclose(
        curve(InvertedU()) - curve(InvertedU())[600], -4 * (GRID - 0.6) ** 2, atol=1e-12
    )
    truth = curve(MonotonePanel())
    np.testing.assert_allclose(truth - truth[0], 1 - np.exp(-3 * GRID), atol=1e-12)
    assert (np.diff(truth) > 0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_design_without_effect_is_the_one_that_was_measured(seed):
    panel = NullEffect(seed=seed)
    frame = panel.draw()
    inputs = frame.drop(columns=["city", "year", "outcome"])
    assert inputs.shape[1] == 27
    assert panel.city_sd**2 / frame["outcome"].var() == pytest.approx(0.40, abs=0.05)
    assert panel.noise**2 / frame["outcome"].var() == pytest.approx(0.05, abs=0.01)
    between = inputs.groupby(frame["city"]).mean().var() / inputs.var()
    assert between.min() > 0.9
    # Within a city the truth is a linear function of the inputs, which do not hold the exposure.
    within = frame.assign(truth=panel.expected(frame, outcome="outcome")).drop(columns=["year", "exposure"])
    within = within.drop(columns="city") - within.groupby("city").transform("mean")
    design = within.drop(columns=["outcome", "truth"]).to_numpy()
    truth = within["truth"].to_numpy()
    slopes = np.linalg.lstsq(design, truth, rcond=None)[0]
    np.testing.assert_allclose(design @ slopes, truth, atol=1e-10)


@pytest.mark.parametrize(
    ("question", "fault"),
    [({"outcome": "wages"}, KeyError), ({"outcome": "outcome", "moderators": {"gdp": 1.0}}, KeyError)],
    ids=["outcome", "moderator"],
)
def test_a_question_about_another_column_is_refused(question, fault):
    panel = SCurve(n_entities=3, n_periods=2)
    with pytest.raises(fault, match="has the outcome 'outcome' and the moderator 'moderator'"):
        panel.expected(panel.draw(), **question)


def test_the_table_says_that_nobody_observed_it(tmp_path):
    simulation = SCurve(n_entities=4, n_periods=3, seed=9)
    table = table_of(DataSpec(simulate=simulation), entity="city")
    assert table.simulated
    assert table.title == "SIMULATED: Panel with an S-shaped response"
    assert table.source.startswith("SIMULATED by SCurve(n_entities=4, n_periods=3, noise=0.05, seed=9)")
    assert table.origin == "s_curve"
    assert table.frame.reset_index(drop=True).equals(simulation.draw())
    assert table.sha256 == table_of(DataSpec(simulate=simulation), entity="city").sha256
    assert (
        table.sha256 != table_of(DataSpec(simulate=SCurve(n_entities=4, n_periods=3)), entity="city").sha256
    )
