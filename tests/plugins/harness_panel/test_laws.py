"""Units, levels, order and names of the input: what they may change, and what not, for every estimator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import Panel
from harness.plugin import HasCoefficients, random_stream
from harness_panel import (
    Between,
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
from harness_panel.instrumental.estimator import Instrumental
from harness_panel.thresholds.estimator import ThresholdEffects
from panels import key_from, simulated_panel

BOTH = ("entity", "time")
ESTIMATORS = {
    "pooled, weighted, HC1": PooledOLS(Robust(), weighted=True),
    "entity, wild": FixedEffects(("entity",), WildCluster(draws=99)),
    "time, Driscoll-Kraay": FixedEffects(("time",), DriscollKraay(2)),
    "both, clustered by both": FixedEffects(BOTH, Clustered(BOTH)),
    "all, weighted, HC3": FixedEffects(BOTH, Robust("HC3"), absorb=("industry",), weighted=True),
    "curved, weighted, industry": PolynomialEffects(BOTH, absorb=("industry",), weighted=True),
    "random, clustered": RandomEffects(),
    "between, HC3": Between(Robust("HC3")),
    "difference, clustered": FirstDifference(),
    "difference with a trend, Driscoll-Kraay": FirstDifference(constant=True, covariance=DriscollKraay(1)),
    "mundlak, clustered by both": Mundlak(Clustered(BOTH)),
}
COLUMNS = ("x0", "x1", "x2")
EXAMPLES = settings(max_examples=5, deadline=None)

seeds = st.integers(0, 2**16)
columns = st.sampled_from(COLUMNS)
signs = st.sampled_from([-1.0, 1.0])

every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


def drawn(seed: int) -> Panel:
    """A panel with or without holes, weights of 0.1 to 10, and industries that entities move between."""
    rng = random_stream(seed, "laws")
    panel = simulated_panel(rng, n_entities=20, n_periods=8, share=float(rng.choice([1.0, 0.75])))
    industry = key_from("industry", rng.integers(0, 4, size=panel.n_obs))
    return replace(panel, weights=10.0 ** rng.uniform(-1.0, 1.0, size=panel.n_obs), groups=(industry,))


def slopes(estimator, panel: Panel):
    """Slopes and standard errors, (2, n_columns)."""
    table = estimator.fit(panel, rng=random_stream(0)).coefficients()
    at = [table.terms.index(name) for name in COLUMNS]
    return np.stack([table.estimate[at], table.std_error[at]])


def predictions(estimator, panel: Panel):
    return estimator.fit(panel, rng=random_stream(0)).predict(panel)


LAWS_OF_THEIR_OWN = {Instrumental, ThresholdEffects}
"""Of the one the panels here lack instruments, the other's slopes are those of regimes."""


def test_no_estimator_with_a_table_is_left_out():
    covered = {type(estimator) for estimator in ESTIMATORS.values()} | LAWS_OF_THEIR_OWN
    assert covered == {one for one in harness_estimators() if HasCoefficients in one.provides}


@every_estimator
@EXAMPLES
@given(seed=seeds, column=columns, sign=signs)
def test_a_million_added_to_a_column_changes_no_slope(estimator, seed, column, sign):
    drawn_panel = drawn(seed)
    panel = replace(drawn_panel, X=np.round(drawn_panel.X * 2.0**20) / 2.0**20)  # so that the sums are exact
    moved = panel.with_column(column, panel.column(column) + sign * 1e6)
    bends = isinstance(estimator, PolynomialEffects) and column == "x0"
    compared = slice(int(bends), None)  # the slope of a curve where its exposure is zero moves with the zero
    np.testing.assert_allclose(
        slopes(estimator, moved)[:, compared],
        slopes(estimator, panel)[:, compared],
        rtol=1e-8,
    )
    np.testing.assert_allclose(predictions(estimator, moved), predictions(estimator, panel), atol=1e-7)


@every_estimator
@EXAMPLES
@given(seed=seeds, column=columns, power=st.integers(-8, 8), sign=signs)
def test_a_column_in_another_unit_has_its_slope_in_that_unit(estimator, seed, column, power, sign):
    if sign < 0 and isinstance(estimator, PolynomialEffects) and column == "x0":
        sign = 1.0  # the mirrored exposure has mirrored powers, whose slopes are not among those compared
    panel, unit = drawn(seed), sign * 10.0**power
    moved = panel.with_column(column, unit * panel.column(column))
    expected = slopes(estimator, panel)
    expected[:, COLUMNS.index(column)] /= [unit, abs(unit)]
    np.testing.assert_allclose(slopes(estimator, moved), expected, rtol=1e-8)
    np.testing.assert_allclose(predictions(estimator, moved), predictions(estimator, panel), atol=1e-8)


@every_estimator
@EXAMPLES
@given(seed=seeds, power=st.integers(-8, 8), level=st.sampled_from([0.0, 1e3, -1e6]))
def test_an_outcome_in_another_unit_has_slopes_in_that_unit(estimator, seed, power, level):
    panel, unit = drawn(seed), 10.0**power
    moved = replace(panel, observed=unit * (panel.observed + level))
    np.testing.assert_allclose(slopes(estimator, moved), unit * slopes(estimator, panel), rtol=1e-8)


SWEEPING = {
    "entity": ("both, clustered by both", "difference, clustered", "mundlak, clustered by both"),
    "time": ("time, Driscoll-Kraay", "all, weighted, HC3"),
    "industry": ("all, weighted, HC3", "curved, weighted, industry"),
}


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in SWEEPING.items() for name in names])
@EXAMPLES
@given(seed=seeds)
def test_what_effects_take_out_of_the_outcome_changes_no_slope(key, name, seed):
    panel = drawn(seed)
    codes = {"entity": panel.entity, "time": panel.time, "industry": panel.group("industry")}[key].codes
    shift = 10.0 * random_stream(seed, "shift").normal(size=codes.max() + 1)[codes]
    moved = replace(panel, observed=panel.observed + shift)
    own, expected = (slopes(ESTIMATORS[name], one) for one in (moved, panel))
    which = slice(0, 1) if name.startswith("mundlak") else slice(None)
    np.testing.assert_allclose(own[which], expected[which], rtol=1e-8)


@every_estimator
@EXAMPLES
@given(seed=seeds)
def test_the_panel_twice_under_other_names_has_the_same_slopes(estimator, seed):
    """Apart from random effects, whose variances count degrees of freedom that do not double."""
    panel = drawn(seed)
    twice = panel.resample(np.tile(np.arange(len(panel.entity.labels)), 2))
    tolerance = 0.2 if isinstance(estimator, RandomEffects) else 1e-8
    np.testing.assert_allclose(slopes(estimator, twice)[0], slopes(estimator, panel)[0], rtol=tolerance)
