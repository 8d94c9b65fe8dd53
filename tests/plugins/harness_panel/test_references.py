"""NIST's certified linear regressions: digits that survive ill-conditioned columns."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import Floats, random_stream
from harness_panel import Between, Classical, FirstDifference, PooledOLS, RandomEffects
from panels import panel_from_arrays, simulated_panel

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
def test_pooled_ols_agrees_with_the_certified_values(name):
    data, within = certified(name), 10.0 ** -DIGITS[name]
    fitted = fit(data)
    table, own = fitted.coefficients(), statistics(fitted)
    np.testing.assert_allclose(table.estimate, data.estimate, rtol=within)
    if name not in EXACT_FITS:
        np.testing.assert_allclose(table.std_error, data.std_error, rtol=within)
        np.testing.assert_allclose([own["sigma"], own["r2"]], [data.sigma, data.r2], rtol=within)


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


def test_no_variance_between_entities_is_pooled_ols_and_says_so():
    """Errors that cancel within every entity leave less variance between entities than chance would."""
    entity, period = (axis.ravel() for axis in np.indices((20, 4)))
    X = random_stream(53).normal(size=(80, 1))
    outcome = 2.0 * X[:, 0] + np.where(period % 2, 1.0, -1.0)
    panel = panel_from_arrays(entity=entity, period=period, outcome=outcome, X=X)
    fitted = RandomEffects().fit(panel, rng=random_stream(0))
    assert fitted.equation.components.entity == 0.0
    assert [note.code for note in fitted.notes] == ["W-VARIANCE"]
    pooled = PooledOLS().fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(fitted.coefficients().estimate, pooled.estimate, rtol=1e-12)
    np.testing.assert_allclose(fitted.coefficients().covariance, pooled.covariance, rtol=1e-12)


@pytest.mark.parametrize(
    ("estimator", "kept", "words"),
    [
        (RandomEffects(), "first period", "no degrees of freedom within"),
        (RandomEffects(), "three entities", "entities are too few"),
        (Between(), "three entities", "too few"),
        (FirstDifference(), "first period", "no entity has rows in two adjacent periods"),
        (FirstDifference(), "every second period", "no entity has rows in two adjacent periods"),
    ],
)
def test_rows_that_cannot_be_estimated_on_are_refused(estimator, kept, words):
    panel = simulated_panel(random_stream(54), n_entities=12, n_periods=6)
    rows = {
        "first period": panel.period == 2001,
        "three entities": panel.entity.codes < 3,
        "every second period": panel.period % 2 == 0,
    }[kept]
    with pytest.raises(EstimationError, match=words):
        estimator.fit(panel.take(np.flatnonzero(rows)), rng=random_stream(0))


def test_differences_of_a_steady_column_are_constant_whatever_its_rounding():
    panel = simulated_panel(random_stream(55), n_entities=10, n_periods=6)
    steady = panel.with_column("x1", 1e3 + 0.1 * panel.period)
    fitted = FirstDifference(constant=True).fit(steady, rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-CONSTANT", "x1")]
