"""Rows that belong together, and losses summed within clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.evaluation.losses import Sides, cells, cluster_losses

KEYS = ("outcome", "estimator", "protocol")


def test_cells_are_groups_in_the_order_of_their_first_rows():
    """7 x 6 x 9 combinations do not fit into a byte; two thirds of them have rows."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({name: rng.integers(0, n, 400) for name, n in zip(KEYS, (7, 6, 9), strict=True)})
    frame = frame.astype(str)
    groups = frame.groupby(list(KEYS), sort=False).indices
    found = list(cells(frame, KEYS))
    assert [place for place, _ in found] == list(frame.drop_duplicates().itertuples(index=False, name=None))
    for place, positions in found:
        np.testing.assert_array_equal(positions, groups[place])


def test_clusters_without_rows_have_no_losses():
    losses = cluster_losses(np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 1.0]), np.array([0, 2, 2]))
    assert losses.loss.tolist() == [1.0, 6.0]
    assert losses.loss_reference.tolist() == [3.0, 2.0]
    assert losses.n_rows.tolist() == [1.0, 2.0]


def sides(*rows):
    """Return the sides of rows of fold, sample and entity."""
    return Sides.of(pd.DataFrame(rows, columns=["fold", "sample", "entity"]), "entity")


def test_sides_tell_whether_labels_are_apart_and_tested_once():
    apart = [("1", "test", "a"), ("1", "train", "b"), ("2", "test", "b"), ("2", "train", "a")]
    assert (sides(*apart).are_apart, sides(*apart).are_tested_once) == (True, True)
    mixed = sides(*apart, ("2", "train", "b"))
    assert (mixed.are_apart, mixed.are_tested_once) == (False, True)
    again = sides(*apart, ("2", "test", "a"))
    assert (again.are_apart, again.are_tested_once) == (False, False)
    one_fold = sides(*apart[:2])
    assert (one_fold.are_apart, one_fold.are_tested_once) == (True, False)
    untested = sides(("1", "train", "a"))
    assert (untested.are_apart, untested.are_tested_once) == (False, False)
