"""Effects of levels reach the rows that have them, whatever else a panel holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import AbsorbedEffects, Combination, GroupColumn, Key, count_unseen, key_of
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
