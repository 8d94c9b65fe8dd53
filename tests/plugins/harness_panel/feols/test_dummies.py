"""Slopes, errors and predictions against regressions on dummies, by statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from fixest_panels import dummy_regression, grouped_panel
from harness.plugin import random_stream
from harness_panel.feols import CRV1, Feols, Hetero, Iid

CASES = {
    "entity": ({"effects": ("entity",)}, [["entity"]], False),
    "time": ({"effects": ("time",)}, [["time"]], False),
    "both": ({"effects": ("entity", "time")}, [["entity"], ["time"]], False),
    "column": ({"absorb": ("industry",)}, [["entity"], ["industry"]], False),
    "union": ({"absorb": ("region",)}, [["entity"], ["region"]], False),
    "region by time": ({"absorb": (("region", "time"),)}, [["entity"], ["region", "time"]], False),
    "combination alone": ({"effects": (), "absorb": (("industry", "time"),)}, [["industry", "time"]], False),
    "trends": ({"trends": ("entity",)}, [["entity"]], True),
    "trends and time": ({"effects": ("entity", "time"), "trends": ("entity",)}, [["entity"], ["time"]], True),
    "trends and region by time": (
        {"absorb": (("region", "time"),), "trends": ("entity",)},
        [["entity"], ["region", "time"]],
        True,
    ),
}
each_case = pytest.mark.parametrize(("options", "sets", "trends"), CASES.values(), ids=CASES)
each_weighing = pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
PANEL = grouped_panel("dummies")


@each_case
@each_weighing
def test_slopes_errors_and_predictions_of_training_rows(options, sets, trends, weighted):
    regression, n_columns = (
        dummy_regression(PANEL, sets, trends=trends, weighted=weighted),
        len(PANEL.columns),
    )
    for covariance, kind in ((Iid(), "nonrobust"), (Hetero(), "HC1")):
        expected = regression.fit(cov_type=kind)
        fit = Feols(**options, covariance=covariance, weighted=weighted).fit(PANEL, rng=random_stream(0))
        table = fit.coefficients()
        np.testing.assert_allclose(table.estimate, expected.params[:n_columns], rtol=1e-9)
        np.testing.assert_allclose(table.std_error, expected.bse[:n_columns], rtol=1e-9)
        assert table.correction.df_resid == expected.df_resid
        assert table.correction.n_effects == PANEL.n_obs - n_columns - expected.df_resid
    np.testing.assert_allclose(fit.predict(PANEL), expected.fittedvalues, atol=1e-9)
    assert fit.n_unseen(PANEL) == 0


@each_weighing
@pytest.mark.parametrize("by", ["entity", "region", "industry"])
def test_clusters_without_a_factor(by, weighted):
    """The sandwich alone is that of the regression on dummies."""
    keys = {"entity": PANEL.entity, **{group.name: group for group in PANEL.groups}}
    kwds = {"groups": keys[by].codes, "use_correction": False}
    regression = dummy_regression(PANEL, [["entity"], ["time"]], weighted=weighted)
    expected = regression.fit(cov_type="cluster", cov_kwds=kwds)
    options = Feols(effects=("entity", "time"), covariance=CRV1((by,), "none"), weighted=weighted)
    table = options.fit(PANEL, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.std_error, expected.bse[: len(PANEL.columns)], rtol=1e-9)
    assert table.correction.factor == 1.0
    assert table.correction.df_resid == keys[by].n_present - 1


def test_many_overlapping_effects_are_counted_from_above():
    """Regions by period hold the periods; the count is no less than the rank, and the fit says so."""
    sets = [["entity"], ["time"], ["industry"]]
    expected = dummy_regression(PANEL, sets).fit()
    fit = Feols(effects=("entity", "time"), absorb=("industry",), covariance=Iid()).fit(
        PANEL, rng=random_stream(0)
    )
    table = fit.coefficients()
    np.testing.assert_allclose(table.estimate, expected.params[: len(PANEL.columns)], rtol=1e-9)
    assert table.correction.df_resid <= expected.df_resid
    assert [note.code for note in fit.notes] == ["W-EFFECTS"]
