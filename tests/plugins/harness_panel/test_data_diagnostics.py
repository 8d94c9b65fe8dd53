"""The scenario ``diagnostics``: against inverse correlations, esda, and the same tests of fits."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.plugin import random_stream
from harness_panel import DataDiagnostics, FixedEffects
from harness_panel.spatial.network import Neighbours
from panels import simulated_panel


def panel_and_tests():
    panel = simulated_panel(random_stream(4), n_entities=30, n_periods=8)
    places = random_stream(5).uniform((25, 90), (45, 120), size=(30, 2))
    panel = replace(panel, coordinates=places[panel.entity.codes])
    found = pd.DataFrame(DataDiagnostics().answer_of(panel, rng=random_stream(0))["data_tests"])
    return panel, found.set_index(["test", "variable", "period"]).sort_index()


def test_inflation_is_the_inverse_of_correlations_and_errors_are_tested_as_those_of_fits():
    panel, tests = panel_and_tests()
    inverse = np.diag(np.linalg.inv(np.corrcoef(panel.X.T)))
    assert tests.loc["vif"]["statistic"].to_numpy() == pytest.approx(inverse, rel=1e-9)
    fit = FixedEffects(("entity",)).fit(panel).details()["diagnostics"]
    own = dict(zip(fit["test"], fit["statistic"], strict=True))
    for name in ("serial_correlation", "cross_section_dependence"):
        assert tests.loc[name]["statistic"].item() == pytest.approx(own[name], rel=1e-9)
    assert set(tests.loc["im_pesaran_shin"]["status"]) == {"ok"}


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
