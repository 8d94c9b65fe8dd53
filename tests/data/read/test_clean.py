"""Cells of yearbooks and databases: what is cleaned is told, and what may mean two things is asked."""

import datetime
import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.data.data_spec import DataSpec
from harness.data.messages import RowLocator
from harness.data.read.columnar import find_catalog
from harness.data.read.files import DataFolder
from harness.data.read.numbers import cast_note, require_numbers, type_objects, type_texts
from harness.errors import DataError
from spec_tables import as_workbook

CLEAN = "id,year,y,x\n北京,2011,1234.5,12.3\n北京,2012,2234.5,4\n天津,2011,3,5.25\n天津,2012,4,6\n"
EXPECTED = [1234.5, 2234.5, 3.0, 4.0]


def told(table):
    return {(record.step, record.into): record.account.detail for record in table.records}


@pytest.mark.parametrize(
    ("text", "options", "record"),
    [
        (CLEAN.replace("1234.5", '"1,234.5"'), {"thousands": ","}, ("thousands", "y")),
        (CLEAN.replace("y,x\n", "y,x\n,,万元,%\n"), {"skip_rows": (2,)}, ("skip_rows", "panel.csv")),
        pytest.param(CLEAN.replace("2234.5", "２２３４．５"), {}, ("full_width", "y"), id="full-width"),
        (CLEAN.replace(",", ";").replace(".", ","), {"separator": ";", "decimal": ","}, ("decimal", "x")),
    ],
)
def test_a_messy_file_reads_as_its_clean_twin(read_bytes, text, options, record):
    clean = read_bytes(CLEAN.encode()).frame
    table = read_bytes(text.encode(), spec=DataSpec(path="panel.csv", **options))
    pd.testing.assert_frame_equal(table.frame.reset_index(drop=True), clean.reset_index(drop=True))
    assert table.frame["y"].tolist() == EXPECTED
    assert record in told(table)


def test_headings_name_the_rows_beneath_them(read_bytes):
    clean = read_bytes(CLEAN.encode()).frame
    text = "year,y,x\n北京,,\n2011,1234.5,12.3\n2012,2234.5,4\n天津,,\n2011,3,5.25\n2012,4,6\n"
    table = read_bytes(text.encode(), spec=DataSpec(path="panel.csv", outline={"year": "id"}))
    frame = table.frame[["id", "year", "y", "x"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, clean.reset_index(drop=True), check_dtype=False)
    assert told(table)["headings", "id"].startswith("2 rows that hold nothing but a name")
    with pytest.raises(DataError, match=r"column 'year' \(data.outline\): the first row is no heading"):
        read_bytes(
            text.replace("北京,,\n", "").encode(), spec=DataSpec(path="panel.csv", outline={"year": "id"})
        )
    with pytest.raises(DataError, match="there is a column 'x' already"):
        read_bytes(text.encode(), spec=DataSpec(path="panel.csv", outline={"year": "x"}))


def test_what_is_cleaned_is_counted_and_shown(read_bytes):
    table = read_bytes(CLEAN.replace("北京,", " 北京,").encode())
    assert told(table) == {("strip_blanks", "id"): "2 cells: ' 北京' to '北京'"}
    assert table.records[0].inputs == ("panel.csv",)


def test_per_cents_as_fractions_are_exact(read_bytes):
    spec = DataSpec(path="panel.csv", percent="fraction")
    frame = read_bytes(b"id,y\na,12.3%\nb,0.7 %\nc,0\n", spec=spec).frame
    assert frame["y"].tolist() == [0.123, 0.007, 0.0]


def test_fractions_beside_numbers_without_a_sign_are_refused(read_bytes):
    spec = DataSpec(path="panel.csv", percent="fraction")
    with pytest.raises(DataError) as caught:
        read_bytes(b"id,y\na,12.3%\nb,0.5\n", spec=spec)
    assert "'12.3%'" in caught.value.what
    assert "'0.5'" in caught.value.what


def test_numbers_kept_as_text_in_a_sheet(read_bytes):
    rows = [["id", "year", "y", "code"], ["a", "2011年", "1.5", "007"], ["b", 2012, 2, "008"]]
    table = read_bytes(as_workbook({"panel": rows}), name="panel.xlsx")
    assert table.frame["y"].tolist() == [1.5, 2.0]
    assert table.frame["year"].tolist() == [2011, 2012]
    assert table.frame["code"].tolist() == ["007", "008"]
    assert told(table)["number_from_text", "y"] == "1 cell: '1.5' to '1.5'"


def test_a_title_row_is_named_with_its_remedy(read_bytes):
    with pytest.raises(DataError) as caught:
        read_bytes(("2011年各市统计\n" + CLEAN).encode())
    assert caught.value.where == "panel.csv: line 1"
    assert "line 2: 'id, year, y, x'" in caught.value.what
    assert caught.value.hint == "data: header_row: 2"


def test_labels_of_stata(read_bytes):
    label = "各市数字经济发展水平综合指数（主成分法，二〇一一年为基期）"
    frame = pd.DataFrame({"id": [1, 2], "year": [2011, 2012], "y": [1.5, 2.5]})
    sink = io.BytesIO()
    frame.to_stata(
        sink,
        write_index=False,
        version=118,
        variable_labels={"y": label},
        value_labels={"id": {1: "北京", 2: "天津"}},
    )
    table = read_bytes(sink.getvalue(), name="panel.dta")
    assert table.labels.columns == {"y": label}
    assert table.labels.codes == {"id": {1: "北京", 2: "天津"}}
    assert table.frame["y"].dtype == np.float64
    assert table.frame["id"].tolist() == ["北京", "天津"]


def test_an_old_stata_file_without_its_encoding(read_bytes):
    with pytest.raises(DataError) as caught:
        read_bytes(Path(__file__).with_name("stata_13_in_gbk.dta").read_bytes(), name="panel.dta")
    assert "encoding: gb18030" in caught.value.hint


def test_files_of_spss(read_bytes, tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"id": [1.0, 2.0], "year": [2011.0, 2012.0], "y": [1.5, 2.5]})
    file = tmp_path / "spss.sav"
    pyreadstat.write_sav(
        frame, file, column_labels={"y": "碳排放"}, variable_value_labels={"id": {1: "北京", 2: "天津"}}
    )
    table = read_bytes(file.read_bytes(), name="panel.sav")
    assert table.labels.columns["y"] == "碳排放"
    assert table.frame["id"].tolist() == ["北京", "天津"]
    assert table.frame["y"].tolist() == [1.5, 2.5]


