"""Shapes, turning points, event studies and thresholds against closed forms, dummies and simulated truths."""

from dataclasses import replace
from itertools import combinations
from math import inf

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from harness import EstimationError
from harness.plugin import Key, Treatment, random_stream
from harness_panel import Classical, FixedEffects, PolynomialEffects, ThresholdEffects
from harness_panel.estimators.fixed_effects import linear_weights
from harness_panel.estimators.polynomial_effects import SlopeOfExposure, joint_tests, shape_tests
from harness_panel.solver.regression import regress
from harness_panel.thresholds.search import critical_ratio, error_draws, quantiles
from panels import balanced_panel, panel_from_arrays, simulated_panel


def curved_panel(seed, response, *, noise=0.3, n_entities=50, n_periods=6):
    rng = random_stream(seed, "curved")
    levels = rng.normal(size=n_entities).repeat(n_periods)
    x = rng.uniform(0.0, 10.0, size=levels.size)
    errors = rng.normal(size=levels.size) + 0.5 * rng.normal(size=(n_entities, 1)).repeat(n_periods)
    outcome = levels + response(x) + noise * errors
    return balanced_panel((n_entities, n_periods), outcome=outcome, X=x, columns=("x",))


def fitted(panel, degree):
    return PolynomialEffects(degree=degree, with_moderators=False).fit(panel)


def shapes_of(fit):
    rows = fit.result_rows()["effect_tests"]
    return dict(zip(rows["test"], zip(rows["statistic"], rows["p_value"], strict=True), strict=True))


def test_an_inverted_u_is_tested_at_both_ends_of_the_range():
    panel = curved_panel(1, lambda x: 0.6 * x - 0.05 * x**2)
    fit = fitted(panel, 2)
    (b1, b2), V = fit.coefficients().estimate, fit.coefficients().covariance
    expected = []
    for sign, at in ((1.0, panel.X.min()), (-1.0, panel.X.max())):
        variance = V[0, 0] + 4.0 * at * V[0, 1] + 4.0 * at**2 * V[1, 1]
        expected.append(sign * (b1 + 2.0 * b2 * at) / np.sqrt(variance))
    statistic, p_value = shapes_of(fit)["inverted U"]
    assert statistic == pytest.approx(min(expected), rel=1e-9)
    assert p_value == pytest.approx(stats.t.sf(min(expected), panel.n_entities - 1), rel=1e-9)
    assert shapes_of(fit)["U"][1] > 0.99


def test_the_turning_point_has_the_intervals_of_the_delta_method_and_of_fieller():
    fit = fitted(curved_panel(2, lambda x: 0.6 * x - 0.05 * x**2), 2)
    table = fit.coefficients()
    (b1, b2), V, t = table.estimate, table.covariance, stats.t.ppf(0.975, table.correction.df_resid)
    (point,) = fit.slope().turning_points()
    assert (point.kind, point.at) == ("maximum", pytest.approx(-b1 / (2.0 * b2)))
    gradient = np.array([-1.0 / (2.0 * b2), b1 / (2.0 * b2**2)])
    half = t * np.sqrt(gradient @ V @ gradient)
    assert point.delta == pytest.approx((point.at - half, point.at + half), rel=1e-9)
    # Fieller's interval of a ratio, with the numerator -b1 and the denominator 2 b2.
    n, d, s11, s12, s22 = -b1, 2.0 * b2, V[0, 0], -2.0 * V[0, 1], 4.0 * V[1, 1]
    a, b, c = d**2 - t**2 * s22, n * d - t**2 * s12, n**2 - t**2 * s11
    limits = sorted((b + sign * np.sqrt(b**2 - a * c)) / a for sign in (-1.0, 1.0))
    assert point.fieller == pytest.approx(limits, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("response", "noise", "count"),
    [
        (np.sqrt, 0.3, 2),
        (lambda share: np.log1p(9.0 * share) / np.log(10.0), 0.3, 23),
        (lambda share: -np.expm1(-3.0 * share), 0.3, 138),
        (lambda share: -np.expm1(-3.0 * share), 0.05, 399),
    ],
)
def test_curves_that_level_off_are_called_an_inverted_u_as_often_as_documented(response, noise, count):
    panels = (curved_panel(seed, lambda x: response(x / 10.0), noise=noise) for seed in range(400))
    found = sum(shapes_of(fitted(panel, 2))["inverted U"][1] < 0.05 for panel in panels)
    assert found == pytest.approx(count, abs=1)


