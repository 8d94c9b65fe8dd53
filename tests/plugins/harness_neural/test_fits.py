"""Networks beside effects of entities, and their draws."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness import Panel
from harness.plugin import Floats, draw_weights, out_of_bag
from harness_neural.fits import FittedNetworkDraws
from harness_neural.mlp import Mlp
from harness_neural.names import Dimension, OptimiserName
from harness_neural.som_ann import SomAnn
from harness_panel import FixedEffects
from neural_tasks import make_panel, wave
from panels import panel_from_arrays

BOTH: tuple[Dimension, ...] = ("entity", "time")
PLAIN = Mlp(hidden=4, restarts=2)
WITH_EFFECTS = replace(PLAIN, effects=BOTH)
BY_LBFGS = pytest.mark.parametrize("optimiser", ["lbfgs", "projected_lbfgs"])


def curved(X: Floats) -> Floats:
    return 2.0 * np.tanh(2.0 * X[:, 0]) + 0.5 * X[:, 1]


def panel_of(truth: Callable[[Floats], Floats], *, share: float = 1.0) -> Panel:
    """A panel with a constant for each entity, which the inputs follow, and for each of eight periods."""
    rng = np.random.default_rng(0)
    entity, period = (axis.ravel() for axis in np.indices((80, 8)))
    constants = 2.0 * rng.normal(size=80)
    X = rng.normal(size=(entity.size, 2)) + 0.5 * constants[entity, None]
    outcome = (
        truth(X) + constants[entity] + np.linspace(-1.0, 1.0, 8)[period] + 0.3 * rng.normal(size=entity.size)
    )
    kept = rng.random(entity.size) < share
    return panel_from_arrays(
        entity=entity[kept], period=period[kept], outcome=outcome[kept], X=X[kept], split_unit="row"
    )


def random_rows(panel: Panel) -> tuple[Panel, Panel]:
    is_test = np.random.default_rng(1).random(panel.n_obs) < 0.2
    return panel.take(np.flatnonzero(~is_test)), panel.take(np.flatnonzero(is_test))


def error_of(estimator: Mlp | FixedEffects, train: Panel, test: Panel) -> float:
    fitted = estimator.fit(train, rng=np.random.default_rng(0))
    return float(np.mean((fitted.predict(test) - test.observed) ** 2))


@BY_LBFGS
@pytest.mark.parametrize("share", [1.0, 0.7], ids=["balanced", "unbalanced"])
def test_curve_beside_effects_beats_the_plain_network_and_the_linear_model(
    share: float, optimiser: OptimiserName
) -> None:
    train, test = random_rows(panel_of(curved, share=share))
    ours = error_of(replace(WITH_EFFECTS, optimiser=optimiser), train, test)
    assert ours < 0.25 * error_of(PLAIN, train, test)
    assert ours < 0.35 * error_of(FixedEffects(effects=BOTH), train, test)
    assert ours < 0.2


@BY_LBFGS
def test_curve_is_recovered_by_draws_that_stop_on_entities_left_out(optimiser: OptimiserName) -> None:
    panel = panel_of(curved)
    weights = draw_weights(panel, 20, unit="entity", rng=np.random.default_rng(2))
    fitted = replace(WITH_EFFECTS, optimiser=optimiser).fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )
    at = np.linspace(-2.0, 2.0, 9)
    curve = fitted.profile(panel, ("x0",), at[:, None]).mean(axis=0)
    # Twice the .035 that it is off here; single draws scatter by up to .07.
    np.testing.assert_allclose(curve - curve.mean(), 2.0 * np.tanh(2.0 * at), atol=0.07)


@pytest.mark.parametrize("effects", [("entity",), BOTH], ids=["entity", "both"])
def test_an_entity_that_a_draw_leaves_out_has_the_level_of_its_training_rows(
    effects: tuple[Dimension, ...],
) -> None:
    panel = panel_of(curved, share=0.8)
    weights = draw_weights(panel, 4, unit="entity", rng=np.random.default_rng(2))
    fitted = replace(PLAIN, effects=effects).fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )
    residuals = panel.observed - fitted.predict(panel)
    totals = np.stack([np.bincount(panel.entity.codes, weights=draw) for draw in residuals])
    is_left_out = np.stack([np.bincount(panel.entity.codes, weights=draw) for draw in weights]) == 0.0
    assert is_left_out.sum() > 80
    np.testing.assert_allclose(totals[is_left_out], 0.0, atol=1e-9)
    assert fitted.n_unseen(panel) == 0


def test_draws_take_no_levels_from_rows_that_a_protocol_selects_on() -> None:
    panel = panel_of(curved)
    inside = panel.take(np.flatnonzero(panel.entity.codes < 60))
    aside = panel.take(np.flatnonzero(panel.entity.codes >= 60))
    weights = draw_weights(inside, 3, unit="entity", rng=np.random.default_rng(2))
    brief = replace(WITH_EFFECTS, max_steps=30)
    fitted = brief.fit_draws(inside, weights=weights, selection=aside, rng=np.random.default_rng(0))
    assert fitted.n_unseen(aside) == aside.n_obs
    raised = replace(aside, observed=aside.observed + 5.0)
    other = brief.fit_draws(inside, weights=weights, selection=raised, rng=np.random.default_rng(0))
    np.testing.assert_allclose(other.predict(panel), fitted.predict(panel), atol=1e-6)


def test_effects_named_twice_are_refused() -> None:
    with pytest.raises(ValueError, match=r"each once; found \['time', 'time'\]"):
        Mlp(effects=("time", "time"))


SMALL = Mlp(hidden=3, restarts=2)


def fit_draws(estimator: Mlp | SomAnn, panel: Panel, *, n_draws: int = 12) -> FittedNetworkDraws:
    weights = draw_weights(panel, n_draws, unit="entity", rng=np.random.default_rng(5))
    return estimator.fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )


def out_of_draw_errors(estimator: Mlp, panel: Panel) -> Floats:
    predicted = fit_draws(estimator, panel).predict(panel)
    weights = draw_weights(panel, 12, unit="entity", rng=np.random.default_rng(5))
    squares = np.square(predicted - panel.observed) * (weights == 0.0)
    return squares.sum(axis=1) / (weights == 0.0).sum(axis=1)


def test_a_search_a_draw_lowers_the_error_it_selects_by() -> None:
    panel = make_panel(wave, noise=1.0)
    estimator = Mlp(hidden="auto", flexibility=20.0, sizes_around=1, restarts=2)
    once, each = (
        out_of_draw_errors(replace(estimator, draw_size=size), panel) for size in ("full_sample", "each_draw")
    )
    assert each.mean() < once.mean()


def test_a_draw_keeps_the_best_of_its_starts() -> None:
    panel = make_panel(wave, noise=1.0)
    once, best = (out_of_draw_errors(replace(SMALL, draw_restarts=starts), panel) for starts in (1, 4))
    assert (best <= once + 1e-12).all()
    assert best.mean() < once.mean()


def test_draws_that_start_from_the_full_sample_hardly_leave_it() -> None:
    panel = make_panel(wave, noise=1.0)
    random, warm = (
        fit_draws(replace(SMALL, draw_start=start), panel).predict(panel)
        for start in ("random", "full_sample")
    )
    assert warm.std(axis=0).mean() < 0.85 * random.std(axis=0).mean()


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_draws_that_train_on_all_rows_and_start_from_the_full_sample_are_one(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    everyone = np.ones((3, panel.n_obs))
    warm = replace(estimator, draw_start="full_sample", max_steps=20)
    fitted = warm.fit_draws(panel, weights=everyone, selection=None, rng=np.random.default_rng(0))
    predicted = fitted.predict(panel)
    np.testing.assert_allclose(predicted[1:], predicted[[0, 0]], atol=1e-6)


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_draws_of_a_number_of_steps_do_not_see_rows_left_out(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    weights = draw_weights(panel, 3, unit="entity", rng=np.random.default_rng(5))
    fixed = replace(estimator, draw_steps=9)
    prepared = fixed.prepare_draws(panel, selection=None, rng=np.random.default_rng(0))
    rngs = np.random.default_rng(1).spawn(3), np.random.default_rng(1).spawn(3)
    seen = prepared.fit(weights, selection=out_of_bag(weights), rngs=rngs[0]).predict(panel)
    unseen = prepared.fit(weights, selection=None, rngs=rngs[1]).predict(panel)
    np.testing.assert_array_equal(seen, unseen)


def test_a_draw_takes_the_steps_that_it_is_told() -> None:
    panel = make_panel(wave, noise=1.0)
    errors = []
    for steps in (1, 5, 25, 125):
        fitted = fit_draws(replace(SMALL, draw_steps=steps), panel)
        weights = draw_weights(panel, 12, unit="entity", rng=np.random.default_rng(5))
        squares = np.square(fitted.predict(panel) - panel.observed) * weights
        errors.append(squares.sum() / weights.sum())
    assert (np.diff(errors) < 0.0).all()
