"""Absorbed effects of levels: of those seen, of combinations, and of those left out."""

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import (
    AbsorbedEffects,
    Combination,
    GroupColumn,
    Key,
    count_unseen,
    key_of,
    with_omitted_levels,
)
from panels import panel_from_arrays

ENTITY = AbsorbedEffects("entity", ("2", "1"), np.array([[10.0, -1.0], [20.0, -2.0]]))
TIME = AbsorbedEffects("time", ("1",), np.array([[0.5], [0.25]]))


@pytest.fixture
def panel():
    """Entities 1, 2 and 3 with two periods each, in two industries."""
    panel = panel_from_arrays(
        entity=[1, 1, 2, 2, 3, 3], period=[1, 2] * 3, outcome=np.zeros(6), X=np.arange(6.0)
    )
    return replace(panel, groups=(Key("entity", ("coal", "steel"), np.array([0, 0, 1, 1, 1, 1])),))


def test_rows_get_the_effect_of_their_level_and_zero_where_it_has_none(panel):
    assert ENTITY.of_rows(panel).tolist() == [[-1, -1, 10, 10, 0, 0], [-2, -2, 20, 20, 0, 0]]


def test_the_mean_is_that_over_the_rows(panel):
    for effects in (ENTITY, TIME):
        np.testing.assert_allclose(effects.mean(panel), effects.of_rows(panel).mean(axis=1), rtol=1e-15)


def test_rows_without_some_effect_are_counted_once(panel):
    assert ENTITY.unseen(panel).tolist() == [4, 5]
    assert TIME.unseen(panel).tolist() == [1, 3, 5]
    assert count_unseen((ENTITY, TIME), panel) == 4
    assert count_unseen((), panel) == 0


def test_a_column_is_no_key_of_its_name(panel):
    assert key_of(panel, "entity").labels == ("1", "2", "3")
    assert key_of(panel, GroupColumn("entity")).labels == ("coal", "steel")
    with pytest.raises(EstimationError, match="no column 'region' to group rows by"):
        key_of(panel, GroupColumn("region"))


def test_combinations_have_the_levels_that_rows_have(panel):
    key = key_of(panel, Combination((GroupColumn("entity"), "time")))
    assert key.labels == ("coal^1", "coal^2", "steel^1", "steel^2")
    assert key.codes.tolist() == [0, 1, 2, 3, 2, 3]
    effects = AbsorbedEffects(Combination(("time", "entity")), ("1^2", "2^1"), np.array([[3.0, 7.0]]))
    assert effects.of_rows(panel).tolist() == [[0, 7, 3, 0, 0, 0]]


def test_combinations_are_told_apart_whatever_their_labels(panel):
    first = Key("first", ("a", "a^b", "a\\"), np.array([0, 1, 2, 2, 2, 2]))
    second = Key("second", ("b^c", "c", "^c"), np.array([0, 1, 1, 2, 2, 2]))
    panel = replace(panel, groups=(first, second))
    key = key_of(panel, Combination((GroupColumn("first"), GroupColumn("second"))))
    assert len(set(key.labels)) == len(key.labels) == 4
    assert key.codes.tolist() == [0, 1, 2, 3, 3, 3]


def by_dummies(keys, left_out, residuals, row_weights):
    """Least squares of least size on the dummies of levels left out, (n_levels,) a key."""
    dummies = [own[:, None] == np.arange(is_out.size) for own, is_out in zip(keys, left_out, strict=True)]
    whole = np.hstack([own * is_out for own, is_out in zip(dummies, left_out, strict=True)])
    roots = np.sqrt(row_weights)
    solution = np.linalg.lstsq(roots[:, None] * whole, roots * residuals, rcond=None)[0]
    return np.split(solution, [left_out[0].size])


@pytest.mark.parametrize("unit", ["entities", "entities and periods"])
def test_levels_left_out_are_those_of_least_squares_on_their_dummies(unit):
    rng = np.random.default_rng(3)
    entity, period = (axis.ravel() for axis in np.indices((12, 6)))
    kept = rng.random(72) < 0.8
    codes = [entity[kept], period[kept]]
    weights = rng.integers(0, 3, size=(5, 12))[:, codes[0]] * 1.0
    if unit == "entities and periods":
        weights *= rng.integers(0, 2, size=(5, 6))[:, codes[1]]
    row_weights = np.where(rng.random(kept.sum()) < 0.9, rng.uniform(0.5, 2.0, size=kept.sum()), 0.0)
    residuals = rng.normal(size=weights.shape)
    rows = panel_from_arrays(entity=codes[0], period=codes[1], outcome=residuals[0], X=residuals[1])
    own = [rng.normal(size=(5, 12)), rng.normal(size=(5, 6))]
    effects = [
        AbsorbedEffects("entity", tuple(map(str, range(12))), own[0]),
        AbsorbedEffects("time", tuple(map(str, range(6))), own[1]),
    ]
    found = with_omitted_levels(effects, rows, residuals, weights=weights, row_weights=row_weights)
    for draw in range(5):
        left_out = [
            np.bincount(level, weights=weights[draw], minlength=n) == 0
            for level, n in zip(codes, (12, 6), strict=True)
        ]
        assert left_out[0].any()
        solved = by_dummies(codes, left_out, residuals[draw], row_weights)
        for levels, is_out, values, before in zip(found, left_out, solved, own, strict=True):
            expected = np.where(is_out, values, before[draw])
            np.testing.assert_allclose(levels.deviations[draw], expected, atol=1e-10)


def test_a_level_without_a_row_that_counts_has_no_effect():
    rows = panel_from_arrays(entity=[1, 2, 2], period=[1, 1, 2], outcome=np.zeros(3), X=np.arange(3.0))
    levels = AbsorbedEffects("entity", ("1", "2"), np.array([[1.0, 7.0]]))
    (found,) = with_omitted_levels(
        [levels],
        rows,
        np.array([[5.0, 5.0, 5.0]]),
        weights=np.array([[1.0, 0.0, 0.0]]),
        row_weights=np.array([1.0, 0.0, 0.0]),
    )
    np.testing.assert_array_equal(found.deviations, [[1.0, 0.0]])
