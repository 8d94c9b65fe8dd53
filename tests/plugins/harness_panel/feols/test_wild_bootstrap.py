"""The wild cluster bootstrap against regressions done anew for every draw, and against another's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import harness_panel
from fixest_panels import dummies, grouped_panel
from harness import EstimationError
from harness.plugin import random_stream
from harness_panel.feols import Feols, WildBootstrap
from panels import simulated_panel

SIX = replace(grouped_panel("six", n_entities=6, n_periods=9), groups=())
CASES = {
    "entity": (("entity",), ()),
    "time": (("time",), ()),
    "both": (("entity", "time"), ()),
    "trends": (("entity",), ("entity",)),
    "trends and time": (("entity", "time"), ("entity",)),
}


def t_statistic(outcome, X, D, codes, *, at: int, null: float, root) -> float:
    """Clustered t statistic of a regression on columns and dummies; constant factors cancel."""
    both = np.hstack([X, D]) * root[:, None]
    found = np.linalg.pinv(both)
    slopes = found @ (outcome * root)
    residuals = outcome * root - both @ slopes
    shares = np.bincount(codes, found[at] * residuals)
    return float((slopes[at] - null) / np.sqrt(shares @ shares))


def p_value_by_regressions(panel, effects, trends, *, at: int, null: float, root) -> float:
    D, codes = dummies(panel, [[name] for name in effects], trends=bool(trends)), panel.entity.codes
    restricted = np.hstack([np.delete(panel.X, at, axis=1), D])
    target = panel.observed - null * panel.X[:, at]
    weighted = restricted * root[:, None]
    fitted = restricted @ np.linalg.lstsq(weighted, target * root, rcond=None)[0]
    own = abs(t_statistic(panel.observed, panel.X, D, codes, at=at, null=null, root=root))
    signs = np.array(list(product([-1.0, 1.0], repeat=6)))[:, codes]
    draws = [
        t_statistic(
            null * panel.X[:, at] + fitted + sign * (target - fitted),
            panel.X,
            D,
            codes,
            at=at,
            null=null,
            root=root,
        )
        for sign in signs
    ]
    return float(np.mean(np.abs(draws) >= own * (1 - 1e-9)))


@pytest.mark.parametrize(("effects", "trends"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_p_values_of_all_sign_changes(effects, trends, weighted):
    options = Feols(effects=effects, trends=trends, covariance=WildBootstrap(), weighted=weighted)
    table = options.fit(SIX, rng=random_stream(0)).coefficients()
    root = np.sqrt(SIX.weights) if weighted else np.ones(SIX.n_obs)
    for at in (0, 1):
        for null in (0.0, table.estimate[at] + 1.3 * table.std_error[at]):
            expected = p_value_by_regressions(SIX, effects, trends, at=at, null=null, root=root)
            assert table.inference.statistics[at].p_value(null) == pytest.approx(expected, abs=1e-12)
        assert table.p_value[at] == table.inference.statistics[at].p_value(0.0)


def test_limits_are_the_nulls_that_are_just_not_rejected():
    panel = simulated_panel(random_stream(94), n_entities=9, n_periods=5, share=0.9)
    options = Feols(effects=("entity", "time"), covariance=WildBootstrap(draws=512))
    table = options.fit(panel, rng=random_stream(0)).coefficients()
    expected = (
        harness_panel.FixedEffects(("entity", "time"), harness_panel.WildCluster(draws=512))
        .fit(panel, rng=random_stream(0))
        .coefficients()
    )
    np.testing.assert_allclose(table.p_value, expected.p_value, rtol=1e-12)
    np.testing.assert_allclose(table.conf_int(0.9), expected.conf_int(0.9), rtol=1e-6)


def test_more_clusters_than_it_is_for():
    panel = simulated_panel(random_stream(95), n_entities=1_001, n_periods=2)
    with pytest.raises(EstimationError, match="of 1001 clusters"):
        Feols(covariance=WildBootstrap()).fit(panel, rng=random_stream(0))
