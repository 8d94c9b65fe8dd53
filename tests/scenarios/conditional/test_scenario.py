"""The scenario ``conditional``: surfaces, conditional effects, thresholds and interactions."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from scipy.stats import f

from harness import EstimationError
from harness.plugin import random_stream
from harness.scenarios.conditional.scenario import (
    ConditionalScenario,
    cell_support,
    crossings,
    in_hull,
    thresholds,
)
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import binned
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from panels import balanced_panel
from scenarios.least_squares import LeastSquares, Nothing, Square, crossed, powers, random_panel


def polynomial(panel):
    """Return all products of powers of x and m up to the second, ten columns less one."""
    x, m = panel.X[:, 0], panel.X[:, 1]
    return np.column_stack([x**i * m**j for i in range(3) for j in range(3)])


def answer(panel, estimator, *, seed=1, **options):
    subject = Subject(panel, estimator, "least_squares", seed)
    return answer_in_process(ConditionalScenario(moderator="m", **options), subject)


def product_panel(seed=0, **options):
    return random_panel(
        random_stream(seed, "panel"), lambda x, m: x * m, low=-1.0, n_entities=150, noise=0.3, **options
    )


@pytest.fixture(scope="module")
def product():
    panel = product_panel()
    return panel, answer(panel, LeastSquares(crossed), grid=11, draws=60)


def test_the_surface_is_that_of_the_coefficients(product):
    panel, tables = product
    const, on_x, on_m, both = LeastSquares(crossed).fit(panel, rng=None).beta
    surface = tables["surfaces"]
    x, m = surface["exposure_at"].to_numpy(), surface["moderator_at"].to_numpy()
    assert len(surface) == 121
    assert surface["estimate"].to_numpy() == pytest.approx(const + on_x * x + on_m * m + both * x * m)
    assert surface["effect"].to_numpy() == pytest.approx(on_x + both * m, rel=1e-9, abs=1e-12)
    assert (surface["conf_low"] < surface["conf_high"]).all()
    assert (surface["effect_low"] < surface["effect_high"]).all()


def test_the_conditional_effect_of_a_product_is_the_moderator(product):
    panel, tables = product
    _, on_x, _, both = LeastSquares(crossed).fit(panel, rng=None).beta
    effects = tables["conditional_effects"]
    assert set(effects["band"]) == {"pointwise", "simultaneous"}
    known = effects[effects["supported"]]
    assert len(known) == 2 * 9
    at = known["moderator_at"].to_numpy()
    assert known["effect"].to_numpy() == pytest.approx(on_x + both * at, rel=1e-9, abs=1e-12)
    narrow, wide = (known[known["band"] == band] for band in ("pointwise", "simultaneous"))
    assert (wide["conf_low"].to_numpy() <= narrow["conf_low"].to_numpy()).all()
    assert ((narrow["conf_low"] <= at[:9]) & (at[:9] <= narrow["conf_high"])).mean() >= 0.8


def test_h_is_the_published_formula():
    """Friedman and Popescu's statistic by its definition, all partial dependences at the rows themselves."""
    panel = random_panel(np.random.default_rng(6), lambda x, m: np.exp(x * m), n_entities=15, noise=0.1)
    fit = LeastSquares(polynomial).fit(panel, rng=None)
    x, m = panel.X.T
    joint = fit.predict(panel)
    own_x = np.array([fit.predict(panel.with_column("x", value)).mean() for value in x])
    own_m = np.array([fit.predict(panel.with_column("m", value)).mean() for value in m])
    joint, own_x, own_m = (levels - levels.mean() for levels in (joint, own_x, own_m))
    expected = np.sqrt(((joint - own_x - own_m) ** 2).sum() / (joint**2).sum())
    measures = answer(panel, LeastSquares(polynomial), grid=60, draws=2)["interactions"]
    assert measures["estimate"][0] == pytest.approx(expected, rel=5e-3)


