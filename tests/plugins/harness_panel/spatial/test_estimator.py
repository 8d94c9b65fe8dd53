"""Spatial Durbin panels against splm and spatialreg; quantile regression with effects against quantreg."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import helmert
from scipy.optimize import approx_fprime, minimize_scalar

from harness.plugin import Contiguity, EstimationError, random_stream
from harness_panel import QuantileEffects, SpatialDurbin
from harness_panel.spatial.estimator import DurbinEquation, Impacts, Neighbours, SpatialWeights
from panels import balanced_panel, simulated_panel
from r_reference import r_panel

# Neighbours of the states of produc, each pair once, by position: usaww of splm.
USAWW = """0:7,8,21,39 1:3,4,25,28,41 2:15,21,22,33,39,40 3:25,34 4:13,24,28,33,41,47 5:18,29,36 6:17,27,35
7:8 8:30,37,39 9:23,25,34,41,44,47 10:11,12,14,22,46 11:14,19,32 12:20,22,24,38,46 13:22,24,33
14:22,32,39,43,45 15:21,40 16:26 17:35,43,45 18:26,29,36,42 19:32,46 20:31,38,46 21:39 22:24,33,39
23:31,38,47 24:38,47 25:34,41 26:42 27:29,35 28:33,40,41 29:35,42 30:37,39,43 31:38 32:35,45
33:40 34:44 35:45 38:47 39:43 41:47 43:45"""

# What spatial_durbin.R prints: slopes, those of neighbours, rho; errors; direct, then indirect impacts.
SPLM = {
    "coefficients": """-0.0121363818107 0.1771886610774 0.7432465558455 -0.0015225217593
        -0.0584961769671 0.0626288360656 -0.4102555385677 -0.0036405059713 0.4933043486949""",
    "errors": """0.0259183196670 0.0260879047080 0.0300952341598 0.0012837515859
        0.0441168994278 0.0396833554276 0.0504278712769 0.0016627609433 0.0367351494594""",
    "impacts": """-0.0220498452453 0.2002549203786 0.7365422565193 -0.0021976705890
        -0.1173485462663 0.2730420114685 -0.0793607385408 -0.0079919328095""",
}
SPATIALREG = {
    "coefficients": """-0.0096368369420 0.1594277506887 0.7506502885369 -0.0014627609012
        -0.0618014466777 0.0172767815894 -0.2805097148095 -0.0031555984718 0.3701681718606""",
    "errors": """0.0252615842407 0.0256105972166 0.0288279175909 0.0012330467138
        0.0463066890968 0.0458469499886 0.0518836152217 0.0018721298512 0.0404808802656""",
    "impacts": """-0.0164059202776 0.1673279534774 0.7503766131126 -0.0018456008385
        -0.0970184581486 0.1132303231663 -0.0039224761150 -0.0054870857084""",
}


def numbers(text):
    return np.array(text.split(), dtype=np.float64)


def states():
    """Return the panel of produc with its states' neighbours."""
    panel = r_panel("produc")
    pairs = [(int(one), int(own)) for one, others in (word.split(":") for word in USAWW.split())
             for own in others.split(",")]  # fmt: skip
    ones, others = np.array(pairs).T
    near = Contiguity(panel.entity.labels, ones, others, np.ones(len(pairs)), "usaww")
    return replace(panel, contiguity=near)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"effects": ("entity",)}, SPLM), ({"effects": ("entity", "time"), "likelihood": "direct"}, SPATIALREG)],
)
def test_estimates_and_impacts_are_those_of_r(options, expected):
    fit = SpatialDurbin(**options).fit(states())
    np.testing.assert_allclose(
        fit.coefficients().estimate, numbers(expected["coefficients"]), rtol=2e-6, atol=1e-8
    )
    np.testing.assert_allclose(fit.coefficients().std_error, numbers(expected["errors"]), rtol=1e-6)
    found = np.reshape(fit.impacts()["estimate"], (4, 3))[:, :2].T.ravel()
    np.testing.assert_allclose(found, numbers(expected["impacts"]), rtol=2e-6, atol=1e-8)


