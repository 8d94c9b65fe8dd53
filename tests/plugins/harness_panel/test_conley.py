"""Conley errors: against pairs of rows one by one, known distances, other covariances, and true intervals."""

import warnings
from dataclasses import replace
from math import asin, cos, radians, sin, sqrt

import numpy as np
import pytest
from scipy.stats import t

from harness import EstimationError
from harness.plugin import Contiguity, great_circle_km, random_stream
from harness_panel import Clustered, Conley, FixedEffects, Instrumental, PooledOLS, Robust
from harness_panel.diagnostics.effects import moran as moran_of
from harness_panel.diagnostics.effects import weight_matrix
from harness_panel.solver.regression import regress
from panels import panel_from_arrays, simulated_panel


def placed(panel, seed=0):
    """Return the panel with places in China for its entities."""
    rng = random_stream(seed, "places")
    n = len(panel.entity.labels)
    places = np.column_stack([rng.uniform(20.0, 50.0, n), rng.uniform(75.0, 130.0, n)])
    return replace(panel, coordinates=places[panel.entity.codes])


def haversine(one, other):
    (p1, l1), (p2, l2) = (tuple(map(radians, place)) for place in (one, other))
    a = sin((p1 - p2) / 2) ** 2 + cos(p1) * cos(p2) * sin((l1 - l2) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(a))


def pair_by_pair(panel, columns, residuals, *, cutoff, kernel, lags):
    """Return the sandwich with every pair of rows looked at in turn."""
    bread = np.linalg.inv(columns.T @ columns)
    meat = np.zeros_like(bread)
    for i in range(panel.n_obs):
        for j in range(panel.n_obs):
            weight = 0.0
            apart = abs(int(panel.period[i] - panel.period[j]))
            if apart == 0:
                distance = haversine(panel.coordinates[i], panel.coordinates[j])
                near = distance <= cutoff
                weight = float(near) if kernel == "uniform" else max(0.0, 1.0 - distance / cutoff)
            elif panel.entity.codes[i] == panel.entity.codes[j]:
                weight = 1.0 if lags is None else max(0.0, 1.0 - apart / (lags + 1.0))
            meat += weight * residuals[i] * residuals[j] * np.outer(columns[i], columns[j])
    return bread @ meat @ bread


@pytest.mark.parametrize(
    ("kernel", "lags"), [("uniform", 0), ("bartlett", 0), ("bartlett", 2), ("uniform", 1), ("bartlett", None)]
)
@pytest.mark.parametrize("effects", [(), ("entity", "time")])
def test_it_is_the_sum_over_pairs(kernel, lags, effects):
    panel = placed(simulated_panel(random_stream(1), n_entities=12, n_periods=5, share=0.8))
    covariance = Conley(cutoff_km=900.0, kernel=kernel, lags=lags)
    if effects:
        estimator = FixedEffects(effects=effects, covariance=covariance)
        dummies = [np.eye(panel.n_entities)[panel.entity.codes], np.eye(panel.n_periods)[panel.time.codes]]
        D = np.column_stack(dummies)
        columns = panel.X - D @ np.linalg.lstsq(D, panel.X, rcond=None)[0]
    else:
        estimator = PooledOLS(covariance=covariance)
        columns = np.column_stack([np.ones(panel.n_obs), panel.X])
    fit = estimator.fit(panel, rng=random_stream(0))
    residuals = panel.observed - fit.predict(panel)
    expected = pair_by_pair(panel, columns, residuals, cutoff=900.0, kernel=kernel, lags=lags)
    table = fit.coefficients()
    if "eigenvalues" in table.correction.kind:
        assert np.linalg.eigvalsh(expected).min() < 0.0
        return
    np.testing.assert_allclose(table.covariance, expected, rtol=1e-8, atol=1e-12)
    assert table.correction.kind.startswith(f"Conley, {kernel} kernel up to 900 km")


