"""What a panel promises: read-only, matched by label, counterfactuals that carry what follows from them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from harness.plugin import Key
from panels import panel_from_arrays


def make_panel():
    return panel_from_arrays(
        entity=["b", "b", "a", "a", "c"],
        period=[1, 2, 1, 3, 2],
        outcome=np.arange(5.0),
        X=np.arange(10.0).reshape(5, 2),
        columns=("x", "z"),
    )


@pytest.mark.parametrize("array", ["observed", "X", "period"])
def test_arrays_are_read_only_also_after_a_pickle(array):
    for panel in (make_panel(), pickle.loads(pickle.dumps(make_panel()))):  # noqa: S301 - our own bytes
        with pytest.raises(ValueError, match="read-only"):
            getattr(panel, array)[0] = 7


def test_arrays_that_disagree_are_refused():
    with pytest.raises(ValueError, match="panel arrays disagree"):
        panel_from_arrays(entity=[1, 2], period=[1, 1], outcome=[1.0, 2.0, 3.0], X=[1.0, 2.0])


def test_resampling_repeats_whole_entities_under_names_of_their_own():
    drawn = make_panel().resample(np.array([1, 1, 0]))
    assert drawn.entity.labels == ("b", "b#2", "a")
    assert drawn.observed.tolist() == [0.0, 1.0, 0.0, 1.0, 2.0, 3.0]
    keys = list(zip(drawn.entity.codes.tolist(), drawn.period.tolist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_weights_and_groups_travel_with_their_rows():
    groups = (Key("size", ("big", "small"), np.array([0, 0, 1, 1, 0])),)
    panel = replace(make_panel(), weights=np.arange(1.0, 6.0), groups=groups)
    for rows in (panel.take(np.array([3, 1])), pickle.loads(pickle.dumps(panel)).take(np.array([3, 1]))):  # noqa: S301 - our own bytes
        assert rows.weights.tolist() == [4.0, 2.0]
        assert rows.group("size").codes.tolist() == [1, 0]
        with pytest.raises(ValueError, match="read-only"):
            rows.weights[0] = 7
    assert panel.with_column("x", 1.0).weights.tolist() == panel.weights.tolist()
    assert panel.resample(np.array([1, 1])).weights.tolist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="panel arrays disagree"):
        replace(panel, weights=np.ones(4))


@dataclass(frozen=True)
class Sum:
    into: str
    inputs: tuple[str, ...]

    def compute(self, columns):
        return sum(columns[name] for name in self.inputs)


def make_derived():
    """x, z, u = x + z and v = u + z, of which the last two follow from the first two."""
    x, z = np.arange(5.0), np.arange(5.0) ** 2
    panel = panel_from_arrays(
        entity=["b", "b", "a", "a", "c"],
        period=[1, 2, 1, 3, 2],
        outcome=np.arange(5.0),
        X=np.column_stack([x, z, x + z, x + 2.0 * z]),
        columns=("x", "z", "u", "v"),
    )
    return replace(panel, derived=(Sum("u", ("x", "z")), Sum("v", ("u", "z"))))


def test_several_columns_are_moved_at_once_and_what_follows_is_computed_once_from_all():
    moved = make_derived().with_columns({"x": 3.0, "z": np.arange(5.0)})
    assert moved.column("u").tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert moved.column("v").tolist() == [3.0, 5.0, 7.0, 9.0, 11.0]
    after_each_other = make_derived().with_column("x", 3.0).with_column("z", np.arange(5.0))
    np.testing.assert_array_equal(moved.X, after_each_other.X)


@pytest.mark.parametrize("order", [("x", "u"), ("u", "x")])
def test_a_value_that_is_given_stands_in_any_order_though_it_would_follow(order):
    values = {"x": 3.0, "u": 1.0}
    moved = make_derived().with_columns({name: values[name] for name in order})
    assert set(moved.column("u")) == {1.0}
    np.testing.assert_array_equal(moved.column("v"), 1.0 + np.arange(5.0) ** 2)
