"""The tables of the page for Word: all cells, three rules and no other, fonts of both scripts."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn

from harness.report.render.docx import word_tables
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows

TABLES = (
    ReportTable(
        "Table 1. Gains & <losses>",
        (TableColumn("Who"), TableColumn("MSE"), TableColumn("R²")),
        plain_rows([("A", "1", "2"), ("B", "3", "4")]),
        over=(TableCell(), TableCell("Errors", n_columns=2)),
    ),
    ReportTable(
        "Table 2. 碳排放", (TableColumn("Who"), TableColumn("MSE")), plain_rows([("双向固定效应", "−1.5")])
    ),
)


@pytest.fixture(scope="module")
def document():
    return Document(BytesIO(word_tables(TABLES)))


def rules(table):
    """Return the rows with a rule, above or beneath, where every cell has it."""
    found = set()
    for at, row in enumerate(table.rows):
        for edge in ("top", "bottom"):
            lines = [cell._tc.findall(f".//{qn('w:tcBorders')}/{qn(f'w:{edge}')}") for cell in row.cells]
            assert len({len(one) for one in lines}) == 1
            if lines[0]:
                found.add((at, edge))
    return found


def test_every_table_has_three_rules_and_no_other(document):
    first, second = document.tables
    assert rules(first) == {(0, "top"), (1, "bottom"), (3, "bottom")}
    assert rules(second) == {(0, "top"), (0, "bottom"), (1, "bottom")}
    for table in document.tables:
        assert not table._tbl.findall(f".//{qn('w:tblBorders')}")
        edges = {one.tag for one in table._tbl.findall(f".//{qn('w:tcBorders')}/*")}
        assert edges == {qn("w:top"), qn("w:bottom")}


def test_it_has_every_cell_and_caption(document):
    shown = [tuple(tuple(cell.text for cell in row.cells) for row in table.rows) for table in document.tables]
    assert shown == [table.texts for table in TABLES]
    said = [paragraph.text for paragraph in document.paragraphs if paragraph.text]
    assert said == [table.caption for table in TABLES]


def test_both_scripts_have_a_font(document):
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert (fonts.get(qn("w:ascii")), fonts.get(qn("w:eastAsia"))) == ("Times New Roman", "SimSun")


def test_the_same_tables_are_the_same_bytes():
    first = word_tables(TABLES)
    assert first == word_tables(TABLES)
    with ZipFile(BytesIO(first)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
