"""How often intervals hold the truth, and what an omitted variable would do."""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq, check_grad
from scipy.stats import binom, f, norm

from effect_panels import KnownShapes, additive_panel, beyond_band, cities_of_many, confounded_panel
from harness import EstimationError
from harness.data.simulate.small_panels import InteractionPanel, SCurve
from harness.plugin import great_circle_km, random_stream
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.linearity import (
    WEBB,
    clustered_slopes,
    linearity_test,
    residuals_on,
    restricted_cubic_splines,
    wald_statistics,
)
from harness.scenarios.effect.riesz import N_HIDDEN, _NetworkRows, riesz_representer
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.sensitivity import (
    ALL_OF_EXPOSURE,
    ALL_OF_OUTCOME,
    NO_BENCHMARK,
    PartialR2,
    oster_delta,
)
from harness.scenarios.effect.weak_instruments import TF_CRITICAL, TF_ROOTS, ReducedForm, tf_critical
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_neural.mlp import Mlp
from harness_panel import FixedEffects, PooledOLS
from harness_sklearn.splines import Splines
from panels import balanced_panel

TRUE_SLOPE = 0.5

NETWORK = Mlp(sizes_around=0)


def effects(panel, seed, learner, **options):
    question = Subject(panel, learner, "learner", seed)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


def holds(seed, learner):
    """Return whether the interval of either method holds the slope, (2,), as it would hold any other."""
    found = effects(confounded_panel(seed, partial(np.multiply, TRUE_SLOPE)), seed, learner)
    return found["conf_low"].le(TRUE_SLOPE).to_numpy() & found["conf_high"].ge(TRUE_SLOPE).to_numpy()


def holds_derivative(simulated, seed, learner):
    """Return whether the interval of either method holds the mean slope of all cities."""
    panel, truth = cities_of_many(simulated, seed)
    found = effects(panel, seed, learner, forms=("derivative",))
    return ((found["conf_low"] <= truth) & (truth <= found["conf_high"])).to_numpy()


def coefficient_holds(estimator, seed):
    panel = confounded_panel(seed, partial(np.multiply, TRUE_SLOPE))
    table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
    low, high = table.conf_int(0.95)[table.terms.index(panel.exposure)]
    return bool(low <= TRUE_SLOPE <= high)


