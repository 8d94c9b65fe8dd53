import numpy as np
import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.roles import Roles
from harness.data.shape.panel_index import in_order
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


def test_rows_are_counted_by_lines_of_the_file(read_bytes):
    table = read_bytes(b'id,note,y\na,"two\nlines",1\n\nb,one,2\n')
    assert table.frame.index.tolist() == [2, 5]
    assert table.frame.index.name == "line"


def test_whole_numbers_are_never_rounded(read_bytes):
    frame = read_bytes(f"id,a,b\nu,{2**53 + 1},{2**60}\nv,1,\n".encode()).frame
    assert frame["a"].tolist() == [str(2**53 + 1), "1"]  # text, which a role then refuses
    assert frame["b"].iloc[0] == 2**60


def test_digits_without_end(read_bytes):
    frame = read_bytes(f"id,y\n{'7' * 5000},{'9' * 5000}\n".encode()).frame
    assert np.isinf(frame["y"].iloc[0])  # which a role then refuses
    assert in_order(frame["id"]) == ("7" * 5000,)


@pytest.mark.parametrize("name", ["nan", "None", "NULL", "N/A", "#N/A", "-", "1e5", "001"])
def test_entities_stay_as_they_are_written(read_bytes, name):
    assert read_bytes(f"id,y\n{name},1\n".encode()).frame["id"].tolist() == [name]


@pytest.mark.parametrize(
    ("content", "spec"),
    [
        pytest.param(b"\xef\xbb\xbf" + CLEAN.encode(), {}, id="utf-8-with-mark"),
        pytest.param(CLEAN.encode("utf-16"), {"encoding": "utf-16"}, id="utf-16"),
        pytest.param(CLEAN.replace(",", ";").encode(), {"separator": ";"}, id="semicolon"),
        pytest.param(CLEAN.replace(",", "\t").encode(), {"separator": "\t"}, id="tab"),
        pytest.param(CLEAN.replace("\n", "\r\n").encode(), {}, id="windows-lines"),
        pytest.param(CLEAN.rstrip("\n").encode(), {}, id="no-last-line-end"),
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
        pytest.param(
            b"", "panel.csv", "no columns: the file is empty", "export the data again", id="F1-empty"
        ),
        pytest.param(b"id,y\n", "panel.csv", "0 rows", "", id="F2-header-only"),
        pytest.param(
            "城市,年\n北京,1\n".encode("gb18030"),
            "line 1",
            "byte 0 is not utf-8",
            "encoding: gb18030",
            id="F4-gbk",
        ),
        pytest.param(CLEAN.encode("utf-16"), "line 1", "byte 0", "encoding: utf-16", id="F4-utf-16"),
        pytest.param(b"id,y\na,1\nb\xe9,2\n", "line 3", "byte 10 is not utf-8", "cp1252", id="F4-latin-1"),
        pytest.param(
            b"id;y\na;1\n",
            "header",
            "1 column found; are the fields separated by ;?",
            'separator: ";"',
            id="F5",
        ),
        pytest.param(
            b"id;y\na;1,5\nb;2,5\n",
            "header",
            "1 column found; are the fields separated by ;?",
            'separator: ";"',
            id="F5-decimal-commas",
        ),
        pytest.param(b"id\ty\na\t1\n", "header", "separated by a tab?", 'separator: "\\t"', id="F5-tab"),
        pytest.param(
            b"id,y\na,1,\nb,2,\n", "lines 2 (3 fields), 3 (3 fields)", "2 of 2 rows", "quote", id="F6"
        ),
        pytest.param(
            b"id,y\na,1\nb\nc,1,2\n", "lines 3 (1 fields), 4 (3 fields)", "2 of 3 rows", "add", id="F7"
        ),
        pytest.param(b"id,y,id\na,1,b\n", "header", "'id' (2 times)", "rename or remove", id="F8"),
        pytest.param(
            "id,caf\u00e9,cafe\u0301\na,1,2\n".encode(), "header", "'caf\u00e9' (2 times)", "rename", id="F9"
        ),
        pytest.param(
            b",id,y\nx,a,1\n", "header", "column 1 has no name", "name the column", id="unnamed-column"
        ),
        pytest.param(b"id,y\na,1\nb,\x002\n", "line 3", "a NUL character", "utf-16", id="F18"),
        pytest.param(
            b'id,y\na,1\n"b,2\nc,3\n', "line 3", "does not end", "close or double the quote", id="F19"
        ),
        pytest.param(
            b'id,y\na,1\n"b"b,2\n', "line 3", "does not end", "double the quote", id="quote-in-a-field"
        ),
    ],
)
def test_broken_files(read_bytes, content, where, what, hint):
    with pytest.raises(DataError) as caught:
        read_bytes(content)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_first_five_of_many_ragged_rows(read_bytes):
    with pytest.raises(DataError) as caught:
        read_bytes(b"id,y\n" + b"a,1,2\n" * 12)
    assert caught.value.where.endswith("6 (3 fields) and 7 more")


def test_two_faults_of_a_header_come_together(read_bytes):
    with pytest.raises(DataError) as caught:
        read_bytes(b"id,,y,y\na,1,2,3\n")
    assert [problem.what[:12] for problem in caught.value.problems] == ["column 2 has", "names that o"]


def test_too_many_columns(read_bytes):
    header = ",".join(f"c{at}" for at in range(10_001))
    with pytest.raises(DataError, match="10,001 columns"):
        read_bytes(f"{header}\n".encode())


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param(b'"","id","y"\n"1","a",1\n"2","b",2\n', "1", id="row-names-of-r"),
        pytest.param(b",id,y\n0,a,1\n7,b,2\n", "1", id="an-index-with-gaps"),
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
        f"left out columns without a name, which number the rows or hold nothing: {columns}"
    )


@pytest.mark.parametrize(
    "text", [b",id,y\n1,a,1\n1,b,2\n", b",id,y\n1.5,a,1\n2.5,b,2\n", b"id,y,\na,1,\nb,2,x\n"]
)
def test_columns_without_a_name_that_say_something_are_refused(read_bytes, text):
    with pytest.raises(DataError, match="has no name"):
        read_bytes(text)


def test_a_web_page_is_no_table(read_bytes):
    with pytest.raises(DataError, match="its first bytes say it is a web page"):
        read_bytes(b"\n<!DOCTYPE html>\n<html><body>Please log in</body></html>\n")


def test_a_row_of_totals_without_a_period_is_left_out_as_the_hint_says(read_bytes):
    text = b"id,year,y,x\na,1,1,2\nb,1,2,1\nTotal,,3,3\n"
    roles = Roles("id", "year", ("y",), "x")
    with pytest.raises(DataError) as caught:
        PanelBuilder.build(read_bytes(text), DataSpec(path="panel.csv"), roles)
    assert caught.value.what == "1 rows name no period"
    assert caught.value.hint == "fill the cells in; data: skip_rows: [4] leaves them out"
    spec = DataSpec(path="panel.csv", skip_rows=(4,))
    assert PanelBuilder.build(read_bytes(text, spec=spec), spec, roles).n_obs == 2