# Variance of the slope of x, covariance, variance of that of w: what conley.R prints, with R 4.5.0.
# Its remaining numbers, pooled, uniform and with lags, have a negative eigenvalue, which is mended here.
BY_R = {
    ("pooled", "uniform", 0): (0.0017304624748011182, 0.0010705279801753954, 0.0044259871158029264),
    ("pooled", "bartlett", 0): (0.0030975194498020844, 0.00056019167067982952, 0.0044805993242818818),
    ("pooled", "bartlett", 2): (0.0014616086761255883, 0.0003977869908160385, 0.0055351968352786085),
    ("within", "uniform", 0): (0.0028334026769917513, 0.00075832312880583339, 0.0037624382469332055),
    ("within", "uniform", 2): (0.0018383080381794393, 0.00068449827624592053, 0.0042734140506643613),
    ("within", "bartlett", 0): (0.0049008339276013094, 0.00072626623518450765, 0.0038539046502083537),
    ("within", "bartlett", 2): (0.0039057392887890015, 0.00065244138262459588, 0.004364880453939503),
}


@pytest.mark.parametrize(("effects", "kernel", "lags"), sorted(BY_R))
def test_it_is_that_of_a_script_in_r(effects, kernel, lags):
    k = np.arange(200)
    entity, time = k // 5, k % 5
    latitude, longitude = 35.0 + 12.0 * np.sin(1.3 * entity), 105.0 + 18.0 * np.cos(2.1 * entity)
    x, w = np.sin(0.7 * k) + 0.5 * np.cos(0.9 * entity), np.cos(1.9 * k + 0.1 * entity)
    y = 1.0 + 0.8 * x - 0.3 * w + np.sin(0.05 * latitude * time) + 0.6 * np.cos(2.7 * k)
    panel = panel_from_arrays(
        entity=entity, period=time, outcome=y, X=np.column_stack([x, w]), columns=("x", "w")
    )
    panel = replace(panel, coordinates=np.column_stack([latitude, longitude]))
    covariance = Conley(cutoff_km=700.0, kernel=kernel, lags=lags)
    estimator = (
        PooledOLS(covariance=covariance)
        if effects == "pooled"
        else FixedEffects(effects=("entity", "time"), covariance=covariance)
    )
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    at = [table.terms.index(name) for name in ("x", "w")]
    found = table.covariance[np.ix_(at, at)]
    expected = BY_R[effects, kernel, lags]
    np.testing.assert_allclose(found[[0, 0, 1], [0, 1, 1]], expected, rtol=1e-8)


def test_of_an_instrumented_equation_it_is_the_sum_over_pairs_of_fitted_rows():
    panel = placed(simulated_panel(random_stream(3), n_entities=12, n_periods=4, n_columns=2))
    own = random_stream(4).normal(size=(panel.n_obs, 2))
    panel = replace(panel, instruments=("z0", "z1"), Z=panel.X[:, :1] + own)
    covariance = Conley(cutoff_km=900.0, lags=1)
    table = Instrumental(covariance=covariance).fit(panel, rng=random_stream(0)).coefficients()
    columns = np.column_stack([np.ones(panel.n_obs), panel.X])
    moments = np.column_stack([np.ones(panel.n_obs), panel.X[:, 1:], panel.Z])
    projected = moments @ np.linalg.lstsq(moments, columns, rcond=None)[0]
    estimate = np.linalg.solve(projected.T @ columns, projected.T @ panel.observed)
    expected = pair_by_pair(
        panel, projected, panel.observed - columns @ estimate, cutoff=900.0, kernel="bartlett", lags=1
    )
    np.testing.assert_allclose(table.estimate, estimate, rtol=1e-9)
    np.testing.assert_allclose(table.covariance, expected, rtol=1e-8, atol=1e-14)
    assert table.correction.kind.startswith("Conley")


def test_without_neighbours_it_is_the_robust_covariance_or_the_clustered_one():
    panel = placed(simulated_panel(random_stream(2)))
    for lags, other in ((0, Robust("HC0")), (None, Clustered(correction="none"))):
        near, alone = (
            PooledOLS(covariance=own).fit(panel, rng=random_stream(0)).coefficients()
            for own in (Conley(cutoff_km=1e-6, lags=lags), other)
        )
        np.testing.assert_allclose(near.covariance, alone.covariance, rtol=1e-9)
    assert near.correction.df_resid == alone.correction.df_resid == panel.n_entities - 1


