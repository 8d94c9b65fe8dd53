"""Where a curve is supported."""

from __future__ import annotations

import numpy as np

from harness.scenarios.grid import support


def test_a_gap_in_the_exposure_is_not_supported():
    exposure = np.concatenate([np.linspace(0, 0.4, 50), np.linspace(0.8, 1.0, 50)])
    near = support(exposure, np.arange(100) // 2, np.array([0.2, 0.6, 0.9]))
    assert near.supported.tolist() == [True, False, True]
    assert near.n_obs[1] == 0


def test_one_entity_alone_is_no_support():
    exposure = np.concatenate([np.linspace(0, 0.5, 90), np.full(10, 1.0)])
    entities = np.concatenate([np.arange(90) // 3, np.full(10, 99)])
    near = support(exposure, entities, np.array([0.25, 1.0]))
    assert near.supported.tolist() == [True, False]
    assert near.n_obs[1] == 10
    assert near.n_entities[1] == 1
