"""Clustered errors with the factors that other programs use."""

from __future__ import annotations

import numpy as np
import pytest

from fixest_panels import dummy_regression, grouped_panel
from harness import EstimationError
from harness.plugin import random_stream
from harness_panel.feols import CRV1, CRV3, Feols, Hetero

PANEL = grouped_panel("corrections")
N, K = PANEL.n_obs, len(PANEL.columns)


def table(effects, covariance, panel=PANEL, **options):
    return (
        Feols(effects=effects, covariance=covariance, **options)
        .fit(panel, rng=random_stream(0))
        .coefficients()
    )


def raw(by: str):
    """Errors of the regression on dummies clustered by a key, without any factor."""
    groups = {"entity": PANEL.entity.codes, "time": PANEL.time.codes, "region": PANEL.group("region").codes}
    kwds = {"groups": groups[by], "use_correction": False}
    fit = dummy_regression(PANEL, [["entity"], ["time"]]).fit(cov_type="cluster", cov_kwds=kwds)
    return fit.bse[:K]


@pytest.mark.parametrize(
    ("by", "counted"),
    [
        ("entity", K + (PANEL.n_periods - 1) + 1),
        ("region", K + (PANEL.n_periods - 1) + 1),
        ("time", K + (PANEL.n_entities - 1) + 1),
    ],
)
def test_fixest_counts_effects_that_are_not_within_clusters(by, counted):
    """Effects within clusters count as one, their constant; the others as the levels that are left."""
    n_clusters = {"entity": PANEL.n_entities, "region": 3, "time": PANEL.n_periods}[by]
    factor = n_clusters / (n_clusters - 1) * (N - 1) / (N - counted)
    found = table(("entity", "time"), CRV1((by,)))
    assert found.correction.factor == pytest.approx(factor, rel=1e-12)
    np.testing.assert_allclose(found.std_error, np.sqrt(factor) * raw(by), rtol=1e-9)


def test_two_kinds_of_clusters_take_the_smaller_number():
    """Three sandwiches, those of both kinds less that of their pairs, times one factor."""
    regression = dummy_regression(PANEL, [["entity"], ["time"]])
    pairs = PANEL.entity.codes * PANEL.n_periods + PANEL.time.codes
    parts = []
    for groups in (PANEL.entity.codes, PANEL.time.codes, pairs):
        kwds = {"groups": groups, "use_correction": False}
        parts.append(regression.fit(cov_type="cluster", cov_kwds=kwds).cov_params()[:K, :K])
    smallest = min(PANEL.n_entities, PANEL.n_periods)
    factor = smallest / (smallest - 1) * (N - 1) / (N - K - 1)
    found = table(("entity", "time"), CRV1(("entity", "time")))
    np.testing.assert_allclose(found.covariance, factor * (parts[0] + parts[1] - parts[2]), rtol=1e-8)
    assert found.correction.df_resid == smallest - 1


def test_singletons_change_factors_and_no_slope():
    alone = np.concatenate(
        [np.flatnonzero(PANEL.entity.codes > 0), np.flatnonzero(PANEL.entity.codes == 0)[:1]]
    )
    panel = PANEL.take(alone)
    fits = {
        singletons: Feols(effects=("entity",), covariance=Hetero(), singletons=singletons).fit(
            panel, rng=random_stream(0)
        )
        for singletons in ("keep", "drop")
    }
    kept, dropped = (fits[singletons].coefficients() for singletons in ("keep", "drop"))
    np.testing.assert_allclose(kept.estimate, dropped.estimate, rtol=1e-10)
    assert (kept.correction.n_obs, dropped.correction.n_obs) == (panel.n_obs, panel.n_obs - 1)
    assert kept.correction.df_resid == dropped.correction.df_resid
    np.testing.assert_allclose(fits["keep"].predict(panel), fits["drop"].predict(panel), atol=1e-9)
    counts = [
        dict(zip(*(fit.details()["statistics"][column] for column in ("statistic", "value")), strict=True))
        for fit in fits.values()
    ]
    assert [statistics["n_singleton_rows"] for statistics in counts] == [1, 1]


@pytest.mark.parametrize("by", ["entity", "time", "region"])
@pytest.mark.parametrize(
    ("effects", "absorb", "trends"),
    [(("entity",), (), ()), (("entity", "time"), (), ()), (("entity",), (), ("entity",))],
    ids=["entity", "both", "trends"],
)
def test_jackknife(by, effects, absorb, trends):
    """CV3 of MacKinnon, Nielsen & Webb: every cluster left out, and all dummies fitted anew."""
    codes = {"entity": PANEL.entity.codes, "time": PANEL.time.codes, "region": PANEL.group("region").codes}[
        by
    ]
    sets = [[name] for name in effects]

    def slopes(panel):
        return dummy_regression(panel, sets, trends=bool(trends)).fit().params[:K]

    changes = [
        slopes(_repacked(PANEL.take(np.flatnonzero(codes != at)))) - slopes(PANEL) for at in np.unique(codes)
    ]
    n_clusters = len(changes)
    expected = (n_clusters - 1) / n_clusters * sum(np.outer(change, change) for change in changes)
    found = table(effects, CRV3(by), absorb=absorb, trends=trends)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-7)
    assert found.correction.df_resid == n_clusters - 1


def _repacked(panel):
    from dataclasses import replace

    return replace(panel, entity=panel.entity.without_absent(), time=panel.time.without_absent())


def test_jackknife_where_one_cluster_tells_a_slope():
    column = np.where(PANEL.entity.codes == 0, PANEL.column("x1"), 0.0)
    panel = PANEL.with_column("x1", column)
    with pytest.raises(EstimationError, match=r"CRV3 is undefined: without entity 0, .*'x1'"):
        table(("entity",), CRV3(), panel)