@pytest.mark.parametrize(("lags", "low", "high"), [(None, 0.03, 0.07), (0, 0.12, 0.4)])
def test_no_effect_is_rejected_as_often_as_the_level_says_where_errors_last(lags, low, high):
    """Serial correlation of 0.8 on both sides, none in space; of regressions with effects of both keys."""
    n, periods, n_panels = 150, 9, 200
    rng, rejected, covariance = random_stream(6, "lasting"), 0, Conley(cutoff_km=100.0, lags=lags)
    entity, period = (axis.ravel() for axis in np.indices((n, periods)))
    panel = placed(panel_from_arrays(entity=entity, period=period, outcome=0.0 * entity, X=0.0 * entity))
    for _ in range(n_panels):
        both = rng.normal(size=(2, n, periods))
        for at in range(1, periods):
            both[:, :, at] = 0.8 * both[:, :, at - 1] + 0.6 * both[:, :, at]
        both -= both.mean(axis=1, keepdims=True) + both.mean(axis=2, keepdims=True)
        x, outcome = both.reshape(2, -1)
        slope = x @ outcome / (x @ x)
        variance = covariance.meat(panel, (x * (outcome - slope * x))[:, None])[0, 0]
        rejected += abs(slope) > t.ppf(0.975, n - 1) * np.sqrt(variance) / (x @ x)
    assert low <= rejected / n_panels <= high


def test_a_panel_without_places_is_refused():
    with pytest.raises(EstimationError, match="need coordinates, and the panel has none"):
        PooledOLS(covariance=Conley(cutoff_km=100.0)).fit(
            simulated_panel(random_stream(3)), rng=random_stream(0)
        )
    for options in ({"cutoff_km": 0.0}, {"cutoff_km": float("nan")}, {"cutoff_km": 1.0, "lags": -1}):
        with pytest.raises(ValueError, match=r"cutoff_km|lags"):
            Conley(**options)


@pytest.mark.slow
def test_intervals_hold_the_truth_where_clustered_ones_do_not():
    """Regressors and errors are correlated in space, exp(-d / 200 km); the truth is one."""
    n, periods = 273, 9
    rng = random_stream(5, "space")
    places = np.column_stack([rng.uniform(20.0, 50.0, n), rng.uniform(75.0, 130.0, n)])
    root = np.linalg.cholesky(np.exp(-great_circle_km(places, places) / 200.0) + 1e-9 * np.eye(n))
    entity, period = (axis.ravel() for axis in np.indices((n, periods)))
    held = {"conley": 0, "clustered": 0}
    for _ in range(300):
        x, error = (root @ rng.normal(size=(n, periods)) for _ in range(2))
        panel = panel_from_arrays(entity=entity, period=period, outcome=(x + error).ravel(), X=x.ravel())
        panel = replace(panel, coordinates=places[entity])
        for name, estimator in (
            ("conley", PooledOLS(covariance=Conley(cutoff_km=600.0, kernel="uniform"))),
            ("clustered", PooledOLS()),
        ):
            low, high = estimator.fit(panel, rng=rng).coefficients().conf_int(0.95)[1]
            held[name] += low < 1.0 < high
    assert 0.92 <= held["conley"] / 300 <= 0.975
    assert held["clustered"] / 300 < 0.90


def dense(panel):
    return weight_matrix(panel.links(), panel.n_obs).toarray()


def found_in(panel):
    fit = PooledOLS().fit(panel, rng=random_stream(0))
    rows = fit.details()["diagnostics"]
    return dict(zip(rows["test"], zip(rows["statistic"], rows["p_value"], strict=True), strict=True))


def morans_i_of(panel):
    regression, weights = regress(panel, ()), weight_matrix(panel.links(), panel.n_obs)
    return moran_of(weights, regression.basis, regression.within.residuals)[0]


def spatial_panel(seed, *, rho=0.0, lag=0.0, n_entities=40, n_periods=4):
    """Return a panel with errors, or outcomes, that depend on the means of the nearest five."""
    rng = random_stream(seed, "spatial tests")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    places = rng.uniform((20.0, 80.0), (45.0, 120.0), size=(n_entities, 2))
    X = rng.normal(size=(entity.size, 2))
    panel = panel_from_arrays(entity=entity, period=period, outcome=np.arange(entity.size), X=X)
    panel = replace(panel, coordinates=places[entity])
    weights, one = dense(panel), np.eye(entity.size)
    errors = np.linalg.solve(one - rho * weights, rng.normal(size=entity.size))
    return replace(panel, observed=np.linalg.solve(one - lag * weights, X @ [1.0, -1.0] + errors))


