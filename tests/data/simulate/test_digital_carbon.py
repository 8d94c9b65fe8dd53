"""The simulated city panel: identities, calibration, and what the columns show of the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.data.prepare.factor_index import FactorIndex
from harness.data.simulate.digital_carbon.panel import GAP_SHARES, INDICATORS, DigitalCarbon

FACTORS = {"gas": 2.1622, "lpg": 3.1031, "electricity": 1.3023}
OUTCOMES = ("co2", "co2_intensity", "co2_pc")
SEEDS = (1, 2, 3, 4, 5)
LEVELS = np.linspace(0.0, 0.88, 89)

CITIES = DigitalCarbon()
FRAME = CITIES.draw()
by_seed = pytest.mark.parametrize("seed", SEEDS)


def emissions(frame):
    return sum(factor * frame[name] for name, factor in FACTORS.items())


def real_gdp(frame):
    return frame["gdp"] / frame["price_deflator"]


def moderators(frame):
    prices, population = frame["price_deflator"], frame["population_year_end"]
    totals = {
        "gdp_pc": frame["gdp"] / prices,
        "fdi_pc": frame["fdi"] / prices,
        "technology_attention": frame["sci_tech_spending"] / prices,
        "innovation": frame["invention_patents"],
    }
    return {name: (total / population).to_numpy() for name, total in totals.items()}


def mean_curve(cities, frame, outcome, **given):
    return np.array([cities.expected(frame, outcome=outcome, exposure=at, **given).mean() for at in LEVELS])


def at(curve, level):
    return curve[np.abs(LEVELS - level).argmin()]


def test_without_noise_energy_adds_up_to_the_expected_emissions():
    quiet = replace(CITIES, noise=0.0)
    frame = quiet.draw()
    full = frame.dropna()
    expected = {name: quiet.expected(full, outcome=name) for name in OUTCOMES}
    np.testing.assert_allclose(emissions(full), expected["co2"], rtol=1e-13)
    np.testing.assert_allclose(emissions(full) / real_gdp(full), expected["co2_intensity"], rtol=1e-12)
    np.testing.assert_allclose(emissions(full) / full["population_year_end"], expected["co2_pc"], rtol=1e-12)


@by_seed
def test_emissions_are_what_is_expected_on_average(seed):
    cities = DigitalCarbon(seed=seed)
    frame = cities.draw().dropna()
    ratio = emissions(frame) / cities.expected(frame, outcome="co2")
    assert abs(ratio.mean() - 1.0) < 4.0 * cities.noise / np.sqrt(len(frame))
    assert np.log(ratio).std() == pytest.approx(cities.noise, rel=0.06)


def test_the_three_outcomes_are_one_at_every_counterfactual():
    given = {"exposure": 0.6, "moderators": {"gdp_pc": 7.5, "innovation": 0.0}}
    total, intensity, per_head = (CITIES.expected(FRAME, outcome=name, **given) for name in OUTCOMES)
    population = FRAME["population_year_end"].to_numpy()
    np.testing.assert_allclose(per_head * population, total, rtol=1e-13)
    np.testing.assert_allclose(intensity * 7.5 * population, total, rtol=1e-13)


def test_controls_that_follow_from_other_columns_do():
    pairs = {
        "tertiary_over_secondary": FRAME["tertiary_share"] / FRAME["secondary_share"],
        "fdi_over_gdp": 100 * FRAME["fdi"] / FRAME["gdp"],
        "sci_tech_share_of_fiscal_exp": 100
        * FRAME["sci_tech_spending"]
        / (FRAME["fiscal_budget_exp_pc"] * FRAME["population_year_end"]),
    }
    for name, expected in pairs.items():
        np.testing.assert_allclose(FRAME[name], expected, rtol=1e-12, err_msg=name)


@by_seed
def test_the_indicators_show_the_digital_level(seed):
    cities = DigitalCarbon(seed=seed)
    frame = cities.draw().dropna(subset=list(INDICATORS))
    columns = {name: frame[name].to_numpy() for name in INDICATORS}
    index = FactorIndex("index", tuple(INDICATORS), to=(0.0, 0.88)).learn(columns).compute(columns)
    level = cities.level(frame)
    assert np.corrcoef(index, level)[0, 1] > 0.95
    assert [index.min(), index.max()] == pytest.approx([0.0, 0.88])
    assert np.sqrt(np.mean((index - level) ** 2)) < 0.06
    whole = cities.level(cities.draw())
    assert [whole.min(), whole.max()] == [0.0, 0.88]


def test_a_few_cells_are_missing_one_a_city_and_column_and_never_at_an_end():
    missing = FRAME.isna()
    counts = missing.sum()
    assert counts[counts > 0].to_dict() == {
        name: round(share * len(FRAME)) for name, share in GAP_SHARES.items()
    }
    assert missing.groupby(FRAME["city"]).sum().max(axis=None) == 1
    assert not missing[FRAME["year"].isin([2011, 2019])].any(axis=None)


def test_a_smaller_panel_keeps_the_calibration():
    cities = DigitalCarbon(n_entities=60, n_periods=4, seed=8)
    frame = cities.draw()
    assert len(frame) == 240
    assert mean_curve(cities, frame, "co2")[[0, -1]] == pytest.approx([920.0, 590.0])
