import datetime

import pytest

from harness.data.read.numbers import is_exact, type_objects, type_texts

MISSING = frozenset(("", "NA"))


@pytest.mark.parametrize("cell", ["inf", "0x10", "1,5", "--1", "Infinity"])
def test_what_python_reads_as_a_number_and_we_do_not(cell):
    assert type_texts(["1", cell], MISSING).tolist() == ["1", cell]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        pytest.param([1, 2], "int64", id="whole"),
        pytest.param([1, 2.5], "float64", id="mixed-numbers"),
        pytest.param([True, 1], "object", id="truth-values-and-numbers"),
        pytest.param([datetime.datetime(2011, 1, 1), 2011], "object", id="dates-and-numbers"),
    ],
)
def test_types_of_columns_of_objects(cells, dtype):
    assert type_objects(cells, MISSING).dtype == dtype


@pytest.mark.parametrize(
    ("number", "exact"),
    [(2**53, True), (-(2**53) - 1, False), (10**400, False)],
)
def test_whole_numbers_that_float64_holds(number, exact):
    assert is_exact(number) is exact