def known_panel(seed, *, n_entities=20, n_periods=5, rho=0.4):
    """Return a spatial Durbin panel, slopes 1 and .5 of the neighbours' mean, and its true impacts."""
    rng = random_stream(seed, "durbin")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    places = rng.uniform((25, 90), (45, 120), size=(n_entities, 2))
    own, levels = rng.normal(size=n_entities), rng.normal(size=n_periods)
    x = rng.normal(size=entity.size) + own[entity]
    panel = balanced_panel((n_entities, n_periods), outcome=np.arange(x.size), X=x)
    panel = replace(panel, coordinates=places[entity])
    spatial_weights = SpatialWeights.of(panel, Neighbours())
    right = (
        x + 0.5 * spatial_weights.lag(panel.X)[:, 0] + own[entity] + levels[period] + rng.normal(size=x.size)
    )
    ((matrix, _),) = spatial_weights.groups
    impacts = np.linalg.solve(np.eye(n_entities) - rho * matrix, np.eye(n_entities) + 0.5 * matrix)
    direct, total = np.trace(impacts) / n_entities, 1.5 / (1.0 - rho)
    panel = replace(panel, observed=spatial_weights.solve(rho, right[:, None])[:, 0])
    return panel, np.array([direct, total - direct, total])


def test_the_adjusted_score_is_zero_where_the_transformed_likelihood_is_largest():
    """Lee & Yu 2010: rows times orthonormal contrasts of entities and of periods, which lose nothing."""
    panel, _ = known_panel(1)
    ((matrix, rows),) = SpatialWeights.of(panel, Neighbours()).groups
    across, over = helmert(20), helmert(5)
    inner = across @ matrix @ across.T
    y, x = (across @ values[rows].T @ over.T for values in (panel.observed, panel.X[:, 0]))
    columns = np.column_stack([x.ravel(), (inner @ x).ravel()])

    def loss(rho):
        left = (y - rho * inner @ y).ravel()
        left = left - columns @ np.linalg.lstsq(columns, left, rcond=None)[0]
        return 0.5 * left.size * np.log(left @ left) - 4 * np.linalg.slogdet(np.eye(19) - rho * inner)[1]

    expected = minimize_scalar(loss, bounds=(-0.9, 0.95), method="bounded", options={"xatol": 1e-10}).x
    assert SpatialDurbin().fit(panel).estimate.rho == pytest.approx(expected, abs=1e-6)


def unbalanced():
    """Return an unbalanced panel with coordinates, where weights change from period to period."""
    panel = simulated_panel(random_stream(2), share=0.8)
    places = random_stream(3).uniform((25, 90), (45, 120), size=(12, 2))
    return replace(panel, coordinates=places[panel.entity.codes])


def dense(panel, near=Neighbours()):  # noqa: B008 - frozen
    weights = np.zeros((panel.n_obs, panel.n_obs))
    for matrix, rows in SpatialWeights.of(panel, near).groups:
        for own in rows:
            weights[np.ix_(own, own)] = matrix
    return weights


def test_the_score_of_unbalanced_panels_counts_what_dummies_take():
    panel = unbalanced()
    weights, one = dense(panel), np.eye(panel.n_obs)
    dummies = np.hstack([np.eye(len(key.labels))[key.codes] for key in (panel.entity, panel.time)])
    free = one - dummies @ np.linalg.pinv(dummies)
    spread = weights @ np.linalg.inv(one - 0.3 * weights)
    equation = DurbinEquation.of(
        panel, SpatialWeights.of(panel, Neighbours()), ("entity", "time"), "adjusted"
    )
    expected = np.trace(free @ spread), np.trace(free @ spread @ (spread + spread.T))
    assert len(equation.spatial_weights.groups) > 1
    assert equation.traces(0.3) == pytest.approx(expected, rel=1e-9)


def test_errors_of_impacts_are_by_the_delta_method_over_slopes_and_rho():
    panel, _ = known_panel(4)
    estimate = SpatialDurbin().fit(panel).estimate
    weights, one = dense(panel), np.eye(panel.n_obs)

    def impacts(coefficients):
        slope, near, rho = coefficients
        found = np.linalg.solve(one - rho * weights, slope * one + near * weights)
        return np.array([np.trace(found), found.sum() - np.trace(found), found.sum()]) / panel.n_obs

    gradient = approx_fprime(estimate.coefficients, impacts, 1e-7)
    values, errors, given = Impacts(estimate).of("x0")
    assert values == pytest.approx(impacts(estimate.coefficients), rel=1e-9)
    assert errors == pytest.approx(np.sqrt(np.diag(gradient @ estimate.covariance @ gradient.T)), rel=1e-5)
    fixed = gradient[:, :2] @ estimate.given_rho @ gradient[:, :2].T
    assert given == pytest.approx(np.sqrt(np.diag(fixed)), rel=1e-5)


