"""The simulated city panel: identities, calibration, and what the columns show of the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.data.prepare.factor_index import FactorIndex
from harness.data.simulate.digital_carbon.columns import FIRST_RANK, GAP_SHARES, INDICATORS
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.digital_carbon.response import MODERATORS

FACTORS = {"gas": 2.1622, "lpg": 3.1031, "electricity": 1.3023}
OUTCOMES = ("co2", "co2_intensity", "co2_pc")
CONTROLS = [
    "urban_disposable_income",
    "tertiary_over_secondary",
    "tertiary_share",
    "secondary_share",
    "population_year_end",
    "senior_high_pupil_share",
    "fixed_investment_pc",
    "urbanisation",
    "land_area_pc",
    "road_density",
    "road_area_pc",
    "green_patents_pc",
    "pollution_index",
    "fdi_over_gdp",
    "tfp",
    "fiscal_exp_over_gdp",
    "fiscal_rev_over_gdp",
    "fiscal_budget_exp_pc",
    "fiscal_budget_rev_pc",
    "sci_tech_share_of_fiscal_exp",
    "loans_pc",
    "deposits_loans_over_gdp",
]
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


def test_the_columns_are_those_of_the_study():
    assert FRAME.shape[0] == 273 * 9
    assert set(CONTROLS) <= set(FRAME)
    assert len(CONTROLS) == 22
    assert set(INDICATORS) | set(FACTORS) <= set(FRAME)
    assert FRAME["city"].nunique() == 273
    assert sorted(FRAME["year"].unique()) == list(range(2011, 2020))


def test_a_draw_depends_on_its_options_alone():
    assert FRAME.equals(DigitalCarbon().draw())
    other = DigitalCarbon(seed=2).draw()
    assert not FRAME["electricity"].equals(other["electricity"])


def test_more_noise_moves_the_energy_and_nothing_else():
    louder = replace(CITIES, noise=0.3).draw()
    changed = [name for name in FRAME if not FRAME[name].equals(louder[name])]
    assert changed == list(FACTORS)


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


def test_counterfactual_values_as_drawn_change_nothing():
    given = CITIES.expected(
        FRAME, outcome="co2_intensity", exposure=CITIES.level(FRAME), moderators=moderators(FRAME)
    )
    np.testing.assert_allclose(given, CITIES.expected(FRAME, outcome="co2_intensity"), rtol=1e-11)


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
def test_no_city_would_ever_emit_less_than_nothing(seed):
    cities = DigitalCarbon(seed=seed)
    frame = cities.draw()
    least = min(cities.expected(frame, outcome="co2", exposure=level).min() for level in LEVELS[::8])
    assert least > 0.0


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


def test_groups_are_those_of_the_study():
    cities = FRAME.groupby("city").first()
    constant = ["built_up_population", "admin_rank", "pilot_zone"]
    assert len(FRAME[["city", *constant]].drop_duplicates()) == len(cities)
    first = cities.index[cities["admin_rank"] == "first rank"]
    assert [int(name.removeprefix("city_")) for name in first] == list(FIRST_RANK)
    assert len(first) == 35
    assert (cities["pilot_zone"] == "pilot").sum() == 54
    urban = (FRAME["population_year_end"] * FRAME["urbanisation"] / 100).groupby(FRAME["city"]).mean()
    np.testing.assert_allclose(cities["built_up_population"], urban, rtol=1e-12)


def test_the_pilot_policy_is_in_force_in_pilot_provinces_from_2019_on():
    in_force = FRAME["pilot_policy"] == "pilot, from 2019"
    np.testing.assert_array_equal(in_force, (FRAME["pilot_zone"] == "pilot") & (FRAME["year"] >= 2019))
    np.testing.assert_array_equal(FRAME["pilot_policy"] == "other", FRAME["pilot_zone"] == "other")

    def slope(rows):
        low, high = (CITIES.expected(rows, outcome="co2", exposure=at) for at in (0.5, 0.6))
        return np.log(high / low).mean()

    pilots = FRAME[FRAME["pilot_zone"] == "pilot"]
    before, since = (slope(pilots[pilots["year"] == year]) for year in (2018, 2019))
    assert since - before == pytest.approx(-0.03, abs=0.005)


def test_all_money_is_in_prices_of_the_year():
    flat = replace(CITIES, n_periods=1).draw()
    assert (flat["price_deflator"] == 1.0).all()
    spending = FRAME["fiscal_exp_over_gdp"] / 100 * FRAME["gdp"] / FRAME["population_year_end"]
    np.testing.assert_allclose(FRAME["fiscal_budget_exp_pc"], spending, rtol=1e-12)
    revenue = FRAME["fiscal_rev_over_gdp"] / 100 * FRAME["gdp"] / FRAME["population_year_end"]
    np.testing.assert_allclose(FRAME["fiscal_budget_rev_pc"], revenue, rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "least", "most"),
    [
        ("population_year_end", 10, 5000),
        ("price_deflator", 0.95, 1.5),
        ("internet_users", 0, 100),
        ("it_worker_share", 0, 10),
        ("mobile_phones", 0, 300),
        ("tertiary_share", 1, 99),
        ("secondary_share", 1, 75),
        ("urbanisation", 10, 99),
        ("sci_tech_share_of_fiscal_exp", 0, 46),
    ],
)
@by_seed
def test_numbers_are_plausible(seed, column, least, most):
    values = DigitalCarbon(seed=seed).draw()[column].dropna()
    assert values.min() > least
    assert values.max() <= most


def test_prices_start_at_one_and_patents_are_whole():
    assert (FRAME.loc[FRAME["year"] == 2011, "price_deflator"] == 1.0).all()
    assert (FRAME["invention_patents"] % 1 == 0).all()


def test_cities_differ_more_than_they_change():
    for name in CONTROLS:
        column = FRAME[name]
        assert column.groupby(FRAME["city"]).mean().var() > 0.6 * column.var(), name


def test_a_smaller_panel_keeps_the_calibration():
    cities = DigitalCarbon(n_entities=60, n_periods=4, seed=8)
    frame = cities.draw()
    assert len(frame) == 240
    assert mean_curve(cities, frame, "co2")[[0, -1]] == pytest.approx([920.0, 590.0])


def test_an_unknown_moderator_is_refused():
    with pytest.raises(KeyError, match="gdp_pc, fdi_pc, technology_attention, innovation"):
        CITIES.expected(FRAME, outcome="co2", moderators={"gdp": 1.0})
    assert MODERATORS == ("gdp_pc", "fdi_pc", "technology_attention", "innovation")


def test_rows_may_come_in_any_order():
    some = FRAME.sample(frac=0.1, random_state=3)
    expected = CITIES.expected(FRAME, outcome="co2_pc", exposure=0.4)
    pd.testing.assert_series_equal(
        pd.Series(CITIES.expected(some, outcome="co2_pc", exposure=0.4), index=some.index),
        pd.Series(expected)[some.index],
    )