# What pyreadstat 1.3.7 returns of a table of SAS and of its catalog.
OF_SAS = """
import pandas as pd
from types import SimpleNamespace as Meta
def read_sas7bdat(path, metadataonly=False):
    frame = pd.DataFrame({"id": ["a", "b"], "sex": ["1", "2"], "age": [1.0, 2.0]})
    sets = {"sex": "$SEX", "age": "BEST12"}
    size = {"number_rows": 2, "number_columns": 3}
    labels = {"column_names_to_labels": {}, "variable_value_labels": {}, "variable_to_label": sets}
    return frame, Meta(**size, **labels)
def read_sas7bcat(path):
    assert open(path, "rb").read() == b"labels"
    return None, Meta(value_labels={"$SEX": {"1": "Male", "2": "Female"}})
"""


def test_a_catalog_of_sas_makes_codes_categories(tmp_path, monkeypatch):
    pytest.importorskip("pyreadstat")
    (tmp_path / "pyreadstat.py").write_text(OF_SAS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = tmp_path / "men.sas7bdat"
    path.write_bytes(b"\0" * 12 + b"\xc2\xea\x81\x60")
    assert find_catalog(path) is None
    for name in ("formats.sas7bcat", "men.sas7bcat"):
        (tmp_path / name).write_bytes(b"labels")
        assert find_catalog(path) == name
    spec = DataSpec(path=path.name, catalog="men.sas7bcat")
    table = DataFolder(tmp_path).read(spec, entity="id", time="age")
    assert table.frame["sex"].tolist() == ["Male", "Female"]
    assert [file.path.name for file in table.files] == ["men.sas7bdat", "men.sas7bcat"]


def test_a_packed_file_of_more_cells_than_are_read_is_refused_before_it_is_read(tmp_path, monkeypatch):
    pyreadstat = pytest.importorskip("pyreadstat")
    monkeypatch.setattr("harness.data.read.columnar.MAX_CELLS", 100)
    frame = pd.DataFrame({"id": ["a"] * 60, "age": range(60)})
    pyreadstat.write_sav(frame, str(tmp_path / "long.zsav"), compress=True)
    with pytest.raises(DataError, match="60 rows x 2 columns are more than 100 cells"):
        DataFolder(tmp_path).read(DataSpec(path="long.zsav"), entity="id", time="age")


def test_flags_are_left_out_of_columns_of_numbers_alone(read_bytes):
    text = "id,year,y,code\na,2011,1.5 p,12 p\nb,2011,: p,ab\nc,2011,2.5,7\n"
    spec = DataSpec(path="panel.csv", flags=("p",), missing_values=("", ":"))
    table = read_bytes(text.encode(), spec=spec)
    assert table.frame["y"].fillna(-1).tolist() == [1.5, -1, 2.5]
    assert table.frame["code"].tolist() == ["12 p", "ab", "7"]
    assert told(table)["flags", "y"] == "2 cells: '1.5 p' to '1.5', ': p' to ':'"


def test_whole_numbers_with_zeros_in_front_are_codes(read_bytes):
    frame = read_bytes(b"id,year,y,code,share\na,2011,1.5,007,0.5\nb,2011,2.5,123,00.5\n").frame
    assert frame["code"].tolist() == ["007", "123"]
    assert frame["share"].tolist() == [0.5, 0.5]


MISSING = frozenset(("", "NA"))


def numbers(cells, **options):
    column = pd.Series(cells, name="x", **options)
    frame = pd.DataFrame({"id": ["a"] * len(column), "year": range(len(column)), "x": column})
    names = RowLocator("panel.csv", frame, "id", "year")
    return require_numbers(frame["x"], MISSING, name="x", locator=names)


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        pytest.param([True, False], {}, [1, 0], id="P24-truth-values"),
        pytest.param([1.5, None], {"dtype": "Float32"}, [1.5, np.nan], id="P36-nullable-floats"),
        pytest.param([Decimal("1.5"), None], {"dtype": object}, [1.5, np.nan], id="P26-decimals"),
        pytest.param([2, 1], {"dtype": "category"}, [2, 1], id="categories-that-are-numbers"),
    ],
)
def test_what_is_a_number(cells, options, expected):
    np.testing.assert_array_equal(numbers(cells, **options), np.array(expected, dtype=np.float64))


