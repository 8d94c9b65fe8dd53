"""Absorbing two keys against the projection on their dummies."""

from __future__ import annotations

import numpy as np
import pytest

from harness import Floats, stream
from harness_panel.absorb import absorb_in_place
from harness_panel.grouping import Grouping
from harness_panel.two_way import TwoWay

SHAPES = {
    "balanced": (7, 4, 1.0),
    "holes": (15, 6, 0.4),
    "more periods than entities": (5, 20, 0.6),
}


def rows(shape: str) -> TwoWay:
    n_large, n_small, share = SHAPES[shape]
    first, second = (axis.ravel() for axis in np.indices((n_large, n_small)))
    has_row = stream(41, shape).random(first.size) < share
    return TwoWay(Grouping.of(first[has_row]), Grouping.of(second[has_row]))


def disconnected() -> TwoWay:
    """Two parts of the panel that share neither entity nor period."""
    entity = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3])
    period = np.array([0, 1, 0, 1, 2, 3, 2, 3, 4])
    return TwoWay(Grouping.of(entity), Grouping.of(period))


def chain() -> TwoWay:
    """Entities of two rows each, in periods that follow each other: barely connected."""
    links = np.arange(120)
    entity, period = np.repeat(links, 2), np.column_stack([links, links + 1]).ravel()
    return TwoWay(Grouping.of(entity), Grouping.of(period))


ABSORBERS = {name: rows(name) for name in SHAPES} | {"disconnected": disconnected(), "chain": chain()}
each_absorber = pytest.mark.parametrize("absorber", ABSORBERS.values(), ids=ABSORBERS)


def dummies(absorber: TwoWay) -> Floats:
    return np.hstack([np.eye(one.n_levels)[one.codes] for one in absorber.groupings])


@each_absorber
@pytest.mark.parametrize("is_weighted", [False, True])
def test_what_is_left_is_orthogonal_to_every_level(absorber, is_weighted):
    n_obs = absorber.large.codes.size
    values = 1e3 + stream(42).normal(size=(n_obs, 3))
    weights = stream(43).integers(0, 4, size=n_obs).astype(np.float64) if is_weighted else np.ones(n_obs)
    within = values.copy()
    effects = absorb_in_place(absorber, within, weights)
    root = np.sqrt(weights)[:, None]
    design = root * dummies(absorber)
    expected = root * values - design @ np.linalg.lstsq(design, root * values, rcond=1e-12)[0]
    np.testing.assert_allclose(root * within, expected, atol=1e-10)
    rebuilt = sum(own[one.codes] for one, own in zip(absorber.groupings, effects, strict=True))
    np.testing.assert_allclose(within + rebuilt, values, rtol=1e-13)


@each_absorber
def test_rank_is_that_of_the_dummies(absorber):
    n_obs = absorber.large.codes.size
    assert absorber.rank(np.ones(n_obs)) == np.linalg.matrix_rank(dummies(absorber))


@each_absorber
def test_leverage_is_the_diagonal_of_the_projection(absorber):
    design = dummies(absorber)
    np.testing.assert_allclose(absorber.leverage(), np.diag(design @ np.linalg.pinv(design)), atol=1e-12)
