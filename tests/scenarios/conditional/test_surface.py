"""Where a surface is supported."""

from __future__ import annotations

import numpy as np
import pytest

from harness import EstimationError
from harness.scenarios.conditional.surface import cell_support, in_hull

GRID = np.linspace(0.0, 1.0, 11)


def test_the_hull_of_a_triangle():
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    first, second = np.meshgrid(GRID, GRID, indexing="ij")
    assert np.array_equal(in_hull(corners, GRID, GRID), first + second <= 1.0 + 1e-12)


def test_rows_and_entities_near_a_cell_are_counted():
    rng = np.random.default_rng(1)
    values, entities = rng.uniform(size=(300, 2)), rng.integers(40, size=300)
    values[:2] = [[0.0, 0.0], [1.0, 1.0]]
    near = cell_support(values, entities, GRID, GRID[:5])
    reach = 0.1 * np.ptp(values, axis=0)
    for i, j in [(0, 0), (5, 3), (10, 4)]:
        rows = (np.abs(values - [GRID[i], GRID[j]]) <= reach).all(axis=1)
        assert near.n_obs[i, j] == rows.sum()
        assert near.n_entities[i, j] == np.unique(entities[rows]).size
    assert near.n_obs.shape == (11, 5)


def test_a_hole_in_the_data_is_not_supported():
    rng = np.random.default_rng(2)
    values = rng.uniform(size=(4000, 2))
    hole = (np.abs(values - 0.5) < 0.25).all(axis=1)
    near = cell_support(values[~hole], np.arange((~hole).sum()) // 5, GRID, GRID)
    assert not near.supported[5, 5]
    assert near.supported[5, 1]
    assert near.supported[2, 8]


def test_one_entity_alone_is_no_support():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.uniform(0.0, 0.5, size=(400, 2)), rng.uniform(0.9, 1.0, size=(50, 2))])
    entities = np.concatenate([np.arange(400) // 4, np.full(50, 999)])
    near = cell_support(values, entities, GRID, GRID)
    assert near.n_obs[10, 10] > 10
    assert not near.supported[10, 10]


def test_variables_on_a_line_have_no_surface():
    x = np.linspace(0, 1, 30)
    with pytest.raises(EstimationError, match="on a line"):
        cell_support(np.column_stack([x, 2 * x + 1]), np.arange(30), GRID, 2 * GRID + 1)
