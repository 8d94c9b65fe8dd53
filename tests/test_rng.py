"""Random streams."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from harness.plugin import random_stream

labels = st.lists(st.text(max_size=8) | st.integers(0, 9), min_size=1, max_size=4).map(tuple)


def first(seed, path):
    return random_stream(seed, *path).integers(2**63)


@given(seed=st.integers(0, 2**63), path=labels)
def test_equal_labels_give_equal_streams(seed, path):
    assert first(seed, path) == first(seed, path)


@given(one=labels, other=labels)
def test_different_labels_give_different_streams(one, other):
    same = [(type(a), a) for a in one] == [(type(b), b) for b in other]
    assert (first(1, one) == first(1, other)) == same


def test_joined_labels_do_not_collide():
    assert first(1, ("a_b", "c")) != first(1, ("a", "b_c"))
    assert first(1, ("ab", "c")) != first(1, ("a", "bc"))


def test_the_hash_seed_of_the_process_does_not_matter():
    code = "from harness.plugin import random_stream; print(random_stream(3, 'fit', 'ols').integers(2**63))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert printed == {f"{first(3, ('fit', 'ols'))}\n"}
