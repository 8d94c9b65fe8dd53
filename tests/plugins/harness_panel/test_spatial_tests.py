"""Moran's I and Lagrange multipliers of residuals: against dense matrices, esda, and their error rates."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from harness.plugin import Contiguity, random_stream
from harness_panel import PooledOLS
from harness_panel.diagnostics.pooled import moran as moran_of
from harness_panel.diagnostics.pooled import weight_matrix
from harness_panel.solver.regression import regress
from panels import panel_from_arrays


def dense(panel):
    return weight_matrix(panel.links(), panel.n_obs).toarray()


def found_in(panel):
    fit = PooledOLS().fit(panel, rng=random_stream(0))
    rows = fit.details()["diagnostics"]
    return dict(zip(rows["test"], zip(rows["statistic"], rows["p_value"], strict=True), strict=True))


def morans_i_of(panel):
    regression, weights = regress(panel, ()), weight_matrix(panel.links(), panel.n_obs)
    return moran_of(weights, regression.basis, regression.within.residuals)[0]


def spatial_panel(seed, *, rho=0.0, lag=0.0, n_entities=40, n_periods=4):
    """Return a panel with errors, or outcomes, that depend on the means of the nearest five."""
    rng = random_stream(seed, "spatial tests")
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    places = rng.uniform((20.0, 80.0), (45.0, 120.0), size=(n_entities, 2))
    X = rng.normal(size=(entity.size, 2))
    panel = panel_from_arrays(entity=entity, period=period, outcome=np.arange(entity.size), X=X)
    panel = replace(panel, coordinates=places[entity])
    weights, one = dense(panel), np.eye(entity.size)
    errors = np.linalg.solve(one - rho * weights, rng.normal(size=entity.size))
    return replace(panel, observed=np.linalg.solve(one - lag * weights, X @ [1.0, -1.0] + errors))


@pytest.mark.slow
def test_morans_i_is_that_of_esda():
    pytest.importorskip("esda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W

        panel = spatial_panel(2, n_periods=1)
        regression = regress(panel, ())
        weights = dense(panel)
        near = {row: np.flatnonzero(weights[row]).tolist() for row in range(panel.n_obs)}
        expected = Moran(regression.within.residuals, W(near, silence_warnings=True), permutations=0).I
    assert morans_i_of(panel) == pytest.approx(expected, rel=1e-9)


def bordering_squares(*, weighted):
    """Return a panel of one period, the squares of a board of seven by seven, which border on up to four."""
    at = np.arange(49)
    row, column = np.divmod(at, 7)
    sides = [(k, k + step) for k in at for step in (1, 7) if k + step < 49 and (step == 7 or (k + 1) % 7)]
    ones, others = np.array(sides).T
    x, z = np.cos(1.7 * at) + 0.3 * row, np.sin(2.3 * at**2)
    outcome = 1.0 + 0.5 * x - 0.7 * z + 0.6 * np.sin(row + 0.5 * column) + 0.4 * np.cos(5.1 * at)
    panel = panel_from_arrays(
        entity=at, period=np.zeros(49, dtype=int), outcome=outcome, X=np.column_stack([x, z])
    )
    weights = 1.0 + (ones + others) % 3 if weighted else np.ones(ones.size)
    return replace(panel, contiguity=Contiguity(panel.entity.labels, ones, others, weights, "borders.csv"))


@pytest.mark.parametrize(
    ("weighted", "morans_i", "moran", "error", "lag", "robust_error", "robust_lag"),
    [
        (
            False,
            0.48209677669202156,
            4.847220649015095,
            18.9342336701623,
            9.510297403013487,
            9.678494304276114,
            0.25455803712729685,
        ),
        (
            True,
            0.4745475152953306,
            4.53512300183138,
            16.657042529798264,
            6.119583458066096,
            11.837305347891139,
            1.2998462761589709,
        ),
    ],
    ids=["alike", "weighted"],
)
def test_tests_by_a_file_of_neighbours_are_those_of_spreg(
    weighted, morans_i, moran, error, lag, robust_error, robust_lag
):
    """spreg 1.9.0 with libpysal 4.14.1, OLS with spat_diag on weights transformed to rows of one."""
    panel = bordering_squares(weighted=weighted)
    found = {name: statistic for name, (statistic, _) in found_in(panel).items()}
    assert morans_i_of(panel) == pytest.approx(morans_i, rel=1e-9)
    assert found["moran"] == pytest.approx(moran, rel=1e-9)
    assert found["lm_error"] == pytest.approx(error, rel=1e-9)
    assert found["lm_lag"] == pytest.approx(lag, rel=1e-9)
    assert found["lm_error_robust"] == pytest.approx(robust_error, rel=1e-8)
    assert found["lm_lag_robust"] == pytest.approx(robust_lag, rel=1e-7)
    diagnostics = PooledOLS().fit(panel, rng=random_stream(0)).details()["diagnostics"]
    assert any("neighbours by borders.csv" in str(source) for source in diagnostics["source"])


@pytest.mark.slow
def test_links_by_a_file_are_those_of_libpysal_and_morans_i_that_of_esda():
    """Over the periods of a panel an entity's neighbours are those that have a row in the period."""
    pytest.importorskip("esda")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda import Moran
        from libpysal.weights import W, lat2W

        panel = bordering_squares(weighted=False)
        board = lat2W(7, 7)
        board.transform = "r"
        np.testing.assert_allclose(dense(panel), board.full()[0], atol=1e-15)
        some = panel.take(np.arange(40))
        links = some.links()
        near = {row: links.others[links.rows == row].tolist() for row in range(40)}
        residuals = some.observed - some.observed.mean()
        expected = Moran(residuals, W(near, silence_warnings=True), permutations=0).I
    basis = np.full((40, 1), 40.0**-0.5)
    assert moran_of(weight_matrix(links, 40), basis, residuals)[0] == pytest.approx(expected, rel=1e-9)
