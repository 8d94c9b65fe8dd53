"""Specs are compared by their values, each named by its path, and tables row by row, in any order."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.runs import SHOWN, Tolerance, ValueDifference, spec_differences, table_difference
from harness.study.spec.document import read_document, written_spec


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


KEYS = ("estimator", "at")
UP_TO_ROUNDING = Tolerance()


def compared(a, b, *, on=KEYS, tolerance=UP_TO_ROUNDING):
    return table_difference("curves", a, b, keys=on, tolerance=tolerance)


def curve(**changed):
    columns = {
        "estimator": ["ols", "ols", "fe", "fe"],
        "at": [0.1, 0.2, 0.1, 0.2],
        "estimate": [1.0, 2.0, 3.0, np.nan],
        "status": ["ok", "ok", "ok", "refused"],
    }
    return pd.DataFrame(columns | changed)


def test_a_table_equals_itself_and_holes_equal_holes():
    found = compared(curve(), curve())
    assert found.is_equal
    assert found.n_matched == 4


@given(order=st.permutations(range(4)), columns=st.permutations(["estimator", "at", "estimate", "status"]))
def test_the_order_of_rows_and_columns_does_not_matter(order, columns):
    assert compared(curve(), curve().iloc[list(order)][list(columns)]).is_equal


@pytest.mark.parametrize(
    ("rtol", "atol", "is_equal"),
    [(0.0, 0.0, False), (0.01, 0.0, False), (0.05, 0.0, True), (0.0, 0.05, False), (0.0, 0.1001, True)],
)
def test_numbers_are_equal_within_the_tolerance(rtol, atol, is_equal):
    other = curve(estimate=[1.0, 2.1, 3.0, np.nan])
    assert compared(curve(), other, tolerance=Tolerance(rtol, atol)).is_equal is is_equal


@given(
    a=st.floats(allow_nan=False, allow_infinity=False, width=32),
    b=st.floats(allow_nan=False, allow_infinity=False, width=32),
    rtol=st.floats(0, 0.1),
    atol=st.floats(0, 10),
)
def test_the_tolerance_is_symmetric_and_means_what_it_says(a, b, rtol, atol):
    tolerance = Tolerance(rtol, atol)
    one, other = np.array([a]), np.array([b])
    excess = tolerance.excess(one, other)
    assert excess == tolerance.excess(other, one)
    assert tolerance.excess(one, one) == 0
    allowed = atol + rtol * max(abs(a), abs(b))
    if not np.isclose(abs(a - b), allowed, rtol=1e-12):
        assert (excess[0] > 1) == (abs(a - b) > allowed)


@pytest.mark.parametrize(("one", "other"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, -np.inf), (np.inf, 1e308)])
def test_a_number_is_never_equal_to_a_hole_or_to_infinity(one, other):
    assert Tolerance(1.0, 1e300).excess(np.array([one]), np.array([other])) == np.inf


def test_the_cell_that_differs_most_is_named_by_its_row():
    other = curve(estimate=[1.0 + 1e-3, 2.5, 3.0, np.nan])
    (column,) = compared(curve(), other).columns
    assert (column.column, column.n_cells) == ("estimate", 2)
    assert column.row == "estimator=ols, at=0.2"
    assert (column.a, column.b) == ("2.0", "2.5")


def test_a_number_that_is_gone_and_a_text_that_changed_are_differences():
    other = curve(estimate=[1.0, 2.0, np.nan, np.nan], status=["ok", "ok", "failed", "refused"])
    estimate, status = compared(curve(), other).columns
    assert (estimate.row, estimate.a, estimate.b) == ("estimator=fe, at=0.1", "3.0", "")
    assert (status.a, status.b) == ("ok", "failed")


def test_rows_that_one_table_has_alone_are_listed():
    found = compared(curve(), curve().drop(index=[0, 3]))
    assert (found.n_matched, found.only_a.n_rows, found.only_b.n_rows) == (2, 2, 0)
    assert found.only_a.first == ("estimator=ols, at=0.1", "estimator=fe, at=0.2")
    assert not found.is_equal


def test_of_many_rows_the_first_are_listed():
    long = pd.DataFrame({"estimator": "ols", "at": np.arange(100.0), "estimate": 0.0})
    only = compared(long, long.iloc[:0]).only_a
    assert only.n_rows == 100
    assert len(only.first) == SHOWN


def test_columns_that_one_table_has_alone_are_named():
    found = compared(curve(), curve(extra=[1, 2, 3, 4]).drop(columns="status"))
    assert (found.columns_a, found.columns_b) == (("status",), ("extra",))
    assert not found.is_equal


def test_grid_points_are_the_same_up_to_rounding():
    shifted = curve(at=[0.1 + 1e-16, 0.2, 0.1, 0.2 * (1 + 1e-12)])
    assert compared(curve(), shifted).is_equal
    other = compared(curve(), curve(at=[0.1, 0.2, 0.1, 0.2001]))
    assert (other.only_a.n_rows, other.only_b.n_rows) == (1, 1)


def test_rows_with_equal_keys_are_matched_in_their_order():
    a = pd.DataFrame({"scenario": ["curve"] * 3, "exposure": [1.0, 2.0, 3.0]})
    found = compared(a, a.assign(exposure=[1.0, 2.5, 3.0]), on=("scenario",))
    assert found.n_matched == 3
    assert found.columns[0].n_cells == 1
    assert compared(a, a.iloc[:2], on=("scenario",)).only_a.n_rows == 1


def test_empty_tables_are_equal():
    empty = curve().iloc[:0]
    assert compared(empty, empty).is_equal
    assert compared(pd.DataFrame(), pd.DataFrame()).is_equal
