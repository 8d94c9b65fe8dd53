"""What a section of a stranger has to bring, and what becomes of one that fails."""

import base64
import re
from dataclasses import dataclass, replace
from math import nan

import pytest

from harness.errors import ArtifactError
from harness.findings.run import read_run
from harness.report.blocks import (
    Appendix,
    Heading,
    Paragraph,
    ReportFigure,
    ReportTable,
    TableColumn,
    plain_rows,
    rich,
    tabs_of,
)
from harness.report.drawing.canvas import new_figure
from harness.report.page import assembled
from harness.report.render.html import script_hash
from harness.report.sections.claims import ExpectationRow, expectation_table
from harness.report.sections.section import ReportFile, Section
from harness.report.write import Reporter
from harness.tables.table import typed
from report.fake_run import SECTIONS, cells, wage_run, with_table


@dataclass(frozen=True)
class MoodRow:
    """A row of the table that the stranger's scenario wrote."""

    outcome: str
    mood: float


MOODS = typed("mood", MoodRow)


def mood_blocks(run):
    rows = run.rows(MOODS)
    if rows:
        figure = new_figure(3.5, 2.0)
        figure.subplots().plot([row.mood for row in rows])
        yield Paragraph(f"<b>mood</b> of {run.manifest.study.title}")
        yield ReportFigure("mood", figure, alt="The mood of each outcome, as a line.", caption="Mood.")


def mood_files(run, report_format):
    if report_format == "latex":
        yield ReportFile("tables/mood.tex", f"{run.rows(MOODS)[0].mood}\n", "moods for LaTeX")


# A section of a stranger, present where there is a table ``mood``.
MOOD = Section(
    "mood", "Mood", 250, mood_blocks, "Mood & weather", lambda _run: ("rare \U0001f9ea",), mood_files
)


def raises(_run):
    raise KeyError("<mood>")


def ragged(_run):
    yield ReportTable("Mood", (TableColumn("Who"),), plain_rows([("A", "1")]))


def no_block(_run):
    yield "mood"


