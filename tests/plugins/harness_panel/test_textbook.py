"""Results printed in textbooks, on the data that the libraries ship."""

from __future__ import annotations

import numpy as np
import pytest
from linearmodels.datasets import munnell, wage_panel
from statsmodels.datasets import grunfeld

from harness import EstimationError
from harness.plugin import random_stream
from harness_panel import Classical, FixedEffects
from panels import panel_from_frame


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


@pytest.fixture
def wages():
    return wage_panel.load()


def test_schooling_is_dropped_under_entity_effects_and_the_other_slopes_are_those_without_it(wages):
    roles = {"entity": "nr", "time": "year", "outcome": "lwage", "exposure": "exper"}
    controls = ["expersq", "married", "union"]
    with_schooling = panel_from_frame(wages, moderators=["educ"], controls=controls, **roles)
    fitted = FixedEffects().fit(with_schooling, rng=random_stream(0))
    without = FixedEffects().fit(panel_from_frame(wages, controls=controls, **roles), rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-ABSORBED", "educ")]
    assert fitted.coefficients().terms == ("exper", *controls)
    np.testing.assert_allclose(fitted.coefficients().estimate, without.coefficients().estimate, rtol=1e-12)


def test_experience_is_refused_under_entity_and_time_effects(wages):
    panel = panel_from_frame(
        wages, entity="nr", time="year", outcome="lwage", exposure="exper", controls=["union"]
    )
    with pytest.raises(EstimationError, match="'exper': entity and time effects absorb it"):
        FixedEffects(("entity", "time")).fit(panel, rng=random_stream(0))
