"""Units, levels, order and names of the input: what they may change, and what not, for every estimator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness_panel
from harness import Panel
from harness.plugin import random_stream
from harness_panel import Clustered, DriscollKraay, FirstDifference, FixedEffects, RandomEffects, Robust
from panels import key_from, simulated_panel

BOTH = ("entity", "time")
ESTIMATORS = {
    "pooled, weighted, HC1": harness_panel.PooledOLS(Robust(), weighted=True),
    "entity, wild": FixedEffects(("entity",), harness_panel.WildCluster(draws=99)),
    "time, Driscoll-Kraay": FixedEffects(("time",), DriscollKraay(2)),
    "both, clustered by both": FixedEffects(BOTH, Clustered(BOTH)),
    "all, weighted, HC3": FixedEffects(BOTH, Robust("HC3"), absorb=("industry",), weighted=True),
    "curved, weighted, industry": harness_panel.PolynomialEffects(BOTH, absorb=("industry",), weighted=True),
    "random, clustered": RandomEffects(),
    "between, HC3": harness_panel.Between(Robust("HC3")),
    "difference, clustered": FirstDifference(),
    "difference with a trend, Driscoll-Kraay": FirstDifference(constant=True, covariance=DriscollKraay(1)),
    "mundlak, clustered by both": harness_panel.Mundlak(Clustered(BOTH)),
}
COLUMNS = ("x0", "x1", "x2")
EXAMPLES = settings(max_examples=5, deadline=None)

seeds = st.integers(0, 2**16)

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
