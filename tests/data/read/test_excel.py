import datetime
import io
import re
import zipfile

import numpy as np
import pytest

from harness.data.data_spec import DataSpec
from harness.errors import DataError
from harness.tables.preparation import Note
from workbooks import as_workbook

ROWS = [["id", "year", "y"], ["a", 2011, 1.5], ["b", 2012, 2]]


def with_saved_values(content: bytes, values: dict[str, str]) -> bytes:
    """Return a workbook whose formulas carry the values a spreadsheet program would have saved."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(sink, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            for formula, value in values.items():
                text = text.replace(
                    f"<f>{formula}</f><v />".encode(), f"<f>{formula}</f><v>{value}</v>".encode()
                )
                text = text.replace(
                    f"<f>{formula}</f><v></v>".encode(), f"<f>{formula}</f><v>{value}</v>".encode()
                )
            new.writestr(part, text)
    return sink.getvalue()


def test_types_of_columns(read_bytes):
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
    content = as_workbook({"panel": [*ROWS, ["c", 2013, "=C2+C3"]]})
    table = read_bytes(with_saved_values(content, {"C2+C3": "3.5"}), name="panel.xlsx")
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
def test_broken_files(read_bytes, content, what):
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
