"""Transformed regressions against linearmodels, on panels with holes and columns that never vary."""

from __future__ import annotations

import linearmodels.panel as lm
import numpy as np
import pandas as pd
import pytest

from harness import EstimationError, Panel
from harness.plugin import random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    Robust,
)
from panels import panel_from_arrays, simulated_panel


def frames(panel: Panel) -> tuple[pd.Series, pd.DataFrame]:
    index = pd.MultiIndex.from_arrays([panel.entity.codes, panel.period], names=["entity", "time"])
    X = pd.DataFrame(panel.X, index=index, columns=list(panel.columns))
    return pd.Series(panel.observed, index=index, name="y"), X


@pytest.fixture(params=[1.0, 0.6], ids=["balanced", "unbalanced"])
def panel(request) -> Panel:
    rows = simulated_panel(random_stream(51), n_entities=30, n_periods=7, share=request.param)
    fixed = random_stream(52).normal(size=30)[rows.entity.codes]
    return rows.with_column("x2", fixed)


def test_random_effects_with_a_column_that_never_varies(panel):
    y, X = frames(panel)
    expected = lm.RandomEffects(y, X.assign(const=1.0)).fit(small_sample=True)
    fitted = RandomEffects(Classical()).fit(panel, rng=random_stream(0))
    table = fitted.coefficients()
    np.testing.assert_allclose(table.estimate, expected.params[list(table.terms)], rtol=1e-9)
    np.testing.assert_allclose(table.std_error, expected.std_errors[list(table.terms)], rtol=1e-9)
    components = expected.variance_decomposition
    np.testing.assert_allclose(fitted.equation.components.entity, components["Effects"], rtol=1e-9)
    np.testing.assert_allclose(fitted.equation.components.idiosyncratic, components["Residual"], rtol=1e-9)
    thetas = expected.theta.loc[np.unique(panel.entity.codes)].to_numpy().ravel()
    np.testing.assert_allclose(fitted.equation.components.theta, thetas, rtol=1e-9)


@pytest.mark.parametrize("constant", [False, True])
def test_first_differences_by_period(panel, constant):
    rows = panel.take(np.flatnonzero((panel.period != 2004) | (panel.entity.codes % 3 > 0)))
    rows = rows.with_column("x2", rows.column("x1") ** 2)
    y, X = frames(rows)
    if constant:
        X = X.assign(trend=rows.period.astype(float))
    expected = lm.FirstDifferenceOLS(y, X).fit()
    table = (
        FirstDifference(constant=constant, covariance=Classical())
        .fit(rows, rng=random_stream(0))
        .coefficients()
    )
    names = [name.replace("const", "trend") for name in table.terms]
    np.testing.assert_allclose(table.estimate, expected.params[names], rtol=1e-9)
    np.testing.assert_allclose(table.std_error, expected.std_errors[names], rtol=1e-9)


@pytest.mark.parametrize(("covariance", "cov_type"), [(Classical(), "unadjusted"), (Robust("HC1"), "robust")])
def test_between(panel, covariance, cov_type):
    y, X = frames(panel)
    expected = lm.BetweenOLS(y, X.assign(const=1.0)).fit(cov_type=cov_type)
    table = Between(covariance).fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.estimate, expected.params[list(table.terms)], rtol=1e-9)
    np.testing.assert_allclose(table.std_error, expected.std_errors[list(table.terms)], rtol=1e-9)


def test_mundlak_is_random_effects_with_entity_means(panel):
    y, X = frames(panel)
    means = X[["x0", "x1"]].groupby(level="entity").transform("mean").add_suffix(" (entity mean)")
    expected = lm.RandomEffects(y, pd.concat([X, means], axis=1).assign(const=1.0)).fit(small_sample=True)
    table = Mundlak(Classical()).fit(panel, rng=random_stream(0)).coefficients()
    assert table.terms == ("const", "x0", "x1", "x2", "x0 (entity mean)", "x1 (entity mean)")
    np.testing.assert_allclose(table.estimate, expected.params[list(table.terms)], rtol=1e-8)
    np.testing.assert_allclose(table.std_error, expected.std_errors[list(table.terms)], rtol=1e-8)


def test_mundlak_has_the_slopes_of_fixed_effects(panel):
    table = Mundlak(Clustered()).fit(panel, rng=random_stream(0)).coefficients()
    within = FixedEffects().fit(panel, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.estimate[1:3], within.estimate, rtol=1e-10)


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
        (RandomEffects(), "first period", "no degrees of freedom are left within"),
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
