"""Links of the page's tables to themselves, and how many rows a long one shows."""

import base64
import csv
import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from harness.report.table_links import MOST_ROWS, with_links

NAMED = '<b id="table-3"><a href="#table-3">Table 3.</a></b> Errors'


def table(body, *, head="<tr><th>Estimator</th><th>MSE</th></tr>"):
    return f"<p>Before</p><table>\n<caption>{NAMED}</caption>\n<thead>{head}</thead>\n{body}</table>"


def carried(page, ending):
    """Return what the link to a file carries."""
    address = re.search(rf'href="data:[^,"]*;base64,([^"]*)" download="table-3\.{ending}"', page)[1]
    return base64.b64decode(address).decode("utf-8-sig" if ending == "csv" else "utf-8")


def rows_of(page):
    return list(csv.reader(io.StringIO(carried(page, "csv"))))


def test_a_table_carries_itself_without_marks_of_footnotes():
    page = with_links(
        table(
            '<tbody><tr><th>A &amp; B</th><td>1.5<sup>a</sup><span class="beneath">[1.0, 2.0]</span></td>'
            "</tr></tbody>"
        )
    )
    assert rows_of(page) == [["Estimator", "MSE"], ["A & B", "1.5 [1.0, 2.0]"]]
    assert carried(page, "tex").splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"Estimator & MSE \\",
        r"\midrule",
        r"A \& B & 1.5 {[}1.0, 2.0{]} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_cells_over_several_rows_and_columns_keep_the_others_in_their_place():
    head = '<tr><th rowspan="2">Who</th><th colspan="2">Errors</th></tr><tr><th>Train</th><th>Test</th></tr>'
    page = with_links(table("<tbody><tr><th>A</th><td>1</td><td>2</td></tr></tbody>", head=head))
    assert rows_of(page) == [["Who", "Errors", ""], ["", "Train", "Test"], ["A", "1", "2"]]


def test_a_long_table_shows_its_first_rows_and_its_files_have_all():
    groups = "".join(
        f'<tbody class="group"><tr><th colspan="2" scope="rowgroup">G{group}</th></tr>'
        + "".join(f"<tr><th>A{group}{row}</th><td>{row}</td></tr>" for row in range(MOST_ROWS // 2))
        + "</tbody>"
        for group in range(3)
    )
    page = with_links(table(groups))
    assert page.count("<td>") == MOST_ROWS
    assert "G1" in page
    assert "G2" not in page
    assert page.count("<tbody") == page.count("</tbody>") == 2
    assert f"CSV, {3 * (MOST_ROWS // 2) + 3} rows" in page
    assert len(rows_of(page)) == 1 + 3 + 3 * (MOST_ROWS // 2)


def test_a_table_says_how_many_rows_it_shows():
    rows = "".join(f"<tr><th>A{row}</th><td>{row}</td></tr>" for row in range(5))
    page = with_links(table(f"<tbody>{rows}</tbody>").replace("<table>", '<table data-shown="2">'))
    assert page.count("<td>") == 2
    assert len(rows_of(page)) == 6
    alone = table("<tbody><tr><th>A</th><td>1</td></tr></tbody>").replace("<table>", '<table data-shown="0">')
    assert "CSV, 1 row<" in with_links(alone)


def test_a_table_may_say_how_many_rows_of_each_group_it_shows():
    groups = "".join(
        f'<tbody><tr><th colspan="2" scope="rowgroup">G{group}</th></tr>'
        + "".join(f"<tr><th>A{group}{row}</th><td>{row}</td></tr>" for row in range(3))
        + "</tbody>"
        for group in range(4)
    )
    page = with_links(table(groups).replace("<table>", '<table data-each="2">'))
    assert page.count("<td>") == 8
    assert all(f"G{group}" in page for group in range(4))
    assert "A02" not in page


def test_a_table_that_shows_none_is_a_line_with_its_caption_and_links():
    rows = "<tr><th>A</th><td>1</td></tr>"
    page = with_links(table(f"<tbody>{rows}</tbody>").replace("<table>", '<table data-shown="0">'))
    assert "<table" not in page
    assert f'<p class="file">{NAMED}' in page
    assert rows_of(page)[1:] == [["A", "1"]]


def test_cells_for_the_files_alone_are_not_shown():
    head = '<tr><th>Who</th><th class="more">Options</th></tr>'
    page = with_links(table('<tbody><tr><td>A</td><td class="more">b: <b>1</b></td></tr></tbody>', head=head))
    assert "Options" not in page
    assert "<b>1</b>" not in page
    assert rows_of(page) == [["Who", "Options"], ["A", "b: 1"]]


def test_what_is_no_numbered_table_stays_as_it_is():
    plain = "<table><tr><td>1</td></tr></table>"
    assert with_links(plain) == plain


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.text(max_size=20)] * 2), min_size=1, max_size=MOST_ROWS))
def test_any_text_comes_back_from_the_csv(cells):
    body = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in cells)
    page = with_links(table(f"<tbody>{body}</tbody>"))
    assert rows_of(page)[1:] == [[" ".join(text.split()) for text in row] for row in cells]
