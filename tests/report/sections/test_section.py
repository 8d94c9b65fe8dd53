"""What a section of a stranger has to bring, and what becomes of one that fails."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import ClassVar

import pytest

from harness.errors import ArtifactError
from harness.report.drawing.canvas import new_figure
from harness.report.model.run import read_run
from harness.report.sections.section import ReportFile, Section, SectionContent, WritesFiles
from harness.report.shown import shown_sections
from harness.report.write import Reporter
from harness.tables.table import typed
from report.all_sections import SECTIONS
from report.changed_run import with_table
from report.fake_run import wage_run

TEMPLATE = """{% from 'macros.html.j2' import figure, table_number with context %}
<p>{{ table_number() }} {{ shown.name }} of {{ study.title }}</p>
{{ figure(shown.drawn) }}
"""


@dataclass(frozen=True)
class MoodRow:
    """A row of the table that the stranger's scenario wrote."""

    outcome: str
    mood: float


MOODS = typed("mood", MoodRow)


@dataclass(frozen=True)
class Shown:
    """What the template reads."""

    name: str
    drawn: object


@dataclass(frozen=True)
class Mood:
    """A section of a stranger, present where there is a table ``mood``."""

    name: ClassVar[str] = "mood"
    title: ClassVar[str] = "Mood"
    place: ClassVar[int] = 250
    template: str = TEMPLATE

    def is_present(self, run, /):
        return bool(run.rows(MOODS))

    def content(self, run, renderer, /):
        figure = new_figure(3.5, 2.0)
        figure.subplots().plot([row.mood for row in run.rows(MOODS)])
        drawn = renderer.render("mood", figure, alt="The mood of each outcome, as a line.", caption="Mood.")
        return SectionContent(Shown("<b>mood</b>", drawn), "Mood & weather", (drawn,), ("rare \U0001f9ea",))

    def files(self, run, report_format, /):
        if report_format == "latex":
            yield ReportFile("tables/mood.tex", f"{run.rows(MOODS)[0].mood}\n", "moods for LaTeX")


class Broken(Mood):
    """A section that raises."""

    name = "broken"

    def content(self, run, renderer, /):
        raise KeyError("<mood>")


PLAIN = tuple(
    s for s in SECTIONS if s.name in {"verdict", "variables", "accuracy", "estimators", "reproduce"}
)
"""Sections without figures, which are quick."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = wage_run(tmp_path_factory.mktemp("mood"))
    (folder.path / "mood.csv").write_text("outcome,mood\nlwage,0.5\nlwage,0.25\n", encoding="utf-8")
    return folder


def page_of(folder, *sections, formats=("html", "latex")):
    Reporter(sections).write(folder, formats)
    return (folder.path / "report.html").read_text(encoding="utf-8")


def test_built_in_sections_and_a_strangers_have_the_same_shape():
    assert all(isinstance(section, Section) for section in (*SECTIONS, Mood()))
    assert isinstance(Mood(), WritesFiles)
    assert len({section.place for section in SECTIONS}) == len(SECTIONS)
    assert [section.name for section in SECTIONS][-3:] == ["networks", "estimators", "reproduce"]


def test_a_strangers_section_stands_in_its_place_with_figure_file_and_contents(folder):
    html = page_of(folder, *PLAIN, Mood())
    assert html.index('<section id="variables">') < html.index('<section id="mood">')
    assert html.index('<section id="mood">') < html.index('<section id="accuracy">')
    assert '<a href="#mood">Mood</a>' in html
    assert "<h2>3. Mood &amp; weather</h2>" in html
    assert "&lt;b&gt;mood&lt;/b&gt; of Experience and log wages" in html
    assert 'alt="The mood of each outcome, as a line."' in html
    carried = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', html)
    (contents,) = (own for file in carried if b"tables/mood.tex" in (own := base64.b64decode(file)))
    assert b"moods for LaTeX" in contents
    assert "W-FONT" in html
    assert (folder.path / "tables" / "mood.tex").read_text(encoding="utf-8") == "0.5\n"
    assert (folder.path / "figures" / "mood.svg").exists()


def test_a_section_is_left_out_where_its_table_is_not_there(wage):
    names = [shown.section.name for shown in shown_sections(read_run(wage), (*PLAIN, Mood()), ())]
    assert "mood" not in names
    assert names[:3] == ["verdict", "variables", "accuracy"]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        pytest.param(Broken(), "KeyError: &#39;&lt;mood&gt;&#39;", id="content"),
        pytest.param(Mood("{{ shown.gone }}"), "UndefinedError: ", id="name"),
        pytest.param(Mood("{% for %}"), "TemplateSyntaxError: ", id="syntax"),
    ],
)
def test_a_section_that_fails_says_why_and_takes_no_other_with_it(folder, section, reason):
    html = page_of(folder, *PLAIN, section, formats=("html",))
    assert f"This section could not be made: {reason}" in html
    assert '<section id="reproduce">' in html


def test_a_broken_table_fails_the_report_as_a_whole(wage):
    run = with_table(read_run(wage), "curves", lambda frame: frame.drop(columns=["kind"]))
    with pytest.raises(ArtifactError, match=r"curves\.csv: the table lacks kind"):
        shown_sections(run, [section for section in SECTIONS if section.name == "curves"], ())
