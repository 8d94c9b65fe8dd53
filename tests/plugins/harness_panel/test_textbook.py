"""Results printed in textbooks, and traps that other programs fall into, each sprung once."""

from __future__ import annotations

import numpy as np
from linearmodels.datasets import munnell
from statsmodels.datasets import grunfeld

from harness.plugin import random_stream
from harness_panel import Classical, FirstDifference, FixedEffects
from panels import panel_from_arrays, panel_from_frame, simulated_panel


def test_investment_of_ten_firms():
    """Baltagi, Econometric Analysis of Panel Data, table 2.1: the within estimates of Grunfeld's data."""
    firms = grunfeld.load_pandas().data
    frame = firms[firms["firm"] != "American Steel"]
    panel = panel_from_frame(
        frame, entity="firm", time="year", outcome="invest", exposure="value", controls=["capital"]
    )
    table = FixedEffects(covariance=Classical()).fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.estimate, [0.110124, 0.310065], atol=5e-7)
    np.testing.assert_allclose(table.std_error, [0.011857, 0.017355], atol=5e-7)


def test_public_capital_of_states():
    """Baltagi & Pinnoi 1995: the within estimates of Munnell's production function."""
    data = munnell.load()
    columns = {"GSP": "output", "P_CAP": "public", "PC": "private", "EMP": "labour"}
    frame = np.log(data[list(columns)].rename(columns=columns)).assign(
        state=data["ST_ABB"], year=data["YR"], unemployment=data["UNEMP"]
    )
    panel = panel_from_frame(
        frame,
        entity="state",
        time="year",
        outcome="output",
        exposure="public",
        controls=["private", "labour", "unemployment"],
    )
    table = FixedEffects().fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.estimate, [-0.026150, 0.292007, 0.768159, -0.005298], atol=5e-7)


def table(estimator, panel):
    return estimator.fit(panel, rng=random_stream(0)).coefficients()


def test_years_that_all_entities_lack_are_gaps_of_the_calendar():
    base = simulated_panel(random_stream(182), n_entities=10, n_periods=8)
    kept = base.take(np.flatnonzero(base.period != 2004))
    closed = panel_from_arrays(
        entity=kept.entity.codes,
        period=np.where(kept.period > 2004, kept.period - 1, kept.period),
        outcome=kept.observed,
        X=kept.X,
    )

    assert table(FirstDifference(), kept).correction.n_obs == 50
    assert table(FirstDifference(), closed).correction.n_obs == 60
