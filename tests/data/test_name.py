"""Terms that are made of a column are read as they are written."""

from hypothesis import given
from hypothesis import strategies as st

from harness.data.name import lag_of, lag_term, mean_of, mean_term

COLUMNS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).map(lambda name: f"x {name}")


@given(COLUMNS, st.integers(1, 99))
def test_what_is_written_of_a_column_is_read_of_it(column, lag):
    assert lag_of(lag_term(column, lag)) == (column, lag)
    assert mean_of(mean_term(column)) == column
    assert lag_term(column, 0) == column


def test_other_terms_are_of_neither():
    assert [lag_of(term) for term in ("w", "w (lag)", "w (lag 1", "w (lag 1) more")] == [None] * 4
    assert mean_of("w") is mean_of("w (entity mean) more") is None
    assert lag_term("w", 1) == "w (lag 1)"
    assert mean_term("w") == "w (entity mean)"