def test_a_square_that_cannot_be_told_from_zero_has_no_bounds():
    slope = SlopeOfExposure(np.array([-1.0, 0.4]), np.diag([0.01, 1.0]), 0.0, 10.0, 30.0)
    (point,) = slope.turning_points()
    assert point.at == pytest.approx(2.5)
    assert inf in np.abs(point.fieller)


def test_an_n_is_tested_where_it_bends_too():
    panel = curved_panel(3, lambda x: 0.05 * (x - 2.0) * (x - 5.0) * (x - 8.0))
    fit = fitted(panel, 3)
    assert shapes_of(fit)["N"][1] < 1e-6
    assert shapes_of(fit)["inverted N"][1] > 0.99
    assert shapes_of(fit)["parabola"][1] < 1e-6
    kinds, places = zip(*((point.kind, point.at) for point in fit.slope().turning_points()), strict=True)
    assert kinds == ("maximum", "minimum")
    assert places == pytest.approx((5.0 - 3.0**0.5, 5.0 + 3.0**0.5), abs=0.1)
    assert fit.result_rows()["turning_points"]["is_established"] == [True, True]
    straight = fitted(curved_panel(4, lambda x: 0.5 * x), 3)
    assert shapes_of(straight)["N"][1] > 0.2
    assert shapes_of(straight)["linearity"][1] > 0.05


def test_moderators_are_held_at_their_means():
    rng = random_stream(5)
    x, m = rng.uniform(0.0, 4.0, 300), rng.normal(2.0, 1.0, 300)
    panel = balanced_panel(
        (60, 5),
        outcome=x * m - 0.5 * x**2 + 0.01 * rng.normal(size=300),
        X=np.column_stack([x, m]),
        columns=("x", "m"),
        n_moderators=1,
    )
    (point,) = PolynomialEffects(degree=2).fit(panel).slope().turning_points()
    assert point.at == pytest.approx(m.mean(), abs=0.01)


def test_a_line_has_no_shape_tests():
    fit = fitted(curved_panel(6, lambda x: x), 1)
    assert fit.result_rows()["effect_tests"]["test"] == []
    assert list(shape_tests(fit.slope())) == list(joint_tests(fit.coefficients(), "x")) == []


BOTH = ("entity", "time")


def treated_panel(starts, n_periods, *, effect=np.ones_like, seed=1, noise=0.1):
    """Return a panel whose entities are treated from their start on; None is never."""
    rng = random_stream(seed, "events")
    entity, period = (axis.ravel() for axis in np.indices((len(starts), n_periods)))
    first = np.array([10_000 if start is None else start for start in starts])[entity]
    treated = period >= first
    levels, years = rng.normal(size=len(starts)), rng.normal(size=n_periods)
    effects = np.where(treated, [effect(since) for since in period - first], 0.0)
    outcome = levels[entity] + years[period] + effects + noise * rng.normal(size=entity.size)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=treated.astype(float), columns=("zone",)
    )


def fitted_event(panel, **options):
    return FixedEffects(effects=BOTH, **options).fit(panel)


def test_the_weights_are_those_of_the_example_of_the_paper():
    """Two groups, three periods; treated in the last, and in the last two: 1/2, 1, -1/2 (2020, section I)."""
    panel = treated_panel([2, 1], 3)
    weights = linear_weights(regress(panel, BOTH))[Treatment.of(panel).is_treated]
    np.testing.assert_allclose(sorted(weights), [-0.5, 0.5, 1.0])
    fit = fitted_event(treated_panel([2, 1, None], 3), event_window=2)
    (note,) = [note for note in fit.notes if note.code == "W-STAGGERED"]
    assert "'zone' starts in 2 different periods" in note.message
    assert "effects of 3 treated rows" in note.message


