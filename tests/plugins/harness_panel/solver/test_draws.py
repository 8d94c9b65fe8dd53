"""Weights and draws against least squares on dummies, and wild bootstraps against regressions done anew."""

from dataclasses import replace
from itertools import product

import linearmodels.panel as lm
import numpy as np
import pandas as pd
import pytest

import harness_panel
from fixest_panels import dummies, dummy_regression, grouped_panel
from harness import EstimationError, Panel
from harness.plugin import Floats, draw_weights, random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
    WildCluster,
)
from harness_panel.feols import Feols
from harness_panel.solver import draws as resampled_draws
from harness_panel.solver.draws import EntitySums
from panels import diagnostics_of, key_from, panel_from_arrays, simulated_panel

ESTIMATORS = {
    "pooled": PooledOLS(weighted=True),
    "entity": FixedEffects(("entity",), weighted=True),
    "time": FixedEffects(("time",), weighted=True),
    "entity and time": FixedEffects(("entity", "time"), weighted=True),
    "industry": FixedEffects((), absorb=("industry",), weighted=True),
    "entity, time, industry": FixedEffects(("entity", "time"), absorb=("industry",), weighted=True),
}
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
ALL = ESTIMATORS | {
    "difference": FirstDifference(weighted=True),
    "difference with a trend": FirstDifference(constant=True, weighted=True),
    "curved": harness_panel.PolynomialEffects(("entity", "time"), weighted=True),
}
every_estimator = pytest.mark.parametrize("estimator", ALL.values(), ids=ALL)


def weighed(panel: Panel) -> Panel:
    """Weights over three orders of magnitude, of which the errors' variance is one over."""
    weights = 10.0 ** random_stream(71).uniform(-1.5, 1.5, size=panel.n_obs)
    noise = random_stream(72).normal(size=panel.n_obs) / np.sqrt(weights)
    industry = random_stream(73).integers(0, 4, size=panel.n_obs)
    return replace(
        panel, observed=panel.observed + noise, weights=weights, groups=(key_from("industry", industry),)
    )


@pytest.fixture
def panel() -> Panel:
    return weighed(simulated_panel(random_stream(74), n_entities=18, n_periods=7, share=0.6))


def wls(panel: Panel, estimator):
    keys = (*getattr(estimator, "effects", ()), *getattr(estimator, "absorb", ()))
    return dummy_regression(panel, [[key] for key in keys], weighted=True)


def slopes(table, panel: Panel):
    at = [table.terms.index(name) for name in panel.columns]
    return table.estimate[at], table.covariance[np.ix_(at, at)]


STATSMODELS = {
    "classical": (Classical(), {}),
    "HC0": (Robust("HC0"), {"cov_type": "HC0"}),
    "HC1": (Robust("HC1"), {"cov_type": "HC1"}),
    "HC2": (Robust("HC2"), {"cov_type": "HC2"}),
    "HC3": (Robust("HC3"), {"cov_type": "HC3"}),
}


@each_estimator
def test_tables_are_those_of_weighted_least_squares_on_dummies(panel, estimator):
    for covariance, options in STATSMODELS.values():
        expected = wls(panel, estimator).fit(**options)
        table = replace(estimator, covariance=covariance).fit(panel).coefficients()
        estimate, own = slopes(table, panel)
        assert table.correction.df_resid == expected.df_resid
        np.testing.assert_allclose(estimate, expected.params[:3], rtol=1e-9)
        np.testing.assert_allclose(own, expected.cov_params()[:3, :3], rtol=1e-9, atol=1e-13)


