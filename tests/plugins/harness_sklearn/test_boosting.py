"""Boosted trees on panels with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from harness import EstimationError
from harness.plugin import random_stream
from harness_sklearn import Boosting
from panels import wave_panel


def test_a_nonlinear_truth_is_found():
    train, test = wave_panel(seed=1), wave_panel(seed=2, noise=0.0)
    fit = Boosting().fit(train, rng=random_stream(0, "b"))
    assert np.mean((fit.predict(test) - test.observed) ** 2) < 0.1 * test.observed.var()


def test_rounds_are_the_best_on_the_selection_rows():
    train, selection = wave_panel(seed=1, noise=1.0), wave_panel(seed=2, noise=1.0)
    fit = Boosting(max_rounds=60).fit(train, rng=random_stream(0, "b"), selection=selection)
    errors = []
    for rounds in range(1, 61):
        model = HistGradientBoostingRegressor(
            max_iter=rounds, max_leaf_nodes=15, early_stopping=False, random_state=0
        )
        predicted = model.fit(train.X, train.observed).predict(selection.X)
        errors.append(np.mean((predicted - selection.observed) ** 2))
    assert fit.n_rounds == 1 + int(np.argmin(errors)) < 60
    assert np.mean((fit.predict(selection) - selection.observed) ** 2) == pytest.approx(
        min(errors), rel=1e-12
    )


def test_too_few_rows_are_refused_with_their_number():
    panel = wave_panel(n_entities=5, n_periods=5)
    with pytest.raises(EstimationError, match="20 training rows cannot fill two leaves of 20 rows"):
        Boosting().fit(panel, rng=random_stream(0, "b"))


def test_growing_stops_when_rounds_bring_nothing_and_the_best_round_is_kept():
    train, selection = wave_panel(seed=1, noise=1.0), wave_panel(seed=2, noise=1.0)
    short, long = (
        Boosting(patience=patience).fit(train, rng=random_stream(0, "b"), selection=selection)
        for patience in (20, 300)
    )
    assert len(long.search.selection_nmse) == 300
    assert short.n_rounds < len(short.search.selection_nmse) <= short.n_rounds + 21
    grown = len(short.search.selection_nmse)
    np.testing.assert_allclose(short.search.selection_nmse, long.search.selection_nmse[:grown], rtol=1e-12)
    assert short.n_rounds == 1 + int(np.argmin(long.search.selection_nmse[:grown]))


def test_the_search_is_told_and_a_search_that_ended_too_soon_is_noted():
    train, selection = wave_panel(seed=1), wave_panel(seed=2)
    long, short = (
        Boosting(max_rounds=most).fit(train, rng=random_stream(0, "b"), selection=selection)
        for most in (300, 5)
    )
    table = long.details()["search"]
    assert table["chosen"].index(True) == long.n_rounds - 1
    assert len(table["rounds"]) >= long.n_rounds
    assert long.notes == ()
    assert short.n_rounds == 5
    assert [note.code for note in short.notes] == ["W-ROUNDS"]
