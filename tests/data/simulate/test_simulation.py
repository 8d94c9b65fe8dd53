"""Simulated panels: what they draw, and that their truth is the mean of what they draw."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.api import prepare_study as prepare
from harness.data.data_spec import DataSpec
from harness.data.prepare.learned_steps import FactorIndex
from harness.data.simulate.digital_carbon.panel import GAP_SHARES, INDICATORS, DigitalCarbon
from harness.data.simulate.small_panels import InteractionPanel, InvertedU, MonotonePanel, NullEffect, SCurve
from harness.running.options import RunOptions
from spec_tables import table_of

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


SPEC = Path(__file__).parents[3] / "specs" / "digital_carbon.yaml"
# Mean squared error of the traditional model of total emissions, Table 2, (10^4 t)².
MSE = 196_306.6045

PUBLISHED_TOTAL = {0.0: 920, 0.2: 890, 0.4: 855, 0.6: 775, 0.8: 665, 0.88: 590}
# Figures 6 and 7: whether medians of the first rank, and of pilot zones, lie above those of the others.
FIRST_IS_HIGHER = {"co2": True, "co2_intensity": False, "co2_pc": False}


class Truth:
    """The true answers of one draw, by exact averages over its rows."""

    def __init__(self, seed):
        self.cities = DigitalCarbon(seed=seed)
        self.frame = self.cities.draw()
        self.curves = {name: np.array([self.mean(name, at) for at in LEVELS]) for name in OUTCOMES}

    def mean(self, outcome, at, **moderators):
        """Return the mean over rows at one level of the index and some values of moderators."""
        given = {"exposure": at, "moderators": moderators}
        return self.cities.expected(self.frame, outcome=outcome, **given).mean()

    def change(self, outcome, start=0.0, end=0.88, **moderators):
        """Return the change between two levels over the level at the first."""
        first, last = (self.mean(outcome, at, **moderators) for at in (start, end))
        return last / first - 1.0

    def median(self, outcome, rows):
        """Return the median of the curve at the rows' own levels of the index, as Figures 5 to 7 have it."""
        return np.median(np.interp(self.cities.level(self.frame)[rows], LEVELS, self.curves[outcome]))


@pytest.fixture(scope="module", params=SEEDS)
def truth(request):
    return Truth(request.param)


def test_total_emissions_are_the_published_ones_at_the_six_points(truth):
    total = dict(zip(LEVELS.round(2).tolist(), truth.curves["co2"], strict=True))
    for at, published in PUBLISHED_TOTAL.items():
        assert total[at] == pytest.approx(published, abs=5)
    assert (np.diff(truth.curves["co2"]) < 0).all()
    falls = -np.diff([total[at] for at in PUBLISHED_TOTAL]) / np.diff(list(PUBLISHED_TOTAL))
    assert (np.diff(falls) > 0).all()


def test_intensity_rises_by_a_sixth_to_a_late_peak(truth):
    curve = truth.curves["co2_intensity"]
    assert 0.15 < curve.max() / curve[0] - 1.0 < 0.19
    assert LEVELS[curve.argmax()] == pytest.approx(0.83, abs=0.011)
    slopes = np.diff(curve)
    np.testing.assert_allclose(slopes[:50], slopes[0], rtol=1e-6)
    assert (np.diff(slopes[50:]) < 0).all()


def test_emissions_per_head_fall_rise_and_fall(truth):
    curve = truth.curves["co2_pc"]
    turns = LEVELS[1:-1][np.diff(np.sign(np.diff(curve))) != 0]
    assert turns == pytest.approx([0.13, 0.87], abs=0.011)
    assert curve[0] > curve[13] < curve[87] > curve[88]
    assert LEVELS[:-1][np.diff(curve).argmax()] == pytest.approx(0.5, abs=0.011)
    assert curve.max() == pytest.approx(2.52, rel=0.1)


def test_size_classes_come_in_the_published_order(truth):
    built_up = truth.frame["built_up_population"].to_numpy()
    classes = (built_up >= 500, (built_up >= 100) & (built_up < 500), built_up < 100)
    for outcome, rises in FIRST_IS_HIGHER.items():
        mega, large, small = (truth.median(outcome, rows) for rows in classes)
        assert (mega < large < small) if rises else (mega > large > small)


