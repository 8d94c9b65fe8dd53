"""Panel threshold regression against least squares on dummies, closed forms and simulated breaks."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import FixedEffects, ThresholdEffects
from harness_panel.estimators.polynomial_effects import PolynomialEffects
from harness_panel.thresholds.search import critical_ratio, error_draws, quantiles
from panels import panel_from_arrays


def broken_panel(seed, *, n_entities=40, n_periods=6, jumps=((0.4, 1.0),), noise=0.5):
    """A panel with two-way effects whose slope of x rises at places of q."""
    rng = random_stream(seed, "broken")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    levels, years = rng.normal(size=n_entities), rng.normal(size=n_periods)
    q = rng.uniform(size=entity.size)
    x = rng.normal(size=entity.size) + 0.5 * levels[entity]
    slope = 1.0 + sum(jump * (q > place) for place, jump in jumps)
    outcome = levels[entity] + years[period] + slope * x + q + noise * rng.normal(size=entity.size)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=np.column_stack([x, q]), columns=("x", "q")
    )


def dummies_rss(panel, places, *, have_levels):
    """Return the residual sum of squares by statsmodels on dummies of entities and periods."""
    x, q = panel.X.T
    above = [(q > place).astype(float) for place in places]
    columns = [x, q, *(x * up for up in above), *(above if have_levels else [])]
    dummies = [np.eye(panel.n_entities)[panel.entity.codes], np.eye(panel.n_periods)[panel.time.codes][:, 1:]]
    return sm.OLS(panel.observed, np.column_stack([*columns, *dummies])).fit()


def fitted(panel, **options):
    return ThresholdEffects(variable="q", bootstraps=19, **options).fit(panel, rng=random_stream(0, "t"))


@pytest.mark.parametrize("have_levels", [True, False])
def test_the_threshold_is_that_of_least_squares_on_dummies(have_levels):
    panel = broken_panel(1)
    places, _ = quantiles(panel.column("q"), np.ones(panel.n_obs), n_places=20, trim=0.1)
    sums = [dummies_rss(panel, [place], have_levels=have_levels).ssr for place in places]
    best = places[int(np.argmin(sums))]
    fit = fitted(panel, grid=20, trim=0.1, regime_levels=have_levels)
    assert fit.regimes.places == (pytest.approx(best, abs=0),)
    expected = dummies_rss(panel, [best], have_levels=have_levels)
    slopes = fit.coefficients().estimate
    own = expected.params[:4] if have_levels else expected.params[:3]
    assert slopes[0] == pytest.approx(own[0], abs=1e-10)
    assert slopes[2] == pytest.approx(own[0] + own[2], abs=1e-10)
    (likely,) = fit.likelihoods
    ratio = (np.array(sums) - expected.ssr) / (expected.ssr / expected.df_resid)
    np.testing.assert_allclose(likely.ratio, ratio, atol=1e-8)
    statistic = (dummies_rss(panel, [], have_levels=have_levels).ssr - expected.ssr) / (
        expected.ssr / expected.df_resid
    )
    assert fit.tests[0].statistic == pytest.approx(statistic, rel=1e-9)


def test_two_thresholds_are_the_best_pair():
    panel = broken_panel(2, jumps=((0.3, 1.5), (0.7, -2.0)))
    shares = dict(
        zip(*quantiles(panel.column("q"), np.ones(panel.n_obs), n_places=10, trim=0.1), strict=True)
    )
    apart = [pair for pair in combinations(shares, 2) if shares[pair[1]] - shares[pair[0]] >= 0.1 - 1e-12]
    best = min(apart, key=lambda pair: dummies_rss(panel, pair, have_levels=True).ssr)
    fit = fitted(panel, grid=10, trim=0.1, thresholds=2)
    assert fit.regimes.places == best
    assert [test.p_value < 0.06 for test in fit.tests] == [True, True, False]


def test_terms_are_the_slopes_and_levels_of_regimes():
    panel = broken_panel(3, jumps=((0.4, 2.0),), noise=1e-6)
    fit = fitted(panel)
    (place,) = fit.regimes.places
    table = fit.coefficients()
    assert table.terms == (f"x (q <= {place:.6g})", "q", f"x (q > {place:.6g})", f"level (q > {place:.6g})")
    assert place == pytest.approx(panel.column("q")[panel.column("q") <= 0.4].max())
    assert table.estimate == pytest.approx([1.0, 1.0, 3.0, 0.0], abs=1e-4)


def test_draws_find_thresholds_of_their_own():
    panel = broken_panel(6)
    weights = np.ones((2, panel.n_obs))
    weights[1, :120], weights[1, 120:] = 2.0, 0.0
    draws = ThresholdEffects(variable="q").fit_draws(
        panel, weights=weights, selection=None, rng=random_stream(0)
    )
    half = panel.take(np.arange(120))
    for rows, predicted in zip((panel, half), draws.predict(half), strict=True):
        alone = ThresholdEffects(variable="q").for_folds().fit(rows, rng=random_stream(0))
        np.testing.assert_allclose(predicted, alone.predict(half), atol=1e-9)


def test_it_stands_in_the_result_tables():
    fit = fitted(broken_panel(7))
    rows = fit.result_rows()
    assert rows["thresholds"]["kind"] == ["break"]
    low, at, high = (rows["thresholds"][name][0] for name in ("conf_low", "at", "conf_high"))
    assert low <= at <= high
    assert rows["effect_tests"]["test"] == ["one threshold", "two thresholds", "three thresholds"]
    assert rows["effect_tests"]["against"] == ["no threshold", "one threshold", "two thresholds"]
    assert critical_ratio(0.95) == pytest.approx(7.3523, abs=5e-5)  # Hansen 1999, p. 352: 7.35
    assert critical_ratio(0.99) == pytest.approx(10.59, abs=5e-3)


def test_what_cannot_be_told_is_refused():
    panel = broken_panel(8)
    with pytest.raises(EstimationError, match="'z' is not a regressor"):
        ThresholdEffects(variable="z").fit(panel, rng=random_stream(0))
    with pytest.raises(EstimationError, match="no value of it leaves"):
        fitted(panel.with_column("q", 1.0 * (panel.column("q") > 0.99)))


def test_errors_of_another_entity_are_those_of_its_row_in_the_same_period():
    panel = broken_panel(10, n_entities=5, n_periods=3)
    shuffled = panel.take(random_stream(3, "rows").permutation(panel.n_obs))
    draws = error_draws(shuffled, "entities", 40, random_stream(4))
    period = draws(shuffled.period.astype(float))
    np.testing.assert_array_equal(period, np.repeat(shuffled.period[:, None], 40, axis=1))
    whose = draws(shuffled.entity.codes.astype(float))
    for code in range(5):
        (rows,) = np.nonzero(shuffled.entity.codes == code)
        assert (whose[rows] == whose[rows[:1]]).all()
    assert len(np.unique(whose[0])) == 5
    signed = error_draws(shuffled, "signs", 40, random_stream(4))(shuffled.observed)
    np.testing.assert_array_equal(np.abs(signed), np.abs(np.tile(shuffled.observed[:, None], 40)))


def test_errors_of_other_entities_ask_for_the_same_periods():
    panel = broken_panel(11)
    gap = panel.take(np.arange(1, panel.n_obs))
    with pytest.raises(EstimationError, match="40 entities in 6 periods have 239 rows"):
        fitted(gap, resample="entities")
    assert fitted(gap).tests


def test_another_number_of_thresholds_is_a_note():
    fit = fitted(broken_panel(9, jumps=()))
    assert [note.code for note in fit.notes] == ["W-THRESHOLDS"]
    assert "bootstrap tests find no thresholds" in fit.notes[0].message


def wide_panel(seed, jump):
    """273 entities over nine periods, serially correlated errors of unequal size, and a break at 0.4."""
    rng = random_stream(seed, "wide")
    entity, period = (axis.ravel() for axis in np.indices((273, 9)))
    levels = rng.normal(size=273)
    x = np.clip(0.5 + 0.15 * levels[entity] + 0.2 * rng.normal(size=entity.size), 0.0, 1.0)
    errors = rng.normal(size=(273, 10))
    errors = (errors[:, 1:] + 0.5 * errors[:, :-1]).ravel() * (0.7 + 0.6 * x)
    outcome = (
        2.0 * levels[entity] + rng.normal(size=9)[period] + x + jump * (x > 0.4) * (x - 1.0) + 0.3 * errors
    )
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=x, columns=("x",))


@pytest.mark.slow
def test_breaks_are_found_and_linearity_is_not_rejected_without_one():
    near = [
        abs(
            ThresholdEffects()
            .for_folds()
            .fit(wide_panel(seed, 1.0), rng=random_stream(seed))
            .regimes.places[0]
            - 0.4
        )
        <= 0.02
        for seed in range(200)
    ]
    assert np.mean(near) >= 0.95
    rejected = []
    for seed in range(200):
        fit = ThresholdEffects(bootstraps=199).fit(wide_panel(1000 + seed, 0.0), rng=random_stream(seed))
        rejected.append(fit.tests[0].p_value <= 0.05)
    assert np.mean(rejected) <= 0.07


def make_panel(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(60), 6)
    x, m, z = rng.normal(size=(3, 360))
    effects = rng.normal(size=60)[entity]
    outcome = effects + x - 0.5 * x**3 + 2 * x * m + z + noise * rng.normal(size=360)
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(6), 60),
        outcome=outcome,
        X=np.column_stack([x, m, z]),
        columns=("x", "m", "z"),
        n_moderators=1,
    )


def test_a_cubic_with_an_interaction_is_met_exactly():
    panel = make_panel()
    fit = PolynomialEffects().fit(panel, rng=random_stream(0, "c"))
    assert fit.predict(panel) == pytest.approx(panel.observed, abs=1e-9)
    at_one = fit.predict(panel.with_column("x", 1.0)) - fit.predict(panel.with_column("x", 0.0))
    assert at_one == pytest.approx(0.5 + 2 * panel.column("m"), abs=1e-9)


def incomes():
    """Incomes of about 200,000 whose effect turns at 180,000, in entities with levels of their own."""
    rng = np.random.default_rng(7)
    entity = np.repeat(np.arange(40), 8)
    income = 200_000.0 + 30_000.0 * rng.normal(size=320)
    outcome = 2e-9 * (income - 180_000.0) ** 2 + rng.normal(size=40)[entity] + 0.1 * rng.normal(size=320)
    return panel_from_arrays(
        entity=entity,
        period=np.tile(np.arange(8), 40),
        outcome=outcome,
        X=np.column_stack([income, 3.0 * income, rng.normal(size=320)]),
        columns=("income", "tripled", "other"),
        n_moderators=1,
    )


def test_coefficients_give_the_turning_point_in_units_of_the_exposure():
    panel = incomes()
    fit = PolynomialEffects(degree=2, with_moderators=False).fit(panel, rng=random_stream(0))
    by_term = dict(zip(fit.coefficients().terms, fit.coefficients().estimate, strict=True))
    turning = -by_term["income"] / (2.0 * by_term["income^2"])
    grid = np.linspace(176_000.0, 184_000.0, 8_001)
    curve = fit.profile(panel, ("income",), grid[:, None])
    assert turning == pytest.approx(grid[np.argmin(curve)], abs=1.0)
    assert turning == pytest.approx(180_000.0, rel=0.02)


def test_the_table_is_that_of_fixed_effects_on_raw_powers_and_products():
    panel = make_panel(noise=1.0)
    x, m, z = panel.X.T
    raw = replace(panel, controls=("z", "xx", "xxx", "xm"), X=np.column_stack([x, m, z, x**2, x**3, x * m]))
    own = PolynomialEffects().fit(panel, rng=random_stream(0)).coefficients()
    expected = FixedEffects().fit(raw, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(own.estimate, expected.estimate, rtol=1e-9)
    np.testing.assert_allclose(own.covariance, expected.covariance, rtol=1e-8, atol=1e-14)


def test_a_moderator_that_repeats_the_exposure_passes_its_share_on_to_it():
    """It is dropped, but the raw product of both needs it all the same."""
    panel = incomes()
    fit = PolynomialEffects(degree=1).fit(panel, rng=random_stream(0))
    assert [note.where for note in fit.notes if note.code == "W-COLLINEAR"] == ["tripled"]
    table = fit.coefficients()
    assert table.terms == ("income", "other", "income x tripled")
    x, moved = panel.column("income"), panel.column("income") + 10_000.0
    after = panel.with_column("income", moved).with_column("tripled", 3.0 * moved)
    expected = table.estimate[0] * 10_000.0 + table.estimate[2] * 3.0 * (moved**2 - x**2)
    np.testing.assert_allclose(fit.predict(after) - fit.predict(panel), expected, rtol=1e-7, atol=1e-9)
    turning = -table.estimate[0] / (2.0 * 3.0 * table.estimate[2])
    assert turning == pytest.approx(180_000.0, rel=0.02)
