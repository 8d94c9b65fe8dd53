"""NIST's certified linear regressions: digits that survive ill-conditioned columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.plugin import Floats, random_stream
from harness_panel import Classical, FirstDifference, PooledOLS
from panels import panel_from_arrays

FOLDER = Path(__file__).parents[2] / "reference" / "nist"
DIGITS = {
    "Norris": 11,
    "Pontius": 10,
    "NoInt1": 11,
    "NoInt2": 11,
    "Longley": 7,
    "Filip": 6,
    "Wampler1": 7,
    "Wampler2": 7,
    "Wampler3": 7,
    "Wampler4": 5,
    "Wampler5": 5,
}
WITHOUT_CONSTANT = ("NoInt1", "NoInt2")
EXACT_FITS = ("Wampler1", "Wampler2")


@dataclass(frozen=True, eq=False)
class Certified:
    X: Floats
    y: Floats
    estimate: Floats
    std_error: Floats
    sigma: float
    r2: float


def certified(name: str) -> Certified:
    numbers = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    X = np.array(numbers["x"], dtype=np.float64)
    if numbers["model"] == "poly":
        X = X[:, :1] ** np.arange(1, numbers["n_params"])
    values = numbers["certified"]
    y, estimate, std_error = (
        np.array(one, dtype=np.float64) for one in (numbers["y"], values["beta"], values["se"])
    )
    return Certified(X, y, estimate, std_error, float(values["rsd"]), float(values["r2"]))


def fit(data: Certified):
    rows = np.arange(data.y.size)
    panel = panel_from_arrays(entity=rows, period=rows, outcome=data.y, X=data.X)
    return PooledOLS(Classical()).fit(panel, rng=random_stream(0))


def statistics(fitted) -> dict[str, float]:
    return {statistic.name: statistic.value for statistic in fitted.statistics()}


@pytest.mark.parametrize("name", [name for name in DIGITS if name not in WITHOUT_CONSTANT])
def test_pooled_ols_agrees_with_the_certified_coefficients(name):
    data = certified(name)
    table = fit(data).coefficients()
    np.testing.assert_allclose(table.estimate, data.estimate, rtol=10.0 ** -DIGITS[name])


@pytest.mark.parametrize("name", [name for name in DIGITS if name not in (*WITHOUT_CONSTANT, *EXACT_FITS)])
def test_pooled_ols_agrees_with_the_certified_standard_errors(name):
    data = certified(name)
    table = fit(data).coefficients()
    np.testing.assert_allclose(table.std_error, data.std_error, rtol=10.0 ** -DIGITS[name])


@pytest.mark.parametrize("name", [name for name in DIGITS if name not in (*WITHOUT_CONSTANT, *EXACT_FITS)])
def test_pooled_ols_agrees_with_the_certified_spread_and_share(name):
    data, own = certified(name), statistics(fit(certified(name)))
    np.testing.assert_allclose(own["sigma"], data.sigma, rtol=10.0 ** -DIGITS[name])
    np.testing.assert_allclose(own["r2"], data.r2, rtol=10.0 ** -DIGITS[name])


@pytest.mark.parametrize("name", EXACT_FITS)
def test_an_exact_polynomial_leaves_no_standard_error(name):
    data = certified(name)
    assert np.all(fit(data).coefficients().std_error < 1e-8 * np.abs(data.estimate))


@pytest.mark.parametrize("name", WITHOUT_CONSTANT)
def test_least_squares_without_a_constant_agrees_with_the_certified_values(name):
    """As differences of entities that are zero in the period before."""
    data = certified(name)
    entity, period = np.tile(np.arange(data.y.size), 2), np.repeat([0, 1], data.y.size)
    panel = panel_from_arrays(
        entity=entity,
        period=period,
        outcome=np.concatenate([np.zeros_like(data.y), data.y]),
        X=np.vstack([np.zeros_like(data.X), data.X]),
    )
    fitted = FirstDifference(covariance=Classical()).fit(panel, rng=random_stream(0))
    table, within = fitted.coefficients(), 10.0 ** -DIGITS[name]
    np.testing.assert_allclose(table.estimate, data.estimate, rtol=within)
    np.testing.assert_allclose(table.std_error, data.std_error, rtol=within)
    np.testing.assert_allclose(statistics(fitted)["sigma"], data.sigma, rtol=within)


def test_the_polynomial_of_filip_is_estimated_with_a_warning():
    assert [note.code for note in fit(certified("Filip")).notes] == ["W-COND"]