@each_estimator
@pytest.mark.parametrize("by", [("entity",), ("time",), ("entity", "time")], ids=" and ".join)
def test_clustered_errors_are_those_of_weighted_least_squares_on_dummies(panel, estimator, by):
    """statsmodels counts the dummies in (n - 1) / (n - K), which `sss` does not."""
    codes = {"entity": panel.entity.codes, "time": panel.time.codes}
    groups = np.column_stack([codes[one] for one in by])
    theirs = wls(panel, estimator).fit(
        cov_type="cluster", cov_kwds={"groups": groups if len(by) > 1 else groups[:, 0]}
    )
    table = replace(estimator, covariance=Clustered(by, "plm")).fit(panel).coefficients()
    if table.correction.kind.endswith("set to zero"):
        pytest.skip("a negative variance, which statsmodels leaves")
    factor = (panel.n_obs - theirs.model.rank) / (panel.n_obs - table.correction.n_coef)
    own = slopes(table, panel)[1]
    np.testing.assert_allclose(own, factor * theirs.cov_params()[:3, :3], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("constant", [False, True])
def test_differences_weigh_by_the_variance_of_both_rows_as_in_linearmodels(panel, constant):
    index = pd.MultiIndex.from_arrays([panel.entity.codes, panel.period], names=["entity", "time"])
    y, weights = (pd.Series(one, index=index, name="y") for one in (panel.observed, panel.weights))
    X = pd.DataFrame(panel.X, index=index, columns=list(panel.columns))
    if constant:
        X = X.assign(trend=panel.period.astype(float))
    expected = lm.FirstDifferenceOLS(y, X, weights=weights).fit()
    estimator = FirstDifference(constant=constant, covariance=Classical(), weighted=True)
    table = estimator.fit(panel).coefficients()
    names = [name.replace("const", "trend") for name in table.terms]
    np.testing.assert_allclose(table.estimate, expected.params[names], rtol=1e-9)
    np.testing.assert_allclose(table.std_error, expected.std_errors[names], rtol=1e-9)


@each_estimator
def test_statistics_are_those_of_weighted_least_squares_on_dummies(panel, estimator):
    expected = wls(panel, estimator).fit()
    own = {one.name: one.value for one in estimator.fit(panel).statistics()}
    np.testing.assert_allclose(own["log_likelihood"], expected.llf, rtol=1e-10)
    np.testing.assert_allclose(own["rss"], expected.ssr, rtol=1e-10)
    np.testing.assert_allclose(own["sigma"] ** 2, expected.scale, rtol=1e-10)
    np.testing.assert_allclose(own["r2_dummies"], expected.rsquared, rtol=1e-10)
    np.testing.assert_allclose(own["r2_dummies_adjusted"], expected.rsquared_adj, rtol=1e-9)
    if isinstance(estimator, PooledOLS):
        np.testing.assert_allclose(own["r2"], expected.rsquared, rtol=1e-10)


@each_estimator
def test_the_test_of_effects_compares_weighted_fits(panel, estimator):
    effects = replace(estimator) if hasattr(estimator, "effects") else FixedEffects(weighted=True)
    full, pooled = wls(panel, effects).fit(), wls(panel, PooledOLS()).fit()
    expected, p_value, df = full.compare_f_test(pooled)
    own = diagnostics_of(estimator.fit(panel))["f_effects"]
    np.testing.assert_allclose([own.statistic, own.df[0]], [expected, df], rtol=1e-9)
    np.testing.assert_allclose(own.p_value, p_value, rtol=1e-8)


def test_tests_without_a_weighted_form_are_refused(panel):
    for estimator, name in (
        (PooledOLS(weighted=True), "breusch_pagan"),
        (FixedEffects(weighted=True), "hausman"),
    ):
        own = diagnostics_of(estimator.fit(panel))[name]
        assert own.reason == "the test is not defined with weights"
        alike = replace(panel, weights=np.full(panel.n_obs, 3.0))
        own = diagnostics_of(estimator.fit(alike))[name]
        assert own.statistic > 0


# A difference counts as often as the less frequent of its rows: both, where entities are drawn.
DRAWN = [(name, "entity") for name in ALL] + [("entity and time", "row")]


@pytest.mark.parametrize(("name", "unit"), DRAWN)
def test_draws_multiply_the_weights(panel, name, unit):
    """A fit whose weights are the products is the draw."""
    counts = draw_weights(panel, 4, unit=unit, rng=random_stream(76))
    predicted = (
        ALL[name].fit_draws(panel, weights=counts, selection=None, rng=random_stream(0)).predict(panel)
    )
    for draw, own in enumerate(counts * panel.weights):
        used = np.flatnonzero(own > 0)
        rows = replace(panel.take(used), weights=own[used])
        expected = ALL[name].fit(rows).predict(panel.take(used))
        np.testing.assert_allclose(predicted[draw, used], expected, rtol=1e-7, atol=1e-7)


@every_estimator
def test_weights_that_the_panel_lacks_and_those_that_are_none_are_refused(panel, estimator):
    with pytest.raises(EstimationError, match="the panel has none") as caught:
        estimator.fit(replace(panel, weights=None))
    assert "roles.weights" in caught.value.hint
    for bad in (0.0, -1.0, np.nan, np.inf):
        weights = panel.weights.copy()
        weights[[2, 5]] = bad
        with pytest.raises(EstimationError, match=f"2 of {panel.n_obs} are zero, negative or not numbers"):
            estimator.fit(replace(panel, weights=weights))


CENTRED = {
    "random": RandomEffects(Classical()),
    "random, clustered by both": RandomEffects(Clustered(("entity", "time"))),
    "between": Between(),
    "between, HC3": Between(Robust("HC3")),
    "mundlak": Mundlak(Clustered()),
    "difference": FirstDifference(),
    "difference with a trend": FirstDifference(constant=True),
}
LEVELS = {"x0": 2.0**30, "x1": -(2.0**30), "x2": 1e6}

# Multiples of it carry a level of 2^30 without rounding, so that the same panel is fitted twice.
GRID = 2.0**-20


def table_of(estimator, panel: Panel):
    return estimator.fit(panel).coefficients()


@pytest.fixture
def centred_panel() -> Panel:
    base = simulated_panel(random_stream(161), n_entities=25, n_periods=7, share=0.7)
    return replace(base, X=GRID * np.round(base.X / GRID), observed=GRID * np.round(base.observed / GRID))


@pytest.mark.parametrize("name", CENTRED)
def test_levels_of_a_billion_cost_no_digits(name, centred_panel):
    moved = replace(
        centred_panel, X=centred_panel.X + list(LEVELS.values()), observed=centred_panel.observed + 2.0**30
    )
    own, expected = (table_of(CENTRED[name], one) for one in (moved, centred_panel))
    assert own.terms == expected.terms
    slopes = [at for at, term in enumerate(own.terms) if term != "const"]
    np.testing.assert_allclose(own.estimate[slopes], expected.estimate[slopes], rtol=1e-9)
    np.testing.assert_allclose(own.std_error[slopes], expected.std_error[slopes], rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in CENTRED if "difference" not in name])
