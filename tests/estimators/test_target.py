"""Estimators fitted on a transformed outcome, with their means in the outcome's unit."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from harness import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.estimators.best_simple import BestSimple, SimpleCandidate
from harness.estimators.guard import limits_of
from harness.estimators.target import on_target, transformed, with_new_entities
from harness.scenarios.effect.cell import refuse_transforming
from harness_neural.mlp import Mlp
from harness_panel import EntityMean, FixedEffects, Mundlak, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn import Splines, Tuned
from tests.panels import balanced_panel

SHAPE = (60, 6)


def drawn_panel(seed=1, shape=SHAPE, *, level=0.5, noise=0.3, spread=0.0, split_unit="entity"):
    """Return a panel whose logarithm is linear, with entity levels and errors that may grow."""
    rng = np.random.default_rng(seed)
    n_obs = shape[0] * shape[1]
    X, levels = rng.normal(size=(n_obs, 2)), np.repeat(rng.normal(scale=level, size=shape[0]), shape[1])
    index = 1.0 + X @ [0.5, 0.3] + levels
    errors = noise * np.exp(spread * (X @ [0.5, 0.3])) * rng.normal(size=n_obs)
    return balanced_panel(shape, outcome=np.exp(index + errors), X=X, split_unit=split_unit)


def fitted(estimator, panel, seed=0):
    return estimator.fit(panel, rng=np.random.default_rng(seed))


def least_squares(panel, target, *, dummies=False):
    """Return slopes and a level of least squares of the transformed outcome, by numpy alone."""
    columns = [panel.X, np.ones((panel.n_obs, 1))]
    if dummies:
        columns[1] = np.eye(len(panel.entity.labels))[panel.entity.codes]
    design, y = np.hstack(columns), transformed(panel.observed, target)
    return design, y, np.linalg.lstsq(design, y, rcond=None)[0]


@dataclass(frozen=True)
class NormalFit:
    """A mean and a standard deviation, whose limits are quantiles of the normal distribution."""

    mean: float
    deviation: float

    def predict(self, panel):
        return np.full(panel.n_obs, self.mean)

    def intervals(self, panel, level):
        tail = (1.0 - level) / 2.0
        limits = stats.norm.ppf([[tail], [1.0 - tail]], self.mean, self.deviation)
        return np.tile(limits, panel.n_obs)


@dataclass(frozen=True)
class Normal:
    """One distribution of all outcomes."""

    name: ClassVar[str] = "normal"
    provides: ClassVar[frozenset[type]] = frozenset({protocol.HasIntervals})

    def fit(self, panel, *, rng, selection=None):
        return NormalFit(panel.observed.mean(), panel.observed.std())


def test_limits_of_a_logarithm_are_quantiles_of_the_lognormal_distribution_without_smearing():
    panel, level = drawn_panel(), 0.9
    logs = np.log(panel.observed)
    for estimator in (Normal(), BestSimple((SimpleCandidate("one", Normal()),)), Tuned((Normal(), Normal()))):
        low, high = limits_of(fitted(on_target(estimator, "log"), panel), panel, level)
        expected = stats.lognorm.ppf([0.05, 0.95], s=logs.std(), scale=np.exp(logs.mean()))
        np.testing.assert_allclose([low[0], high[0]], expected, rtol=1e-12)
    for target, inverse in INVERSES.items():
        fit = fitted(on_target(Normal(), target), panel)
        np.testing.assert_allclose(fit.intervals(panel, level), inverse(fit.base.intervals(panel, level)))


def test_a_chosen_fit_without_limits_gives_none():
    """The line wins over one distribution of all outcomes."""
    panel, both = drawn_panel(), (Normal(), PooledOLS())
    simple = BestSimple(tuple(SimpleCandidate(one.name, one) for one in both))
    for estimator in (on_target(PooledOLS(), "log"), simple, Tuned(both)):
        assert limits_of(fitted(estimator, panel), panel, 0.9) is None


INVERSES = {"log": np.exp, "log1p": np.expm1, "asinh": np.sinh}


@pytest.mark.parametrize("target", INVERSES)
def test_a_mean_is_that_over_all_residuals_of_the_training_rows(target):
    panel = drawn_panel()
    design, y, b = least_squares(panel, target)
    every = (design @ b)[:, None] + (y - design @ b)[None, :]
    predicted = fitted(on_target(PooledOLS(), target), panel).predict(panel)
    np.testing.assert_allclose(predicted, INVERSES[target](every).mean(axis=1), rtol=1e-9)


def test_residuals_for_new_entities_include_the_effects_of_entities():
    panel = drawn_panel()
    design, y, b = least_squares(panel, "log", dummies=True)
    slopes, levels = b[:2], b[2:]
    fit = fitted(on_target(FixedEffects(effects=("entity",)), "log"), panel)
    np.testing.assert_allclose(
        fit.predict(panel), np.exp(design @ b) * np.exp(y - design @ b).mean(), rtol=1e-9
    )
    of_new = panel.X @ slopes + levels.mean()
    np.testing.assert_allclose(
        fit.predict(with_new_entities(panel)), np.exp(of_new) * np.exp(y - of_new).mean(), rtol=1e-9
    )
    assert fit.n_unseen(with_new_entities(panel)) == panel.n_obs
    assert fit.n_unseen(panel) == 0


@pytest.mark.parametrize("target", INVERSES)
@pytest.mark.parametrize("estimator", [PooledOLS(), FixedEffects(effects=("entity",)), Mundlak(), Splines()])
def test_means_of_many_new_entities_are_those_of_the_simulation(estimator, target):
    panel = drawn_panel(shape=(600, 6), level=0.3)
    new = drawn_panel(2, shape=(1000, 6), level=0.3)
    mean = np.exp(1.0 + new.X @ [0.5, 0.3] + (0.3**2 + 0.3**2) / 2.0)
    predicted = fitted(on_target(estimator, target), panel).predict(with_new_entities(new))
    tolerance = 0.03 if target == "log" else 0.06
    assert predicted.mean() == pytest.approx(mean.mean(), rel=tolerance)


class Remembered:
    """A fit that knows its training rows exactly, and predicts the mean of any other."""

    def __init__(self, panel):
        self.known = {tuple(row): y for row, y in zip(panel.X.tolist(), panel.observed, strict=True)}
        self.mean = panel.observed.mean()

    def predict(self, panel):
        return np.array([self.known.get(tuple(row), self.mean) for row in panel.X.tolist()])


@dataclass(frozen=True)
class Memory:
    name: ClassVar[str] = "memory"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel: Panel, *, rng, selection=None):
        return Remembered(panel)


@pytest.mark.parametrize("split_unit", ["entity", "row", "time"])
def test_residuals_of_a_learner_are_of_rows_that_it_was_not_trained_on(split_unit):
    panel = drawn_panel(split_unit=split_unit)
    fit = fitted(on_target(Memory(), "log"), panel)
    logs = np.log(panel.observed)
    # Held-out rows are predicted by the mean of the others, so that residuals are those of the outcome.
    expected = np.exp(logs - logs.mean()).mean()
    np.testing.assert_allclose(fit.predict(panel) / panel.observed, expected, rtol=0.02)
    assert expected > 1.2
    assert set(fit.details()["smearing"]["residuals"]) == {"held out"}


def test_draws_are_smeared_by_their_own_rows():
    panel, n_obs = drawn_panel(), SHAPE[0] * SHAPE[1]
    weights = np.random.default_rng(3).multinomial(SHAPE[0], np.full(SHAPE[0], 1 / SHAPE[0]), size=3)
    weights = np.vstack([np.ones(n_obs), np.repeat(weights, SHAPE[1], axis=1)]).astype(float)
    estimator = on_target(PooledOLS(), "log")
    draws = estimator.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))
    predicted = draws.predict(panel)
    np.testing.assert_allclose(predicted[0], fitted(estimator, panel).predict(panel), rtol=1e-9)
    repeated = panel.take(np.repeat(np.arange(n_obs), weights[2].astype(int)))
    once = fitted(estimator.for_folds(), repeated)
    np.testing.assert_allclose(predicted[2], once.predict(panel), rtol=1e-9)


def test_draws_of_a_learner_are_smeared_by_the_rows_that_each_left_out():
    panel = drawn_panel()
    weights = np.ones((1, panel.n_obs))
    weights[0, :60] = 0.0
    estimator = on_target(Splines(), "log")
    draws = estimator.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))
    rest = panel.take(np.arange(60))
    factor = draws.predict(rest)[0] / np.exp(draws.models.predict(rest)[0])
    expected = np.exp(np.log(rest.observed) - draws.models.predict(rest)[0]).mean()
    np.testing.assert_allclose(factor, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [PooledOLS(), EntityMean(), Splines(), Mlp(), Rab(base=Mlp(), draws=2)],
    ids=lambda one: one.name,
)
def test_what_a_wrapped_estimator_provides_it_has(estimator):
    wrapped = on_target(estimator, "log")
    fit = fitted(wrapped, drawn_panel())
    for capability in wrapped.provides:
        assert isinstance(wrapped, capability) or isinstance(fit, capability), capability
    for capability in (protocol.CanFitDraws, protocol.CanPrepareDraws, protocol.HasDraws):
        assert (capability in wrapped.provides) == (capability in estimator.provides)


def test_draws_that_a_fit_carries_come_in_the_unit_of_the_outcome():
    panel = drawn_panel()
    fit = fitted(on_target(Rab(base=Mlp(), draws=4), "log"), panel)
    drawn = fit.draws.predict(panel)
    assert drawn.shape == (4, panel.n_obs)
    assert drawn.mean() == pytest.approx(panel.observed.mean(), rel=0.2)


@pytest.mark.parametrize(("target", "least"), [("log", 0.0), ("log1p", -1.0)])
def test_values_without_a_transformation_are_refused_with_the_remedy(target, least):
    panel = drawn_panel()
    observed = panel.observed.copy()
    observed[:3] = least
    wrapped = on_target(PooledOLS(), target)
    with pytest.raises(EstimationError, match=f"3 of 360 training rows are {least:g} or less") as refused:
        fitted(wrapped, replace(panel, observed=observed))
    assert "poisson" in refused.value.problems[0].hint
    with pytest.raises(EstimationError):
        wrapped.check_rows(replace(panel, observed=observed), rng=np.random.default_rng(0))


def test_residuals_that_grow_with_fitted_values_are_a_warning():
    def noted(spread, seed):
        panel = drawn_panel(seed, level=0.0, spread=spread)
        return [one.code for one in fitted(on_target(PooledOLS(), "log"), panel).notes]

    assert all("W-SMEARING" in noted(1.0, seed) for seed in range(10))
    assert sum("W-SMEARING" in noted(0.0, seed) for seed in range(40)) <= 2


def test_the_warning_has_both_factors_where_most_rows_have_the_largest_fitted_value():
    rng, is_high = np.random.default_rng(1), np.tile([0.0, 1.0, 1.0, 1.0], 60)
    X = np.column_stack([is_high, np.zeros(240)])
    outcome = np.exp(1.0 + is_high + rng.normal(scale=0.1 + 0.6 * is_high))
    fit = fitted(on_target(PooledOLS(), "log"), balanced_panel((60, 4), outcome=outcome, X=X))
    note = next(note for note in fit.notes if note.code == "W-SMEARING")
    expected = [
        np.exp(residuals - residuals.mean()).mean()
        for residuals in (np.log(outcome[is_high == level]) for level in (0.0, 1.0))
    ]
    shown = [float(note.message.values[name]) for name in ("low", "high")]
    assert shown == pytest.approx(expected, abs=5.1e-4)


def test_slopes_of_logarithms_are_also_per_cent_and_elasticities():
    panel = drawn_panel()
    table = fitted(on_target(PooledOLS(), "log"), panel).details()["transformed_coefficients"]
    _, _, b = least_squares(panel, "log")
    row = table["term"].index("x0")
    assert table["estimate"][row] == pytest.approx(b[0])
    assert table["percent"][row] == pytest.approx(100.0 * (np.exp(b[0]) - 1.0))
    assert table["elasticity_at_mean"][row] == pytest.approx(b[0] * panel.X[:, 0].mean())
    others = fitted(on_target(PooledOLS(), "asinh"), panel).details()["transformed_coefficients"]
    assert not {"percent", "elasticity_at_mean"} & others.keys()


def test_a_transformed_outcome_has_no_residuals_for_debiased_effects():
    with pytest.raises(EstimationError, match="residuals of the outcome itself"):
        refuse_transforming(on_target(Splines(), "log"))