@pytest.mark.slow
def test_morans_i_is_that_of_esda():
    pytest.importorskip("esda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W

        panel = spatial_panel(2, n_periods=1)
        regression = regress(panel, ())
        weights = dense(panel)
        near = {row: np.flatnonzero(weights[row]).tolist() for row in range(panel.n_obs)}
        expected = Moran(regression.within.residuals, W(near, silence_warnings=True), permutations=0).I
    assert morans_i_of(panel) == pytest.approx(expected, rel=1e-9)


def bordering_squares(*, weighted):
    """Return a panel of one period, the squares of a board of seven by seven, which border on up to four."""
    at = np.arange(49)
    row, column = np.divmod(at, 7)
    sides = [(k, k + step) for k in at for step in (1, 7) if k + step < 49 and (step == 7 or (k + 1) % 7)]
    ones, others = np.array(sides).T
    x, z = np.cos(1.7 * at) + 0.3 * row, np.sin(2.3 * at**2)
    outcome = 1.0 + 0.5 * x - 0.7 * z + 0.6 * np.sin(row + 0.5 * column) + 0.4 * np.cos(5.1 * at)
    panel = panel_from_arrays(
        entity=at, period=np.zeros(49, dtype=int), outcome=outcome, X=np.column_stack([x, z])
    )
    weights = 1.0 + (ones + others) % 3 if weighted else np.ones(ones.size)
    return replace(panel, contiguity=Contiguity(panel.entity.labels, ones, others, weights, "borders.csv"))


@pytest.mark.parametrize(
    ("weighted", "morans_i", "moran", "error", "lag", "robust_error", "robust_lag"),
    [
        (
            False,
            0.48209677669202156,
            4.847220649015095,
            18.9342336701623,
            9.510297403013487,
            9.678494304276114,
            0.25455803712729685,
        ),
        (
            True,
            0.4745475152953306,
            4.53512300183138,
            16.657042529798264,
            6.119583458066096,
            11.837305347891139,
            1.2998462761589709,
        ),
    ],
    ids=["alike", "weighted"],
)
def test_tests_by_a_file_of_neighbours_are_those_of_spreg(
    weighted, morans_i, moran, error, lag, robust_error, robust_lag
):
    """spreg 1.9.0 with libpysal 4.14.1, OLS with spat_diag on weights transformed to rows of one."""
    panel = bordering_squares(weighted=weighted)
    found = {name: statistic for name, (statistic, _) in found_in(panel).items()}
    assert morans_i_of(panel) == pytest.approx(morans_i, rel=1e-9)
    assert found["moran"] == pytest.approx(moran, rel=1e-9)
    assert found["lm_error"] == pytest.approx(error, rel=1e-9)
    assert found["lm_lag"] == pytest.approx(lag, rel=1e-9)
    assert found["lm_error_robust"] == pytest.approx(robust_error, rel=1e-8)
    assert found["lm_lag_robust"] == pytest.approx(robust_lag, rel=1e-7)
    diagnostics = PooledOLS().fit(panel, rng=random_stream(0)).details()["diagnostics"]
    assert any("neighbours by borders.csv" in str(source) for source in diagnostics["source"])


@pytest.mark.slow
def test_links_by_a_file_are_those_of_libpysal_and_morans_i_that_of_esda():
    """Over the periods of a panel an entity's neighbours are those that have a row in the period."""
    pytest.importorskip("esda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W, lat2W

        panel = bordering_squares(weighted=False)
        board = lat2W(7, 7)
        board.transform = "r"
        np.testing.assert_allclose(dense(panel), board.full()[0], atol=1e-15)
        some = panel.take(np.arange(40))
        links = some.links()
        near = {row: links.others[links.rows == row].tolist() for row in range(40)}
        residuals = some.observed - some.observed.mean()
        expected = Moran(residuals, W(near, silence_warnings=True), permutations=0).I
    basis = np.full((40, 1), 40.0**-0.5)
    assert moran_of(weight_matrix(links, 40), basis, residuals)[0] == pytest.approx(expected, rel=1e-9)
