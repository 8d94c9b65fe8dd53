"""The scenario ``diagnostics``: against inverse correlations, R and esda."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.plugin import random_stream
from harness_panel import DataDiagnostics
from harness_panel.spatial.network import Neighbours
from panels import simulated_panel
from r_reference import r_panel


def panel_and_tests():
    panel = simulated_panel(random_stream(4), n_entities=30, n_periods=8)
    places = random_stream(5).uniform((25, 90), (45, 120), size=(30, 2))
    panel = replace(panel, coordinates=places[panel.entity.codes])
    found = pd.DataFrame(DataDiagnostics().answer_of(panel, rng=random_stream(0))["data_tests"])
    return panel, found.set_index(["test", "variable", "period"]).sort_index()


def test_inflation_is_the_inverse_of_correlations():
    panel, tests = panel_and_tests()
    inverse = np.diag(np.linalg.inv(np.corrcoef(panel.X.T)))
    assert tests.loc["vif"]["statistic"].to_numpy() == pytest.approx(inverse, rel=1e-9)
    assert set(tests.loc["im_pesaran_shin"]["status"]) == {"ok"}


def test_dependence_of_errors_is_that_of_r():
    """By plm's pcdtest of its within model, test cd, and by least squares of differences on produc."""
    found = DataDiagnostics().answer_of(r_panel("produc"), rng=random_stream(0))["data_tests"]
    own = {row["test"]: row["statistic"] for row in found}
    assert own["cross_section_dependence"] == pytest.approx(30.3685013093, rel=1e-9)
    assert own["serial_correlation"] == pytest.approx(115.819410729, rel=1e-9)


@pytest.mark.slow
def test_morans_i_by_period_is_that_of_esda():
    panel, tests = panel_and_tests()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W

        for rows, matrix in Neighbours().matrices(panel):
            near = {at: np.flatnonzero(own).tolist() for at, own in enumerate(matrix)}
            expected = Moran(panel.observed[rows], W(near, silence_warnings=True), permutations=0)
            period = panel.time.labels[panel.time.codes[rows[0]]]
            found = tests.loc["moran", panel.outcome, period]
            assert found["statistic"] == pytest.approx(expected.I, rel=1e-9)
            assert found["p_value"] == pytest.approx(expected.p_norm, rel=1e-6)