@pytest.mark.parametrize(("column", "label"), [("admin_rank", "first rank"), ("pilot_zone", "pilot")])
def test_the_first_rank_and_pilot_zones_differ_as_published(truth, column, label):
    rows = (truth.frame[column] == label).to_numpy()
    for outcome, is_higher in FIRST_IS_HIGHER.items():
        assert (truth.median(outcome, rows) > truth.median(outcome, ~rows)) == is_higher


@pytest.mark.parametrize("outcome", ["co2_intensity", "co2_pc"])
def test_output_per_head_has_an_onset_at_3_7_and_a_turn_at_7_5(truth, outcome):
    for below in (2.0, 3.0, 3.7):
        assert truth.change(outcome, 0.1, 0.7, gdp_pc=below) == pytest.approx(0.0, abs=1e-9)
    assert all(truth.change(outcome, 0.1, 0.7, gdp_pc=gdp) > 0.01 for gdp in (3.8, 5.0, 6.5, 7.3))
    falls = [truth.change(outcome, 0.1, 0.7, gdp_pc=gdp) for gdp in (7.5, 8.0, 9.0, 12.0)]
    assert falls[0] == pytest.approx(0.0, abs=1e-9)
    assert (np.diff(falls) < 0).all()


def test_attention_matters_from_0_6_on(truth):
    for outcome in OUTCOMES:
        alike = [truth.change(outcome, technology_attention=at) for at in (0.05, 0.3, 0.6)]
        assert alike == pytest.approx([alike[0]] * 3, rel=1e-9)
    intensity = [truth.change("co2_intensity", technology_attention=at) for at in (0.6, 0.7, 0.9, 1.2)]
    assert intensity[0] > 0 > intensity[2]
    assert (np.diff(intensity) < 0).all()
    total = [truth.change("co2", technology_attention=at) for at in (0.6, 0.9, 1.2)]
    assert total[0] < total[1] < total[2] < 0


def test_all_emissions_rise_with_foreign_investment_and_only_totals_fall_with_the_index(truth):
    for outcome in OUTCOMES:
        levels = [truth.mean(outcome, 0.4, fdi_pc=fdi) for fdi in (0.02, 0.06, 0.2)]
        assert (np.diff(levels) > 0).all()
        falls = [truth.change(outcome, fdi_pc=fdi) < -0.1 for fdi in (0.02, 0.2)]
        assert falls == [outcome == "co2"] * 2


def test_innovation_is_a_v_in_level_and_deepens_reductions_per_head(truth):
    for outcome in ("co2", "co2_intensity"):
        low, middle, high = (truth.mean(outcome, 0.4, innovation=value) for value in (0.2, 1.5, 8.0))
        assert low > 1.05 * middle < high
    effects = [truth.change("co2_pc", 0.2, 0.5, innovation=value) for value in (0.4, 1.2, 4.0)]
    assert (np.diff(effects) < 0).all()
    assert effects[-1] < 0
    late = truth.change("co2_pc", 0.5, 0.8, innovation=4.0)
    assert effects[-1] < late


def test_the_identities_hold_in_every_row_and_emissions_are_above_zero(truth):
    population = truth.frame["population_year_end"].to_numpy()
    gdp = (truth.frame["gdp"] / truth.frame["price_deflator"]).to_numpy()
    for at in (None, 0.0, 0.5, 0.88):
        total, intensity, per_head = (
            truth.cities.expected(truth.frame, outcome=name, exposure=at) for name in OUTCOMES
        )
        np.testing.assert_allclose(per_head * population, total, rtol=1e-12)
        np.testing.assert_allclose(intensity * gdp, total, rtol=1e-12)
        assert total.min() > 0.0


def pooled_mse(seed):
    """Return the mean squared error of least squares on all rows of the prepared study."""
    options = RunOptions(SPEC, overrides=(f"data.simulate.seed={seed}",))
    panel = prepare(options).plan.panels.panel("co2")
    X = np.column_stack([np.ones(panel.n_obs), panel.X])
    coefficients, *_ = np.linalg.lstsq(X, panel.observed, rcond=None)
    return np.mean(np.square(panel.observed - X @ coefficients))


def test_pooled_least_squares_errs_as_much_as_published():
    assert pooled_mse(1) == pytest.approx(MSE, rel=0.2)


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