def test_the_constant_is_that_of_columns_with_their_levels(name, centred_panel):
    own, expected = (
        table_of(CENTRED[name], one)
        for one in (replace(centred_panel, X=centred_panel.X + list(LEVELS.values())), centred_panel)
    )
    moved = LEVELS | {f"{term} (entity mean)": value for term, value in LEVELS.items()}
    shift = np.array([1.0, *(-moved[term] for term in own.terms[1:])])
    np.testing.assert_allclose(own.estimate[0], shift @ expected.estimate, rtol=1e-9)
    variance = shift @ expected.covariance @ shift
    np.testing.assert_allclose(own.std_error[0], np.sqrt(variance), rtol=1e-7)


def standardised() -> Panel:
    """A column without entity means, such as one standardised within entities, but for their rounding."""
    rng = random_stream(162)
    entity, period = (axis.ravel() for axis in np.indices((20, 7)))
    rows = rng.permutation(entity.size)
    entity, period = entity[rows], period[rows]
    within = rng.normal(size=entity.size)
    for one in range(20):
        own = within[entity == one]
        within[entity == one] = (own - own.mean()) / own.std()
    other = rng.normal(size=entity.size) + rng.normal(size=20)[entity]
    outcome = other + within + rng.normal(size=20)[entity] + rng.normal(size=entity.size)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=np.column_stack([other, within])
    )


def without_second(panel: Panel) -> Panel:
    return replace(panel, controls=(), X=panel.X[:, :1])