def test_predictions_are_those_of_the_reduced_form():
    panel = unbalanced()
    fit = SpatialDurbin(draws=3).fit(panel, rng=random_stream(5))
    estimate, weights = fit.estimate, dense(panel)
    fitted = estimate.regression.panel.observed - estimate.regression.within.residuals
    expected = np.linalg.solve(np.eye(panel.n_obs) - estimate.rho * weights, fitted)
    assert fit.predict(panel) == pytest.approx(expected, abs=1e-9)
    some = np.array([40, 3, 17])
    assert fit.predict(panel.take(some)) == pytest.approx(expected[some], abs=1e-9)
    for model in (fit.model, fit.draws):
        moved = np.stack([model.predict(panel.with_column("x1", at)).mean(axis=1) for at in (0.5, 2.0)])
        found = model.profile(panel, ("x1",), np.array([[0.5], [2.0]])).T
        assert found == pytest.approx(moved, abs=1e-9)


def test_new_periods_have_the_mean_effect_and_new_entities_are_refused():
    panel, _ = known_panel(6)
    is_last = panel.period == panel.period.max()
    earlier, later = (panel.take(np.flatnonzero(rows)) for rows in (~is_last, is_last))
    fit = SpatialDurbin().fit(earlier)
    ((matrix, _),) = SpatialWeights.of(later, Neighbours()).groups
    slope, near, rho = fit.estimate.coefficients
    levels = earlier.observed - rho * dense(earlier) @ earlier.observed
    levels -= earlier.X[:, 0] * slope + near * (dense(earlier) @ earlier.X[:, 0])
    means = np.bincount(earlier.entity.codes, levels) / np.bincount(earlier.entity.codes)
    right = later.X[:, 0] * slope + near * matrix @ later.X[:, 0] + means
    assert fit.predict(later) == pytest.approx(np.linalg.solve(np.eye(20) - rho * matrix, right), abs=1e-9)
    assert fit.n_unseen(later) == later.n_obs
    stranger = replace(later.entity, labels=("new", *later.entity.labels[1:]))
    with pytest.raises(EstimationError, match="'new' has no training row"):
        fit.predict(replace(later, entity=stranger))


def test_neighbours_are_the_nearest_up_to_a_distance():
    panel, _ = known_panel(7, n_periods=2)
    both = dense(panel, Neighbours(nearest=3, within_km=600.0)) > 0.0
    far = dense(panel, Neighbours(within_km=600.0)) > 0.0
    assert np.array_equal(both, far & (dense(panel, Neighbours(nearest=3)) > 0.0))
    assert (dense(panel, Neighbours(nearest=3)) > 0.0).sum(axis=1).tolist() == [3] * 40
    assert np.array_equal(dense(panel, Neighbours(nearest=5)), dense(panel))
    with pytest.raises(EstimationError, match="nothing says which entities are neighbours"):
        SpatialDurbin().fit(replace(panel, coordinates=None))


# `spatial_rates.csv` has these shares, of 400 panels.
@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.4, 0.7])
def test_intervals_of_impacts_cover_and_those_at_a_known_rho_cover_less(rho):
    covered = np.zeros((2, 3))
    for seed in range(100):
        panel, truth = known_panel(seed, n_entities=100, n_periods=8, rho=rho)
        values, *errors = Impacts(SpatialDurbin(draws=2).fit(panel).estimate).of("x0")
        covered += np.abs(values - truth) < 1.963 * np.array(errors)
    assert np.all((covered[0] >= 91) & (covered[0] <= 98)), covered
    assert np.all(covered[1, 1:] < covered[0, 1:]), covered


