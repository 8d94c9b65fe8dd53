"""The HTML report: well-formed, offline, one script that its policy names, and all it owes its reader."""

import re

import html5lib
import pytest

from harness.errors import ArtifactError
from harness.findings.run import read_run
from harness.plugin import Note
from harness.report.blocks import plain_words
from harness.report.page import Page
from harness.report.render.html import script_hash
from harness.report.sections.section import featured
from harness.report.write import Reporter
from harness.tables.findings import FINDINGS
from report.changed_run import with_study, with_table
from report.fake_run import HOSTILE, REASON, SECTIONS, wage_run

XHTML = "{http://www.w3.org/1999/xhtml}"
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
RUNS = ["wage", "chinese", "hostile"]

OTHER_PAGES = {"appendix.html", "surfaces.html"}

# What addresses of the page carry; none leads out of it.
CARRIED = (
    "data:image/svg+xml,%3Csvg",
    "data:text/csv;charset=utf-8;base64,",
    "data:text/x-tex;charset=utf-8;base64,",
)


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param)


def source(folder):
    return (folder.path / "report.html").read_text(encoding="utf-8")


def elements(folder):
    """Return every element of the report; the parser raises at the first error of syntax."""
    return list(html5lib.HTMLParser(strict=True).parse(source(folder)).iter())


def text_of(folder):
    """Return the words of the report and of its appendix."""
    pages = (folder.path / name for name in ("report.html", "appendix.html"))
    roots = (html5lib.parse(page.read_text(encoding="utf-8")) for page in pages)
    bodies = (next(root.iter(f"{XHTML}body")) for root in roots)
    return " ".join(" ".join("".join(body.itertext()) for body in bodies).split())


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_nothing_runs_and_nothing_is_fetched(folder):
    found = elements(folder)
    tags = {element.tag.removeprefix(XHTML) for element in found if isinstance(element.tag, str)}
    assert not tags & {"iframe", "object", "embed", "link", "base", "form", "svg", "audio", "video"}
    for element in found:
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "javascript:" not in value or name in {"alt", "content", "title"}
            if name in {"src", "href"}:
                assert value.startswith((*CARRIED, "#")) or value.partition("#")[0] in OTHER_PAGES
    assert set(re.findall(r"https?://[^'\"\s%]*", source(folder))) <= NAMESPACES
    (policy,) = [one.get("content") for one in found if one.get("http-equiv") == "Content-Security-Policy"]
    (script,) = [one.text for one in found if one.tag == f"{XHTML}script"]
    assert policy.startswith(f"default-src 'none'; script-src {script_hash(script)}; style-src")


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_every_figure_says_what_it_shows_and_every_link_leads_somewhere(folder):
    found = elements(folder)
    images = [one for one in found if one.tag == f"{XHTML}img"]
    assert len(images) >= 3
    assert all(len(one.get("alt")) > 20 for one in images)
    ids = {one.get("id") for one in found if one.get("id")}
    links = [one for one in found if one.tag == f"{XHTML}a"]
    carried = [one for one in links if one.get("href").startswith("data:text/")]
    assert len(carried) >= 2
    assert all(one.get("download").startswith("table-") for one in carried)
    targets = [one.get("href").partition("#") for one in links if one not in carried]
    assert {anchor for where, _, anchor in targets if not where} <= ids
    assert {where for where, _, _ in targets if where} <= OTHER_PAGES


def test_hostile_names_are_shown_as_text(hostile):
    body = text_of(hostile)
    for name in ("title", "label", "exposure", "reason", "warning", "unit"):
        assert HOSTILE[name] in body
    assert "49" not in re.findall(r"\d+", HOSTILE["title"])
    assert "reddesrever" in body
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", source(hostile))


def test_the_report_of_a_newcomer(wage):
    body = text_of(wage)
    owed = (
        "4,360 rows: 545 entities (man) × 8 periods (year, 1980 to 1987), balanced",
        "QUICK RUN.",
        "▼−14.3%[−20.3, −8.3]",
        "F test of the effectsall entity effects are equalF(541, 3,810) = 8.317p < 0.001",
        "Boosting4rounds 380.800",
        REASON,
        "0.11012(0.01186)[0.08688, 0.13336]",
        "W-ABSORBED",
        "harness run specs/wage_panel.yaml --quick",
        "a1" * 32,
    )
    assert not [text for text in owed if text not in body]
    assert "SIMULATED" not in body


def shown(*notes):
    """Return the points of the warnings of one code, in words."""
    heading, bullets = Page([Note("W-HIDDEN", where, message) for where, message in notes]).warnings()
    assert heading.text == "W-HIDDEN"
    return [plain_words(point) for point in bullets.points]


def test_a_message_stands_with_the_cells_that_it_is_true_of_and_the_number_of_the_others():
    alike = [(f"y · ann · cluster {at}", "N = 0.5 for 8 rows") for at in (1, 2, 3)]
    cells = "y · ann · cluster 1; y · ann · cluster 2; 1 more in warnings.csv"
    assert shown(*alike) == [f"N = 0.5 for 8 rows ({cells})"]
    differing = [
        *alike[:1],
        ("y · ann · cluster 4", "N = 0.7 for 9 rows"),
        ("y · ann · cluster 5", "N = 0.9 for 9 rows"),
    ]
    others = "2 with other numbers in warnings.csv"
    assert shown(*differing) == [f"N = 0.5 for 8 rows (y · ann · cluster 1; {others})"]


def test_a_folder_without_findings_says_its_format_and_what_to_do(tmp_path):
    folder = wage_run(tmp_path / "run")
    (folder.path / FINDINGS.file).unlink()
    folder.write_manifest(folder.manifest())
    with pytest.raises(ArtifactError) as caught:
        Reporter(SECTIONS).report(folder.path)
    (problem,) = caught.value.problems
    assert problem.where == "findings.csv"
    assert "older format, written by panel-harness 0.1.0" in problem.what
    assert problem.hint.endswith("harness run specs/wage_panel.yaml --quick")
    assert not (folder.path / "report.html").exists()


@pytest.mark.parametrize(
    ("asked", "claimed", "shown"),
    [
        pytest.param((), True, ["rab", "ols"], id="claimed-curves"),
        pytest.param((), False, ["boosting", "ols"], id="last-of-the-study"),
        pytest.param(("fe", "gone", "ols"), True, ["fe", "ols"], id="asked"),
    ],
)
def test_which_estimators_are_featured(wage, asked, claimed, shown):
    run = with_study(read_run(wage), featured=asked)
    if not claimed:
        run = with_table(run, "claims", lambda frame: frame.head(0))
    assert [entry.id for entry in featured(run)] == shown
