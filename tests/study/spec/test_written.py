"""Values of a script become YAML that is read back as the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import SpecError
from harness.study.spec.document import read_document
from harness.study.spec.written import written_spec

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | TEXT
    | st.sampled_from(
        ["yes", "no", "on", "~", "null", "true", "0o7", "0x1F", "1_000", "1e5", ".5", "012", ""]
    )
    | st.sampled_from(
        ["a: b", "# c", "- d", "[e", "{f", "*g", "&h", "!i", "%j", "@k", "'", '"', "x\ny", " z "]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_values_come_back_as_they_were(values):
    document = read_document(written_spec(values))
    assert document.flaws == ()
    assert repr(document.data) == repr(values)


def test_keys_keep_their_order_and_short_lists_stay_on_one_line():
    assert written_spec({"seed": 1, "data": {"path": "a.csv"}, "x": ["b", "a"]}).text == (
        "seed: 1\ndata: {path: a.csv}\nx: [b, a]\n"
    )


def test_tuples_paths_and_numpy_numbers_have_plain_forms():
    values = {
        "a": (1, 2),
        "b": Path("x") / "y.csv",
        "c": np.float64(0.1),
        "d": np.int64(3),
        "e": np.bool_(True),
    }
    found = read_document(written_spec(values)).data
    assert found == {"a": [1, 2], "b": "x/y.csv", "c": 0.1, "d": 3, "e": True}
    assert type(found["e"]) is bool


def test_a_value_that_stands_twice_is_written_twice():
    shared = {"use": "mlp"}
    assert "&" not in written_spec({"a": [shared, shared]}).text


def test_values_that_yaml_lacks_are_named_by_their_paths():
    with pytest.raises(SpecError) as error:
        written_spec({"a": [{"b": {1, 2}}], 3: "x", "c": 1j})
    assert [problem.where for problem in error.value.problems] == ["spec", "spec: a[0].b", "spec: c"]
    assert "set" in error.value.problems[1].what


def test_mistakes_in_such_a_spec_are_told_by_path_without_lines(catalogs):
    from harness.study.spec.load import load_study

    with pytest.raises(SpecError) as error:
        load_study(written_spec({"spec_version": 1, "study": "X y"}), catalogs=catalogs)
    places = {problem.where for problem in error.value.problems}
    assert "spec: study" in places
    assert not any(":1:" in place for place in places)
