"""Two panels of the same columns as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness import Key
from harness_rab.rab import stack_panels
from panels import panel_from_arrays


def test_groups_and_weights_are_stacked_with_their_rows():
    both = panel_from_arrays(
        entity=[1, 1, 2, 3], period=[1, 2, 1, 1], outcome=np.arange(4.0), X=np.arange(4.0)
    )
    branch = Key("branch", ("a", "b", "c"), np.array([2, 0, 0, 1]))
    both = replace(both, groups=(branch,), weights=np.arange(1.0, 5.0))
    first, second = both.take(np.array([0, 1])), both.take(np.array([2, 3]))
    second = replace(second, groups=(second.group("branch").without_absent(),))
    whole = stack_panels(first, second)
    group = whole.group("branch")
    assert [group.labels[code] for code in group.codes] == ["c", "a", "a", "b"]
    assert whole.weights.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert stack_panels(first, replace(second, weights=None)).weights is None