# Sections without figures, which are quick.
PLAIN = tuple(
    s for s in SECTIONS if s.name in {"verdict", "variables", "accuracy", "estimators", "reproduce"}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = wage_run(tmp_path_factory.mktemp("mood"))
    (folder.path / "mood.csv").write_text("outcome,mood\nlwage,0.5\nlwage,0.25\n", encoding="utf-8")
    return folder


def page_of(folder, *sections, formats=("html", "latex")):
    Reporter(sections).write(folder, formats)
    return (folder.path / "report.html").read_text(encoding="utf-8")


def test_built_in_sections_and_a_strangers_have_the_same_shape():
    assert all(isinstance(section, Section) for section in (*SECTIONS, MOOD))
    assert len({section.place for section in SECTIONS}) == len(SECTIONS)
    assert [section.name for section in SECTIONS][-3:] == ["networks", "estimators", "reproduce"]


def test_a_strangers_section_stands_in_its_place_with_figure_file_and_contents(folder):
    html = page_of(folder, *PLAIN, MOOD)
    assert html.index('<section id="variables">') < html.index('<section id="mood">')
    assert html.index('<section id="mood">') < html.index('<section id="accuracy">')
    assert '<a href="#mood">Mood</a>' in html
    assert "<h2>3. Mood &amp; weather</h2>" in html
    assert "&lt;b&gt;mood&lt;/b&gt; of Experience and log wages" in html
    assert 'alt="The mood of each outcome, as a line."' in html
    appendix = (folder.path / "appendix.html").read_text(encoding="utf-8")
    carried = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', appendix)
    (contents,) = (own for file in carried if b"tables/mood.tex" in (own := base64.b64decode(file)))
    assert b"moods for LaTeX" in contents
    assert "W-FONT" in appendix
    assert (folder.path / "tables" / "mood.tex").read_text(encoding="utf-8") == "0.5\n"
    assert (folder.path / "figures" / "mood.svg").exists()


def test_the_appendix_is_a_page_of_its_own_that_links_lead_to(folder):
    table = ReportTable("Moods", (TableColumn("Who"),), plain_rows([("A",)]))
    whole = Section(
        "moods", "Moods", 260, lambda _run: [Appendix((Heading("All moods", "all-moods"), table))]
    )
    content = (
        Paragraph(rich("See [all](#all-moods).")),
        tabs_of(
            [("a", [Paragraph("one")]), ("b", [Paragraph("two"), Appendix((Paragraph("rest of two"),))])]
        ),
    )
    Reporter((replace(MOOD, content=lambda _run: content), whole)).write(folder, ("html",))
    report, appendix = (
        (folder.path / name).read_text(encoding="utf-8") for name in ("report.html", "appendix.html")
    )
    assert 'See <a href="appendix.html#all-moods">all</a>.' in report
    assert '<a href="appendix.html#mood">More in the appendix</a>' in report
    assert '<section id="moods">' not in report
    assert "rest of two" not in report
    assert "<h2>A1. Mood &amp; weather</h2>" in appendix
    assert "<h3>b</h3>\n<p>rest of two</p>" in appendix
    assert 'href="#table-A1">Table A1.</a></b> Moods' in appendix
    assert script_hash(re.search("<script>(.*?)</script>", appendix, re.DOTALL)[1]) in appendix
    assert {"report.html", "appendix.html"} <= set(folder.hashes())


def test_a_section_is_left_out_where_its_table_is_not_there(wage):
    names = [shown.name for shown in assembled(read_run(wage), (*PLAIN, MOOD), ())]
    assert "mood" not in names
    assert names[:3] == ["verdict", "variables", "accuracy"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(raises, "KeyError: &#39;&lt;mood&gt;&#39;", id="raises"),
        pytest.param(ragged, "ValueError: a row has more cells than the 1 columns", id="ragged"),
        pytest.param(no_block, "TypeError: `content` gave a str, which is no block", id="no-block"),
    ],
)
def test_a_section_that_fails_says_why_and_takes_no_other_with_it(folder, content, reason):
    html = page_of(folder, *PLAIN, replace(MOOD, content=content), formats=("html",))
    assert f"This section could not be made: {reason}" in html
    assert '<section id="reproduce">' in html


def test_a_broken_table_fails_the_report_as_a_whole(wage):
    run = with_table(read_run(wage), "curves", lambda frame: frame.drop(columns=["band"]))
    with pytest.raises(ArtifactError, match=r"curves\.csv: the table lacks band"):
        assembled(run, [section for section in SECTIONS if section.name == "curves"], ())


ROWS = (
    ExpectationRow(
        *("coefficients", "estimator=fe, term=capital", "estimate", "0.31", "0.3100653", 6.53e-5, 5e-4),
        *("publication", "Table 1", "reproduced", "", "", 3),
    ),
    ExpectationRow(
        *("gain", "estimator=fe", "gain", "0.123456789", "0.2", 0.0767, 1e-7),
        *("run", "", "differs", "off by 0.0767, 1e-07 allowed", ""),
    ),
    ExpectationRow(
        *("gain", "estimator=twfe", "status", "refused", "", nan, nan),
        *("run", "", "missing", "no such row", ""),
    ),
)


def test_missed_numbers_come_first_by_source_and_keep_their_printed_zeros():
    table = expectation_table(ROWS)
    assert [group.heading for group in table.groups] == ["pinned from a run", "Table 1"]
    (printed,) = cells(table, 1).values()
    assert [cell.text for cell in printed] == ["0.310", "0.3100653", "6.5 × 10⁻⁵", "0.00050", "reproduced"]
    differs, missing = cells(table).values()
    off = "off by 0.0767, 1e-07 allowed"
    assert (differs[0].text, differs[2].text, differs[4].reason) == ("0.1234568", "0.077", off)
    assert [missing[0].text, missing[1].text, missing[2].text, missing[4].reason] == [
        "refused",
        "–",
        "",
        "no such row",
    ]
    assert table.marks == {off: "a", "no such row": "b"}