@pytest.mark.parametrize(
    ("cells", "options", "what", "hint"),
    [
        (["1,234", "5"], {}, "1 of 2 cells are not numbers: '1,234'", 'thousands: ","'),
        pytest.param(["1,5", "2,25"], {}, "'1,5', '2,25'", 'decimal: ","', id="decimal-commas"),
        ([1.5, "#DIV/0!"], {"dtype": object}, "1 of 2", "data: missing_values"),
        pytest.param([2**53 + 1, None], {"dtype": object}, "'9007199254740993'", "unit", id="F16-with-gaps"),
        pytest.param([1 + 2j, 1j], {}, "2 of 2", "real", id="P27-complex"),
    ],
)
def test_what_is_no_number(cells, options, what, hint):
    with pytest.raises(DataError) as caught:
        numbers(cells, **options)
    assert caught.value.where.startswith("panel.csv: column 'x', row")
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert "2^53" in caught.value.expected


@pytest.mark.parametrize(
    ("cells", "where", "what", "hint"),
    [
        ([1.0, np.inf, -np.inf], "rows 1 (a, 1), 2 (a, 2)", "2 of 3 cells are infinite", "missing: drop"),
        pytest.param([1.0, 1e200], "row 1 (a, 1)", "as large as 1e+200", "rescale", id="P21-large"),
        pytest.param([1e-200, 0.0], "column 'x'", "as small as 1e-200", "rescale", id="P21-small"),
    ],
)
def test_numbers_out_of_range(cells, where, what, hint):
    with pytest.raises(DataError) as caught:
        numbers(cells)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_cast_is_noted():
    [note] = cast_note(pd.Series([Decimal("1.5"), 2], dtype=object), name="x")
    assert (note.code, note.where) == ("W-CAST", "x")
    assert "Decimal, int" in note.message
    assert cast_note(pd.Series([1.5]), name="x") == ()


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
