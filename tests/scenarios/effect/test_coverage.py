"""How often intervals hold the truth where a nonlinear confounder goes with the entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from effect_panels import confounded_panel
from harness import Floats, random_stream
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.parts import Question, answered_in_parts
from harness_panel.estimators.fixed_effects import FixedEffects
from harness_panel.estimators.pooled_ols import PooledOLS
from harness_sklearn.splines import Splines


@dataclass(frozen=True, eq=False)
class KnownShapesFit:
    """Least squares on the functions that the confounder is made of."""

    slopes: Floats

    def predict(self, panel):
        return shapes(panel) @ self.slopes


@dataclass(frozen=True)
class KnownShapes:
    """A learner that need not learn which functions there are."""

    name: ClassVar[str] = "known_shapes"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return KnownShapesFit(np.linalg.lstsq(shapes(panel), panel.observed, rcond=None)[0])


def shapes(panel):
    numbers = [name for name in panel.columns if not name.startswith("period ")]
    squares = [np.square(panel.column(name)) for name in numbers]
    sines = [np.sin(1.2 * panel.column(name)) for name in numbers if name.startswith("x2")]
    return np.column_stack([np.ones(panel.n_obs), panel.X, *squares, *sines])


def holds(seed, slope, learner):
    """Return whether the interval of either method holds a true slope."""
    panel = confounded_panel(seed, lambda exposure: slope * exposure)
    scenario = EffectScenario(repeats=1)
    found = answered_in_parts(scenario, Question(panel, learner, "learner", seed))["effects"]
    return ((found["conf_low"] <= slope) & (slope <= found["conf_high"])).to_numpy()


def coefficient_holds(estimator, seed, slope):
    panel = confounded_panel(seed, lambda exposure: slope * exposure)
    table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
    low, high = table.conf_int(0.95)[table.terms.index(panel.exposure)]
    return bool(low <= slope <= high)


def test_debiased_slopes_hold_the_truth_where_coefficients_do_not():
    assert holds(3, 0.5, KnownShapes()).all()
    for estimator in (PooledOLS(), FixedEffects(effects=("entity", "time"))):
        assert not any(coefficient_holds(estimator, seed, 0.5) for seed in (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_coverage_of_slopes(slope):
    # The penalty of splines is chosen for predictions, and leaves a bias of 0.2 to 0.5 standard errors.
    shares = np.mean([holds(seed, slope, Splines()) for seed in range(100)], axis=0)
    assert ((shares >= 0.83) & (shares <= 0.99)).all()


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_coverage_of_slopes_where_nothing_is_shrunk(slope):
    shares = np.mean([holds(seed, slope, KnownShapes()) for seed in range(200)], axis=0)
    assert ((shares >= 0.92) & (shares <= 0.975)).all()
