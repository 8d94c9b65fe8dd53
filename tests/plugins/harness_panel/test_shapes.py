"""Tests of shapes and turning points of polynomials: closed forms, the delta method, and error rates."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from harness.data.simulate.small_panels import InvertedU
from harness.plugin import Key, Treatment, random_stream
from harness_panel import Classical, FixedEffects, PolynomialEffects
from harness_panel.estimators.fixed_effects import linear_weights
from harness_panel.estimators.polynomial_effects import SlopeOfExposure, joint_tests, shape_tests
from harness_panel.solver.regression import regress
from panels import panel_from_arrays, panel_from_frame, simulated_panel


def curved_panel(seed, response, *, noise=0.3, n_entities=50, n_periods=6):
    rng = random_stream(seed, "curved")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    levels = rng.normal(size=n_entities)
    x = rng.uniform(0.0, 10.0, size=entity.size)
    errors = rng.normal(size=entity.size) + 0.5 * rng.normal(size=(n_entities, 1)).repeat(n_periods)
    outcome = levels[entity] + response(x) + noise * errors
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=x, columns=("x",))


def fitted(panel, degree):
    return PolynomialEffects(degree=degree, with_moderators=False).fit(panel, rng=random_stream(0))


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
    entity, period = (axis.ravel() for axis in np.indices((60, 5)))
    x, m = rng.uniform(0.0, 4.0, 300), rng.normal(2.0, 1.0, 300)
    panel = panel_from_arrays(
        entity=entity,
        period=period,
        outcome=x * m - 0.5 * x**2 + 0.01 * rng.normal(size=300),
        X=np.column_stack([x, m]),
        columns=("x", "m"),
        n_moderators=1,
    )
    (point,) = PolynomialEffects(degree=2).fit(panel, rng=random_stream(0)).slope().turning_points()
    assert point.at == pytest.approx(m.mean(), abs=0.01)


def test_a_line_has_no_shape_tests():
    fit = fitted(curved_panel(6, lambda x: x), 1)
    assert fit.result_rows()["effect_tests"]["test"] == []
    assert list(shape_tests(fit.slope())) == list(joint_tests(fit.coefficients(), "x")) == []


def inverted_u(seed):
    frame = InvertedU(seed=seed).draw()
    columns = [name for name in frame.columns if name not in ("city", "year", "outcome", "exposure")]
    return panel_from_frame(
        frame, entity="city", time="year", outcome="outcome", exposure="exposure", controls=columns
    )


@pytest.mark.slow
def test_error_rates_of_the_test_of_an_inverted_u():
    """At the edge of the null the slope is zero at one end of the range, as that of a saturating parabola."""
    found = [shapes_of(fitted(inverted_u(seed), 2))["inverted U"][1] < 0.05 for seed in range(100)]
    assert np.mean(found) >= 0.9
    saturating = [
        shapes_of(fitted(curved_panel(2000 + seed, lambda x: x - 0.05 * x**2), 2))["inverted U"][1] < 0.05
        for seed in range(400)
    ]
    assert np.mean(saturating) <= 0.07
    flat = [
        min(
            shapes_of(fitted(curved_panel(9000 + seed, lambda x: 0.0 * x), 2))[name][1]
            for name in ("U", "inverted U")
        )
        < 0.05
        for seed in range(200)
    ]
    assert np.mean(flat) <= 0.07


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
    return FixedEffects(effects=BOTH, **options).fit(panel, rng=random_stream(0))


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
    trending = panel_from_arrays(
        entity=panel.entity.codes, period=panel.period, outcome=rising, X=panel.X, columns=("zone",)
    )
    assert fitted_event(trending).result_rows()["effect_tests"]["p_value"][0] < 1e-6
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
