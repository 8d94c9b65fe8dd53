"""The scenario ``diagnostics``: against inverse correlations, R and esda."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.plugin import random_stream
from harness_panel import DataDiagnostics
from harness_panel.diagnostics.unit_roots import unit_root_tests
from harness_panel.spatial.estimator import Neighbours
from panels import simulated_panel
from r_reference import R_FOLDER, r_panel


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


# By unit_roots.R: Im-Pesaran-Shin, Levin-Lin-Chu.
PLM = {
    0: (2.64870138516, 3.54615279034),
    1: (2.55019041018, 4.04333154724),
    2: (4.49194015999, 7.45926949268),
}


@pytest.fixture(scope="module")
def investment() -> pd.DataFrame:
    return pd.read_csv(R_FOLDER / "data" / "grunfeld.csv")


def rows_of(frame, **options):
    frame = frame.sample(frac=1.0, random_state=1)
    return unit_root_tests(frame["inv"], frame["firm"], frame["year"], **options)


@pytest.mark.parametrize("lags", PLM)
def test_statistics_are_those_of_plm(investment, lags):
    found = rows_of(investment, lags=lags)
    np.testing.assert_allclose([row.statistic for row in found], PLM[lags], rtol=1e-10)
    assert [bool(row.caution) for row in found] == [False, True]


def test_short_series_have_their_own_moments(investment):
    short = rows_of(investment.query("year < 1943"))[0]
    assert short.statistic == pytest.approx(-1.83678027227, rel=1e-10)


@pytest.mark.parametrize(
    ("query", "options", "reasons"),
    [
        ("year != 1940", {}, ("series of 1 has a gap", "series of 1 has a gap")),
        ("year < 1940 or firm != 3", {}, ("series of 3 has 5 periods: too few", "series of 3 has 5 periods")),
        ("year < 1950 or firm != 3", {}, ("", "balanced")),
        ("year < 1945", {"lags": 1}, ("no moments are tabulated for 10 periods with 1 lags", "")),
        ("year < 1945", {"lags": 6}, ("10 periods: too few for 6", "10 periods: too few for 6")),
    ],
)
def test_refusals_name_their_reason(investment, query, options, reasons):
    found = rows_of(investment.query(query), **options)
    for row, reason in zip(found, reasons, strict=True):
        assert reason in row.reason
        assert (row.statistic is None) == bool(reason)


@pytest.mark.parametrize("line", [np.zeros(20), np.arange(20.0), np.r_[np.zeros(19), 1.0]])
def test_series_without_variation_are_refused(investment, line):
    flat = investment.assign(inv=np.where(investment.firm == 2, np.tile(line, 10), investment.inv))
    assert "the series of 2 varies too little" in rows_of(flat)[0].reason


@pytest.mark.slow
def test_true_unit_roots_are_rejected_as_often_as_they_should_be():
    rng, n_panels = np.random.default_rng(1), 200
    keys = {"firm": np.repeat(np.arange(30), 26), "year": np.tile(np.arange(26), 30)}
    shares = {}
    for root in (1.0, 0.5):
        found = np.zeros(2)
        for _ in range(n_panels):
            steps, series = rng.standard_normal((2, 30, 26))
            for at in range(1, 26):
                series[:, at] = root * series[:, at - 1] + steps[:, at]
            rows = rows_of(pd.DataFrame(keys | {"inv": series.ravel()}))
            found += [row.p_value < 0.05 for row in rows]
        shares[root] = found / n_panels
    assert (shares[1.0] < 0.09).all(), shares
    assert (shares[0.5] > 0.95).all(), shares
