"""NIST's certified linear regressions: digits that survive ill-conditioned columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness import Floats, stream
from harness_panel import Classical, PooledOLS
from harness_panel.absorb import Nothing
from harness_panel.within_fit import fit_within
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


def certified(name: str) -> Certified:
    numbers = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    X = np.array(numbers["x"], dtype=np.float64)
    if numbers["model"] == "poly":
        X = X[:, :1] ** np.arange(1, numbers["n_params"])
    values = numbers["certified"]
    y, estimate, std_error = (
        np.array(one, dtype=np.float64) for one in (numbers["y"], values["beta"], values["se"])
    )
    return Certified(X, y, estimate, std_error)


def fit(data: Certified):
    rows = np.arange(data.y.size)
    panel = panel_from_arrays(entity=rows, period=rows, outcome=data.y, X=data.X)
    return PooledOLS(Classical()).fit(panel, rng=stream(0))


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


@pytest.mark.parametrize("name", EXACT_FITS)
def test_an_exact_polynomial_leaves_no_standard_error(name):
    data = certified(name)
    assert np.all(fit(data).coefficients().std_error < 1e-8 * np.abs(data.estimate))


@pytest.mark.parametrize("name", WITHOUT_CONSTANT)
def test_least_squares_without_a_constant_agrees_with_the_certified_values(name):
    data = certified(name)
    solution = fit_within(data.X, data.y, np.ones(data.y.size), Nothing())
    variance = solution.residuals @ solution.residuals / (data.y.size - data.X.shape[1])
    spread = np.sqrt(variance) * np.linalg.norm(solution.to_slopes, axis=1)
    np.testing.assert_allclose(solution.slopes, data.estimate, rtol=10.0 ** -DIGITS[name])
    np.testing.assert_allclose(spread, data.std_error, rtol=10.0 ** -DIGITS[name])


def test_the_polynomial_of_filip_is_estimated_with_a_warning():
    assert [note.code for note in fit(certified("Filip")).notes] == ["W-COND"]