def test_rounding_of_entity_means_is_no_column():
    panel = standardised()
    fitted = Between().fit(panel)
    assert [(note.code, note.where) for note in fitted.notes] == [("W-CONSTANT", "x1")]
    own, expected = fitted.coefficients(), table_of(Between(), without_second(panel))
    np.testing.assert_allclose(own.covariance, expected.covariance, rtol=1e-12)
    fitted = Mundlak(Classical()).fit(panel)
    assert fitted.coefficients().terms == ("const", "x0", "x1", "x0 (entity mean)")
    assert [note.where for note in fitted.notes] == ["x1 (entity mean)"]


def test_rounding_of_entity_means_takes_no_degree_of_freedom_between():
    """Swamy & Arora's variance between entities, by its formula for balanced panels."""
    panel = standardised()
    means = np.array(
        [
            np.append(
                panel.X[panel.entity.codes == one, 0].mean(), panel.observed[panel.entity.codes == one].mean()
            )
            for one in range(20)
        ]
    )
    design = np.column_stack([np.ones(20), means[:, 0]])
    left = means[:, 1] - design @ np.linalg.lstsq(design, means[:, 1])[0]
    components = RandomEffects().fit(panel).equation.components
    expected = left @ left / 18 - components.idiosyncratic / 7
    np.testing.assert_allclose(components.entity, expected, rtol=1e-9)


def collinear_at_a_level() -> Panel:
    base = simulated_panel(random_stream(163), n_entities=20, n_periods=6)
    level = base.column("x1") + 1e9
    return base.with_column("x1", level).with_column("x2", 3.0 * level + 1.0)


@pytest.mark.parametrize("estimator", [FirstDifference(), RandomEffects(), Between()])
def test_copies_of_a_column_of_large_level_are_found_after_any_transformation(estimator):
    """Differences and means are of size one and carry the rounding of 1e9, which is no column either."""
    fitted = estimator.fit(collinear_at_a_level())
    assert [(note.code, note.where) for note in fitted.notes] == [("W-COLLINEAR", "x2")]
    assert "x2 = 3*x1" in fitted.notes[0].message


RESAMPLED = [
    PooledOLS(Classical()),
    FixedEffects(("entity",), Classical()),
    FixedEffects(("time",), Classical()),
    FixedEffects(("entity", "time"), Classical()),
]
each_resampled = pytest.mark.parametrize(
    "estimator", RESAMPLED, ids=["pooled", "entity", "time", "entity and time"]
)


def draws(estimator, panel: Panel, weights: Floats):
    return estimator.fit_draws(panel, weights=weights, selection=None, rng=random_stream(0))


def fitted_alone(estimator, panel: Panel, weights: Floats):
    """The fit of the rows with weight, weighted."""
    used = np.flatnonzero(weights)
    rows = replace(panel.take(used), weights=weights[used])
    return replace(estimator, weighted=True).for_folds().fit(rows)


def is_held(estimator: FixedEffects | PooledOLS, panel: Panel, own: Floats, at: Panel):
    """Return for which rows of a panel one draw trains on every level that has effects, (n_obs,)."""
    is_held = np.ones(at.n_obs, dtype=np.bool_)
    for name in getattr(estimator, "effects", ()):
        key, own_key = getattr(at, name), getattr(panel, name)
        is_held &= np.bincount(own_key.codes, weights=own, minlength=len(own_key.labels))[key.codes] > 0
    return is_held


def test_a_draw_that_falls_apart_has_the_effects_of_its_own_rows():
    """Half of the entities in the first periods, the others in the last, once a period between has no row."""
    base = simulated_panel(random_stream(11), n_entities=20, n_periods=9)
    early = base.entity.codes < 10
    panel = base.take(np.flatnonzero(np.where(early, base.period <= 2005, base.period >= 2005)))
    weights = draw_weights(panel, 6, unit="row", rng=random_stream(12)) * (panel.period != 2005)
    estimator = FixedEffects(("entity", "time"), Classical())
    predicted = draws(estimator, panel, weights).predict(base)
    for draw, own in enumerate(weights):
        alone = fitted_alone(estimator, panel, own)
        parts = alone.rows.entity.n_present + alone.rows.time.n_present - alone.regression.n_effects
        assert parts >= 2
        known = is_held(estimator, panel, own, base)
        np.testing.assert_allclose(predicted[draw, known], alone.predict(base)[known], rtol=0, atol=1e-8)


