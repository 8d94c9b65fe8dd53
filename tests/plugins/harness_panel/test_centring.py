"""Levels of columns, however large, and what only looks like a column: rounding that averaging leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import Panel
from harness.plugin import random_stream
from harness_panel import Between, Classical, Clustered, FirstDifference, Mundlak, RandomEffects, Robust
from panels import panel_from_arrays, simulated_panel

ESTIMATORS = {
    "random": RandomEffects(Classical()),
    "random, clustered by both": RandomEffects(Clustered(("entity", "time"))),
    "between": Between(),
    "between, HC3": Between(Robust("HC3")),
    "mundlak": Mundlak(Clustered()),
    "difference": FirstDifference(),
    "difference with a trend": FirstDifference(constant=True),
}
LEVELS = {"x0": 2.0**30, "x1": -(2.0**30), "x2": 1e6}

# Multiples of it carry a level of 2^30 without rounding, so that the same panel is fitted twice.
GRID = 2.0**-20


def table_of(estimator, panel: Panel):
    return estimator.fit(panel, rng=random_stream(0)).coefficients()


@pytest.fixture
def panel() -> Panel:
    base = simulated_panel(random_stream(161), n_entities=25, n_periods=7, share=0.7)
    return replace(base, X=GRID * np.round(base.X / GRID), observed=GRID * np.round(base.observed / GRID))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_levels_of_a_billion_cost_no_digits(name, panel):
    moved = replace(panel, X=panel.X + list(LEVELS.values()), observed=panel.observed + 2.0**30)
    own, expected = (table_of(ESTIMATORS[name], one) for one in (moved, panel))
    assert own.terms == expected.terms
    slopes = [at for at, term in enumerate(own.terms) if term != "const"]
    np.testing.assert_allclose(own.estimate[slopes], expected.estimate[slopes], rtol=1e-9)
    np.testing.assert_allclose(own.std_error[slopes], expected.std_error[slopes], rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if "difference" not in name])
def test_the_constant_is_that_of_columns_with_their_levels(name, panel):
    own, expected = (
        table_of(ESTIMATORS[name], one) for one in (replace(panel, X=panel.X + list(LEVELS.values())), panel)
    )
    moved = LEVELS | {f"{term} (entity mean)": value for term, value in LEVELS.items()}
    shift = np.array([1.0, *(-moved[term] for term in own.terms[1:])])
    np.testing.assert_allclose(own.estimate[0], shift @ expected.estimate, rtol=1e-9)
    variance = shift @ expected.covariance @ shift
    np.testing.assert_allclose(own.std_error[0], np.sqrt(variance), rtol=1e-7)


def standardised() -> Panel:
    """A column without entity means, such as one standardised within entities, but for their rounding."""
    rng = random_stream(162)
    entity, period = (axis.ravel() for axis in np.indices((20, 7)))
    rows = rng.permutation(entity.size)
    entity, period = entity[rows], period[rows]
    within = rng.normal(size=entity.size)
    for one in range(20):
        own = within[entity == one]
        within[entity == one] = (own - own.mean()) / own.std()
    other = rng.normal(size=entity.size) + rng.normal(size=20)[entity]
    outcome = other + within + rng.normal(size=20)[entity] + rng.normal(size=entity.size)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=np.column_stack([other, within])
    )


def without_second(panel: Panel) -> Panel:
    return replace(panel, controls=(), X=panel.X[:, :1])


def test_rounding_of_entity_means_is_no_column():
    panel = standardised()
    fitted = Between().fit(panel, rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-CONSTANT", "x1")]
    own, expected = fitted.coefficients(), table_of(Between(), without_second(panel))
    np.testing.assert_allclose(own.covariance, expected.covariance, rtol=1e-12)
    fitted = Mundlak(Classical()).fit(panel, rng=random_stream(0))
    assert fitted.coefficients().terms == ("const", "x0", "x1", "x0 (entity mean)")
    assert [note.where for note in fitted.notes] == ["x1 (entity mean)"]


def test_rounding_of_entity_means_takes_no_degree_of_freedom_between():
    """Swamy & Arora's variance between entities, by its formula for balanced panels."""
    panel = standardised()
    means = np.array(
        [
            np.append(
                panel.X[panel.entity.codes == one, 0].mean(), panel.observed[panel.entity.codes == one].mean()
            )
            for one in range(20)
        ]
    )
    design = np.column_stack([np.ones(20), means[:, 0]])
    left = means[:, 1] - design @ np.linalg.lstsq(design, means[:, 1])[0]
    components = RandomEffects().fit(panel, rng=random_stream(0)).equation.components
    expected = left @ left / 18 - components.idiosyncratic / 7
    np.testing.assert_allclose(components.entity, expected, rtol=1e-9)


def collinear_at_a_level() -> Panel:
    base = simulated_panel(random_stream(163), n_entities=20, n_periods=6)
    level = base.column("x1") + 1e9
    return base.with_column("x1", level).with_column("x2", 3.0 * level + 1.0)


@pytest.mark.parametrize("estimator", [FirstDifference(), RandomEffects(), Between()])
def test_copies_of_a_column_of_large_level_are_found_after_any_transformation(estimator):
    """Differences and means are of size one and carry the rounding of 1e9, which is no column either."""
    fitted = estimator.fit(collinear_at_a_level(), rng=random_stream(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-COLLINEAR", "x2")]
    assert "x2 = 3*x1" in fitted.notes[0].message
