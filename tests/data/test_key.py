"""Keys of two sets of rows as one."""

from dataclasses import replace

import numpy as np

from harness.plugin import Key
from panels import panel_from_arrays


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
