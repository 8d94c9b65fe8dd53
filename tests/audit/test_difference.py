"""Specs are compared by their values, each named by its path."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.runs import ValueDifference, spec_differences
from harness.study.spec.document import read_document
from harness.study.spec.written import written_spec


def differences(a, b):
    return spec_differences(read_document(written_spec(a)), read_document(written_spec(b)))


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ({"seed": 1}, {"seed": 2}, [ValueDifference("seed", "1", "2")]),
        ({"seed": 1}, {"seed": 1, "title": "x"}, [ValueDifference("title", None, '"x"')]),
        ({"x": {"y": 1, "z": 2}}, {"x": {"y": 1}}, [ValueDifference("x.z", "2", None)]),
        ({"x": 1}, {"x": 1.0}, [ValueDifference("x", "1", "1.0")]),
        ({"x": 1}, {"x": True}, [ValueDifference("x", "1", "true")]),
        ({"x": None}, {}, [ValueDifference("x", "null", None)]),
        ({"x": {"y": 1}}, {"x": [1]}, [ValueDifference("x", '{"y": 1}', "[1]")]),
        (
            {"x": [1, 2]},
            {"x": [1, 3, 4]},
            [ValueDifference("x[1]", "2", "3"), ValueDifference("x[2]", None, "4")],
        ),
    ],
    ids=["changed", "added", "removed", "kind of number", "number or truth", "null", "kind of value", "list"],
)
def test_a_value_that_differs_is_named_by_its_path(a, b, found):
    assert list(differences(a, b)) == found


def test_entries_of_lists_are_matched_by_their_ids():
    a = {"estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "rab", "draws": 200}]}
    b = {"estimators": [{"id": "rab", "draws": 50}, {"id": "fe", "use": "fixed_effects"}]}
    assert list(differences(a, b)) == [
        ValueDifference("estimators[ols]", '{"id": "ols", "use": "pooled_ols"}', None),
        ValueDifference("estimators[rab].draws", "200", "50"),
        ValueDifference("estimators[fe]", None, '{"id": "fe", "use": "fixed_effects"}'),
    ]


def test_another_order_of_the_same_entries_is_one_difference():
    a, b = {"protocols": ["in_sample", "forward"]}, {"protocols": ["forward", "in_sample"]}
    assert list(differences(a, b)) == [
        ValueDifference("protocols.order", '["in_sample", "forward"]', '["forward", "in_sample"]')
    ]


def test_layout_comments_and_the_order_of_keys_do_not_matter(tmp_path):
    commented, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    commented.write_text("a: 1  # first\nb: {c: [x, y]}\n", encoding="utf-8")
    other.write_text("b:\n  c:\n    - 'x'\n    - y\na: 0x1\n", encoding="utf-8")
    assert spec_differences(read_document(commented), read_document(other)) == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner),
    max_leaves=8,
)


@given(a=st.dictionaries(st.text("ab", min_size=1, max_size=2), VALUES, max_size=3), data=st.data())
def test_equal_values_have_no_differences_and_others_have_some(a, data):
    assert differences(a, a) == ()
    b = data.draw(st.dictionaries(st.text("ab", min_size=1, max_size=2), VALUES, max_size=3))
    found = differences(a, b)
    assert bool(found) == (json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True))
    mirrored = [ValueDifference(difference.path, difference.b, difference.a) for difference in found]
    assert sorted(mirrored, key=str) == sorted(differences(b, a), key=str)
