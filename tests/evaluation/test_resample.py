"""Bootstrap weights."""

from __future__ import annotations

import numpy as np
import pytest

from harness.evaluation.resample import out_of_bag, weights_of
from harness.plugin import draw_weights, random_stream
from panels import panel_from_arrays


def make_panel():
    entity = np.repeat([3, 5, 9], [4, 2, 3])
    period = np.concatenate([np.arange(4), np.arange(2), np.arange(3)])
    return panel_from_arrays(entity=entity, period=period, outcome=np.arange(9.0), X=np.arange(9.0))


def test_entities_are_drawn_whole_and_as_many_as_there_are():
    panel = make_panel()
    weights = draw_weights(panel, 50, unit="entity", rng=random_stream(0, "w"))
    assert weights.shape == (50, 9)
    for code in range(3):
        rows = weights[:, panel.entity.codes == code]
        assert (rows == rows[:, :1]).all()
    first_rows = weights[:, [0, 4, 6]]
    assert (first_rows.sum(axis=1) == 3).all()


def test_rows_are_drawn_as_many_as_there_are():
    weights = draw_weights(make_panel(), 50, unit="row", rng=random_stream(0, "w"))
    assert (weights.sum(axis=1) == 9).all()
    assert set(np.unique(weights)) >= {0.0, 1.0, 2.0}


def test_each_entity_is_drawn_once_on_average():
    weights = draw_weights(make_panel(), 4000, unit="entity", rng=random_stream(0, "w"))
    # The standard error of the mean of a count with variance 2/3 over 4,000 draws is 0.013.
    assert np.abs(weights.mean(axis=0) - 1.0).max() < 4 * 0.013


@pytest.mark.parametrize("unit", ["entity", "row"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 2, 1), (2, 2, 0, 3, 1)])
def test_blocks_of_draws_are_parts_of_all_draws_in_whatever_order_they_are_made(unit, order):
    panel = make_panel()
    every = draw_weights(panel, 20, unit=unit, rng=random_stream(1, "blocks", unit))
    for block in order:
        draws = range(5 * block, 5 * block + 5)
        some = weights_of(panel, draws, unit=unit, rng=random_stream(1, "blocks", unit))
        np.testing.assert_array_equal(some, every[draws.start : draws.stop])


def test_out_of_bag_are_rows_that_a_draw_left_out():
    np.testing.assert_array_equal(out_of_bag(np.array([[0.0, 2.0], [1.0, 0.0]])), [[1.0, 0.0], [0.0, 1.0]])
