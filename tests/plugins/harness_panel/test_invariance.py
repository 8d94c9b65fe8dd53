"""Units, levels, order and names of the input: what they may change, and what not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import Key, Panel, stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
)
from panels import simulated_panel

ESTIMATORS = {
    "pooled, clustered": PooledOLS(),
    "pooled, HC3": PooledOLS(Robust("HC3")),
    "entity, classical": FixedEffects(("entity",), Classical()),
    "entity, clustered": FixedEffects(("entity",)),
    "time, Driscoll-Kraay": FixedEffects(("time",), DriscollKraay(2)),
    "two-way, two-way clustered": FixedEffects(("entity", "time"), Clustered(("entity", "time"))),
    "random, clustered": RandomEffects(),
    "random, HC2": RandomEffects(Robust("HC2")),
    "between, HC3": Between(Robust("HC3")),
    "difference, clustered": FirstDifference(),
    "difference with a trend, Driscoll-Kraay": FirstDifference(constant=True, covariance=DriscollKraay(1)),
    "mundlak, classical": Mundlak(Classical()),
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return ESTIMATORS[request.param]


@pytest.fixture
def panel() -> Panel:
    return simulated_panel(stream(31), n_entities=20, n_periods=8, share=0.8)


def slopes(estimator, panel: Panel, columns: tuple[str, ...] = ("x0", "x1", "x2")):
    """Slopes and standard errors, (2, n_columns)."""
    table = estimator.fit(panel, rng=stream(0)).coefficients()
    at = [table.terms.index(name) for name in columns]
    return np.stack([table.estimate[at], table.std_error[at]])


@pytest.mark.parametrize("column", ["x0", "x2"])
@pytest.mark.parametrize("level", [1e6, -1e6])
def test_a_constant_added_to_a_column_changes_no_slope(estimator, panel, column, level):
    moved = panel.with_column(column, panel.column(column) + level)
    np.testing.assert_allclose(slopes(estimator, moved), slopes(estimator, panel), rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-8, 1e8, -1.0])
def test_a_column_in_another_unit_has_its_slope_in_that_unit(estimator, panel, unit):
    moved = panel.with_column("x1", unit * panel.column("x1"))
    expected = slopes(estimator, panel)
    expected[:, 1] /= [unit, abs(unit)]
    np.testing.assert_allclose(slopes(estimator, moved), expected, rtol=1e-8)


def test_an_outcome_in_another_unit_and_level(estimator, panel):
    moved = replace(panel, observed=1e6 + 1e-3 * panel.observed)
    np.testing.assert_allclose(slopes(estimator, moved), 1e-3 * slopes(estimator, panel), rtol=1e-6)


def test_the_order_of_rows_changes_nothing(estimator, panel):
    order = stream(32).permutation(panel.n_obs)
    mixed = panel.take(order)
    np.testing.assert_allclose(slopes(estimator, mixed), slopes(estimator, panel), rtol=1e-10)
    before = estimator.fit(panel, rng=stream(0)).predict(panel)
    np.testing.assert_allclose(estimator.fit(mixed, rng=stream(0)).predict(panel), before, rtol=1e-10)


def test_the_order_of_columns_changes_nothing(estimator, panel):
    swapped = replace(panel, controls=("x2", "x1"), X=panel.X[:, [0, 2, 1]])
    np.testing.assert_allclose(slopes(estimator, swapped), slopes(estimator, panel), rtol=1e-10)


def test_other_names_of_entities_change_nothing(estimator, panel):
    reverse = len(panel.entity.labels) - 1 - panel.entity.codes
    labels = tuple(f"new {at}" for at in range(len(panel.entity.labels)))
    renamed = replace(panel, entity=Key("entity", labels, reverse))
    np.testing.assert_allclose(slopes(estimator, renamed), slopes(estimator, panel), rtol=1e-10)
