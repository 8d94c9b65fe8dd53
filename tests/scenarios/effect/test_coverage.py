"""How often intervals hold the truth where a nonlinear confounder goes with the entity."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import binom

from effect_panels import additive_panel, beyond_band, cities_of_many, confounded_panel
from harness.data.simulate.small_panels import InteractionPanel, SCurve
from harness.plugin import random_stream
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_neural.mlp import Mlp
from harness_panel import FixedEffects, PooledOLS
from harness_sklearn.splines import Splines
from known_shapes import KnownShapes
from panels import small_panel

SLOPE = 0.5

NETWORK = Mlp(sizes_around=0)


def effects(panel, seed, learner, **options):
    question = Subject(panel, learner, "learner", seed)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


def estimates(panel, seed, learner):
    """Return the slope by either method, (2,)."""
    return effects(panel, seed, learner)["estimate"].to_numpy()


def holds(seed, learner):
    """Return whether the interval of either method holds the slope, (2,), as it would hold any other."""
    found = effects(confounded_panel(seed, partial(np.multiply, SLOPE)), seed, learner)
    return found["conf_low"].le(SLOPE).to_numpy() & found["conf_high"].ge(SLOPE).to_numpy()


def holds_curve(seed):
    """Return whether the simultaneous band of either method holds the whole of the simulated S curve."""
    simulation = SCurve(seed=seed)
    panel = small_panel(simulation.draw())
    found = effects(panel, seed, Splines(), forms=("curve",))
    found = found[found["band"] == "simultaneous"]
    at, drawn = found["at"].to_numpy(), panel.column("exposure")
    truth = simulation.response(at, at) - simulation.response(drawn, drawn).mean()
    is_inside = (found["conf_low"] <= truth) & (truth <= found["conf_high"])
    return is_inside.groupby(found["method"]).all().to_numpy()


def holds_derivative(simulated, seed, learner):
    """Return whether the interval of either method holds the mean slope of all cities."""
    panel, truth = cities_of_many(simulated, seed)
    found = effects(panel, seed, learner, forms=("derivative",))
    return ((found["conf_low"] <= truth) & (truth <= found["conf_high"])).to_numpy()


def coefficient_holds(estimator, seed):
    panel = confounded_panel(seed, partial(np.multiply, SLOPE))
    table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
    low, high = table.conf_int(0.95)[table.terms.index(panel.exposure)]
    return bool(low <= SLOPE <= high)


def test_debiased_slopes_hold_the_truth_where_coefficients_do_not():
    assert holds(3, KnownShapes()).all()
    for estimator in (PooledOLS(), FixedEffects(effects=("entity", "time"))):
        assert not any(coefficient_holds(estimator, seed) for seed in (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("learner", [Splines(), KnownShapes()], ids=["splines", "known"])
def test_coverage_of_slopes(learner):
    shares = np.mean([holds(seed, learner) for seed in range(200)], axis=0)
    assert ((shares >= 0.92) & (shares <= 0.975)).all()


@pytest.mark.slow
def test_coverage_of_slopes_that_networks_learn():
    held = np.array([holds(seed, NETWORK) for seed in range(20)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.9) / len(held)).all()


@pytest.mark.slow
def test_penalties_of_their_own_leave_less_bias_than_one_of_all_curves():
    """Beside the estimates of a learner that knows the confounder, on the same panels and folds."""
    panels = [(seed, confounded_panel(seed, np.zeros_like)) for seed in range(3)]
    own, shared, known = (
        np.array([estimates(panel, seed, learner) for seed, panel in panels])
        for learner in (Splines(), Splines(smoothing="selection"), KnownShapes())
    )
    assert (np.abs((own - known).mean(axis=0)) < 0.6 * (shared - known).mean(axis=0)).all()


def holds_additive(seed, n_entities, response):
    """Return whether the band of either method holds a whole curve beside two nonlinear confounders."""
    panel = additive_panel(seed, n_entities=n_entities, confounder="nonlinear", response=response)
    farthest = beyond_band(effects(panel, seed, Splines(), forms=("curve",)), panel, response)
    return (farthest["conf_low"].le(0.0) & farthest["conf_high"].ge(0.0)).to_numpy()


def test_curves_of_no_effect_hold_beside_nonlinear_confounders():
    """Where each term is smoothed by itself, bands of the two methods hold 4 and 5 of these eight."""
    held = np.array([holds_additive(seed, 270, "zero") for seed in range(8)])
    assert (held.sum(axis=0) >= 7).all()


@pytest.mark.slow
@pytest.mark.parametrize("response", ["zero", "bent"])
@pytest.mark.parametrize("n_entities", [100, 270])
def test_coverage_of_curves_beside_nonlinear_confounders(n_entities, response):
    held = np.array([holds_additive(seed, n_entities, response) for seed in range(1, 51)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.95) / len(held)).all()


@pytest.mark.slow
def test_bands_of_debiased_curves_hold_an_s_curve():
    held = np.array([holds_curve(seed) for seed in range(1, 51)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.92) / len(held)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulated", "learner"),
    [(SCurve, Splines()), (InteractionPanel, Splines(products="moderators"))],
    ids=["s_curve", "interaction"],
)
def test_average_derivatives_are_held(simulated, learner):
    held = np.array([holds_derivative(simulated, seed, learner) for seed in range(1, 41)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.92) / len(held)).all()


def test_the_interval_of_an_average_derivative_holds_that_of_an_s_curve():
    assert holds_derivative(SCurve, 1, Splines()).all()
