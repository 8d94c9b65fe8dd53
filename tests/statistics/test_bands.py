"""Coverage of the bands of net effect curves, for networks, splines and OLS.

The simulated panels set the constants of their cities to sum to zero, so that the mean over them is known
without error and any band that treats cities as sampled covers the level too often. Here cities have
constants of a distribution with mean zero, as sampled cities would.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from harness.data.simulate.small_panels import InvertedU, MonotonePanel, NullEffect, SCurve, SmallPanel
from harness.plugin import random_stream
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.grid import partial_dependence
from harness.scenarios.scenario import DrawPlan, Subject
from harness_neural.mlp import Mlp
from harness_panel import PolynomialEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from panels import panel_from_arrays, small_panel
from shares import least

NETWORK = Mlp(optimiser="levenberg_marquardt", sizes_around=0, restarts=1, draw_restarts=3)


def rab_on(simulation: SmallPanel, *, draws: int, network: Mlp = NETWORK) -> Subject:
    """Return a RAB fitted on a simulated panel."""
    panel = small_panel(simulation.draw())
    estimator = Rab(base=network, draws=draws)
    return Subject(panel, estimator, "rab", simulation.seed)


AT = np.array([0.25, 0.35, 0.5, 0.65, 0.75])
N_ENTITIES, N_PERIODS, NOISE = 100, 6, 0.1
N_DRAWS = 100

# What a nominal 0.95 has to cover off the edges.
LEAST, MOST = 0.92, 0.975

# The network of specs/s_curve.yaml.
BAND_NETWORK = Mlp(optimiser="levenberg_marquardt", draw_restarts=3)


class Cities(SCurve):
    """Cities without constants, which are drawn here."""

    city_sd: ClassVar[float] = 0.0


def drawn(seed, *, linear, city_sd=0.05):
    """Return a panel and the true curve at `AT`; the linear truth has the slope 0.5."""
    simulation = Cities(n_entities=N_ENTITIES, n_periods=N_PERIODS, noise=NOISE, seed=seed)
    frame = simulation.draw()
    true = [simulation.expected(frame, outcome="outcome", exposure=float(at)).mean() for at in AT]
    if linear:
        response = simulation.response(frame["exposure"].to_numpy(), frame["moderator"].to_numpy())
        frame["outcome"] += 0.5 * frame["exposure"] - response
        true = true + 0.5 * AT - simulation.response(AT, AT)
    constants = city_sd * random_stream(seed, "cities").standard_normal(N_ENTITIES)
    frame["outcome"] += np.repeat(constants, N_PERIODS)
    return small_panel(frame), np.asarray(true)


def covered(estimator, panel, true, *, seed, unit="entity"):
    """Return at which of the points the 95 % pointwise band holds the truth."""
    draws = Subject(panel, estimator, "it", seed).draws(DrawPlan(N_DRAWS, unit, most_rows=20_000))
    low, high = pointwise_limits(partial_dependence(draws, panel, AT), level=0.95)
    return (low <= true) & (true <= high)


def coverage(estimator, n_panels, *, unit="entity", **truth):
    """Return the share of panels in which the band holds the truth, at each point."""
    panels = (drawn(seed, **truth) for seed in range(n_panels))
    found = [covered(estimator, *panel, seed=seed, unit=unit) for seed, panel in enumerate(panels)]
    return np.mean(found, axis=0)


@pytest.mark.slow
def test_ols_covers_a_linear_truth():
    """It covered 0.949 when measured."""
    assert LEAST <= coverage(PooledOLS(), 1000, linear=True).mean() <= MOST


@pytest.mark.slow
def test_splines_cover_the_s_curve():
    """They covered 0.944 when measured."""
    assert LEAST <= coverage(Splines(), 400, linear=False).mean() <= MOST


@pytest.mark.slow
@pytest.mark.parametrize(
    ("linear", "most"), [(True, 1.0), (False, MOST)], ids=["line, at least", "s_curve, at least and at most"]
)
def test_bootstrapped_networks_cover_off_the_edges(linear, most):
    """The S curve was covered in 0.963 when measured, a line in 0.987.

    Draws differ by their networks' initial values too, which their mean averages out: the band is a third
    wider than the mean's sampling error. On the S curve that makes up for curves that run too straight at its
    bends, where coverage is least; on a line there is nothing to make up for.
    """
    rab = Rab(base=BAND_NETWORK, draws=40)
    found = coverage(rab, 60, linear=linear)
    assert LEAST <= found.mean() <= most
    assert (found >= least(LEAST, 60)).all()


@pytest.mark.slow
def test_rows_resampled_one_by_one_cover_less():
    """Errors of a city are correlated by 0.5: cities covered 0.94 when measured, rows 0.73."""
    by_entity, by_row = (
        coverage(PooledOLS(), 300, linear=True, city_sd=NOISE, unit=unit).mean() for unit in ("entity", "row")
    )
    assert by_row < LEAST <= by_entity


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
    for seed, peak in [(seed, peak) for seed in range(4) for peak in (9.5, 10.4)]:
        panel = income_panel(seed, peak=peak)
        estimator = PolynomialEffects(effects=("entity",), degree=3)
        subject = Subject(panel, estimator, "cubic", seed)
        rows = answer_in_process(CurveScenario(draws=40, grid=40), subject)["turning_points"]
        (found,) = rows[rows["kind"] == "maximum"].to_dict("records")
        assert found["at"] == pytest.approx(peak, abs=0.4)
        covered.append(found["conf_low"] <= peak <= found["conf_high"])
    assert np.mean(covered) >= 0.8
