"""Covariances against linearmodels, statsmodels, R and pairs of rows one by one, and their corner cases."""

from dataclasses import replace
from math import asin, cos, radians, sin, sqrt

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from linearmodels.panel import PooledOLS as LinearmodelsPooled
from pydantic import ValidationError

from fixest_panels import dummy_regression, levels
from harness import EstimationError, Panel
from harness.installed import installed
from harness.plugin import Contiguity, Floats, great_circle_km, random_stream
from harness.registry.catalog import build_choice
from harness_panel import (
    Classical,
    Clustered,
    CommonShocks,
    Conley,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Instrumental,
    Mundlak,
    Poisson,
    PooledOLS,
    RandomEffects,
    Robust,
    WildCluster,
    harness_estimators,
)
from harness_panel import Tested as ByTest
from harness_panel.diagnostics.effects import moran as moran_of
from harness_panel.diagnostics.effects import weight_matrix
from harness_panel.estimators.poisson import PoissonFit
from harness_panel.feols.estimator import Feols
from harness_panel.solver.regression import regress
from panels import balanced_panel, diagnostics_of, key_from, panel_from_arrays, simulated_panel
from scenarios.effect.test_dependence import columns


def test_the_default_bandwidth_is_the_fourth_root_of_the_number_of_periods():
    for n_periods, bandwidth in [(15, 1), (16, 2), (80, 2), (81, 3)]:
        panel = simulated_panel(random_stream(23), n_entities=3, n_periods=n_periods, n_columns=1)
        table = PooledOLS(DriscollKraay()).fit(panel).coefficients()
        assert table.correction.bandwidth == bandwidth


@pytest.mark.parametrize("step", [1, 2])
def test_lags_are_counted_in_periods_that_some_row_has(step):
    """So a panel of every second year has the errors of one of every year."""
    base = simulated_panel(random_stream(24), n_entities=20, n_periods=8)
    rows = replace(base, period=2000 + step * (base.period - 2000))
    table, expected = (
        FixedEffects(covariance=DriscollKraay(2)).fit(one).coefficients() for one in (rows, base)
    )
    np.testing.assert_allclose(table.covariance, expected.covariance, rtol=1e-8)


def test_a_bandwidth_of_all_periods_is_refused():
    panel = simulated_panel(random_stream(24), n_entities=20, n_periods=5)
    PooledOLS(DriscollKraay(4)).fit(panel)
    with pytest.raises(EstimationError, match="bandwidth 5 need 6 periods; there are 5"):
        PooledOLS(DriscollKraay(5)).fit(panel)


ENTITY, PERIOD = (axis.ravel() for axis in np.indices((4, 4)))

# Residuals that cancel within entities and within periods leave only what is subtracted.
CHECKERED = np.where((ENTITY + PERIOD) % 2 == 0, 1.0, -1.0)


def clustered_by_both(exposure, outcome=CHECKERED):
    panel = panel_from_arrays(entity=ENTITY, period=PERIOD, outcome=outcome, X=exposure)
    return PooledOLS(Clustered(("entity", "time"))).fit(panel).coefficients()


def test_a_two_way_clustered_variance_below_zero_is_mended_and_says_so():
    noise = 0.1 * random_stream(27).normal(size=ENTITY.size)
    exposure = np.array([1.0, 1.0, -1.0, -1.0])[ENTITY] + noise
    table = clustered_by_both(exposure, CHECKERED + PERIOD)
    assert table.correction.kind.endswith("stata, negative eigenvalues set to zero")
    assert np.all(table.std_error > 0.0)
    with pytest.raises(EstimationError, match="standard error of 'const', 'x0' is zero"):
        clustered_by_both(exposure)


def test_a_variance_below_zero_of_the_constant_leaves_slopes_alone():
    """Where the columns are zero decides about it, and should about no slope."""
    exposure = random_stream(26).normal(size=ENTITY.size)
    tables = [clustered_by_both(exposure + level) for level in (0.0, 3.0)]
    mended, alone = tables
    assert mended.correction.kind.endswith("negative eigenvalues set to zero for the constant")
    assert alone.correction.kind == "clustered by entity and time, correction stata"
    assert mended.std_error[0] >= 0.0
    np.testing.assert_allclose(mended.std_error[1], alone.std_error[1], rtol=1e-10)


def in_provinces(panel: Panel) -> Panel:
    """Entities in seven provinces, of which each has several."""
    return replace(panel, groups=(key_from("province", panel.entity.codes % 7),))


@pytest.fixture
def panel() -> Panel:
    return in_provinces(simulated_panel(random_stream(301), n_entities=30, n_periods=8, share=0.7))


