"""The HTML report: well-formed, offline, one script that its policy names, and all it owes its reader."""

import re

import html5lib
import pytest

from harness.report.render.html import script_hash
from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_run import HOSTILE, REASON

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


def test_sections_stand_in_their_order(wage):
    headings = ["".join(one.itertext()) for one in elements(wage) if one.tag in {f"{XHTML}h1", f"{XHTML}h2"}]
    assert headings[:3] == ["Experience and log wages", "Read this first", "Log wage"]
    assert headings[3:6] == ["The study", "1. What the run says", "2. Variables and how they were prepared"]
    assert headings[-2:] == ["9. Estimators and warnings", "10. How to reproduce"]


@pytest.mark.slow
def test_the_report_can_be_redone(wage):
    before = {name: (wage.path / name).read_bytes() for name in wage.files()}
    names = Reporter(SECTIONS).write(wage, ("html", "latex"))
    assert {name: (wage.path / name).read_bytes() for name in wage.files()} == before
    assert {
        "surfaces.html",
        "report.html",
        "tables/paper/gains.tex",
        "tables/paper/regressions-lwage.tex",
        "appendix.html",
        "figures/gains.svg",
        "figures/multiverse-lwage.svg",
        "figures/curve-lwage.svg",
    } <= set(names)
