"""The wild cluster bootstrap against regressions done anew for every draw."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm

from harness import EstimationError, Panel
from harness.plugin import random_stream
from harness_panel import FixedEffects, PooledOLS, WildCluster
from panels import simulated_panel

SIX = simulated_panel(random_stream(61), n_entities=6, n_periods=9, n_columns=2, share=0.8)
EFFECTS = [(), ("entity",), ("time",), ("entity", "time")]


def estimator(effects, covariance):
    return FixedEffects(effects, covariance) if effects else PooledOLS(covariance)


def dummies(panel: Panel, effects: tuple[str, ...]):
    """Regressors of the dummy-variable regression after the panel's own columns."""
    keys = {"entity": panel.entity, "time": panel.time}
    blocks = [np.eye(len(keys[one].labels))[keys[one].codes] for one in effects]
    others = [block[:, 1:] for block in blocks[1:]]
    return np.hstack([blocks[0], *others]) if blocks else np.ones((panel.n_obs, 1))


def statistic(outcome, X, clusters, *, at: int, null: float) -> float:
    """Clustered t statistic; the small-sample factor cancels between data and draws."""
    fitted = sm.OLS(outcome, X).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    return float((fitted.params[at] - null) / fitted.bse[at])


def p_value_by_regressions(panel, effects, *, at: int, null: float) -> float:
    """All 2^6 Rademacher draws, each regressed on the columns and all dummies."""
    X, clusters = np.hstack([panel.X, dummies(panel, effects)]), panel.entity.codes
    restricted = np.delete(X, at, axis=1)
    target = panel.observed - null * X[:, at]
    fitted = restricted @ np.linalg.lstsq(restricted, target, rcond=None)[0]
    own = abs(statistic(panel.observed, X, clusters, at=at, null=null))
    signs = np.array(list(product([-1.0, 1.0], repeat=6)))[:, clusters]
    draws = [
        statistic(null * X[:, at] + fitted + sign * (target - fitted), X, clusters, at=at, null=null)
        for sign in signs
    ]
    return float(np.mean(np.abs(draws) >= own * (1 - 1e-9)))


@pytest.mark.parametrize("effects", EFFECTS, ids=[" and ".join(one) or "pooled" for one in EFFECTS])
@pytest.mark.parametrize("null", [0.0, 1.5])
def test_p_values_of_all_sign_changes(effects, null):
    table = estimator(effects, WildCluster()).fit(SIX, rng=random_stream(0)).coefficients()
    at = table.terms.index("x1")
    expected = p_value_by_regressions(SIX, effects, at=1, null=null)
    assert table.inference.statistics[at].p_value(null) == pytest.approx(expected, abs=1e-12)
    assert "all 64 rademacher draws" in table.correction.kind


@pytest.mark.parametrize("effects", [(), ("entity", "time")], ids=["pooled", "two-way"])
def test_limits_are_where_the_p_value_crosses_the_level(effects):
    panel = simulated_panel(random_stream(62), n_entities=12, n_periods=5, n_columns=2)
    table = estimator(effects, WildCluster(draws=499)).fit(panel, rng=random_stream(1)).coefficients()
    for one, (low, high) in zip(table.inference.statistics, table.conf_int(0.9), strict=True):
        assert low < one.estimate < high
        for limit in (low, high):
            assert one.p_value(one.estimate + (limit - one.estimate) * 1.0001) <= 0.1
            assert one.p_value(one.estimate + (limit - one.estimate) * 0.9999) > 0.1


def test_clusters_too_few_to_reject_anything_have_no_limits():
    panel = simulated_panel(random_stream(66), n_entities=3, n_periods=20, n_columns=1)
    table = PooledOLS(WildCluster()).fit(panel, rng=random_stream(0)).coefficients()
    assert table.p_value.min() >= 2 / 8
    assert np.isinf(table.conf_int(0.95)).all()


def test_too_many_clusters_are_refused():
    panel = simulated_panel(random_stream(68), n_entities=1001, n_periods=2)
    with pytest.raises(EstimationError, match="for few clusters; there are 1001"):
        PooledOLS(WildCluster()).fit(panel, rng=random_stream(0))
