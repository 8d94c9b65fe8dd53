"""Rungs that know nothing of the regressors, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.plugin import random_stream
from harness_panel.estimators.naive import EntityMean, LastValue, Mean
from panels import panel_from_arrays

TRAIN = panel_from_arrays(
    entity=["a", "a", "a", "b", "b"], period=[1, 2, 5, 1, 4], outcome=[1.0, 2.0, 9.0, 4.0, 6.0], X=np.zeros(5)
)
TEST = panel_from_arrays(
    entity=["b", "c", "a", "a", "b"], period=[5, 1, 1, 4, 4], outcome=np.zeros(5), X=np.zeros(5)
)


def fit(estimator, panel=TRAIN):
    return estimator.fit(panel, rng=random_stream(0, "n"))


def test_the_mean_is_the_mean():
    assert fit(Mean()).predict(TEST).tolist() == [4.4] * 5


def test_draws_of_the_mean_are_weighted_means():
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 0, 0, 0, 1]])
    draws = Mean().fit_draws(TRAIN, weights=weights, selection=None, rng=random_stream(0, "n"))
    assert draws.predict(TEST)[:, 0] == pytest.approx([4.4, 8 / 3])


def test_entities_have_their_own_means_and_a_new_one_the_mean_of_all():
    fitted = fit(EntityMean())
    assert fitted.predict(TEST).tolist() == [5.0, 4.4, 4.0, 4.0, 5.0]
    assert fitted.n_unseen(TEST) == 1


def test_the_last_value_comes_from_before_the_row():
    fitted = fit(LastValue())
    # b in 5 has 4, c is unknown, a in 1 has none earlier, a in 4 has 2, b in 4 has 1 and not its own.
    assert fitted.predict(TEST).tolist() == [6.0, 4.4, 4.4, 2.0, 4.0]
    assert fitted.n_unseen(TEST) == 2


def test_in_sample_the_last_value_is_the_lag_by_rows_of_the_entity():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"entity": np.repeat(range(9), 5), "period": np.tile(range(5), 9)})
    frame["outcome"] = rng.normal(size=45)
    panel = panel_from_arrays(
        entity=frame["entity"], period=frame["period"], outcome=frame["outcome"], X=np.zeros(45)
    )
    lag = frame.groupby("entity")["outcome"].shift().fillna(frame["outcome"].mean())
    order = rng.permutation(45)
    fitted = fit(LastValue(), panel.take(order))
    assert fitted.predict(panel) == pytest.approx(lag.to_numpy(), rel=1e-14)