@each_resampled
def test_any_weights_are_weighted_least_squares_on_dummies(estimator):
    panel = simulated_panel(random_stream(7), share=0.7)
    weights = random_stream(8).exponential(size=(4, panel.n_obs)) * (
        random_stream(9).random((4, panel.n_obs)) < 0.9
    )
    sets = [[name] for name in getattr(estimator, "effects", ())]
    design = np.hstack([panel.X, dummies(panel, sets)])
    predicted = draws(estimator, panel, weights).predict(panel)
    for draw, own in enumerate(weights):
        root = np.sqrt(own)
        solution = np.linalg.lstsq(root[:, None] * design, root * panel.observed, rcond=1e-12)[0]
        seen = own > 0
        np.testing.assert_allclose(predicted[draw, seen], (design @ solution)[seen], rtol=1e-9, atol=1e-9)


@each_resampled
def test_a_column_that_a_draw_cannot_tell_apart_has_no_slope_in_it(estimator):
    """A column that varies in one entity alone, in draws with and without that entity."""
    base = simulated_panel(random_stream(12), n_entities=8)
    own = np.where(base.entity.codes == 3, random_stream(13).normal(size=base.n_obs), 0.0)
    panel = replace(base, controls=(*base.controls, "own"), X=np.column_stack([base.X, own]))
    without = np.where(base.entity.codes == 3, 0.0, 1.0)
    weights = np.stack([np.ones(panel.n_obs), without, 2.0 * without])
    fitted = draws(estimator, panel, weights)
    np.testing.assert_array_equal(fitted.slopes[1:, -1], 0.0)
    assert abs(fitted.slopes[0, -1]) > 1e-6
    drawn = without > 0.0
    expected = fitted_alone(estimator, base, without).predict(base)[drawn]
    np.testing.assert_allclose(fitted.predict(panel)[1:, drawn], np.tile(expected, (2, 1)), rtol=1e-9)


@each_resampled
def test_a_draw_without_rows_is_refused(estimator):
    panel = simulated_panel(random_stream(17))
    weights = np.stack([np.ones(panel.n_obs), np.zeros(panel.n_obs)])
    with pytest.raises(EstimationError, match="no row"):
        draws(estimator, panel, weights)


