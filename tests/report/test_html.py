"""The HTML report: well-formed, offline, one script that its policy names, and all it owes its reader."""

import re
from html import unescape

import html5lib
import pytest

from harness.findings.gains import SYMBOLS
from harness.report.drawing.embedding import FORMAT
from harness.report.render.html import script_hash
from harness.report.write import Reporter
from report.all_sections import SECTIONS
from report.fake_effects import REASON
from report.fake_run import HOSTILE

XHTML = "{http://www.w3.org/1999/xhtml}"
RUNS = ["wage", "chinese", "hostile"]
CARRIED = (
    "data:image/svg+xml,%3Csvg ",
    f"data:image/{FORMAT};base64,",
    "data:text/csv;charset=utf-8;base64,",
    "data:text/x-tex;charset=utf-8;base64,",
)
"""What addresses of the page carry; none leads out of it."""


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param)


def source(folder):
    return (folder.path / "report.html").read_text(encoding="utf-8")


def elements(folder):
    """Return every element of the report; the parser raises at the first error of syntax."""
    return list(html5lib.HTMLParser(strict=True).parse(source(folder)).iter())


def text_of(folder):
    root = html5lib.parse(source(folder))
    body = next(root.iter(f"{XHTML}body"))
    return " ".join("".join(body.itertext()).split())


def test_footnotes_of_the_diagnostics_are_those_of_the_tests_that_are_shown(wage):
    section = source(wage).partition('<section id="diagnostics"')[2].partition("</section>")[0]
    assert "<sup>a</sup> the difference of covariances is no covariance" in section
    assert "too few periods" not in section


@pytest.mark.parametrize("folder", ["wage", "chinese"], indirect=True)
def test_every_symbol_of_a_gain_is_explained(folder):
    notes = [element for element in elements(folder) if element.get("class") == "note"]
    explained = " ".join("".join(note.itertext()) for note in notes)
    symbols = set(filter(None, SYMBOLS.values()))
    assert len(symbols) == 4
    assert {symbol for symbol in symbols if symbol in explained} == symbols


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
                assert value.startswith((*CARRIED, "#")) or value == "surfaces.html"
    assert "http://" not in source(folder)
    assert "https://" not in source(folder)
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
    targets = {one.get("href").removeprefix("#") for one in links if one not in carried}
    assert targets
    assert targets <= {*ids, "surfaces.html"}


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
        "Experience and log wages",
        "4,360 rows: 545 entities (man) × 8 periods (year, 1980 to 1987), balanced",
        "QUICK RUN.",
        "Note. This method is a reconstruction",
        "Levels are not effects.",
        "a group's level is the median of the net effect curve, which is averaged over all rows of the panel",
        "GroupRowsEntitiesEffectLevel of the curveEffectLevel of the curve",
        "the errors 0.0010 and 0.0034 give a gain of",
        "No gain over Pooled OLS is established for any estimator. For Fixed effects a gain stands under "
        "“Forward in time”; there is no result under “Held-out entities”. For SOM + ANN and RAB a gain "
        "stands "
        "only where test rows take part in fitting or selecting, under “As published (random rows)” and “In "
        "sample”. For Boosting a gain stands only where test rows take part in fitting or selecting, under "
        "“In sample”.",
        "Fixed effects gains more than every estimator without levels of entities under “As published "
        "(random rows)” (42.1% against at most 31.2%), “In sample” (47.8% against at most 44.7%)",
        "▼−14.3%[−20.3, −8.3]",
        "○26.8%[22.8, 30.8]",
        "The published gain of 67.9% (Table 2) lies above the gains of all 96 combinations.",
        "F test of the effectsall entity effects are equalF(541, 3,810) = 8.317p < 0.001",
        "Boosting4rounds 380.800",
        "refuseda",
        REASON,
        "models are selected on the test rows",
        "pointwise (darker) and simultaneous (lighter) 95% bands from 40 to 100 bootstrap draws",
        "too few entities are observed there",
        "0.11012(0.01186)[0.08688, 0.13336]",
        "W-ABSORBED",
        "harness run specs/wage_panel.yaml --quick",
        "a1" * 32,
        "0f" * 32,
        "numpy 2.4.6",
        "If no estimator differed, about 0.75 of the 15 intervals would exclude zero by chance.",
    )
    assert not [text for text in owed if text not in body]
    assert "SIMULATED" not in body


def test_the_report_is_short(wage):
    """One outcome, five estimators, four protocols; whole tables are in the links and count for nothing."""
    assert 1_500 < len(text_of(wage).split()) <= 7_000


def test_sections_stand_in_their_order(wage):
    headings = ["".join(one.itertext()) for one in elements(wage) if one.tag in {f"{XHTML}h1", f"{XHTML}h2"}]
    assert headings == [
        "Experience and log wages",
        "The study",
        "1. What the run says",
        "2. Variables and how they were prepared",
        "3. Accuracy by estimator and protocol",
        "4. Gains and their intervals",
        "5. What is left of the gain",
        "6. The gain under every combination of choices",
        "7. Net effect of Experience",
        "8. Groups",
        "9. Conditions of the effect",
        "10. Published numbers, figure by figure",
        "11. Coefficients",
        "12. Diagnostics of the fits",
        "13. Networks and maps",
        "14. Estimators and warnings",
        "15. How to reproduce",
    ]


def test_chinese_names_simulated_data_and_missing_curves(chinese):
    body = text_of(chinese)
    assert "SIMULATED DATA." in body
    assert "QUICK RUN" not in body
    assert "碳排放总量 (万吨)" in body
    assert f"Boosting has no curve: {REASON}" in body


def test_the_report_can_be_redone(wage):
    before = {name: (wage.path / name).read_bytes() for name in wage.files()}
    names = Reporter(SECTIONS).write(wage, ("html", "latex"))
    assert {name: (wage.path / name).read_bytes() for name in wage.files()} == before
    assert {
        "surfaces.html",
        "report.html",
        "tables/paper/gains.tex",
        "tables/paper/regressions-lwage.tex",
        "figures/origin-lwage.svg",
        "figures/multiverse-lwage.png",
        "figures/curve-lwage.svg",
    } <= set(names)


def test_nothing_is_escaped_twice(hostile):
    assert "&amp;lt;" not in source(hostile)
    assert unescape("&lt;script&gt;alert(4)&lt;/script&gt;") == HOSTILE["label"]
    assert "&lt;script&gt;alert(4)&lt;/script&gt;" in source(hostile)


def test_a_contradiction_among_published_numbers_looks_unlike_a_difference_from_this_run(wage):
    cells = [one for one in elements(wage) if one.tag == f"{XHTML}td" and "status" in one.get("class", "")]
    looks = {" ".join("".join(one.itertext()).split()): one.get("class").split()[-1] for one in cells}
    marked = {
        name: look
        for text, look in looks.items()
        for name in ("inconsistent", "differs")
        if name in text and "under assumption" not in text
    }
    assert marked == {"inconsistent": "contradiction", "differs": "worse"}
