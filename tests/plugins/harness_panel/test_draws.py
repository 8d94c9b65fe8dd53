"""Laws of weighted fits: a weight counts how often a row is there."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixest_panels import dummies, grouped_panel
from harness import EstimationError, Panel
from harness.plugin import Floats, draw_weights, random_stream
from harness_panel import Classical, FixedEffects, PooledOLS, WildCluster
from harness_panel.feols import Feols, FeolsWildCluster
from harness_panel.solver import draws as resampled_draws
from harness_panel.solver.draws import EntitySums
from panels import simulated_panel

ESTIMATORS = [
    PooledOLS(Classical()),
    FixedEffects(("entity",), Classical()),
    FixedEffects(("time",), Classical()),
    FixedEffects(("entity", "time"), Classical()),
]
each_estimator = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=["pooled", "entity", "time", "entity and time"]
)


def draws(estimator, panel: Panel, weights: Floats):
    return estimator.fit_draws(panel, weights=weights, selection=None, rng=random_stream(0))


def fitted_alone(estimator, panel: Panel, weights: Floats):
    """The fit of the rows with weight, weighted."""
    used = np.flatnonzero(weights)
    rows = replace(panel.take(used), weights=weights[used])
    return replace(estimator, weighted=True).for_folds().fit(rows, rng=random_stream(0))


def is_held(estimator: FixedEffects | PooledOLS, panel: Panel, own: Floats, at: Panel):
    """Return for which rows of a panel one draw trains on every level that has effects, (n_obs,)."""
    is_held = np.ones(at.n_obs, dtype=np.bool_)
    for name in getattr(estimator, "effects", ()):
        key, own_key = getattr(at, name), getattr(panel, name)
        is_held &= np.bincount(own_key.codes, weights=own, minlength=len(own_key.labels))[key.codes] > 0
    return is_held


@each_estimator
@pytest.mark.parametrize("unit", ["row", "entity"])
@given(seed=st.integers(0, 2**16), share=st.sampled_from([1.0, 0.6]))
@settings(max_examples=15, deadline=None)
def test_a_weight_is_so_many_rows_and_no_weight_is_no_row(estimator, unit, seed, share):
    panel = simulated_panel(random_stream(seed), share=share)
    weights = draw_weights(panel, 5, unit=unit, rng=random_stream(seed, "weights"))
    predicted = draws(estimator, panel, weights).predict(panel)
    for draw, own in enumerate(weights):
        expected = fitted_alone(estimator, panel, own).predict(panel)
        known = is_held(estimator, panel, own, panel)
        np.testing.assert_allclose(predicted[draw, known], expected[known], rtol=0, atol=1e-8)


@pytest.mark.parametrize("unit", ["row", "entity"])
@pytest.mark.parametrize("effects", [("entity",), ("entity", "time")], ids=["entity", "both"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_levels_that_a_draw_left_out_fit_all_their_rows_given_its_slopes(effects, weighted, unit):
    """Of an entity that was left out, residuals add up to nothing; its slopes are those of the draw alone."""
    panel = simulated_panel(random_stream(21), n_entities=30, n_periods=4, share=0.8)
    panel = replace(panel, weights=random_stream(22).uniform(0.5, 2.0, size=panel.n_obs))
    weights = draw_weights(panel, 12, unit=unit, rng=random_stream(23))
    estimator = FixedEffects(effects, weighted=weighted)
    models = draws(estimator, panel, weights)
    residuals = (panel.observed - models.predict(panel)) * (panel.weights if weighted else 1.0)
    totals, sums = (
        np.stack([np.bincount(panel.entity.codes, weights=draw) for draw in values])
        for values in (weights, residuals)
    )
    assert np.count_nonzero(totals == 0.0) > (3 if unit == "row" else 100)
    np.testing.assert_allclose(sums[totals == 0.0], 0.0, atol=1e-9)
    assert models.n_unseen(panel) == 0
    moved = panel.with_column("x0", panel.column("x0") + 1.0)
    gaps = models.predict(moved) - models.predict(panel)
    np.testing.assert_allclose(gaps, np.tile(models.slopes[:, :1], panel.n_obs), rtol=1e-9)


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


@each_estimator
def test_any_weights_are_weighted_least_squares_on_dummies(estimator):
    panel = simulated_panel(random_stream(7), share=0.7)
    weights = random_stream(8).exponential(size=(4, panel.n_obs)) * (
        random_stream(9).random((4, panel.n_obs)) < 0.9
    )
    effects = getattr(estimator, "effects", ())
    keys = {"entity": panel.entity, "time": panel.time}
    dummies = [np.eye(len(keys[one].labels))[keys[one].codes] for one in effects]
    design = np.hstack([panel.X, np.ones((panel.n_obs, 1)), *dummies])
    predicted = draws(estimator, panel, weights).predict(panel)
    for draw, own in enumerate(weights):
        root = np.sqrt(own)
        solution = np.linalg.lstsq(root[:, None] * design, root * panel.observed, rcond=1e-12)[0]
        seen = own > 0
        np.testing.assert_allclose(predicted[draw, seen], (design @ solution)[seen], rtol=1e-9, atol=1e-9)


@each_estimator
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


@each_estimator
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
    return Feols(effects=effects, trends=trends, covariance=FeolsWildCluster(), weighted=weighted)


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
    table = estimator.fit(SIX, rng=random_stream(0)).coefficients()
    root = np.sqrt(SIX.weights) if weighted else np.ones(SIX.n_obs)
    sets = [[name] for name in effects]
    D = dummies(SIX, sets, trends=bool(trends)) if effects else np.ones((SIX.n_obs, 1))
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


def test_limits_are_the_same_by_both_engines():
    panel = simulated_panel(random_stream(94), n_entities=9, n_periods=5, share=0.9)
    options = (
        Feols(BOTH, covariance=FeolsWildCluster(draws=512)),
        FixedEffects(BOTH, WildCluster(draws=512)),
    )
    table, expected = (one.fit(panel, rng=random_stream(0)).coefficients() for one in options)
    np.testing.assert_allclose(table.p_value, expected.p_value, rtol=1e-12)
    np.testing.assert_allclose(table.conf_int(0.9), expected.conf_int(0.9), rtol=1e-6)


def test_clusters_too_few_to_reject_anything_have_no_limits():
    panel = simulated_panel(random_stream(66), n_entities=3, n_periods=20, n_columns=1)
    table = PooledOLS(WildCluster()).fit(panel, rng=random_stream(0)).coefficients()
    assert table.p_value.min() >= 2 / 8
    assert np.isinf(table.conf_int(0.95)).all()


@pytest.mark.parametrize("estimator", [PooledOLS(WildCluster()), Feols(covariance=FeolsWildCluster())])
def test_too_many_clusters_are_refused(estimator):
    panel = simulated_panel(random_stream(68), n_entities=1001, n_periods=2)
    with pytest.raises(EstimationError, match="1001"):
        estimator.fit(panel, rng=random_stream(0))
