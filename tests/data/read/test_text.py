import numpy as np
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.roles import Roles
from harness.errors import DataError

CLEAN = "id,year,y\na,2011,1.5\nb,2012,2\n"


def test_types_of_columns(read_bytes):
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


def test_chinese_text_in_its_own_encoding(read_bytes):
    spec = DataSpec(path="panel.csv", encoding="gb18030")
    frame = read_bytes("城市,年\n北京,2011\n".encode("gb18030"), spec=spec).frame
    assert frame.columns.tolist() == ["城市", "年"]
    assert frame["城市"].tolist() == ["北京"]


@pytest.mark.parametrize(
    ("content", "where", "what", "hint"),
    [
        (b"", "panel.csv", "no columns: the file is empty", "export the data again"),
        ("城市,年\n北京,1\n".encode("gb18030"), "line 1", "byte 0 is not utf-8", "encoding: gb18030"),
        (b"id;y\na;1\n", "header", "1 column found; are the fields separated by ;?", 'separator: ";"'),
        (b"id,y\na,1,\nb,2,\n", "lines 2 (3 fields), 3 (3 fields)", "2 of 2 rows", "quote"),
        pytest.param(b"id,y,id\na,1,b\n", "header", "'id' (2 times)", "rename or remove", id="F8"),
        (b",id,y\nx,a,1\n", "header", "column 1 has no name", "name the column"),
        (b'id,y\na,1\n"b"b,2\n', "line 3", "does not end", "double the quote"),
    ],
)
def test_broken_files(read_bytes, content, where, what, hint):
    with pytest.raises(DataError) as caught:
        read_bytes(content)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


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
