"""Which rows have data near them in exposure and covariates, against what is plain to see."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from harness.scenarios.curve.supported_curve import NEAR_SHARE, joint_support, whitened
from panels import panel_from_arrays

GRID = np.array([0.1, 0.5, 0.9])


def panel_of(x, *covariates, n_moderators=1, per_entity=1):
    n_obs = len(x)
    return panel_from_arrays(
        entity=np.arange(n_obs) // per_entity,
        period=np.arange(n_obs) % per_entity,
        outcome=np.zeros(n_obs),
        X=np.column_stack([x, *covariates]),
        n_moderators=n_moderators,
    )


def test_two_groups_that_never_meet_support_only_their_own_exposures():
    """Poor entities at low exposure, rich ones at high exposure, none in between."""
    rng = np.random.default_rng(1)
    poor = np.arange(200) < 100
    x = np.where(poor, rng.uniform(0.0, 0.2, 200), rng.uniform(0.8, 1.0, 200))
    wealth = np.where(poor, 0.0, 10.0) + rng.uniform(size=200)
    joint = joint_support(panel_of(x, wealth), GRID)
    is_poor = poor[joint.rows]
    assert joint.near[0][is_poor].mean() > 0.9
    assert joint.near[2][~is_poor].mean() > 0.9
    assert joint.near[0][~is_poor].mean() < 0.1
    assert joint.near[2][is_poor].mean() < 0.1
    assert not joint.near[1].any()
    assert joint.share == pytest.approx([0.5, 0.0, 0.5], abs=0.06)


def test_independent_covariates_support_nearly_all_rows_everywhere():
    rng = np.random.default_rng(2)
    joint = joint_support(panel_of(rng.uniform(size=800), rng.normal(size=800)), GRID)
    assert (joint.share > 0.9).all()


def test_without_covariates_every_row_is_supported_where_another_entity_is():
    x = np.array([0.0, 0.1, 0.11, 0.9, 0.91, 1.0])
    joint = joint_support(panel_of(x), np.array([0.1, 0.5, 0.9]))
    assert joint.share == pytest.approx([1.0, 0.0, 1.0])
    # an entity's own rows are no evidence about it
    alone = joint_support(panel_of(x, per_entity=3), np.array([0.1, 0.9]))
    assert alone.share == pytest.approx([0.5, 0.5])


def test_it_is_the_rule_computed_row_by_row():
    rng = np.random.default_rng(3)
    x = rng.uniform(size=122)
    covariates = np.exp(rng.normal(size=(122, 2))) + x[:, None]
    panel = panel_of(x, *covariates.T, n_moderators=2, per_entity=2)
    ranks = np.column_stack([rankdata(column) for column in covariates.T])
    distance = cdist(ranks, ranks, "mahalanobis", VI=np.linalg.inv(np.cov(ranks.T, ddof=0)))
    reach, entity = 0.05 * np.ptp(x), np.arange(122) // 2
    own = []
    for row in range(122):
        others = (np.abs(x - x[row]) <= reach) & (entity != entity[row])
        own.append(distance[row, others].min() if others.any() else np.inf)
    near = np.sort(own)[int(np.ceil(NEAR_SHARE * 122)) - 1]
    joint = joint_support(panel, GRID)
    for at, supported in zip(GRID, joint.near, strict=True):
        for place, row in enumerate(joint.rows):
            others = (np.abs(x - at) <= reach) & (entity != entity[row])
            assert supported[place] == (others.any() and distance[row, others].min() <= near)


def test_other_units_change_nothing():
    rng = np.random.default_rng(4)
    x, m = rng.uniform(size=(2, 300))
    m += x
    first = joint_support(panel_of(x, m), GRID)
    other = joint_support(panel_of(1e6 * x, np.exp(5.0 * m)), 1e6 * GRID)
    assert np.array_equal(first.near, other.near)


def test_a_long_panel_is_judged_by_some_of_its_rows():
    rng = np.random.default_rng(5)
    x = rng.uniform(size=5000)
    joint = joint_support(panel_of(x, x + 0.3 * rng.normal(size=5000)), GRID)
    assert joint.rows.size == np.unique(joint.rows).size == 2000
    assert ((joint.share > 0.2) & (joint.share < 1.0)).all()


def test_whitened_columns_are_uncorrelated_and_those_that_say_nothing_new_are_left_out():
    a, b = np.random.default_rng(6).normal(size=(2, 50))
    points = whitened(np.column_stack([a, b, a + b, np.full(50, 3.0)]))
    assert np.cov(points.T, ddof=0) == pytest.approx(np.eye(2), abs=1e-12)


def test_equal_rows_are_not_compared_again_and_other_ones_are():
    rng = np.random.default_rng(5)
    x, m = rng.uniform(size=(2, 300))
    first = joint_support(panel_of(x, m), GRID)
    assert joint_support(panel_of(x.copy(), m.copy()), GRID.copy()).near is first.near
    for other in (joint_support(panel_of(x, m[::-1]), GRID), joint_support(panel_of(x, m), GRID[:2])):
        assert not np.array_equal(other.near, first.near)
    assert not first.near.flags.writeable