def test_debiased_slopes_hold_the_truth_where_coefficients_do_not():
    assert holds(3, KnownShapes()).all()
    for estimator in (PooledOLS(), FixedEffects(effects=("entity", "time"))):
        assert not any(coefficient_holds(estimator, seed) for seed in (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("learner", [Splines(), KnownShapes()], ids=["splines", "known"])
def test_coverage_of_slopes(learner):
    shares = np.mean([holds(seed, learner) for seed in range(200)], axis=0)
    assert ((shares >= 0.92) & (shares <= 0.975)).all()


@pytest.mark.slow
def test_coverage_of_slopes_that_networks_learn():
    held = np.array([holds(seed, NETWORK) for seed in range(20)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.9) / len(held)).all()


def holds_additive(seed, n_entities, response):
    """Return whether the band of either method holds a whole curve beside two nonlinear confounders."""
    panel = additive_panel(seed, n_entities=n_entities, confounder="nonlinear", response=response)
    farthest = beyond_band(effects(panel, seed, Splines(), forms=("curve",)), panel, response)
    return (farthest["conf_low"].le(0.0) & farthest["conf_high"].ge(0.0)).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("response", ["zero", "bent"])
@pytest.mark.parametrize("n_entities", [100, 270])
def test_coverage_of_curves_beside_nonlinear_confounders(n_entities, response):
    held = np.array([holds_additive(seed, n_entities, response) for seed in range(1, 51)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.95) / len(held)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulated", "learner"),
    [(SCurve, Splines()), (InteractionPanel, Splines(products="moderators"))],
    ids=["s_curve", "interaction"],
)
def test_average_derivatives_are_held(simulated, learner):
    held = np.array([holds_derivative(simulated, seed, learner) for seed in range(1, 41)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.92) / len(held)).all()


def test_the_interval_of_an_average_derivative_holds_that_of_an_s_curve():
    assert holds_derivative(SCurve, 1, Splines()).all()


SHAPE = 40, 10


def panel_of(shape=SHAPE, seed=1):
    """Return a panel without effects whose entities lie within some 400 km."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(30.0, 34.0, (shape[0], 2))
    panel = balanced_panel(shape, outcome=np.zeros(np.prod(shape)), X=np.zeros(np.prod(shape)))
    return replace(panel, coordinates=np.repeat(places, shape[1], axis=0))


def covariance_of(errors, influence, **options):
    root = DependentErrors(panel_of(), errors, **options).root(influence)
    return root @ root.T


@pytest.fixture(scope="module")
def influence():
    return np.random.default_rng(2).standard_normal((400, 2)) * [1.0, 1e4]


def test_by_entity_and_period_it_is_the_sum_of_both(influence):
    table = influence.reshape(*SHAPE, 2)
    entity, period = (np.einsum("ij,ik->jk", one, one) for one in (table.sum(axis=1), table.sum(axis=0)))
    assert covariance_of("entity", influence) == pytest.approx(entity, rel=1e-9)
    assert covariance_of("entity_and_period", influence) == pytest.approx(entity + period, rel=1e-9)


def test_driscoll_kraay_is_that_of_linearmodels_over_its_bias_with_independent_periods():
    from linearmodels.panel import PanelOLS
    from pandas import DataFrame, MultiIndex

    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 400))
    index = MultiIndex.from_product([range(40), range(10)])
    frame = DataFrame({"x": x, "y": y}, index=index)
    fit = PanelOLS(frame["y"], frame[["x"]]).fit(cov_type="kernel", bandwidth=5, debiased=False)
    influence = (x * (y - x * float(fit.params.iloc[0])) / (x @ x))[:, None]
    own = DependentErrors(panel_of(), "driscoll_kraay")
    series = rng.standard_normal((20_000, 10))
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    centred = series - series.mean(axis=1, keepdims=True)
    variance = np.einsum("ri,ij,rj->r", centred, np.maximum(1.0 - apart / 6.0, 0.0), centred) / 10.0
    # The scores sum to zero, as linearmodels' do.
    expected = fit.cov.to_numpy() / variance.mean()
    assert covariance_of("driscoll_kraay", influence) == pytest.approx(expected, rel=0.02)
    assert own.df(40.0) == pytest.approx(2.0 * variance.mean() ** 2 / variance.var(), rel=0.05)


def test_conley_is_the_sum_over_pairs_of_an_entity_and_of_near_ones_in_a_period(influence):
    panel = panel_of()
    distance = great_circle_km(panel.coordinates, panel.coordinates)
    same = panel.period[:, None] == panel.period
    near = np.where(same, np.maximum(1.0 - distance / 150.0, 0.0), 0.0)
    weights = np.maximum(near, panel.entity.codes[:, None] == panel.entity.codes)
    expected = influence.T @ weights @ influence
    assert np.linalg.eigvalsh(expected).min() > 0.0
    assert covariance_of("conley", influence, cutoff_km=150.0) == pytest.approx(expected, rel=1e-9)
    alone = covariance_of("conley", influence, cutoff_km=1e-9)
    assert alone == pytest.approx(covariance_of("entity", influence), rel=1e-9)


def test_degrees_of_freedom_are_those_of_the_fewer():
    rows = panel_of()
    assert [DependentErrors(rows, errors).df(33.5) for errors in ("entity", "conley")] == [32.5, 32.5]
    assert DependentErrors(rows, "entity_and_period").df(33.5) == 9.0
    assert DependentErrors(rows).df(1.06) == 1.0


def test_conley_needs_a_distance_and_coordinates():
    for options in ({"errors": "conley"}, {"cutoff_km": 100.0}):
        with pytest.raises(ValueError, match="cutoff_km"):
            EffectScenario(**options)


# sensemakr's printed example, villages of Darfur: slope, error and degrees of freedom, and of the benchmark
# `female` partial R2 with exposure and outcome, and the adjusted slope, once, twice, three times.
SLOPE, ERROR, DF = 0.09732, 0.02326, 783
PRINTED = ((0.0092, 0.1246, 0.0752), (0.0183, 0.2493, 0.0529), (0.0275, 0.3741, 0.0304))


def female():
    """Return the strength that its bound at once has, solved back."""
    exposure = 0.00916 / 1.00916

    def off(outcome):
        return PartialR2(exposure, outcome).times(1.0).outcome - 0.12464

    return PartialR2(exposure, brentq(off, 0.05, 0.2))


@pytest.mark.parametrize("multiple", [1, 2, 3])
def test_bounds_are_those_that_sensemakr_prints(multiple):
    exposure, outcome, adjusted = PRINTED[multiple - 1]
    found = female().times(float(multiple))
    assert (found.exposure, found.outcome) == pytest.approx((exposure, outcome), abs=6e-5)
    spread = (ERROR**2) * DF
    assert SLOPE - found.bias(spread) == pytest.approx(adjusted, abs=6e-5)


def test_a_variable_that_explains_more_than_all_is_none():
    assert isinstance(PartialR2(0.4, 0.1).times(1.0), PartialR2)
    assert PartialR2(0.4, 0.1).times(2.0) == ALL_OF_EXPOSURE
    assert PartialR2(0.1, 0.4).times(2.0) == ALL_OF_OUTCOME
    assert {PartialR2(0.51, 0.1).times(multiple) for multiple in (1.0, 2.0, 3.0)} == {NO_BENCHMARK}


@pytest.mark.parametrize(
    ("multiple", "r2"), [*product((1.0, 2.0, 3.0), ((0.05, 0.1), (0.2, 0.02), (0.0, 0.3)))]
)
def test_bounds_are_the_published_formulas(multiple, r2):
    """Cinelli and Hazlett (2020), section 4.4 and supplement B, term by term."""
    exposure, outcome = r2
    r2dz_x = multiple * (exposure / (1 - exposure))
    r2zxj_xd = multiple * exposure**2 / ((1 - multiple * exposure) * (1 - exposure))
    ratio = (np.sqrt(multiple) + np.sqrt(r2zxj_xd)) / np.sqrt(1 - r2zxj_xd)
    r2yz_dx = ratio**2 * (outcome / (1 - outcome))
    strength = PartialR2(exposure, outcome).times(multiple)
    if r2yz_dx >= 1.0:
        assert strength == ALL_OF_OUTCOME
        return
    assert strength == pytest.approx((r2dz_x, r2yz_dx), rel=1e-6)
    error = 0.02326 * np.sqrt((1 - r2yz_dx) / (1 - r2dz_x)) * np.sqrt(783 / 782)
    assert ERROR * strength.widening(DF) == pytest.approx(error, rel=1e-6)


def test_bias_and_error_are_those_of_the_regression_with_the_variable():
    """By their algebra (Cinelli and Hazlett 2020, section 4.1) they hold exactly in least squares."""
    rng = np.random.default_rng(8)
    control, omitted = rng.normal(size=(2, 120))
    exposure = 0.5 * control + 0.7 * omitted + rng.normal(size=120)
    outcome = 0.3 * exposure + control - 0.6 * omitted + rng.normal(size=120)
    columns = [np.ones(120), control, exposure]
    short = sm.OLS(outcome, np.column_stack(columns)).fit()
    long = sm.OLS(outcome, np.column_stack([*columns, omitted])).fit()
    of_exposure = sm.OLS(exposure, np.column_stack([np.ones(120), control, omitted])).fit()

    def partial_r2(fit):
        return fit.tvalues[-1] ** 2 / (fit.tvalues[-1] ** 2 + fit.df_resid)

    strength = PartialR2(partial_r2(of_exposure), partial_r2(long))
    spread = short.bse[2] ** 2 * short.df_resid
    assert strength.bias(spread) == pytest.approx(abs(short.params[2] - long.params[2]), rel=1e-9)
    assert short.bse[2] * strength.widening(short.df_resid) == pytest.approx(long.bse[2], rel=1e-9)


@pytest.mark.parametrize("delta", [0.5, 1.0, 1.7])
def test_osters_delta_is_the_degree_of_selection_where_the_slope_is_zero(delta):
    """In the population: controls and omitted variables are the outcome, and move the exposure alike."""

    def numbers(var_omitted):
        # Outcome: a + b + noise with variances 1, `var_omitted` and 1; exposure: 0.5 a + 0.5 delta b + 1.
        var_exposure = 0.25 + 0.25 * delta**2 * var_omitted + 1.0
        with_both = 0.5 + 0.5 * delta * var_omitted
        var_outcome = 2.0 + var_omitted
        short, residual = with_both / var_exposure, var_exposure - 0.25
        long = (with_both - 0.5) / residual
        r2_short = short**2 * var_exposure / var_outcome
        r2_long = (1.0 + long**2 * residual) / var_outcome
        return (short, long), (r2_short, r2_long), var_outcome, (var_exposure, residual)

    def off(var_omitted):
        _, (_, r2_long), var_outcome, _ = numbers(var_omitted)
        return (1.0 + var_omitted) / var_outcome - 1.3 * r2_long

    assert oster_delta(*numbers(brentq(off, 0.05, 3.0))) == pytest.approx(delta, rel=1e-9)


def sensitivity(panel, **options):
    scenario = EffectScenario(repeats=1, **options)
    return answered_in_parts(scenario, Subject(panel, Splines(), "splines", 3))["sensitivity"]


@pytest.fixture(scope="module")
def found():
    panel = confounded_panel(5, lambda exposure: 0.5 * exposure, n_entities=150, n_periods=6)
    return sensitivity(panel)


def test_the_strongest_covariate_is_the_confounder_and_idle_ones_change_nothing(found):
    refused = found[found["status"] != "ok"]
    assert set(refused["reason"]) == {ALL_OF_OUTCOME}
    assert refused["multiple"].min() > 1.0
    once = found[found["multiple"] == 1.0].set_index(["method", "covariate"])
    for method in ("first_differences", "correlated_random_effects"):
        own = once.loc[method]
        assert (own["r2_exposure"] * own["r2_outcome"]).idxmax() == "x1"
        assert (own.loc[["x5", "x6", "x7", "x8"], "r2_exposure"] < 0.01).all()
        assert own["overlap"].iloc[0] == 1.0
        assert np.isfinite(own["oster_delta"]).all()


def test_adjusted_slopes_fall_with_the_multiple_and_intervals_have_the_error_that_is_left(found):
    benchmark = found[(found["covariate"] == "x3") & (found["status"] == "ok")]
    assert benchmark["multiple"].max() == 3.0
    for method, own in benchmark.groupby("method"):
        assert (np.diff(own["estimate"]) < 0.0).all()
        wide = (own["conf_high"] - own["conf_low"]).to_numpy()
        factors = [PartialR2(one.r2_exposure, one.r2_outcome).widening(149.0) for one in own.itertuples()]
        (whole,) = found.loc[
            (found["covariate"] == "") & (found["method"] == method), ["conf_low", "conf_high"]
        ].to_numpy()
        assert wide == pytest.approx(np.diff(whole) * factors)


# Of errors and exposure together.
MOST_PERSISTENT = 0.8


def drawn(seed, *, share=0.0, n_entities=273, n_periods=9, persistence=0.5):
    """Return a panel whose errors are correlated over time; a square is `share` of the variance within.

    At a persistence of .8 the exposure's deviations are as persistent as the errors.
    """
    rng = np.random.default_rng([7, seed])
    shape = (n_entities, n_periods)
    level = rng.standard_normal((n_entities, 1))
    exposure = rng.standard_normal(shape)
    fresh = np.sqrt(1.0 - persistence**2)
    for period in range(1, n_periods if persistence == MOST_PERSISTENT else 1):
        exposure[:, period] = persistence * exposure[:, period - 1] + fresh * exposure[:, period]
    exposure = 0.8 * level + exposure
    control = 0.5 * level + 0.5 * exposure + rng.standard_normal(shape)
    noise = rng.standard_normal(shape)
    for period in range(1, n_periods):
        noise[:, period] = persistence * noise[:, period - 1] + fresh * noise[:, period]
    square = np.square(exposure)
    within = square - square.mean(axis=1, keepdims=True)
    spread = (noise - noise.mean(axis=1, keepdims=True)).var()
    bend = np.sqrt(share / (1.0 - share) * spread / within.var()) * square
    outcome = exposure + control + 2.0 * level**2 + level + 0.2 * np.arange(n_periods) + bend + noise
    return balanced_panel(
        (n_entities, n_periods),
        outcome=outcome.ravel(),
        X=np.column_stack([exposure.ravel(), control.ravel()]),
    )


def rejections(n_panels, **how):
    tests = (linearity_test(drawn(seed, **how), rng=np.random.default_rng(seed)) for seed in range(n_panels))
    return np.mean([test.p_value < 0.05 for test in tests])


def test_the_statistic_is_that_of_a_regression_with_entity_dummies():
    """On balanced panels entity means and dummies give the same slopes (Mundlak 1978)."""
    panel = drawn(1, n_entities=30, n_periods=5)
    exposure = panel.column("x0")
    bends = restricted_cubic_splines(exposure, np.quantile(exposure, (0.05, 0.275, 0.5, 0.725, 0.95)))
    dummies = [
        (codes[:, None] == np.unique(codes)[at:]).astype(float)
        for codes, at in ((panel.entity.codes, 0), (panel.time.codes, 1))
    ]
    fit = sm.OLS(panel.observed, np.column_stack([bends, panel.X, *dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": panel.entity.codes, "use_correction": False}
    )
    wald = fit.wald_test(np.eye(3, fit.params.size), use_f=False, scalar=True)
    found = linearity_test(panel, rng=np.random.default_rng(1))
    assert found.statistic == pytest.approx(float(wald.statistic) / 3 * 29 / 30, rel=1e-6)
    assert found.n_entities == 30
    # A control that does not vary is none.
    X = np.column_stack([panel.X, np.full(panel.n_obs, 3.0)])
    constant = replace(panel, X=X, controls=(*panel.controls, "constant"))
    again = linearity_test(constant, rng=np.random.default_rng(1))
    assert again.statistic == pytest.approx(found.statistic, rel=1e-9)


def test_bends_are_straight_beyond_the_outer_knots_and_smooth_between():
    knots = np.array([0.0, 1.0, 2.0, 4.0])
    beyond = restricted_cubic_splines(np.array([4.0, 5.0, 6.0, 7.0]), knots)
    assert np.diff(beyond, n=2, axis=0) == pytest.approx(0.0, abs=1e-12)
    assert restricted_cubic_splines(np.array([-3.0, 0.0]), knots).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_few_null_panels_are_rejected_and_a_square_is_found():
    assert rejections(20) <= 0.2
    assert rejections(5, share=0.05) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("n_entities", "n_periods"), [(12, 8), (20, 8), (40, 8), (30, 3)])
def test_the_size_holds_with_few_entities_and_persistent_errors(n_entities, n_periods):
    """By F with n_entities - 1 degrees of freedom it was .32, .18 and .12 at eight periods."""
    assert rejections(800, n_entities=n_entities, n_periods=n_periods, persistence=MOST_PERSISTENT) <= 0.08


def test_weighted_wald_statistics_are_those_of_each_weighted_sample():
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(9), 5)
    held = np.column_stack([np.ones(45), rng.normal(size=(45, 3))])
    outcome, *bends = residuals_on(rng.normal(size=(45, 3)), np.column_stack([held, held[:, 1]])).T
    terms = np.stack(bends, axis=1)
    weights = rng.choice(WEBB, size=(4, 9))
    statistics = wald_statistics(outcome, terms, np.column_stack([held, held[:, 1]]), codes, weights)
    for weight, statistic in zip(weights, statistics, strict=True):
        weighted = residuals_on((weight[codes] * outcome)[:, None], held)[:, 0]
        slopes, covariance = clustered_slopes(weighted, terms, codes)
        assert statistic == pytest.approx(slopes @ np.linalg.solve(covariance, slopes) / 2, rel=1e-9)
    assert WEBB.mean() == pytest.approx(0.0)
    assert np.square(WEBB).mean() == pytest.approx(1.0)


@pytest.mark.slow
def test_size_and_power():
    assert 0.03 <= rejections(500) <= 0.075
    assert rejections(200, share=0.02) >= 0.9


def test_an_exposure_of_two_values_has_no_bends():
    panel = drawn(1, n_entities=30, n_periods=5)
    with pytest.raises(EstimationError, match="too few distinct values"):
        linearity_test(
            panel.with_column("x0", (panel.column("x0") > 0).astype(float)), rng=np.random.default_rng(1)
        )


def drawn_rows(seed, noise):
    """Return a panel whose exposure is a control and noise: the representer is -f'/f of the noise."""
    rng = np.random.default_rng([17, seed])
    X = rng.standard_normal((1500, 3))
    error = noise(rng, 1500)
    panel = balanced_panel((300, 5), outcome=error, X=np.column_stack([X[:, 0] + error, X]))
    return panel, error


NORMAL = (1, 2), lambda rng, n: 0.8 * rng.standard_normal(n), lambda error: error / 0.64
LOGISTIC = (3, 4), lambda rng, n: rng.logistic(size=n), lambda error: np.tanh(error / 2.0)


@pytest.mark.parametrize(
    ("kind", "most", "case"),
    [("ridge", 0.15, NORMAL), ("lasso", 0.15, NORMAL), ("network", 0.2, NORMAL), ("network", 0.3, LOGISTIC)],
    ids=["ridge", "lasso", "network", "network of logistic noise"],
)
def test_the_representer_is_the_score_of_the_noise(kind, most, case):
    """It is -f'/f: normal noise over its variance, and the tanh(e / 2) of logistic noise, which bends."""
    seeds, noise, score = case
    (train, _), (test, error) = (drawn_rows(seed, noise) for seed in seeds)
    found = riesz_representer(kind, train, test, rng=np.random.default_rng(1))
    truth = score(error)
    assert np.square(found - truth).mean() / truth.var() < most


def test_the_gradient_of_the_network_is_that_of_its_loss():
    rng = np.random.default_rng(5)
    rows = _NetworkRows(rng.standard_normal((40, 3)), 0, 0.1, 1.3)
    flat = 0.3 * rng.standard_normal(5 * N_HIDDEN + 1)
    error = check_grad(lambda at: rows.loss(at)[0], lambda at: rows.loss(at)[1], flat)
    assert error < 1e-4


GRID = np.linspace(-60.0, 60.0, 4001)


def drawn_form(rng, *, size, strength, slope=0.7, scale=1.0):
    """Return a reduced form drawn with a known covariance, and its slope in units of `scale`."""
    root = rng.standard_normal((2 * size, 2 * size + 3))
    covariance = root @ root.T / root.shape[1]
    exposure = strength * rng.standard_normal(size)
    noise = np.linalg.cholesky(covariance) @ rng.standard_normal(2 * size)
    blocks = covariance[:size, :size], covariance[:size, size:], covariance[size:, size:]
    own = [block * factor for block, factor in zip(blocks, (scale**2, scale, 1.0), strict=True)]
    return ReducedForm(scale * (slope * exposure + noise[:size]), exposure + noise[size:], *own, df=60)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ends_are_where_the_test_on_a_grid_begins_to_reject(size):
    rng, shapes = np.random.default_rng(size), set()
    for strength in (0.0, 0.5, 2.0, 6.0) * 10:
        form = drawn_form(rng, size=size, strength=strength, scale=1e4)
        found = form.confidence_set(0.9)
        is_held = statistics(form, 1e4 * GRID) <= f.ppf(0.9, size, 60)
        inside = np.zeros(GRID.size, dtype=bool)
        for low, high in found:
            inside |= (low <= 1e4 * GRID) & (high >= 1e4 * GRID)
        assert (inside == is_held).all()
        shapes.add((len(found), bool(found) and np.isinf(found[0][0])))
    assert {(1, False), (1, True), (2, True)} <= shapes


def statistics(form, slopes):
    at = slopes[:, None, None]
    covariance = form.of_outcome - at * (form.of_both + form.of_both.T) + at**2 * form.of_exposure
    moment = (form.outcome - slopes[:, None] * form.exposure)[:, :, None]
    return (moment * np.linalg.solve(covariance, moment)).mean(axis=(1, 2))


def test_instruments_that_disagree_leave_nothing():
    form = ReducedForm(np.array([9.0, -9.0]), np.array([9.0, 9.0]), np.eye(2), 0.0 * np.eye(2), np.eye(2), 60)
    assert form.confidence_set(0.95) == ()


def test_one_instrument_solves_a_quadratic_equation():
    """Fieller's (1954) interval of a ratio."""
    form = ReducedForm(
        *(np.array([[x]]) if at > 1 else np.array([x]) for at, x in enumerate((3.0, 2.0, 0.5, 0.1, 0.2))),
        df=50,
    )
    q = f.ppf(0.95, 1, 50)
    ends = np.sort(np.roots([2.0**2 - q * 0.2, -2.0 * (3.0 * 2.0 - q * 0.1), 3.0**2 - q * 0.5]))
    assert np.array(form.confidence_set(0.95)).ravel() == pytest.approx(ends, rel=1e-9)
    for end in ends:
        assert form.p_value(end) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 4.0, 7.0, 15.0])
def test_published_critical_values_of_tf_have_their_size_at_the_worst_correlation(distance):
    """By quadrature: with errors of both stages alike, t is u (f0 + u) / f0 and F is (f0 + u)^2."""
    u = np.linspace(-9.0, 9.0, 100_001)
    weights = norm.pdf(u) / norm.pdf(u).sum()
    critical = np.interp(np.abs(distance + u), TF_ROOTS, TF_CRITICAL, left=np.inf)
    size = weights[np.abs(u * (distance + u) / distance) > critical].sum()
    assert 0.049 < size <= 0.05


def test_critical_values_of_tf_are_those_printed():
    assert [tf_critical(value) for value in (3.9, 4.0, 6.25, 200.0)] == [np.inf, 18.66, 4.92, 1.96]
    assert tf_critical(10.0) == pytest.approx(3.43, abs=0.01)
