import datetime

import numpy as np
import pytest

from harness.data.read.numbers import is_exact, type_objects, type_texts

MISSING = frozenset(("", "NA"))


@pytest.mark.parametrize("read", [type_texts, type_objects])
def test_a_column_of_missing_cells_alone_is_numeric(read):
    column = read(["NA", ""], MISSING)
    assert column.dtype == np.float64
    assert column.isna().all()


@pytest.mark.parametrize("cell", ["inf", "nan", "0x10", "1_000", "1,5", "١٢", "1e", "--1", "+", "Infinity"])
def test_what_python_reads_as_a_number_and_we_do_not(cell):
    assert type_texts(["1", cell], MISSING).tolist() == ["1", cell]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        pytest.param([1, 2], "int64", id="whole"),
        pytest.param([1, None], "float64", id="whole-with-gaps"),
        pytest.param([1, 2.5], "float64", id="mixed-numbers"),
        pytest.param([2**53 + 1, 1], "object", id="whole-that-float64-does-not-hold"),
        pytest.param([True, False], "bool", id="truth-values"),
        pytest.param([True, 1], "object", id="truth-values-and-numbers"),
        pytest.param([1, "u"], "object", id="numbers-and-texts"),
        pytest.param([datetime.datetime(2011, 1, 1), 2011], "object", id="dates-and-numbers"),
    ],
)
def test_types_of_columns_of_objects(cells, dtype):
    assert type_objects(cells, MISSING).dtype == dtype


@pytest.mark.parametrize(
    ("number", "exact"),
    [(2**53, True), (2**53 + 1, False), (-(2**53) - 1, False), (2**60, True), (10**400, False)],
)
def test_whole_numbers_that_float64_holds(number, exact):
    assert is_exact(number) is exact
