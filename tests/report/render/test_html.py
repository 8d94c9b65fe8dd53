"""A table on the page: what it shows, and what its links carry; words with emphasis, escaped."""

import base64
import csv
import io
import re
import time
from io import BytesIO
from zipfile import ZipFile

import lxml.html
import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.blocks import (
    MOST_ROWS,
    MOST_WHOLE,
    Phrase,
    ReportTable,
    RowGroup,
    TableCell,
    TableColumn,
    TableRow,
    Tabs,
    plain_rows,
    plain_words,
    rich,
    rows_of,
)
from harness.report.page import Numbering
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable, environment, words_in_html
from harness.report.render.text import latex, latex_table, latex_tabular
from harness.text.numbers import significant
from harness.text.plain_text import printable
from report.fake_run import manifest, read_manifest

TEMPLATE = "{% from 'blocks.html.j2' import blocks with context %}{{ blocks(shown) }}"


def page(*shown):
    return environment().from_string(TEMPLATE).render(shown=shown, numbers=Numbering())


def carried(html, ending):
    """Return what the first link to a file carries."""
    address = re.search(rf'href="data:[^,"]*;base64,([^"]*)" download="table-1\.{ending}"', html)[1]
    return base64.b64decode(address).decode("utf-8-sig" if ending == "csv" else "utf-8")


def rows_in(html):
    return list(csv.reader(io.StringIO(carried(html, "csv"))))


def grouped(n_groups, n_rows, **changes):
    groups = tuple(
        RowGroup(rows_of([(f"A{group}{row}", str(row)) for row in range(n_rows)]), f"G{group}")
        for group in range(n_groups)
    )
    return ReportTable("Errors", (TableColumn("Estimator"), TableColumn("MSE")), groups, **changes)


def test_a_table_carries_itself_without_marks_of_footnotes():
    cell = TableCell("1.5", ("[1.0, 2.0]",), "better", "why <not>", "▲", "better", "p = 0.01")
    columns = (TableColumn("Estimator"), TableColumn("MSE"))
    html = page(ReportTable("Errors", columns, plain_rows([("A & B", cell)])))
    assert rows_in(html) == [["Estimator", "MSE"], ["A & B", "▲1.5 [1.0, 2.0]"]]
    assert carried(html, "tex").splitlines() == [
        *(r"\begin{tabular}{lr}", r"\toprule", r"Estimator & MSE \\", r"\midrule"),
        *(r"A \& B & ▲1.5 {[}1.0, 2.0{]} \\", r"\bottomrule", r"\end{tabular}"),
    ]
    (td,) = lxml.html.fromstring(html).iter("td")
    assert (td.get("class"), td.get("title")) == ("num better", "p = 0.01")
    assert td.text_content() == "▲1.5a[1.0, 2.0]"
    assert '<p class="note"><sup>a</sup> why &lt;not&gt;</p>' in html


def test_heads_have_scopes_and_may_reach_over_several_columns():
    table = ReportTable(
        "Errors",
        (TableColumn("Who"), TableColumn("Train"), TableColumn("Test")),
        (RowGroup(rows_of([("A", "1", "2")]), "All", ("3",)),),
        over=(TableCell(), TableCell("MSE", n_columns=2)),
        foot=(TableRow(("N", "9")),),
    )
    html = page(table)
    assert rows_in(html)[:4] == [["", "MSE", ""], ["Who", "Train", "Test"], ["All", "", "3"], ["A", "1", "2"]]
    heads = [
        (one.get("scope"), one.get("colspan"), one.text) for one in lxml.html.fromstring(html).iter("th")
    ]
    assert heads == [
        ("colgroup", "2", "MSE"),
        *(("col", None, name) for name in ("Who", "Train", "Test")),
        ("rowgroup", "2", "All"),
        *(("row", None, name) for name in ("A", "N")),
    ]


@pytest.mark.parametrize(
    ("n_rows", "changes", "n_shown"),
    [(5, {}, MOST_ROWS), (4, {}, MOST_WHOLE), (5, {"is_whole": True}, 15)],
    ids=["long", "short", "whole"],
)
def test_a_long_table_shows_its_first_rows_until_all_are_wanted(n_rows, changes, n_shown):
    html = page(grouped(3, n_rows, **changes))
    root = lxml.html.fromstring(html)
    beyond = [one for one in root.iter("tr") if "beyond" in (one.get("class") or "")]
    assert len(list(root.iter("td"))) == 3 * n_rows
    assert 3 * n_rows - len(beyond) == n_shown
    assert [one.get("class") for one in root.iter("tbody")].count("group beyond") == bool(beyond)
    labels = [(one.get("for"), one.text) for one in root.iter("label")]
    assert labels == ([("all-table-1", "Show all 15 rows")] if beyond else [])
    assert len(rows_in(html)) == 1 + 3 + 3 * n_rows


def test_columns_for_the_files_alone_are_not_shown():
    columns = (TableColumn("Who"), TableColumn("Options", is_for_files=True))
    html = page(ReportTable("Estimators", columns, plain_rows([("A", TableCell(Phrase("b: 1", "code")))])))
    assert "Options" not in html
    assert "b: 1" not in html
    assert rows_in(html) == [["Who", "Options"], ["A", "b: 1"]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.text(max_size=20)] * 2), min_size=1, max_size=MOST_ROWS))
