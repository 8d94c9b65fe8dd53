"""Covariances against linearmodels on unbalanced panels, and their corner cases."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from linearmodels.panel import PooledOLS as LinearmodelsPooled
from pydantic import ValidationError

from harness import EstimationError, Panel
from harness.installed import installed
from harness.plugin import Floats, random_stream
from harness.registry.catalog import build_choice
from harness_panel import (
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
    harness_estimators,
)
from panels import key_from, panel_from_arrays, simulated_panel


@pytest.mark.parametrize(
    ("covariance", "effects", "kind", "df_resid", "n_clusters", "bandwidth"),
    [
        (Classical(), ("entity", "time"), "classical", 90 - 3 - 20, (), None),
        (Robust("HC0"), ("time",), "HC0", 90 - 3 - 6, (), None),
        (Clustered(), ("entity",), "clustered by entity", 14, (15,), None),
        (Clustered(("entity", "time")), ("entity",), "clustered by entity and time", 5, (15, 6), None),
        (DriscollKraay(3), ("entity",), "Driscoll-Kraay", 5, (6,), 3),
        (DriscollKraay(), ("entity",), "Driscoll-Kraay, bandwidth floor(T^(1/4))", 5, (6,), 1),
    ],
)
def test_a_correction_says_how_it_was_computed(covariance, effects, kind, df_resid, n_clusters, bandwidth):
    panel = simulated_panel(random_stream(22), n_entities=15, n_periods=6)
    correction = FixedEffects(effects, covariance).fit(panel, rng=random_stream(0)).coefficients().correction
    assert (correction.kind, correction.df_resid) == (kind, df_resid)
    assert (correction.n_clusters, correction.bandwidth) == (n_clusters, bandwidth)
    assert (correction.n_obs, correction.n_coef) == (90, 3)


def test_the_default_bandwidth_is_the_fourth_root_of_the_number_of_periods():
    for n_periods, bandwidth in [(15, 1), (16, 2), (80, 2), (81, 3)]:
        panel = simulated_panel(random_stream(23), n_entities=3, n_periods=n_periods, n_columns=1)
        table = PooledOLS(DriscollKraay()).fit(panel, rng=random_stream(0)).coefficients()
        assert table.correction.bandwidth == bandwidth


@pytest.mark.parametrize("step", [1, 2])
def test_lags_are_counted_in_periods_that_some_row_has(step):
    """So a panel of every second year has the errors of one of every year."""
    base = simulated_panel(random_stream(24), n_entities=20, n_periods=8)
    rows = replace(base, period=2000 + step * (base.period - 2000))
    table, expected = (
        FixedEffects(covariance=DriscollKraay(2)).fit(one, rng=random_stream(0)).coefficients()
        for one in (rows, base)
    )
    np.testing.assert_allclose(table.covariance, expected.covariance, rtol=1e-8)


def test_a_bandwidth_of_all_periods_is_refused():
    panel = simulated_panel(random_stream(24), n_entities=20, n_periods=5)
    PooledOLS(DriscollKraay(4)).fit(panel, rng=random_stream(0))
    with pytest.raises(EstimationError, match="bandwidth 5 need 6 periods; there are 5"):
        PooledOLS(DriscollKraay(5)).fit(panel, rng=random_stream(0))


ENTITY, PERIOD = (axis.ravel() for axis in np.indices((4, 4)))

# Residuals that cancel within entities and within periods leave only what is subtracted.
CHECKERED = np.where((ENTITY + PERIOD) % 2 == 0, 1.0, -1.0)


def clustered_by_both(exposure, outcome=CHECKERED):
    panel = panel_from_arrays(entity=ENTITY, period=PERIOD, outcome=outcome, X=exposure)
    return PooledOLS(Clustered(("entity", "time"))).fit(panel, rng=random_stream(0)).coefficients()


def test_a_two_way_clustered_variance_below_zero_is_mended_and_says_so():
    noise = 0.1 * random_stream(27).normal(size=ENTITY.size)
    exposure = np.array([1.0, 1.0, -1.0, -1.0])[ENTITY] + noise
    table = clustered_by_both(exposure, CHECKERED + PERIOD)
    assert table.correction.kind.endswith("time, negative eigenvalues set to zero")
    assert np.all(table.std_error > 0.0)
    with pytest.raises(EstimationError, match="standard error of 'const', 'x0' is zero"):
        clustered_by_both(exposure)


def test_a_variance_below_zero_of_the_constant_leaves_slopes_alone():
    """Where the columns are zero decides about it, and should about no slope."""
    exposure = random_stream(26).normal(size=ENTITY.size)
    tables = [clustered_by_both(exposure + level) for level in (0.0, 3.0)]
    mended, alone = tables
    assert mended.correction.kind.endswith("negative eigenvalues set to zero for the constant")
    assert alone.correction.kind == "clustered by entity and time"
    assert mended.std_error[0] >= 0.0
    np.testing.assert_allclose(mended.std_error[1], alone.std_error[1], rtol=1e-10)


def in_provinces(panel: Panel) -> Panel:
    """Entities in seven provinces, of which each has several."""
    return replace(panel, groups=(key_from("province", panel.entity.codes % 7),))


@pytest.fixture
def panel() -> Panel:
    return in_provinces(simulated_panel(random_stream(301), n_entities=30, n_periods=8, share=0.7))


def codes(panel: Panel, name: str):
    keys = {"entity": panel.entity, "time": panel.time, "province": panel.groups[0]}
    return keys[name].codes


def dummies(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """A constant, and the dummies of all levels but the first."""
    sets = [np.ones((panel.n_obs, 1))]
    for name in effects:
        own = codes(panel, name)
        sets.append((own[:, None] == np.unique(own)[1:]).astype(np.float64))
    return np.column_stack(sets)


def without_factor(panel: Panel, effects: tuple[str, ...], by: tuple[str, ...]) -> Floats:
    """The sandwich of the regression on dummies, slopes alone, by statsmodels."""
    groups = np.column_stack([codes(panel, name) for name in by])
    fitted = sm.OLS(panel.observed, np.column_stack([panel.X, dummies(panel, effects)])).fit(
        cov_type="cluster",
        cov_kwds={"groups": groups if len(by) > 1 else groups[:, 0], "use_correction": False},
    )
    size = panel.X.shape[1]
    return np.asarray(fitted.cov_params())[:size, :size]


def fit(effects: tuple[str, ...], covariance, panel: Panel):
    estimator = FixedEffects(effects, covariance) if effects else PooledOLS(covariance)
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
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
]


@pytest.mark.parametrize(("effects", "by", "counted"), STATA)
def test_stata_counts_the_constant_and_effects_that_are_not_nested(panel, effects, by, counted):
    table, covariance = fit(effects, Clustered(by, correction="stata"), panel)
    n_clusters = min(np.unique(codes(panel, name)).size for name in by)
    n_levels = np.unique(codes(panel, counted)).size if counted else 1
    n_parameters = panel.X.shape[1] + n_levels
    factor = n_clusters / (n_clusters - 1) * (panel.n_obs - 1) / (panel.n_obs - n_parameters)
    expected = factor * without_factor(panel, effects, by)
    np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-12)
    assert table.correction.kind.endswith("correction stata")
    assert table.correction.factor == pytest.approx(factor, rel=1e-12)
    assert table.correction.df_resid == n_clusters - 1


def test_the_factors_of_a_panel_of_thirty_by_sixteen():
    """479 / 453 in Stata and 479 / 469 in plm, which is 1.75 % of an error."""
    panel = simulated_panel(random_stream(302), n_entities=30, n_periods=16, n_columns=11)
    stata, plm = (fit(("entity", "time"), Clustered(correction=name), panel)[0] for name in ("stata", "plm"))
    np.testing.assert_allclose(stata.correction.factor, 30 / 29 * 479 / 453, rtol=1e-12)
    np.testing.assert_allclose(plm.correction.factor, 30 / 29 * 479 / 469, rtol=1e-12)
    np.testing.assert_allclose(stata.std_error / plm.std_error, np.sqrt(469 / 453), rtol=1e-12)
    assert stata.std_error[0] / plm.std_error[0] == pytest.approx(1.0175, abs=5e-5)


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


@pytest.mark.parametrize("by", [("province",), ("province", "time")], ids=" and ".join)
@pytest.mark.parametrize("effects", [(), ("entity", "time")], ids=" and ".join)
def test_any_column_tells_clusters_one_and_two_ways(panel, effects, by):
    table, covariance = fit(effects, Clustered(by, correction="none"), panel)
    if table.correction.kind.endswith("set to zero"):
        pytest.skip("a negative variance, which statsmodels leaves")
    expected = without_factor(panel, effects, by)
    np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-12)
    assert table.correction.kind == f"clustered by {' and '.join(by)}, correction none"
    assert table.correction.n_clusters == tuple(np.unique(codes(panel, name)).size for name in by)


EVERY = [PooledOLS, FixedEffects, RandomEffects, Mundlak, FirstDifference]


@pytest.mark.parametrize("kind", EVERY)
def test_every_estimator_asks_for_the_column_and_takes_it(panel, kind):
    estimator = kind(covariance=Clustered(("province",)))
    assert estimator.group_columns == ("province",)
    assert kind().group_columns == ()
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    assert table.correction.n_clusters == (7,)
    with pytest.raises(EstimationError, match="no column 'province'"):
        estimator.fit(replace(panel, groups=()), rng=random_stream(0))


def test_differences_by_periods_are_least_squares_on_differences():
    """linearmodels' own first differences take no clusters that change within a difference."""
    panel = in_provinces(simulated_panel(random_stream(304), n_entities=30, n_periods=8))
    order = np.lexsort((panel.period, panel.entity.codes))
    later = order[np.flatnonzero(np.diff(panel.entity.codes[order]) == 0) + 1]
    earlier = order[np.flatnonzero(np.diff(panel.entity.codes[order]) == 0)]
    fitted = sm.OLS(panel.observed[later] - panel.observed[earlier], panel.X[later] - panel.X[earlier]).fit(
        cov_type="cluster", cov_kwds={"groups": panel.period[later], "use_correction": False}
    )
    estimator = FirstDifference(covariance=Clustered(("time",), correction="none"))
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.covariance, fitted.cov_params(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("by", [(), ("entity", "entity"), ("entity", "time", "province")])
def test_none_and_more_than_two_ways_are_refused(by):
    with pytest.raises(ValueError, match="one or two of entity, time and further columns"):
        Clustered(by)


BOTH = "entity and time"
COVARIANCES = {
    "classical": ({"use": "classical"}, "classical"),
    "HC0": ({"use": "robust", "variant": "HC0"}, "HC0"),
    "HC1": ({"use": "robust", "variant": "HC1"}, "HC1"),
    "HC2": ({"use": "robust", "variant": "HC2"}, "HC2"),
    "HC3": ({"use": "robust", "variant": "HC3"}, "HC3"),
    "entity": ({"use": "clustered", "by": ["entity"]}, "clustered by entity"),
    "time": ({"use": "clustered", "by": ["time"]}, "clustered by time"),
    "both": ({"use": "clustered", "by": ["entity", "time"]}, f"clustered by {BOTH}"),
    "Driscoll-Kraay": ({"use": "driscoll_kraay", "bandwidth": 1}, "Driscoll-Kraay"),
    "Conley": ({"use": "conley", "cutoff_km": 500.0}, "Conley, bartlett kernel up to 500 km"),
    "wild": ({"use": "wild_cluster", "draws": 99}, "clustered by entity, wild bootstrap of 99"),
}
ESTIMATORS = {one.name: one for one in harness_estimators()}
TABULATED = {name for name, one in ESTIMATORS.items() if "covariance" in one.__dataclass_fields__}
WITH_TABLE = sorted(TABULATED - {"instrumental"})  # whose covariances are tried beside it
FEW = {"threshold_effects": {"bootstraps": 19, "grid": 10, "trim": 0.2}}
INDEPENDENT = {"classical", "HC0", "HC1", "HC2", "HC3"}


def offers(estimator: str, covariance: str) -> bool:
    """What the documents state: all of them, except for the means of entities."""
    return estimator != "between" or covariance in INDEPENDENT


def build(estimator: str, covariance: str):
    options = {"covariance": COVARIANCES[covariance][0]} | FEW.get(estimator, {})
    return build_choice(installed().catalogs, "estimator", estimator, options)


def placed_panel(seed, *, share=1.0):
    """Return a panel whose entities stand on a line, 300 km apart."""
    panel = simulated_panel(random_stream(seed), n_entities=12, n_periods=7, share=share)
    latitude = 20.0 + 2.7 * panel.entity.codes
    return replace(panel, coordinates=np.column_stack([latitude, np.full(panel.n_obs, 110.0)]))


@pytest.mark.parametrize("estimator", WITH_TABLE)
def test_a_covariance_is_the_one_that_the_table_names_or_is_refused(estimator):
    panel = placed_panel(95)
    for covariance, (_, kind) in COVARIANCES.items():
        if not offers(estimator, covariance):
            with pytest.raises(ValidationError, match="'classical', 'robust'"):
                build(estimator, covariance)
            continue
        correction = build(estimator, covariance).fit(panel, rng=random_stream(0)).coefficients().correction
        assert correction.kind.startswith(kind)
        assert (BOTH in correction.kind) == (covariance == "both")