# What quantile_effects.R prints: quantiles .25, .5 and .75 of produc, effects of both keys and of states.
QUANTREG = {
    ("entity", "time"): """
        -0.0460660081601 0.138959044482 0.797418375698 -0.00436495617977
        -0.0315301151309 0.166282756249 0.771701769081 -0.00423335190494
        -0.0148656048644 0.197607716769 0.742219256095 -0.00408247567155""",
    ("entity",): """
        -0.0148763369073 0.221528358796 0.828191567983 -0.00448502786127
        -0.0239520788488 0.278268118511 0.779861886398 -0.00513931419773
        -0.0359745350832 0.353430158412 0.715840511018 -0.00600603439488""",
}
QUANTILES = (0.25, 0.5, 0.75)


@pytest.mark.parametrize("effects", QUANTREG, ids="-".join)
def test_slopes_are_those_of_quantreg(effects):
    fit = QuantileEffects(quantiles=QUANTILES, effects=effects).fit(r_panel("produc"))
    expected = np.array(QUANTREG[effects].split(), dtype=float).reshape(3, 4)
    assert fit.slopes == pytest.approx(expected, rel=1e-9)
    assert fit.coefficients().estimate == pytest.approx(expected[1], rel=1e-9)


def spread_panel(seed, shape, *, moved=0.5):
    """Return a panel whose spread grows with the exposure: the slope at a quantile is 1 + moved * normal."""
    rng = random_stream(seed, "quantiles")
    level = rng.normal(size=(shape[0], 1))
    exposure = np.abs(rng.normal(size=shape)) + 0.5 * np.abs(level)
    scale = 1.0 + 0.3 * np.abs(level) + moved * exposure
    outcome = level + exposure + scale * rng.normal(size=shape)
    return balanced_panel(shape, outcome=outcome.ravel(), X=exposure.ravel())


def test_predictions_are_the_quantile_that_is_asked_for():
    panel = spread_panel(1, (80, 12))
    fits = [QuantileEffects(predicted=quantile).fit(panel) for quantile in (0.1, 0.5, 0.9)]
    shares = [np.mean(panel.observed <= fit.predict(panel)) for fit in fits]
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.03)
    # What is predicted is linear in the exposure, by the slope that the table shows.
    moved = replace(panel, X=panel.X + 1.0)
    for fit in fits:
        assert fit.predict(moved) - fit.predict(panel) == pytest.approx(
            np.full(panel.n_obs, fit.coefficients().estimate[0])
        )


def test_what_quantiles_cannot_be_estimated_from():
    outcome = np.zeros((60, 6))
    outcome[0, 1::2] = 1.0
    panel = balanced_panel((60, 6), outcome=outcome.ravel(), X=np.tile([0.0, 1.0], 180))
    with pytest.raises(EstimationError, match="absolute residuals of outcome': entity effects explain it"):
        QuantileEffects(quantiles=QUANTILES, effects=("entity",)).fit(panel)
    outcome[1] = outcome[0] + 0.1 * random_stream(1, "one entity").normal(size=6)
    panel = replace(panel, observed=outcome.ravel())
    with pytest.raises(EstimationError, match=r"residuals are alike around the quantile 0\.25"):
        QuantileEffects(quantiles=QUANTILES, effects=("entity",)).fit(panel)
    for options, named in (
        ({"quantiles": (0.5, 0.25)}, "in increasing order"),
        ({"predicted": 0.3}, "one of quantiles"),
        ({"effects": ()}, "entity, time or both"),
    ):
        with pytest.raises(ValueError, match=named):
            QuantileEffects(**options)


# `quantile_rates.csv` has these shares.
@pytest.mark.slow
@pytest.mark.parametrize("shape", [(100, 8), (100, 20), (40, 10)], ids=str)
def test_intervals_hold_and_equal_slopes_are_seldom_rejected(shape):
    truth = 1.0 + 0.5 * stats.norm.ppf(QUANTILES)
    held, rejected = np.zeros(3), 0
    for seed in range(200):
        estimator = QuantileEffects(quantiles=QUANTILES, effects=("entity",))
        table = estimator.fit(spread_panel(seed, shape)).details()["slopes_by_quantile"]
        low, high = (np.array(table[name]) for name in ("conf_low", "conf_high"))
        held += (low <= truth) & (truth <= high)
        alike = estimator.fit(spread_panel(seed, shape, moved=0.0))
        rejected += alike.equal_slopes().p_value < 0.05
    assert (held / 200 > 0.87).all()
    assert rejected / 200 < 0.10