def test_any_text_comes_back_from_the_csv(cells):
    shown = ShownTable(ReportTable("Any", (TableColumn("A"), TableColumn("B")), plain_rows(cells)), "1")
    address = re.search(r"base64,([^\"]*)", str(shown.links))[1]
    read = csv.reader(io.StringIO(base64.b64decode(address).decode("utf-8-sig")))
    plain = [[printable(text).replace("\u00a0", " ") for text in row] for row in cells]
    _, *rows = read
    assert [len(row) for row in rows] == [2] * len(plain)
    for row, texts in zip(rows, plain, strict=True):  # an apostrophe is before what is like a formula
        assert all(cell in {text, f"'{text}"} for cell, text in zip(row, texts, strict=True))


def test_no_cell_of_the_csv_is_a_formula():
    cells = [("=cmd|' /C calc'!A0", "-1.5"), ("@SUM(A1)", "-x"), ("\t+1+1", "−2")]
    shown = ShownTable(ReportTable("Any", (TableColumn("A"), TableColumn("B")), plain_rows(cells)), "1")
    address = re.search(r"base64,([^\"]*)", str(shown.links))[1]
    assert base64.b64decode(address).decode("utf-8-sig").splitlines()[1:] == [
        *("'=cmd|' /C calc'!A0,-1.5", "'@SUM(A1),'-x", "'+1+1,−2")
    ]


def test_a_row_wider_than_its_table_is_refused():
    with pytest.raises(ValueError, match="more cells than the 1 columns"):
        ReportTable("Ragged", (TableColumn("A"),), plain_rows([("1", "2")]))


def test_marks_of_a_message_stand_out_and_those_of_a_value_do_not():
    words = rich(
        "See **{name}** in `{file}`, [here](#a), [green](.better).", {"name": "<x>", "file": "**y**"}
    )
    assert words_in_html(words) == (
        'See <strong>&lt;x&gt;</strong> in <code>**y**</code>, <a href="#a">here</a>, '
        '<span class="better">green</span>.'
    )
    assert plain_words(words) == "See <x> in **y**, here, green."
    assert words_in_html("a <b>\nc") == "a &lt;b&gt;<br>c"


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


def test_the_same_tables_are_the_same_bytes_whenever(monkeypatch):
    first = word_tables(TABLES)
    monkeypatch.setattr("time.localtime", lambda *_: time.gmtime(0.0))
    assert first == word_tables(TABLES)
    with ZipFile(BytesIO(first)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (significant(89_100_000.0), r"8.910 $\times 10^{7}$"),
        ("−1.2 × 10⁻⁵", r"$-$1.2 $\times 10^{-5}$"),
        ("10⁴ t", r"10$^{4}$ t"),
        ("5 × 3 & more", r"5 $\times$ 3 \& more"),
        ("CO₂ ≤ 2", r"CO$_{2}$ $\leq$ 2"),
        ("Mílá “č” …", "M\\'{i}l\\'{a} ``\\v{c}'' \\ldots{}"),
    ],
)
def test_signs_and_accents_and_raised_digits_are_commands(text, written):
    assert latex(text) == written


def test_headings_reach_over_the_table():
    table = ReportTable(
        "Errors", (TableColumn("Who"), TableColumn("MSE")), (RowGroup(rows_of([("A", "1")]), "All rows"),)
    )
    assert latex_tabular(table).splitlines() == [
        *(r"\begin{tabular}{lr}", r"\toprule", r"Who & MSE \\", r"\midrule"),
        *(r"\multicolumn{2}{l}{\textit{All rows}} \\", r"A & 1 \\", r"\bottomrule", r"\end{tabular}"),
    ]


def test_decimals_stand_under_decimals_and_all_else_in_the_middle():
    rows = rows_of([("x", "−0.119**"), ("", "(0.050)"), ("Observations", "2,457"), ("y", "1.2 × 10⁻⁶")])
    table = ReportTable("A", (TableColumn(""), TableColumn("OLS")), (RowGroup(rows),))
    assert latex_table(table, study_of()).splitlines()[9:13] == [
        r"x & $-$0.119\rlap{{*}{*}} \\",
        r" & (0.050\rlap{)} \\",
        r"Observations & \multicolumn{1}{c}{2,457} \\",
        r"y & \multicolumn{1}{c}{1.2 $\times 10^{-6}$} \\",
    ]


def study_of():
    return read_manifest(manifest(outcomes={"y": ("Y", "")})).study


def test_numbers_that_one_sees_follow_one_another_whichever_tab_is_open():
    def table(name):
        return ReportTable(name, (TableColumn("A"),), plain_rows([("1",)]))

    tabs = Tabs((("One", (table("a"), table("b"))), ("Two", (table("c"),))))
    html = page(table("first"), tabs, table("last"))
    assert re.findall(r'id="table-(\w+)"', html) == ["1", "2a", "3a", "2b", "4"]
