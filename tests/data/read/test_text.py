"""Tables of text files and of workbooks: what their cells are, and what is refused."""

import datetime
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.read.text import FileRow, likely_skips
from harness.errors import DataError
from harness.tables.preparation import Note
from spec_tables import as_workbook

CLEAN = "id,year,y\na,2011,1.5\nb,2012,2\n"


def test_types_of_columns_of_text(read_bytes):
    table = read_bytes(b'id,year,y,text,truth,gap\n007,2011,1e3,NA,true,\nNA,2012,-.5,"a,b",false,7\n')
    frame = table.frame
    assert frame["id"].tolist() == ["007", "NA"]
    assert frame["year"].dtype == np.int64
    assert frame["y"].tolist() == [1000.0, -0.5]
    assert frame["text"].tolist() == ["NA", "a,b"]
    assert frame["truth"].tolist() == [True, False]
    assert np.isnan(frame["gap"].iloc[0])
    assert frame["gap"].iloc[1] == 7.0


@pytest.mark.parametrize("name", ["nan", "NULL", "-", "001"])
def test_entities_stay_as_they_are_written(read_bytes, name):
    assert read_bytes(f"id,y\n{name},1\n".encode()).frame["id"].tolist() == [name]


@pytest.mark.parametrize(
    ("content", "spec"),
    [
        pytest.param(b"\xef\xbb\xbf" + CLEAN.encode(), {}, id="utf-8-with-mark"),
        pytest.param(CLEAN.replace(",", ";").encode(), {"separator": ";"}, id="semicolon"),
        pytest.param(CLEAN.replace("\n", "\r\n").encode(), {}, id="windows-lines"),
        pytest.param(b" id , year,\xc2\xa0y \na,2011,1.5\nb,2012,2\n", {}, id="spaces-in-the-header"),
    ],
)
def test_ways_to_write_the_same_table(read_bytes, content, spec):
    expected = read_bytes(CLEAN.encode()).frame
    assert read_bytes(content, spec=DataSpec(path="panel.csv", **spec)).frame.equals(expected)


@pytest.mark.parametrize(
    ("rows", "skipped"),
    [
        ([["万元", "%"], ["a", "1"], ["b", "2"]], (2,)),
        ([["万元", "%"], ["a", "1"]], ()),  # half have a number: as many may be data without
        ([["a", "1"], ["b", "2"], ["note", ""]], (4,)),
        ([["a", "1"], ["", ""], ["b", "2"]], (3,)),
        ([["a", "1"], ["2", ""]], ()),
        ([["a", ""], ["b", ""], ["note", ""]], ()),
    ],
    ids=str,
)
def test_units_above_numbers_notes_below_and_empty_rows_are_no_data(rows, skipped):
    assert likely_skips([FileRow(at, row) for at, row in enumerate(rows, start=2)]) == skipped


def test_chinese_text_in_its_own_encoding(read_bytes):
    spec = DataSpec(path="panel.csv", encoding="gb18030")
    frame = read_bytes("城市,年\n北京,2011\n".encode("gb18030"), spec=spec).frame
    assert frame.columns.tolist() == ["城市", "年"]
    assert frame["城市"].tolist() == ["北京"]


@pytest.mark.parametrize(
    ("content", "where", "what", "hint"),
    [
        (b"", "panel.csv", "no columns: the file is empty", "export the data again"),
        (b",\n", "panel.csv", "0 rows: there is a header only", "export the data again"),
        (b",\n,\n", "panel.csv", "no columns", "export the data again"),
        (b"id,y\n", "panel.csv", "0 rows: there is a header only", "export the data again"),
        ("城市,年\n北京,1\n".encode("gb18030"), "line 1", "byte 0 is not utf-8", "encoding: gb18030"),
        (b"id;y\na;1\n", "header", "1 column found; are the fields separated by ;?", 'separator: ";"'),
        (b"id,y\na,1,\nb,2,\n", "lines 2 (3 fields), 3 (3 fields)", "2 of 2 rows", "quote"),
        pytest.param(b"id,y,id\na,1,b\n", "header", "'id' (2 times)", "rename or remove", id="F8"),
        (b",id,y\nx,a,1\n", "header", "column 1 has no name", "name the column"),
        (b'id,y\na,1\n"b"b,2\n', "line 3", "does not end", "double the quote"),
        (b"id,y\na,1\nb,\x00\n", "line 3", "a NUL character", "encoding: utf-16"),
        (bytes(range(64)), "panel.csv", "is no text: 25 of the first 64 characters", "export the data again"),
        (CLEAN.encode("utf-16-le"), "panel.csv", "is no text: 30 of the first 60", "data: encoding: utf-16"),
    ],
)
def test_broken_texts(read_bytes, content, where, what, hint):
    with pytest.raises(DataError) as caught:
        read_bytes(content)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("n_bytes", [100, 3_000, 200_000])
