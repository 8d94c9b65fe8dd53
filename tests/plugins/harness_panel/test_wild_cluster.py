"""The wild cluster bootstrap, by either engine, against regressions done anew for every draw."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from fixest_panels import dummies, grouped_panel
from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import FixedEffects, PooledOLS, WildCluster
from harness_panel.feols import Feols, WildBootstrap
from panels import simulated_panel

SIX = replace(grouped_panel("six", n_entities=6, n_periods=9), groups=())
E, T, BOTH = ("entity",), ("time",), ("entity", "time")


def feols(effects, trends=(), *, weighted=False):
    return Feols(effects=effects, trends=trends, covariance=WildBootstrap(), weighted=weighted)


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
    options = (Feols(BOTH, covariance=WildBootstrap(draws=512)), FixedEffects(BOTH, WildCluster(draws=512)))
    table, expected = (one.fit(panel, rng=random_stream(0)).coefficients() for one in options)
    np.testing.assert_allclose(table.p_value, expected.p_value, rtol=1e-12)
    np.testing.assert_allclose(table.conf_int(0.9), expected.conf_int(0.9), rtol=1e-6)


def test_clusters_too_few_to_reject_anything_have_no_limits():
    panel = simulated_panel(random_stream(66), n_entities=3, n_periods=20, n_columns=1)
    table = PooledOLS(WildCluster()).fit(panel, rng=random_stream(0)).coefficients()
    assert table.p_value.min() >= 2 / 8
    assert np.isinf(table.conf_int(0.95)).all()


@pytest.mark.parametrize("estimator", [PooledOLS(WildCluster()), Feols(covariance=WildBootstrap())])
def test_too_many_clusters_are_refused(estimator):
    panel = simulated_panel(random_stream(68), n_entities=1001, n_periods=2)
    with pytest.raises(EstimationError, match="1001"):
        estimator.fit(panel, rng=random_stream(0))
