"""Neighbours of rows are of their own period, the nearest first and with equal weights."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.neighbours import NEAREST, nearest_links

# Degrees of latitude on one meridian; a row in the other period lies next to the first.
LATITUDES = np.array([0.0, 1.0, 3.0, 6.0, 10.0, 15.0, 21.0, 0.1])
PERIOD = np.array([0, 0, 0, 0, 0, 0, 0, 1])


def test_the_nearest_rows_of_a_period_have_equal_weights():
    links = nearest_links(np.stack([LATITUDES, np.zeros(8)], axis=1), PERIOD)
    distance = np.abs(LATITUDES[:7, None] - LATITUDES[None, :7])
    np.fill_diagonal(distance, np.inf)
    nearest = np.argsort(distance, axis=1)[:, :NEAREST]
    assert {*zip(links.rows.tolist(), links.others.tolist(), strict=True)} == {
        (row, other) for row in range(7) for other in nearest[row].tolist()
    }
    assert links.weights == pytest.approx(1 / NEAREST)
    assert np.isnan(links.means(LATITUDES)[7])
    assert links.means(LATITUDES)[0] == pytest.approx(LATITUDES[1:6].mean())