def test_random_bytes_are_no_text_in_any_encoding(read_bytes, n_bytes, encoding):
    spec = DataSpec(path="panel.csv", encoding=encoding)
    for seed in range(5):
        with pytest.raises(DataError, match="is no text"):
            read_bytes(np.random.default_rng(seed).bytes(n_bytes), spec=spec)


def test_a_control_character_that_separates_fields_is_none_of_no_text(read_bytes):
    spec = DataSpec(path="panel.csv", separator="\x01")
    table = read_bytes(CLEAN.replace(",", "\x01").encode(), spec=spec)
    assert table.frame.equals(read_bytes(CLEAN.encode()).frame)


def test_too_many_columns(read_bytes):
    header = ",".join(f"c{at}" for at in range(10_001))
    with pytest.raises(DataError, match="10,001 fields in 1 line"):
        read_bytes(f"{header}\n".encode())


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param(b'"","id","y"\n"1","a",1\n"2","b",2\n', "1", id="row-names-of-r"),
        pytest.param(b"id,y,,\na,1,,\nb,2,,\n", "3, 4", id="commas-at-the-end"),
        pytest.param(b",id,,y\n1,a,,1\n2,b,,2\n", "1, 3", id="both"),
    ],
)
def test_columns_without_a_name_that_say_nothing_are_left_out(read_bytes, text, columns):
    table = read_bytes(text)
    assert table.frame.to_dict("list") == {"id": ["a", "b"], "y": [1, 2]}
    (record,) = table.records
    assert (record.step, record.into) == ("unnamed_columns", "panel.csv")
    assert record.account.detail == (
        f"dropped columns without a name, which number the rows or are empty: {columns}"
    )


def test_a_row_of_totals_without_a_period_is_left_out_as_the_hint_says(read_bytes):
    text = b"id,year,y,x\na,1,1,2\nb,1,2,1\nTotal,,3,3\n"
    roles = Roles("id", "year", ("y",), "x")
    with pytest.raises(DataError) as caught:
        PanelBuilder.build(read_bytes(text), DataSpec(path="panel.csv"), roles)
    assert caught.value.what == "1 of 3 rows name no period"
    assert caught.value.hint == "fill the cells in; data: skip_rows: [4] leaves them out"
    spec = DataSpec(path="panel.csv", skip_rows=(4,))
    assert PanelBuilder.build(read_bytes(text, spec=spec), spec, roles).n_obs == 2


@pytest.mark.parametrize(
    ("above", "below", "unit"),
    [
        ("", "单位：亿元", "亿元"),
        ("3-1 各地区,单位：万人/平方公里", "", "万人/平方公里"),
        ("", ",,(million USD),kt", "million USD"),
        ("", "单位,,万吨,亿元", "万吨"),
        ("(2001-2006)", "", ""),
        ("", "数据来源：统计年鉴", ""),
    ],
)
def test_a_unit_is_told_from_a_title_and_a_note(read_bytes, above, below, unit):
    rows = [above, "id,year,y,x", below, "a,2001,1,2", "b,2001,3,4"]
    text = "\n".join(filter(None, rows)).encode()
    at = 1 + bool(above)
    spec = DataSpec(path="panel.csv", header_row=at, skip_rows=(at + 1,) if below else ())
    labels = read_bytes(text, spec=spec).labels
    assert (labels.columns, labels.units.get("y", "")) == ({}, unit)


ROWS = [["id", "year", "y"], ["a", 2011, 1.5], ["b", 2012, 2]]


def test_types_of_columns_of_a_sheet(read_bytes):
    content = as_workbook(
        {
            "panel": [
                ["id", "year", "day", "y", "truth", "text"],
                ["NA", 2011, datetime.datetime(2011, 1, 1), 1.5, True, "u"],
                ["b", 2012, datetime.datetime(2012, 1, 1), "NA", False, None],
            ]
        }
    )
    table = read_bytes(content, name="panel.xlsx")
    frame = table.frame
    assert frame["id"].tolist() == ["NA", "b"]
    assert frame["year"].dtype == np.int64
    assert frame["day"].dt.year.tolist() == [2011, 2012]
    assert frame["y"].dtype == np.float64
    assert np.isnan(frame["y"].iloc[1])
    assert frame["truth"].tolist() == [True, False]
    assert frame.index.tolist() == [2, 3]
    assert table.notes == ()


