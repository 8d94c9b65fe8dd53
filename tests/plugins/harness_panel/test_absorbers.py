"""Absorbing groupings, against the projection on their dummies."""

from __future__ import annotations

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import Floats, Grouping, Ints, random_stream
from harness_panel.solver.absorb import (
    MOST_CELLS,
    MOST_SMALL_LEVELS,
    Absorber,
    absorber_of,
    without_effects,
)

Rows = tuple[Ints, ...]
"""Codes of groupings of the same rows, that of the most levels first."""


def crossed_rows(name: str, n_first: int, n_second: int, share: float) -> Rows:
    first, second = (axis.ravel() for axis in np.indices((n_first, n_second)))
    has_row = random_stream(41, name).random(first.size) < share
    return first[has_row], second[has_row]


def disconnected() -> Rows:
    """Two parts of the panel that share neither entity nor period."""
    return np.array([0, 0, 1, 1, 2, 2, 3, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3, 4])


def chain() -> Rows:
    """Entities of two rows each, in periods that follow each other: barely connected."""
    links = np.arange(120)
    return np.repeat(links, 2), np.column_stack([links, links + 1]).ravel()


def three(*, share: float) -> Rows:
    first, second = crossed_rows("three", 20, 7, share)
    return first, second, random_stream(44).integers(0, 5, size=first.size)


def nested() -> Rows:
    """Industries that are unions of firms, and sectors that are unions of industries."""
    firm, period = crossed_rows("nested", 24, 6, 0.8)
    return firm, firm // 3, period, firm // 6


ONE = {"one": crossed_rows("one", 9, 5, 0.5)[:1]}
TWO = {
    "balanced": crossed_rows("balanced", 7, 4, 1.0),
    "holes": crossed_rows("holes", 15, 6, 0.4),
    "more periods than entities": crossed_rows("more periods than entities", 5, 20, 0.6),
    "disconnected": disconnected(),
    "chain": chain(),
}
MORE = {"three": three(share=1.0), "three with holes": three(share=0.3), "nested": nested()}
each_rows = pytest.mark.parametrize("rows", (ONE | TWO | MORE).values(), ids=(ONE | TWO | MORE))


def absorber(rows: Rows) -> Absorber:
    return absorber_of([Grouping.of(codes) for codes in rows])


def dummies(rows: Rows) -> Floats:
    return np.hstack([np.eye(codes.max() + 1)[codes] for codes in rows])


@each_rows
@pytest.mark.parametrize("weighing", ["alike", "counts", "sizes"])
def test_what_is_left_is_orthogonal_to_every_level(rows, weighing):
    n_obs = rows[0].size
    values = 1e3 + random_stream(42).normal(size=(n_obs, 3))
    weights = {
        "alike": np.ones(n_obs),
        "counts": random_stream(43).integers(0, 4, size=n_obs).astype(np.float64),
        "sizes": 10.0 ** random_stream(45).uniform(-3.0, 3.0, size=n_obs),
    }[weighing]
    own, within = absorber(rows), values.copy()
    effects = own.weighed(weights[:, None]).take_out(within[:, None, :], weights[:, None])
    root = np.sqrt(weights)[:, None]
    design = root * dummies(rows)
    scaled = design / np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    expected = root * values - scaled @ np.linalg.lstsq(scaled, root * values, rcond=1e-12)[0]
    np.testing.assert_allclose(root * within, expected, atol=1e-10 * root.max())
    rebuilt = sum(part[grouping.codes, 0] for grouping, part in zip(own.groupings, effects, strict=True))
    np.testing.assert_allclose(without_effects(own, values, weights), within, atol=1e-12)
    np.testing.assert_allclose(within + rebuilt, values, rtol=1e-12)


@each_rows
@pytest.mark.parametrize("n_used", [1.0, 0.6], ids=["all rows", "some rows"])
def test_it_counts_the_independent_effects(rows, n_used):
    weights = (random_stream(46).random(rows[0].size) < n_used) * 0.3
    used = dummies(rows)[weights > 0]
    assert absorber(rows).rank(weights) == np.linalg.matrix_rank(used)


@each_rows
@pytest.mark.parametrize("is_weighted", [False, True])
def test_leverage_is_the_diagonal_of_the_projection(rows, is_weighted):
    n_obs = rows[0].size
    weights = random_stream(47).uniform(0.2, 5.0, size=n_obs) if is_weighted else np.ones(n_obs)
    design = np.sqrt(weights)[:, None] * dummies(rows)
    expected = np.diag(design @ np.linalg.pinv(design, rcond=1e-10))
    np.testing.assert_allclose(absorber(rows).leverage(weights), expected, atol=1e-12)


def random_codes(n_obs: int, n_levels: int) -> Grouping:
    return Grouping.of(np.concatenate([np.arange(n_levels), np.zeros(n_obs - n_levels, dtype=np.int64)]))


@pytest.mark.parametrize("levels", [(10_000,), (MOST_CELLS // MOST_SMALL_LEVELS, MOST_SMALL_LEVELS)])
def test_as_many_levels_as_are_solved_for_are_taken(levels):
    groupings = [random_codes(50_000, n_levels) for n_levels in levels]
    assert absorber_of(groupings).groupings == tuple(groupings)


def test_no_grouping_takes_nothing_out():
    columns, weights = random_stream(48).normal(size=(6, 2)), np.ones(6)
    np.testing.assert_array_equal(without_effects(Absorber(()), columns, weights), columns)
    assert Absorber(()).rank(weights) == 0
    np.testing.assert_array_equal(Absorber(()).leverage(weights), np.zeros(6))


@pytest.mark.parametrize(
    "levels", [(5_000, MOST_SMALL_LEVELS + 1), (5_000, 2_500, 2_501), (MOST_CELLS // 1_000 + 1, 1_000)]
)
def test_more_levels_than_are_solved_for_are_refused(levels):
    with pytest.raises(EstimationError, match="too many to be solved for at once"):
        absorber_of([random_codes(200_000, n_levels) for n_levels in levels])
