"""What a panel promises, keys of two sets of rows as one, and means of entities."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

import harness
import harness.plugin
from harness.data.panel import with_entity_means
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from harness.plugin import Key
from panels import panel_from_arrays
from small_run import grunfeld


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


def test_joined_keys_match_by_label_and_new_labels_come_last():
    first = Key("city", ("a", "b"), np.array([1, 0]))
    second = Key("city", ("z", "b", "c"), np.array([0, 1, 2]))
    both = first.joined(second)
    assert [both.labels[code] for code in both.codes] == ["b", "a", "z", "b", "c"]
    assert both.labels == ("a", "b", "z", "c")
    assert [second.joined(first).labels[code] for code in second.joined(first).codes] == list("zbcba")


def test_joined_panels_match_columns_by_name_and_keep_groups_and_weights():
    both = panel_from_arrays(
        entity=[1, 1, 2, 3], period=[1, 2, 1, 1], outcome=np.arange(4.0), X=np.arange(8.0).reshape(4, 2)
    )
    branch = Key("branch", ("a", "b", "c"), np.array([2, 0, 0, 1]))
    both = replace(both, groups=(branch,), weights=np.arange(1.0, 5.0))
    first, second = both.take(np.array([0, 1])), both.take(np.array([2, 3]))
    second = replace(second, groups=(second.group("branch").without_absent(),))
    whole = first.joined(second)
    group = whole.group("branch")
    assert [group.labels[code] for code in group.codes] == ["c", "a", "a", "b"]
    assert [whole.entity.labels[code] for code in whole.entity.codes] == ["1", "1", "2", "3"]
    assert whole.weights.tolist() == [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_array_equal(whole.X, both.X)
    turned = replace(second, exposure=second.controls[0], controls=(second.exposure,), X=second.X[:, ::-1])
    np.testing.assert_array_equal(first.joined(turned).X, both.X)
    assert first.joined(replace(second, weights=None)).weights is None


def test_means_are_of_known_rows_and_of_their_own_where_an_entity_has_none():
    X = np.array([[1.0, 5.0], [3.0, 5.0], [8.0, 5.0], [2.0, 7.0], [6.0, 7.0]])
    panel = panel_from_arrays(
        entity=np.array([0, 0, 0, 1, 1]),
        period=np.array([0, 1, 2, 0, 1]),
        outcome=np.zeros(5),
        X=X,
        columns=("x", "constant"),
    )
    name = f"x, mean of {panel.entity.name}"
    assert with_entity_means(panel).columns == ("x", "constant", name)
    assert with_entity_means(panel).column(name).tolist() == [4.0, 4.0, 4.0, 4.0, 4.0]
    known = with_entity_means(panel, known=np.array([0, 1]))
    assert known.column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]
    assert known.with_column("x", 9.0).column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]


COLUMNS = {
    "entity": "firm",
    "time": "year",
    "outcome": "invest",
    "exposure": "value",
    "controls": ["capital"],
}


def design(rows):
    return np.column_stack([np.ones(len(rows)), rows[["value", "capital"]]])


def test_an_estimator_fits_the_panel_of_a_table_and_predicts_another():
    frame = grunfeld().reset_index()
    early, late = frame[frame["year"] < 1950], frame[frame["year"] >= 1950]
    estimator = installed().of(ESTIMATOR)["pooled_ols"]()
    fit = estimator.fit(harness.panel_from_frame(early, **COLUMNS))
    panel = harness.panel_from_frame(late, **COLUMNS)
    slopes = np.linalg.lstsq(design(early), early["invest"], rcond=None)[0]
    expected = design(late.sort_values(["firm", "year"])) @ slopes
    assert fit.predict(panel) == pytest.approx(expected, rel=1e-9)
    assert [panel.entity.labels[code] for code in panel.entity.codes[:2]] == ["American Steel"] * 2


def test_levels_of_an_index_are_columns_and_rows_are_put_in_order():
    shuffled = grunfeld().sample(frac=1, random_state=2)
    ordered = harness.panel_from_frame(grunfeld(), **COLUMNS)
    again = harness.panel_from_frame(shuffled, **COLUMNS)
    np.testing.assert_array_equal(again.X, ordered.X)
    assert (again.n_obs, again.n_entities, again.n_periods) == (220, 11, 20)