@pytest.mark.parametrize(
    ("sheet", "what", "hint"),
    [
        pytest.param(None, "2 visible sheets, and none is named", "sheet: panel", id="not-clear"),
        pytest.param("panal", "there is no sheet 'panal'", "'panel'", id="misspelt"),
    ],
)
def test_sheet_that_is_not_clear(read_bytes, sheet, what, hint):
    content = as_workbook({"panel": ROWS, "notes": ROWS})
    with pytest.raises(DataError) as caught:
        read_bytes(content, name="panel.xlsx", spec=DataSpec(path="panel.xlsx", sheet=sheet))
    assert what in caught.value.what
    assert caught.value.expected == "sheets panel, notes"
    assert hint in caught.value.hint


def test_formulas_count_by_their_saved_values(read_bytes):
    """The file has what a spreadsheet program saved of C2+C3."""
    content = Path(__file__).with_name("formulas.xlsx").read_bytes()
    table = read_bytes(content, name="panel.xlsx")
    assert table.frame["y"].tolist() == [1.5, 2.0, 3.5]
    assert table.notes == (
        Note("W-FORMULA", "panel", "1 cells are formulas; their last saved values are used."),
    )


def test_formulas_that_were_never_computed(read_bytes):
    content = as_workbook({"panel": [*ROWS, ["c", 2013, "=C2+C3"]]})
    with pytest.raises(DataError) as caught:
        read_bytes(content, name="panel.xlsx")
    assert caught.value.where == "panel.xlsx: sheet 'panel'"
    assert "1 formulas have no saved value: C4" in caught.value.what
    assert "save the workbook" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"id,y\na,1\n", "first bytes say it is something else", id="text"),
        pytest.param(b"PK\x03\x04rest", "cannot be read as xlsx", id="broken"),
        pytest.param(as_workbook({"panel": [["id", "y", "id"], ["a", 1, 2]]}), "'id' (2 times)", id="double"),
        pytest.param(
            as_workbook({"panel": [["id", "y", None, None], [None, 2001, 2002, 2003], ["a", 1, 2, 3]]}),
            "the names of columns seem to stand in row 1 and 2: 'id, y 2001, y 2002, y 2003'",
            id="two-rows-of-names",
        ),
    ],
)
def test_broken_workbooks(read_bytes, content, what):
    with pytest.raises(DataError) as caught:
        read_bytes(content, name="panel.xlsx")
    assert what in caught.value.what


def test_a_bomb_is_refused_before_it_is_unpacked(read_bytes):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"")
    # The size that the archive's directory declares, which is what bounds the unpacking.
    content = bytearray(sink.getvalue())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (2**31 + 2**20).to_bytes(4, "little")
    with pytest.raises(DataError, match="unpacks to 2,049 MB"):
        read_bytes(bytes(content), name="panel.xlsx")


def with_sheet(old, new):
    """Return a workbook whose sheet was changed by hand."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(as_workbook({"panel": ROWS}))) as whole,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in whole.namelist():
            text = whole.read(name)
            is_sheet = name.endswith("sheet1.xml")
            changed.writestr(name, re.sub(old, new, text.decode()).encode() if is_sheet else text)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("row", "said"),
    [("20", "row 20, column 16,384"), ("100000000000", "row 1,048,577, column 0")],
    ids=["column", "row"],
)
def test_a_cell_far_from_the_table_is_refused_before_the_rows_between_are_made(read_bytes, row, said):
    far = f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row></sheetData>'
    with pytest.raises(DataError, match=said) as caught:
        read_bytes(with_sheet("</sheetData>", far), name="panel.xlsx")
    assert "1,048,576 rows and 10,000 columns" in caught.value.expected


@pytest.mark.parametrize(
    ("start", "what"),
    [(b"\xd0\xcf\x11\xe0", "it is an old Excel file (xls)"), (b"\xef\xbb\xbf<table>", "it is a web page")],
)
def test_a_workbook_of_old_says_how_it_is_saved_as_one_of_today(read_bytes, start, what):
    with pytest.raises(DataError, match=re.escape(what)) as caught:
        read_bytes(start + b"rest", name="panel.xls")
    assert "(.xlsx)" in caught.value.hint


def test_a_workbook_of_today_under_the_old_name_is_read(read_bytes):
    content = as_workbook({"s": [["id", "y"], ["a", 1.5]]})
    assert read_bytes(content, name="panel.xls").frame.to_dict("list") == {"id": ["a"], "y": [1.5]}
