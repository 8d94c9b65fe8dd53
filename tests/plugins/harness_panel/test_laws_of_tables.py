"""Every estimator with every covariance: what units, levels, order and names of the input may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from harness import Panel
from harness.plugin import Estimator, Floats, Key, random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PolynomialEffects,
    PooledOLS,
    RandomEffects,
    Robust,
    WildCluster,
    harness_estimators,
)
from harness_panel.covariance import Covariance
from harness_panel.covariance.conley import Conley
from harness_panel.instrumental.estimator import Instrumental
from harness_panel.thresholds.estimator import ThresholdEffects
from panels import simulated_panel

BOTH = ("entity", "time")
COVARIANCES = {
    "classical": Classical(),
    **{variant: Robust(variant) for variant in ("HC0", "HC1", "HC2", "HC3")},
    "entity": Clustered(),
    "time": Clustered(("time",)),
    "both": Clustered(BOTH),
    "Driscoll-Kraay": DriscollKraay(2),
    "wild": WildCluster(draws=99),
}
ESTIMATORS: dict[str, Callable[[Covariance], Estimator]] = {
    "pooled": PooledOLS,
    "entity": lambda covariance: FixedEffects(("entity",), covariance),
    "time": lambda covariance: FixedEffects(("time",), covariance),
    "both": lambda covariance: FixedEffects(BOTH, covariance),
    "curved": lambda covariance: PolynomialEffects(("entity",), covariance=covariance),
    "random": RandomEffects,
    "between": Between,
    "difference": lambda covariance: FirstDifference(covariance=covariance),
    "difference with a trend": lambda covariance: FirstDifference(True, covariance),
    "mundlak": Mundlak,
}
CELLS = [
    (estimator, covariance)
    for estimator, covariance in product(ESTIMATORS, COVARIANCES)
    if estimator != "between" or isinstance(COVARIANCES[covariance], Classical | Robust)
]
COLUMNS = ("x0", "x1", "x2")


@cache
def drawn() -> Panel:
    return simulated_panel(random_stream(171), n_entities=22, n_periods=8, share=0.8)


def slopes(estimator: Estimator, panel: Panel) -> Floats:
    """Slopes and standard errors, (2, n_columns)."""
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    at = [table.terms.index(name) for name in COLUMNS]
    return np.stack([table.estimate[at], table.std_error[at]])


@cache
def slopes_before(estimator: str, covariance: str) -> Floats:
    """Slopes and standard errors on the panel before any change."""
    return slopes(ESTIMATORS[estimator](COVARIANCES[covariance]), drawn())


def renamed(key: Key, name: str) -> Key:
    """The same levels under other labels, in another order."""
    order = random_stream(172, name).permutation(len(key.labels))
    return Key(key.name, tuple(f"new {key.labels[at]}" for at in np.argsort(order)), order[key.codes])


UNITS = {f"unit {power}": 10.0**power for power in (-8, -4, 4, 8)}
CHANGES: dict[str, Callable[[Panel], Panel]] = {
    "a million": lambda panel: replace(panel, X=panel.X + np.array([1e6, -1e6, 1e6])),
    "rows": lambda panel: panel.take(random_stream(173).permutation(panel.n_obs)),
    "columns": lambda panel: replace(panel, controls=("x2", "x1"), X=panel.X[:, [0, 2, 1]]),
    "labels": lambda panel: replace(
        panel, entity=renamed(panel.entity, "entity"), time=renamed(panel.time, "time")
    ),
}


def test_every_estimator_and_every_covariance_is_here():
    panel = drawn()
    tables = {type(make(Classical())) for make in ESTIMATORS.values()}
    having = {one for one in harness_estimators() if hasattr(one(), "covariance")}
    assert tables | {Instrumental, ThresholdEffects} == having
    # Rows here have no coordinates.
    having = set(Covariance.__origin__.__args__) - {Conley}
    assert {type(covariance) for covariance in COVARIANCES.values()} == having
    assert panel.columns == COLUMNS


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("estimator", "covariance"), CELLS)
def test_what_changes_no_slope_and_no_error(estimator, covariance, change):
    if (estimator, change) == ("curved", "a million"):
        pytest.skip("the slope of a polynomial at zero moves with where zero is")
    own = slopes(ESTIMATORS[estimator](COVARIANCES[covariance]), CHANGES[change](drawn()))
    np.testing.assert_allclose(own, slopes_before(estimator, covariance), rtol=1e-8)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("estimator", "covariance"), CELLS)
def test_every_column_and_the_outcome_in_other_units(estimator, covariance, unit):
    """One column in the unit, another in its inverse, the outcome in its root."""
    chosen, panel, size = ESTIMATORS[estimator](COVARIANCES[covariance]), drawn(), UNITS[unit]
    units, outcome = np.array([size, 1.0 / size, 1.0]), size**0.5
    moved = replace(panel, X=panel.X * units, observed=panel.observed * outcome)
    expected = slopes_before(estimator, covariance) * outcome / units
    np.testing.assert_allclose(slopes(chosen, moved), expected, rtol=1e-8)