def test_an_event_study_is_least_squares_on_dummies_of_the_periods_since_the_start():
    panel = treated_panel([4] * 8 + [None] * 8, 9, effect=lambda since: 1.0 + since)
    fit = fitted_event(panel, event_window=3, covariance=Classical())
    first = np.where(panel.entity.codes < 8, 4, 10_000)
    since = np.clip(panel.period - first, -3, 3)
    periods = [-3, -2, 0, 1, 2, 3]
    dummies = np.column_stack([(first < 10_000) & (since == at) for at in periods]).astype(float)
    levels = [np.eye(16)[panel.entity.codes], np.eye(9)[panel.time.codes][:, 1:]]
    expected = sm.OLS(panel.observed, np.column_stack([dummies, *levels])).fit()
    study = fit.details()["event_study"]
    assert study["event_time"] == [-3, -2, -1, 0, 1, 2, 3]
    assert study["estimate"].pop(2) == 0.0
    np.testing.assert_allclose(study["estimate"], expected.params[:6], atol=1e-9)
    errors = [error for error in study["std_error"] if error is not None]
    np.testing.assert_allclose(errors, expected.bse[:6], rtol=1e-8)
    rows = fit.result_rows()["effect_tests"]
    test = expected.f_test(np.eye(len(expected.params))[:2])
    assert rows["test"] == ["pre_trend"]
    assert rows["statistic"] == [pytest.approx(float(test.fvalue), rel=1e-8)]
    assert rows["p_value"] == [pytest.approx(float(test.pvalue), rel=1e-8)]
    assert study["n_obs"][-1] == 8 * 2  # three periods after, and four
    assert [note.code for note in fit.notes] == []


def test_a_trend_before_the_start_is_found():
    panel = treated_panel([4] * 10 + [None] * 10, 9)
    rising = panel.observed + 0.5 * np.maximum(panel.period - 1, 0) * (panel.entity.codes < 10)
    assert fitted_event(replace(panel, observed=rising)).result_rows()["effect_tests"]["p_value"][0] < 1e-6
    assert fitted_event(panel).result_rows()["effect_tests"]["p_value"][0] > 0.01


def test_effects_of_regions_in_periods_are_absorbed_as_by_dummies():
    rng = random_stream(9)
    panel = simulated_panel(rng, n_entities=12, n_periods=5)
    region = Key("region", ("n", "s", "w"), panel.entity.codes % 3)
    panel = replace(panel, groups=(region,))
    estimator = FixedEffects(effects=("entity",), absorb=("region^time",), covariance=Classical())
    assert estimator.group_columns == ("region",)
    fit = estimator.fit(panel, rng=rng)
    cells = region.codes * 5 + panel.time.codes
    dummies = np.column_stack([np.eye(12)[panel.entity.codes], np.eye(15)[cells]])
    expected = np.linalg.lstsq(np.column_stack([panel.X, dummies]), panel.observed, rcond=None)[0]
    np.testing.assert_allclose(fit.coefficients().estimate, expected[:3], atol=1e-9)
    assert fit.regression.n_effects == np.linalg.matrix_rank(dummies)


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


def fitted_threshold(panel, **options):
    return ThresholdEffects(variable="q", bootstraps=19, **options).fit(panel, rng=random_stream(0, "t"))


@pytest.mark.parametrize("have_levels", [True, False])
def test_the_threshold_is_that_of_least_squares_on_dummies(have_levels):
    panel = broken_panel(1)
    places, _ = quantiles(panel.column("q"), np.ones(panel.n_obs), n_places=20, trim=0.1)
    sums = [dummies_rss(panel, [place], have_levels=have_levels).ssr for place in places]
    best = places[int(np.argmin(sums))]
    fit = fitted_threshold(panel, grid=20, trim=0.1, regime_levels=have_levels)
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
    fit = fitted_threshold(panel, grid=10, trim=0.1, thresholds=2)
    assert fit.regimes.places == best
    assert [test.p_value < 0.06 for test in fit.tests] == [True, True, False]


def test_terms_are_the_slopes_and_levels_of_regimes():
    panel = broken_panel(3, jumps=((0.4, 2.0),), noise=1e-6)
    fit = fitted_threshold(panel)
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
        alone = ThresholdEffects(variable="q").for_folds().fit(rows)
        np.testing.assert_allclose(predicted, alone.predict(half), atol=1e-9)


def test_it_stands_in_the_result_tables():
    fit = fitted_threshold(broken_panel(7))
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
        ThresholdEffects(variable="z").fit(panel)
    with pytest.raises(EstimationError, match="no value of it leaves"):
        fitted_threshold(panel.with_column("q", 1.0 * (panel.column("q") > 0.99)))


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
        fitted_threshold(gap, resample="entities")
    assert fitted_threshold(gap).tests