def without_factor(panel: Panel, effects: tuple[str, ...], by: tuple[str, ...]) -> Floats:
    """The sandwich of the regression on dummies, slopes alone, by statsmodels."""
    groups = np.column_stack([levels(panel, [name]) for name in by]).squeeze()
    clusters = {"groups": groups, "use_correction": False}
    regression = dummy_regression(panel, [[name] for name in effects])
    covariance = regression.fit(cov_type="cluster", cov_kwds=clusters).cov_params()
    return covariance[: panel.X.shape[1], : panel.X.shape[1]]


def fit(effects: tuple[str, ...], covariance, panel: Panel):
    estimator = FixedEffects(effects, covariance) if effects else PooledOLS(covariance)
    table = estimator.fit(panel).coefficients()
    slopes = [at for at, term in enumerate(table.terms) if term != "const"]
    return table, table.covariance[np.ix_(slopes, slopes)]


STATA = [
    # effects, clusters, and the effects that are not nested in them; a constant is counted in any case
    ((), ("entity",), ""),
    (("entity",), ("entity",), ""),
    (("entity", "time"), ("entity",), "time"),
    (("entity", "time"), ("province",), "time"),
    (("time",), ("entity",), "time"),
    (("entity",), ("time",), "entity"),
    (("entity", "time"), ("entity", "time"), ""),
    (("entity", "time"), ("province", "time"), ""),
]


@pytest.mark.parametrize(("effects", "by", "counted"), STATA)
def test_stata_counts_the_constant_and_effects_that_are_not_nested(panel, effects, by, counted):
    table, covariance = fit(effects, Clustered(by, correction="stata"), panel)
    n_clusters = min(np.unique(levels(panel, [name])).size for name in by)
    n_levels = np.unique(levels(panel, [counted])).size if counted else 1
    n_parameters = panel.X.shape[1] + n_levels
    factor = n_clusters / (n_clusters - 1) * (panel.n_obs - 1) / (panel.n_obs - n_parameters)
    expected = factor * without_factor(panel, effects, by)
    np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-12)
    assert table.correction.kind.endswith("correction stata")
    assert table.correction.factor == pytest.approx(factor, rel=1e-12)
    assert table.correction.df_resid == n_clusters - 1


@pytest.mark.parametrize("effects", [(), ("entity",), ("time",), ("entity", "time")], ids=" and ".join)
@pytest.mark.parametrize("by", ["entity", "time"])
def test_linearmodels_is_what_its_fit_gives_unasked(effects, by):
    panel = in_provinces(simulated_panel(random_stream(303), n_entities=25, n_periods=9))
    index = pd.MultiIndex.from_arrays([panel.entity.codes, panel.period])
    X = pd.DataFrame(panel.X, index=index, columns=list(panel.columns))
    y = pd.Series(panel.observed, index=index, name="y")
    options = {"cov_type": "clustered", f"cluster_{by}": True}
    if effects:
        model = PanelOLS(y, X, entity_effects="entity" in effects, time_effects="time" in effects)
    else:
        model = LinearmodelsPooled(y, X.assign(const=1.0))
    expected = np.asarray(model.fit(**options).cov)[:3, :3]
    _, covariance = fit(effects, Clustered((by,), correction="linearmodels"), panel)
    np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-14)


EVERY = [PooledOLS, FixedEffects, RandomEffects, Mundlak, FirstDifference]


@pytest.mark.parametrize("kind", EVERY)
def test_every_estimator_asks_for_the_column_and_takes_it(panel, kind):
    estimator = kind(covariance=Clustered(("province",)))
    assert estimator.group_columns == ("province",)
    assert kind().group_columns == ()
    table = estimator.fit(panel).coefficients()
    assert table.correction.n_clusters == (7,)
    with pytest.raises(EstimationError, match="no column 'province'"):
        estimator.fit(replace(panel, groups=()))


@pytest.mark.parametrize("by", [(), ("entity", "entity"), ("entity", "time", "province")])
def test_none_and_more_than_two_ways_are_refused(by):
    with pytest.raises(ValueError, match="one or two of entity, time and further columns"):
        Clustered(by)


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