@pytest.mark.parametrize(
    ("estimator", "unit", "weighted"),
    [
        (PooledOLS(), "entity", False),
        (FixedEffects(("entity", "time")), "entity", True),
        (FixedEffects(("time",)), "row", True),
    ],
)
def test_draws_of_many_rows_are_those_made_one_by_one(estimator, unit, weighted, monkeypatch):
    """Draws that do not fit a chunk rest on the sums of entities, where rows of an entity go together."""
    panel = simulated_panel(random_stream(31), n_entities=40, n_periods=5, share=0.8)
    panel = replace(panel, weights=random_stream(32).uniform(0.5, 2.0, size=panel.n_obs))
    estimator = replace(estimator, weighted=weighted)
    weights = draw_weights(panel, 6, unit=unit, rng=random_stream(33))
    together = draws(estimator, panel, weights).predict(panel)
    asked, cross = [], EntitySums.cross

    def counted(sums, counts):
        asked.append(len(counts))
        return cross(sums, counts)

    monkeypatch.setattr(resampled_draws, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(EntitySums, "cross", counted)
    apart = draws(estimator, panel, weights).predict(panel)
    assert asked == ([1] * 6 if unit == "entity" else [])
    np.testing.assert_allclose(apart, together, rtol=0, atol=1e-10)


SIX = replace(grouped_panel("six", n_entities=6, n_periods=9), groups=())
E, T, BOTH = ("entity",), ("time",), ("entity", "time")


def feols(effects, trends=(), *, weighted=False):
    return Feols(effects=effects, trends=trends, covariance=WildCluster(), weighted=weighted)


# Effects, trends, whether rows are weighted, and the estimator.
CASES = {
    "pooled": ((), (), False, PooledOLS(WildCluster())),
    **{" and ".join(one): (one, (), False, FixedEffects(one, WildCluster())) for one in (E, T, BOTH)},
    **{
        f"feols {' '.join(effects)}, trends {' '.join(trends)}, weighted {weighted}": (
            *(effects, trends, weighted, feols(effects, trends, weighted=weighted)),
        )
        for effects, trends in ((E, ()), (T, ()), (BOTH, ()), (E, E), (BOTH, E))
        for weighted in (False, True)
    },
}


def t_statistic(outcome, columns, codes, *, at: int, null: float, root) -> float:
    """Clustered t statistic of a regression on columns and dummies; constant factors cancel."""
    both = columns * root[:, None]
    found = np.linalg.pinv(both)
    slopes = found @ (outcome * root)
    residuals = outcome * root - both @ slopes
    shares = np.bincount(codes, found[at] * residuals)
    return float((slopes[at] - null) / np.sqrt(shares @ shares))


def p_value_by_regressions(panel, D, *, at: int, null: float, root) -> float:
    """All 2^6 Rademacher draws, each regressed on the columns and all dummies."""
    X, codes = np.hstack([panel.X, D]), panel.entity.codes
    restricted, target = np.delete(X, at, axis=1), panel.observed - null * X[:, at]
    fitted = restricted @ np.linalg.lstsq(restricted * root[:, None], target * root, rcond=None)[0]
    outcomes = [
        null * X[:, at] + fitted + np.array(sign)[codes] * (target - fitted)
        for sign in product([-1.0, 1.0], repeat=6)
    ]
    own, *draws = (
        abs(t_statistic(one, X, codes, at=at, null=null, root=root)) for one in (panel.observed, *outcomes)
    )
    return float(np.mean(np.array(draws) >= own * (1 - 1e-9)))


@pytest.mark.parametrize(("effects", "trends", "weighted", "estimator"), CASES.values(), ids=CASES)
def test_p_values_of_all_sign_changes(effects, trends, weighted, estimator):
    table = estimator.fit(SIX).coefficients()
    root = np.sqrt(SIX.weights) if weighted else np.ones(SIX.n_obs)
    sets = [[name] for name in effects]
    D = dummies(SIX, sets, trends=bool(trends))
    for at, name in enumerate(SIX.columns[:2]):
        term = table.terms.index(name)
        for null in (0.0, table.estimate[term] + 1.3 * table.std_error[term]):
            expected = p_value_by_regressions(SIX, D, at=at, null=null, root=root)
            assert table.inference.statistics[term].p_value(null) == pytest.approx(expected, abs=1e-12)
        assert table.p_value[term] == table.inference.statistics[term].p_value(0.0)
    assert "64 rademacher draws" in table.correction.kind


@pytest.mark.parametrize("effects", [(), BOTH], ids=["pooled", "two-way"])
def test_limits_are_where_the_p_value_crosses_the_level(effects):
    panel, covariance = simulated_panel(random_stream(62), n_entities=12, n_periods=5), WildCluster(draws=499)
    estimator = FixedEffects(effects, covariance) if effects else PooledOLS(covariance)
    table = estimator.fit(panel, rng=random_stream(1)).coefficients()
    for one, (low, high) in zip(table.inference.statistics, table.conf_int(0.9), strict=True):
        assert low < one.estimate < high
        for limit in (low, high):
            assert one.p_value(one.estimate + (limit - one.estimate) * 1.0001) <= 0.1
            assert one.p_value(one.estimate + (limit - one.estimate) * 0.9999) > 0.1


def test_clusters_too_few_to_reject_anything_have_no_limits():
    panel = simulated_panel(random_stream(66), n_entities=3, n_periods=20, n_columns=1)
    table = PooledOLS(WildCluster()).fit(panel).coefficients()
    assert table.p_value.min() >= 2 / 8
    assert np.isinf(table.conf_int(0.95)).all()


@pytest.mark.parametrize("estimator", [PooledOLS(WildCluster()), Feols(covariance=WildCluster())])
def test_too_many_clusters_are_refused(estimator):
    panel = simulated_panel(random_stream(68), n_entities=1001, n_periods=2)
    with pytest.raises(EstimationError, match="1001"):
        estimator.fit(panel)