def test_effects_that_add_up_have_no_interaction_and_no_threshold():
    panel = random_panel(np.random.default_rng(0), lambda x, m: 2 * x + m**2, noise=0.2)

    def additive(panel):
        return np.column_stack([powers(2)(panel), panel.column("m") ** 2])

    tables = answer(panel, LeastSquares(additive), grid=8, draws=20)
    assert tables["interactions"]["estimate"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert tables["thresholds"].to_dict("records") == [{"kind": "none", "n_draws": 20}]


def test_moderator_values_without_data_have_no_effect():
    panel = product_panel()
    m = panel.column("m")
    panel = panel.with_column("m", np.where(np.abs(m) < 0.4, np.sign(m) * 0.9, m))
    effects = answer(panel, LeastSquares(crossed), grid=21, draws=40)["conditional_effects"]
    middle = effects["moderator_at"].abs() < 0.15
    assert not effects["supported"][middle].any()
    assert effects["effect"][middle].isna().all()
    assert effects["supported"][~middle].sum() > 20
    assert effects["effect"][effects["supported"]].notna().all()


def test_the_average_is_over_exposures_near_the_moderator_value():
    """The truth x^2 has slope 2 x; where m follows x, the effect at m is the slope around x = m."""
    rng = np.random.default_rng(1)
    panel = random_panel(rng, lambda x, _m: x**2, low=-1.0, n_entities=300, noise=0.0)
    panel = panel.with_column("m", panel.column("x") + 0.3 * rng.uniform(-1, 1, size=panel.n_obs))
    tables = answer(panel, LeastSquares(powers(2)), grid=41, draws=2)
    effects = tables["conditional_effects"].query("band == 'pointwise' and supported")
    inner = effects[effects["moderator_at"].abs() < 0.6]
    assert inner["effect"].to_numpy() == pytest.approx(2 * inner["moderator_at"].to_numpy(), abs=0.1)


@pytest.mark.parametrize("moderator", ["x", "s", "nothing"])
def test_what_cannot_be_set_apart_is_refused(moderator):
    panel = random_panel(
        np.random.default_rng(1), lambda x, _m, _ss: x, columns=("x", "m", "s"), n_entities=10
    )
    panel = replace(panel, derived=(Square(of="x", into="s"),))
    subject = Subject(panel, LeastSquares(crossed), "any", 1)
    with pytest.raises(EstimationError, match=moderator):
        answer_in_process(ConditionalScenario(moderator=moderator), subject)


GRID = np.linspace(0.0, 1.0, 11)


def test_the_hull_of_a_triangle():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    first, second = np.meshgrid(GRID, GRID, indexing="ij")
    assert np.array_equal(in_hull(corners, GRID, GRID), first + second <= 1.0 + 1e-12)


def test_rows_and_entities_near_a_cell_are_counted():
    rng = np.random.default_rng(1)
    values, entities = rng.uniform(size=(300, 2)), rng.integers(40, size=300)
    values[:2] = [[0.0, 0.0], [1.0, 1.0]]
    near = cell_support(values, entities, GRID, GRID[:5])
    half_width = 0.1 * np.ptp(values, axis=0)
    for i, j in [(0, 0), (5, 3), (10, 4)]:
        rows = (np.abs(values - [GRID[i], GRID[j]]) <= half_width).all(axis=1)
        assert near.n_obs[i, j] == rows.sum()
        assert near.n_entities[i, j] == np.unique(entities[rows]).size
    assert near.n_obs.shape == (11, 5)


def test_a_hole_in_the_data_is_not_supported():
    rng = np.random.default_rng(2)
    values = rng.uniform(size=(4000, 2))
    hole = (np.abs(values - 0.5) < 0.25).all(axis=1)
    near = cell_support(values[~hole], np.arange((~hole).sum()) // 5, GRID, GRID)
    assert not near.supported[5, 5]
    assert near.supported[5, 1]
    assert near.supported[2, 8]


def test_one_entity_alone_is_no_support():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.uniform(0.0, 0.5, size=(400, 2)), rng.uniform(0.9, 1.0, size=(50, 2))])
    entities = np.concatenate([np.arange(400) // 4, np.full(50, 999)])
    near = cell_support(values, entities, GRID, GRID)
    assert near.n_obs[10, 10] > 10
    assert not near.supported[10, 10]


def test_variables_on_a_line_have_no_surface():
    x = np.linspace(0, 1, 30)
    with pytest.raises(EstimationError, match="are collinear"):
        cell_support(np.column_stack([x, 2 * x + 1]), np.arange(30), GRID, 2 * GRID + 1)


AT = np.linspace(-1.0, 1.0, 21)
ALL = np.ones(21, dtype=bool)


def found_in(effect, draws, supported=ALL):
    return thresholds(AT, effect, draws, supported=supported, level=0.95, rng=default_rng(1))


def noisy(effect, *, sd=0.1, n_draws=400, seed=0):
    """Return draws that differ by a common shift and a common tilt."""
    rng = np.random.default_rng(seed)
    shift, tilt = sd * rng.normal(size=(2, n_draws, 1))
    return effect + shift + tilt * AT


def test_a_line_crosses_where_it_does():
    effect = 2.0 * (AT - 0.23)
    draws = noisy(effect)
    (threshold,) = found_in(effect, draws)
    assert threshold.kind == "negative_to_positive"
    assert threshold.at == pytest.approx(0.23, rel=1e-12)
    assert threshold.share_of_draws == 1.0
    slopes, starts = draws[:, -1] - draws[:, 0], draws[:, 0]
    crossings = statistics.quantiles(-1.0 - 2.0 * starts / slopes, n=40, method="exclusive")
    assert (threshold.conf_low, threshold.conf_high) == pytest.approx((crossings[0], crossings[-1]), rel=1e-9)


def test_a_parabola_crosses_twice():
    effect = 4.0 * AT**2 - 1.0
    first, second = found_in(effect, noisy(effect))
    assert (first.kind, second.kind) == ("positive_to_negative", "negative_to_positive")
    assert (first.at, second.at) == pytest.approx((-0.5, 0.5), abs=0.01)
    assert first.conf_low < -0.5 < first.conf_high < second.conf_low < 0.5 < second.conf_high


@pytest.mark.parametrize(
    "effect", [np.ones(21), np.zeros(21), 0.05 * AT, 1.0 + AT], ids=["constant", "zero", "weak", "one sign"]
)
def test_what_cannot_be_told_from_zero_on_both_sides_is_no_threshold(effect):
    assert found_in(effect, noisy(effect)) == ()


def test_unsupported_moderators_say_nothing():
    effect = AT - 0.5
    draws = np.where(AT > 0.3, np.nan, noisy(effect))
    assert found_in(effect, draws, AT <= 0.3) == ()
    assert found_in(effect, draws, ~ALL) == ()


@pytest.mark.slow
def test_a_zero_effect_seldom_has_a_threshold():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(200):
        scores = rng.normal(size=(200, 3)) + rng.normal(size=3)
        draws = scores @ np.stack([np.ones(21), AT, AT**2])
        found += bool(thresholds(AT, draws.mean(axis=0), draws, supported=ALL, level=0.95, rng=rng))
    assert found <= 0.05 * 200


def test_crossings_are_those_of_straight_lines():
    curves = np.array([[-1.0, 1.0, 1.0, -2.0], [1.0, -3.0, 0.0, 4.0]])
    found = crossings(np.array([0.0, 1.0, 3.0, 4.0]), curves)
    assert found[0, 0] == 0.5
    assert found[1, 1] == 3.0
    assert np.isnan(found).sum() == 4


def moderated_panel(seed, slope, *, shape=(60, 2)):
    """Return a panel whose effect of x is a function of m, next to a control."""
    rng = np.random.default_rng([38, seed])
    x, m, w, noise = rng.standard_normal((4, shape[0] * shape[1]))
    x, constant = x + 0.5 * m, np.repeat(rng.standard_normal(shape[0]), shape[1])
    outcome = slope(m) * x + m + w + constant + noise
    return balanced_panel(shape, outcome=outcome, X=np.column_stack([x, m, w]), columns=("x", "m", "w"))


def rows(panel, learner, **options):
    options = {"forms": ("binned",), "moderator": "m", "repeats": 1, "folds": 2, **options}
    scenario = EffectScenario(methods=("first_differences",), **options)
    return answered_in_parts(scenario, Subject(panel, learner, "learner", 3))["effects"]


def test_bins_and_the_test_are_those_of_least_squares_without_one_entity_each():
    panel = moderated_panel(1, np.abs)
    found = rows(panel, Nothing())
    m, third = panel.column("m"), pd.qcut(panel.column("m"), 3, labels=False)
    at = pd.Series(m).groupby(third).median().to_numpy()
    inside = panel.column("x")[:, None] * pd.get_dummies(third).to_numpy()
    terms = np.hstack([inside, inside * (m[:, None] - at)])
    change, outcome = (
        np.diff(terms.reshape(60, 2, 6), axis=1)[:, 0],
        np.diff(panel.observed.reshape(60, 2))[:, 0],
    )

    def slopes(kept):
        return np.linalg.lstsq(change[kept], outcome[kept], rcond=None)[0]

    whole, every = slopes(np.arange(60)), np.arange(60)
    moved = np.stack([slopes(every != one) for one in every]) - whole
    points = found[found["band"] == "pointwise"]
    np.testing.assert_allclose(points["at"], at)
    np.testing.assert_allclose(points["estimate"], whole[:3], rtol=1e-9)
    np.testing.assert_allclose(points["std_error"], np.sqrt(np.square(moved).sum(axis=0))[:3], rtol=1e-9)
    steps = np.diff(np.eye(3), axis=0)
    of_lines = np.outer(-np.diff(at), [1.0, 0.0, 0.0])  # by the slope of the first bin
    apart = np.block([[steps, of_lines], [np.zeros_like(steps), steps]])
    value, spread = apart @ whole, apart @ moved.T
    hotelling = value @ np.linalg.solve(spread @ spread.T, value)
    (test,) = found[found["band"] == "linear"].to_dict("records")
    df = test["n_effective"] - 1.0
    expected = f.sf(hotelling * (df - 3.0) / (4.0 * df), 4, df - 3.0)
    assert test["p_value"] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(test["estimate"])


def test_a_moderator_of_two_values_has_no_bins():
    panel = moderated_panel(1, np.abs)
    with pytest.raises(EstimationError, match="a third of its rows has one value") as caught:
        binned(panel.with_column("m", (panel.column("m") > 0.0).astype(float)), "m")
    assert (caught.value.where, caught.value.hint) == ("m", "use the form `conditional`")


@pytest.mark.slow
def test_a_line_is_rejected_where_there_is_none_alone():
    """200 panels of 60 entities and 6 periods."""
    for slope, least, most in ((lambda m: 0.5 + m, 0.02, 0.08), (np.abs, 0.9, 1.0)):
        panels = (moderated_panel(seed, slope, shape=(60, 6)) for seed in range(200))
        every = [rows(panel, LeastSquares(powers(1)), folds=5) for panel in panels]
        share = np.mean([found.loc[found["band"] == "linear", "p_value"].item() < 0.05 for found in every])
        assert least <= share <= most