def pair_by_pair(panel, columns, residuals, *, cutoff, lags):
    """Return the sandwich with every pair of rows looked at in turn."""
    bread = np.linalg.inv(columns.T @ columns)
    meat = np.zeros_like(bread)
    for i in range(panel.n_obs):
        for j in range(panel.n_obs):
            weight = 0.0
            apart = abs(int(panel.period[i] - panel.period[j]))
            if apart == 0:
                weight = max(0.0, 1.0 - haversine(panel.coordinates[i], panel.coordinates[j]) / cutoff)
            elif panel.entity.codes[i] == panel.entity.codes[j]:
                weight = max(0.0, 1.0 - apart / (lags + 1.0))
            meat += weight * residuals[i] * residuals[j] * np.outer(columns[i], columns[j])
    return bread @ meat @ bread


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
    table = estimator.fit(panel).coefficients()
    at = [table.terms.index(name) for name in ("x", "w")]
    found = table.covariance[np.ix_(at, at)]
    expected = BY_R[effects, kernel, lags]
    np.testing.assert_allclose(found[[0, 0, 1], [0, 1, 1]], expected, rtol=1e-8)


def test_of_an_instrumented_equation_it_is_the_sum_over_pairs_of_fitted_rows():
    panel = placed(simulated_panel(random_stream(3), n_entities=12, n_periods=4, n_columns=2, share=0.8))
    own = random_stream(4).normal(size=(panel.n_obs, 2))
    panel = replace(panel, instruments=("z0", "z1"), Z=panel.X[:, :1] + own)
    covariance = Conley(cutoff_km=900.0, lags=1)
    table = Instrumental(covariance=covariance).fit(panel).coefficients()
    columns = np.column_stack([np.ones(panel.n_obs), panel.X])
    moments = np.column_stack([np.ones(panel.n_obs), panel.X[:, 1:], panel.Z])
    projected = moments @ np.linalg.lstsq(moments, columns, rcond=None)[0]
    estimate = np.linalg.solve(projected.T @ columns, projected.T @ panel.observed)
    residuals = panel.observed - columns @ estimate
    expected = pair_by_pair(panel, projected, residuals, cutoff=900.0, lags=1)
    np.testing.assert_allclose(table.estimate, estimate, rtol=1e-9)
    np.testing.assert_allclose(table.covariance, expected, rtol=1e-8, atol=1e-14)
    assert table.correction.kind.startswith("Conley")


def test_without_neighbours_it_is_the_robust_covariance_or_the_clustered_one():
    panel = placed(simulated_panel(random_stream(2)))
    for lags, other in ((0, Robust("HC0")), (None, Clustered(correction="none"))):
        near, alone = (
            PooledOLS(covariance=own).fit(panel).coefficients()
            for own in (Conley(cutoff_km=1e-6, lags=lags), other)
        )
        np.testing.assert_allclose(near.covariance, alone.covariance, rtol=1e-9)
    assert near.correction.df_resid == alone.correction.df_resid == panel.n_entities - 1


def test_a_panel_without_places_is_refused():
    with pytest.raises(EstimationError, match="need coordinates, and the panel has none"):
        PooledOLS(covariance=Conley(cutoff_km=100.0)).fit(simulated_panel(random_stream(3)))
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


# spreg 1.9.0 with libpysal 4.14.1: OLS with spat_diag on weights transformed to rows of one.
SPREG = ("moran", "lm_error", "lm_lag", "lm_error_robust", "lm_lag_robust")
ALIKE = [4.847220649015095, 18.9342336701623, 9.510297403013487, 9.678494304276114, 0.25455803712729685]
WEIGHTED = [4.53512300183138, 16.657042529798264, 6.119583458066096, 11.837305347891139, 1.2998462761589709]


@pytest.mark.parametrize(
    ("weighted", "morans_i", "statistics"),
    [(False, 0.48209677669202156, ALIKE), (True, 0.4745475152953306, WEIGHTED)],
    ids=["alike", "weighted"],
)
def test_tests_by_a_file_of_neighbours_are_those_of_spreg(weighted, morans_i, statistics):
    panel = bordering_squares(weighted=weighted)
    regression, weights = regress(panel, ()), weight_matrix(panel.links(), panel.n_obs)
    found = moran_of(weights, regression.basis, regression.within.residuals)[0]
    assert found == pytest.approx(morans_i, rel=1e-9)
    tests = diagnostics_of(PooledOLS().fit(panel))
    assert [tests[name].statistic for name in SPREG] == pytest.approx(statistics, rel=1e-7)
    assert "neighbours by borders.csv" in tests["moran"].source


COVARIANCES = {
    "classical": Classical(),
    **{variant: Robust(variant) for variant in ("HC0", "HC1", "HC2", "HC3")},
    "clustered by entity, correction stata": Clustered(),
    "clustered by entity and time, correction plm": Clustered(("entity", "time"), "plm"),
    "Driscoll-Kraay": DriscollKraay(1),
    "Conley, bartlett kernel up to 500 km": Conley(cutoff_km=500.0),
    "clustered by entity, correction stata, wild bootstrap of 99": WildCluster(draws=99),
}
WITH_TABLE = {
    one.name: one
    for one in harness_estimators()
    # Covariances of instrumented equations are tried next to it, and those of counts.
    if "covariance" in one.__dataclass_fields__
    and one.name not in ("hausman_taylor", "instrumental", "poisson")
}
FEW = {"threshold_effects": {"bootstraps": 19, "grid": 10, "trim": 0.2}}


