from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError, Panel
from harness.plugin import Floats, draw_weights
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel, r_squared, wave

SMALL = Mlp(hidden=3, restarts=2)


def fit(estimator: Mlp, panel: Panel, *, selection: Panel | None = None, seed: int = 0) -> Floats:
    return estimator.fit(panel, rng=np.random.default_rng(seed), selection=selection).predict(panel)


def test_candidates_are_compared_on_the_rows_given_to_select_on() -> None:
    panel = make_panel(wave, noise=1.0)
    aside = make_panel(wave, noise=1.0, n_entities=30, seed=9)
    aside = replace(aside, period=aside.period + 10, time=replace(aside.time, labels=tuple("abcde")))
    fitted = SMALL.fit(panel, rng=np.random.default_rng(0), selection=aside)
    error = np.mean((fitted.predict(aside) - aside.observed) ** 2) / panel.observed.var()
    assert fitted.searches[0].chosen.selection_nmse == pytest.approx(error, rel=1e-5)
    assert fitted.searches[0].n_obs == panel.n_obs + aside.n_obs


def test_a_row_that_is_trained_and_selected_on_counts_once_in_the_size() -> None:
    panel = make_panel(wave)
    rng = np.random.default_rng(0)
    (search,) = Mlp(restarts=1, sizes_around=0).fit(panel, rng=rng, selection=panel).searches
    assert search.n_obs == 300
    assert search.formula is not None
    assert search.formula == pytest.approx(((300 * 0.9 - 1) / 5 - 1) / 10)
    weights = np.ones((2, 300))
    drawn = Mlp(restarts=1, sizes_around=0).fit_draws(panel, weights=weights, selection=panel, rng=rng)
    assert drawn.searches[0].n_obs == 300


def test_control_in_other_units_counts_once() -> None:
    panel = make_panel(wave, noise=1.0)
    wider = replace(
        panel, controls=(*panel.controls, "y2"), X=np.column_stack([panel.X, 12.0 * panel.X[:, 1] + 5.0])
    )
    fitted = Mlp(restarts=1, sizes_around=0).fit(wider, rng=np.random.default_rng(0))
    assert [(note.code, note.where) for note in fitted.notes] == [("W-DUP", "y2")]
    assert fitted.searches[0].formula == pytest.approx(((300 * 0.9 - 1) / 5 - 1) / 10)


def test_a_size_under_one_is_noted() -> None:
    panel = make_panel(wave, noise=1.0, n_entities=12)
    fitted = Mlp(restarts=1, sizes_around=0).fit(panel, rng=np.random.default_rng(0))
    assert fitted.searches[0].chosen.n_units == 1
    (note,) = fitted.notes
    assert (note.code, note.message) == ("W-HIDDEN", "the formula gives N = 0.96 for 60 rows; 1 is used")


def test_too_few_rows_are_refused_with_their_number() -> None:
    panel = make_panel(wave, n_entities=8, n_periods=1, noise=1.0)
    with pytest.raises(
        EstimationError, match="6 training rows, but one hidden unit with 3 inputs has 6 parameters"
    ):
        SMALL.fit(panel, rng=np.random.default_rng(0))


def draws_of(panel: Panel, n_draws: int) -> Floats:
    return draw_weights(panel, n_draws, unit="entity", rng=np.random.default_rng(5))


def test_rows_that_all_draws_select_on_are_what_sizes_are_compared_on() -> None:
    panel = make_panel(wave, noise=1.0)
    only = np.arange(panel.n_obs) >= 250
    weights = np.where(only, 0.0, draws_of(panel, 6))
    selection = np.tile(only.astype(float), (6, 1))
    fitted = SMALL.fit_draws(panel, weights=weights, selection=selection, rng=np.random.default_rng(0))
    trained_on = panel.take(np.flatnonzero(weights.any(axis=0)))
    alone = SMALL.fit(trained_on, rng=np.random.default_rng(0), selection=panel.take(np.flatnonzero(only)))
    found, expected = fitted.searches[0].chosen, alone.searches[0].chosen
    assert (found.n_units, found.restart) == (expected.n_units, expected.restart)
    assert found.selection_nmse == pytest.approx(expected.selection_nmse, rel=1e-9)


def test_draws_without_selection_train_for_the_steps_that_were_found() -> None:
    panel = make_panel(wave, noise=0.5)
    weights = draws_of(panel, 4)
    blind = SMALL.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))
    empty = SMALL.fit_draws(
        panel, weights=weights, selection=np.zeros_like(weights), rng=np.random.default_rng(0)
    )
    np.testing.assert_array_equal(blind.predict(panel), empty.predict(panel))
    assert r_squared(panel, blind.predict(panel).mean(axis=0)) > 0.9


def test_a_draw_with_too_few_rows_is_refused() -> None:
    panel = make_panel(wave)
    weights = draws_of(panel, 3)
    weights[1] = np.arange(panel.n_obs) < 5
    with pytest.raises(EstimationError, match=r"^5 training rows"):
        SMALL.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_a_selection_without_rows_is_none(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    nobody = panel.take(np.zeros(0, dtype=np.int64))
    found = estimator.fit(panel, rng=np.random.default_rng(0), selection=nobody).predict(panel)
    np.testing.assert_array_equal(found, estimator.fit(panel, rng=np.random.default_rng(0)).predict(panel))