def test_another_number_of_thresholds_is_a_note():
    fit = fitted_threshold(broken_panel(9, jumps=()))
    assert [note.code for note in fit.notes] == ["W-THRESHOLDS"]
    assert "bootstrap tests find no thresholds" in fit.notes[0].message


def straight_panel(seed):
    """273 entities over nine periods, serially correlated errors of unequal size, and no break."""
    rng = random_stream(seed, "wide")
    levels = rng.normal(size=(273, 1))
    x = np.clip(0.5 + 0.15 * levels + 0.2 * rng.normal(size=(273, 9)), 0.0, 1.0)
    errors = rng.normal(size=(273, 10))
    errors = (errors[:, 1:] + 0.5 * errors[:, :-1]) * (0.7 + 0.6 * x)
    outcome = 2.0 * levels + rng.normal(size=9) + x + 0.3 * errors
    return balanced_panel((273, 9), outcome=outcome.ravel(), X=x.ravel(), columns=("x",))


@pytest.mark.slow
def test_linearity_is_not_rejected_without_a_break():
    rejected = []
    for seed in range(200):
        fit = ThresholdEffects(bootstraps=199).fit(straight_panel(1000 + seed), rng=random_stream(seed))
        rejected.append(fit.tests[0].p_value <= 0.05)
    assert np.mean(rejected) <= 0.07


def make_panel(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    entity = np.repeat(np.arange(60), 6)
    x, m, z = rng.normal(size=(3, 360))
    effects = rng.normal(size=60)[entity]
    outcome = effects + x - 0.5 * x**3 + 2 * x * m + z + noise * rng.normal(size=360)
    return balanced_panel(
        (60, 6), outcome=outcome, X=np.column_stack([x, m, z]), columns=("x", "m", "z"), n_moderators=1
    )


def incomes():
    """Incomes of about 200,000 whose effect turns at 180,000, in entities with levels of their own."""
    rng = np.random.default_rng(7)
    entity = np.repeat(np.arange(40), 8)
    income = 200_000.0 + 30_000.0 * rng.normal(size=320)
    outcome = 2e-9 * (income - 180_000.0) ** 2 + rng.normal(size=40)[entity] + 0.1 * rng.normal(size=320)
    return balanced_panel(
        (40, 8),
        outcome=outcome,
        X=np.column_stack([income, 3.0 * income, rng.normal(size=320)]),
        columns=("income", "tripled", "other"),
        n_moderators=1,
    )


def test_the_table_is_that_of_fixed_effects_on_raw_powers_and_products():
    panel = make_panel(noise=1.0)
    x, m, z = panel.X.T
    raw = replace(panel, controls=("z", "xx", "xxx", "xm"), X=np.column_stack([x, m, z, x**2, x**3, x * m]))
    own = PolynomialEffects().fit(panel).coefficients()
    expected = FixedEffects().fit(raw).coefficients()
    np.testing.assert_allclose(own.estimate, expected.estimate, rtol=1e-9)
    np.testing.assert_allclose(own.covariance, expected.covariance, rtol=1e-8, atol=1e-14)


def test_a_moderator_that_repeats_the_exposure_passes_its_share_on_to_it():
    """It is dropped, but the raw product of both needs it all the same."""
    panel = incomes()
    fit = PolynomialEffects(degree=1).fit(panel)
    assert [note.where for note in fit.notes if note.code == "W-COLLINEAR"] == ["tripled"]
    table = fit.coefficients()
    assert table.terms == ("income", "other", "income x tripled")
    x, moved = panel.column("income"), panel.column("income") + 10_000.0
    after = panel.with_column("income", moved).with_column("tripled", 3.0 * moved)
    expected = table.estimate[0] * 10_000.0 + table.estimate[2] * 3.0 * (moved**2 - x**2)
    np.testing.assert_allclose(fit.predict(after) - fit.predict(panel), expected, rtol=1e-7, atol=1e-9)
    turning = -table.estimate[0] / (2.0 * 3.0 * table.estimate[2])
    assert turning == pytest.approx(180_000.0, rel=0.02)