@pytest.mark.parametrize("name", sorted(WITH_TABLE))
def test_a_covariance_is_the_one_that_the_table_names(name):
    panel = placed(simulated_panel(random_stream(95), n_entities=12, n_periods=7))
    for kind, covariance in COVARIANCES.items():
        if name != "between" or isinstance(covariance, Classical | Robust):
            own = WITH_TABLE[name](covariance=covariance, **FEW.get(name, {}))
            assert own.fit(panel).coefficients().correction.kind.startswith(kind)


def test_means_of_entities_have_no_covariance_of_dependent_rows():
    options = {"covariance": {"use": "clustered", "by": ["entity"]}}
    with pytest.raises(ValidationError, match="'classical', 'robust'"):
        build_choice(installed().catalogs, "estimator", "between", options)


def with_shocks(seed, shape=(40, 12), *, loading=2.0):
    """Return a panel whose exposure and outcome have shocks in common, and no effect on each other."""
    rng = random_stream(seed, "shocks")
    loadings = loading * rng.normal(0.0, 1.0, (shape[0], 1))
    x, y = (rng.standard_normal(shape) + loadings * rng.standard_normal(shape[1]) for _ in range(2))
    z = x + 0.3 * rng.standard_normal(shape)
    panel = balanced_panel(shape, outcome=np.exp(0.1 * y).ravel(), X=x.ravel())
    return replace(panel, instruments=("z",), Z=z.reshape(-1, 1))


def test_of_common_shocks_errors_are_sums_over_all_pairs_of_periods():
    """And within entities; the mean of weights is what sums less their mean lack of their variance."""
    panel = with_shocks(1)
    x, y = (values.reshape(40, 12) for values in (panel.X[:, 0], panel.observed))
    x, y = (v - v.mean(axis=1, keepdims=True) - v.mean(axis=0) + v.mean() for v in (x, y))
    slope = (x * y).sum() / (x * x).sum()
    influence = x * (y - slope * x) / (x * x).sum()
    sums = influence.sum(axis=0)
    pairs = [(t, s, 1.0 - abs(t - s) / 12.0) for t in range(12) for s in range(12)]
    variance = sum(weight * sums[t] * sums[s] for t, s, weight in pairs)
    variance /= 1.0 - sum(weight for *_, weight in pairs) / 12.0**2
    variance += np.square(influence.sum(axis=1)).sum()
    for covariance in (CommonShocks(), ByTest()):
        table = FixedEffects(effects=("entity", "time"), covariance=covariance).fit(panel).coefficients()
        assert table.std_error[0] == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert table.correction.p_common_shocks < 0.05
    assert table.correction.df_resid == pytest.approx(2.4237, abs=1e-4)
    with pytest.raises(EstimationError, match="need three periods; there are 2"):
        FixedEffects(covariance=CommonShocks()).fit(with_shocks(1, (40, 2)))


@pytest.mark.parametrize(
    "estimator",
    [PooledOLS, FixedEffects, FirstDifference, Mundlak, RandomEffects, Instrumental, Poisson, Feols],
)
def test_the_default_of_every_regression_is_by_the_test_of_common_shocks(estimator):
    def correction(panel):
        fit = estimator().fit(panel)
        return (fit.slopes() if isinstance(fit, PoissonFit) else fit.coefficients()).correction

    shared = correction(with_shocks(2))
    assert shared.kind.startswith("by entity plus Driscoll-Kraay over all periods")
    assert shared.p_common_shocks < 0.1
    independent = correction(with_shocks(3, loading=0.0))
    assert independent.kind.startswith("clustered by entity")
    assert independent.p_common_shocks > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(40, 12), (30, 25), (270, 9)], ids=str)
@pytest.mark.parametrize(("kind", "most"), [("loadings", 70), ("spatial", 100)])
def test_fixed_effects_seldom_find_an_effect_where_shocks_are_shared(shape, kind, most):
    """Of 1,000 panels, errors chosen by the test; both columns are autocorrelated."""
    rng, both = np.random.default_rng(5), FixedEffects(effects=("entity", "time"))
    panels = (columns(rng, shape, kind) for _ in range(1000))
    tables = [
        both.fit(balanced_panel(shape, outcome=y.ravel(), X=x.ravel())).coefficients() for x, y in panels
    ]
    assert sum(table.p_value[0] < 0.05 for table in tables) <= most
