"""The pages of the report: the first screen, HTML that runs nothing, the gain report, and all in Chinese."""

import base64
import copy
import csv
import io
import json
import re
import shutil
from dataclasses import replace
from importlib.resources import files
from types import SimpleNamespace

import html5lib
import jsonschema
import lxml.html
import numpy as np
import pytest
from lxml import etree

from harness.audit.verification import gain_report_problems
from harness.findings.run import leading_protocols, read_run
from harness.installed import installed
from harness.plugin import Note
from harness.report.blocks import plain_words
from harness.report.front import headline, headline_table, leading_curves, published_protocol, slope_shape
from harness.report.page import Page
from harness.report.render.html import script_hash
from harness.report.sections.section import featured
from harness.report.write import BRIEF, Reporter, gain_report
from report.fake_run import HOSTILE, REASON, SECTIONS, wage_run, with_study, with_table

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


def test_columns_are_entities_never_seen_and_later_periods_and_the_published_comparison_is_pale(run):
    study = run.manifest.study
    assert [protocol.use for protocol in leading_protocols(study)] == ["held_out_entities", "forward"]
    assert published_protocol(study).use == "as_published"
    assert [one.keeps_test_rows_apart for one in study.honest_first] == [True, True, False, False]
    alone = replace(study, protocols=study.protocols[:1])
    assert [protocol.use for protocol in leading_protocols(alone)] == ["as_published"]
    assert published_protocol(alone) is None


def test_the_curves_are_those_of_the_reference_and_of_the_leading_estimator(run):
    first, leading = leading_curves(run, "lwage")
    assert first.estimator == run.manifest.study.reference != leading.estimator
    assert leading_curves(run, "no such outcome") == ()


def test_a_debiased_slope_is_a_line_through_the_mean_exposure():
    row = SimpleNamespace(estimate=-0.2, conf_low=-0.5, conf_high=0.1)
    at, rug = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.5])
    shape = slope_shape(row, at, rug)
    np.testing.assert_allclose(shape.estimate, row.estimate * (at - 1.0))
    np.testing.assert_allclose(shape.high - shape.low, (row.conf_high - row.conf_low) * np.abs(at - 1.0))
    assert (shape.low <= shape.estimate).all()
    assert (shape.estimate <= shape.high).all()


def test_the_brief_has_the_first_screen_and_every_warning(wage, tmp_path):
    folder = shutil.copytree(wage.path, tmp_path / "run")
    page = Reporter().brief(folder)
    assert page == folder / BRIEF
    source = page.read_text(encoding="utf-8")
    assert source.count("<img ") == 3
    assert "<script" not in source
    for code in set(read_run(wage).frame("warnings")["code"]):
        assert f"<h4>{code}</h4>" in source


def test_published_gains_stand_next_to_those_of_the_run(run):
    changed = with_table(run, "claims", lambda frame: frame.assign(sample="test"))
    beside = with_study(changed, further_references=("fe",))
    study = beside.manifest.study
    gains = run.frame("gain")
    gains = gains[(gains["sample"] == "test") & (gains["reference"] == "ols")]
    gains = gains.set_index(["estimator", "protocol"])["gain"]
    cells = [("ann", "as_published"), ("fe", "as_published"), ("ann", "held_out_entities")]
    here = [f"{100 * gains[cell]:.1f}%".replace("-", "−") for cell in cells]
    table = headline_table(study, list(headline(beside)))
    assert table.rows == (("Log wage", "67.9%", *here),)
    alone = with_table(changed, "claims", lambda frame: frame.assign(counterpart=np.nan))
    assert len(headline_table(alone.manifest.study, list(headline(alone))).heads) == 3


COMPARE = ("</b> Gain over Pooled OLS", "predicts best?")


def kept(folder, names):
    """Leave these estimators of a run alone, and its findings to the rules."""
    path = folder.path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    study = manifest["study"]
    study["estimators"] = [entry for entry in study["estimators"] if entry["id"] in names]
    study["further_references"] = []
    manifest["rules_version"] = 0
    path.write_text(json.dumps(manifest), encoding="utf-8")
    frame = folder.read_table("gain")
    folder.write_table("gain", frame[frame["estimator"].isin(names) & (frame["estimator"] != "ols")])


@pytest.mark.parametrize(("names", "compares"), [(["ols"], False), (["ols", "fe"], True)])
def test_gains_are_shown_where_estimators_are_compared(tmp_path, names, compares):
    folder = wage_run(tmp_path)
    kept(folder, names)
    Reporter(SECTIONS).write(folder, ("html",))
    html = (folder.path / "report.html").read_text(encoding="utf-8")
    assert [part in html for part in COMPARE] == [compares] * len(COMPARE)
    assert ("Pooled OLS is the only estimator: nothing is compared." in html) != compares
    assert ("Mean squared error in predicting" in html) != compares


@pytest.fixture(scope="module")
def schema():
    return json.loads((files("harness.report") / "gain_report.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", ["wage", "chinese", "hostile"])
def test_it_follows_its_schema(name, request, validator):
    folder = request.getfixturevalue(name)
    written = json.loads((folder.path / "gain_report.json").read_text(encoding="utf-8"))
    validator.validate(written)
    assert written == json.loads(json.dumps(gain_report(folder)))


def test_every_cell_is_there(wage):
    report = gain_report(wage)
    assert len(report["cells"]) == 5 * 4 * 3
    cells = {(one["estimator"], one["protocol"], one["sample"]): one for one in report["cells"]}
    ann = cells["ann", "held_out_entities", "test"]
    assert ann["mse"] == pytest.approx(0.2341 * 1.143)
    assert ann["gain"]["estimate"] == -0.143
    assert ann["gain"]["decision"] == "below"
    assert ann["gain"]["mse_reference"] == 0.2341
    assert (ann["gain"]["conf_low"], ann["gain"]["conf_high"]) == pytest.approx((-0.203, -0.083))
    assert cells["ols", "forward", "test"]["gain"] is None
    refused = cells["fe", "held_out_entities", "test"]
    assert (refused["status"], refused["mse"], refused["gain"]["estimate"]) == ("refused", None, None)
    assert refused["gain"]["decision"] == "untested"
    assert "absorbed" in refused["reason"]
    leaks = {one["id"]: [leak["code"] for leak in one["leaks"]] for one in report["protocols"]}
    assert leaks["held_out_entities"] == ["same_period"]
    assert "test_selection" in leaks["as_published"]


def test_adjusted_p_values_and_their_verdict(wage):
    report = gain_report(wage)
    cells = {(one["estimator"], one["protocol"], one["sample"]): one["gain"] for one in report["cells"]}
    unsure = cells["boosting", "as_published", "test"]
    assert (unsure["p_value"], unsure["p_holm"]) == (0.01, 0.081)
    assert unsure["conf_low"] > 0
    assert unsure["decision"] == "open"
    (verdict,) = report["verdicts"]
    assert verdict["established"] == []
    assert verdict["words"][0].startswith(
        "For men not used in training, no estimator predicts better than Pooled OLS: the closest is "
    )
    assert verdict["words"][1].startswith(
        "Fixed effects gains more than every estimator without fixed effects under "
    )
    assert verdict["words"][2:] == ["It does not hold under “Held-out entities”."]


def test_decomposition_and_multiverse(wage):
    report = gain_report(wage)
    parts = {(one["estimator"], one["part"]): one["estimate"] for one in report["decomposition"]}
    assert len(parts) == 3 * 4
    assert parts["ann", "new entities"] == -0.143
    (multiverse,) = report["multiverse"]
    table = wage.read_table("variation_gains")
    assert (multiverse["outcome"], multiverse["estimator"], multiverse["all"]["n"]) == ("lwage", "ann", 96)
    assert multiverse["all"]["n_above"] == (table["conf_low"] > 0).sum()
    assert multiverse["apart"]["n"] == 24
    assert multiverse["published"] == [{"gain": 0.678582, "source": "Table 2", "n_below": 96}]
    stored = wage.read_table("multiverse_choices")
    assert [one["mean_gain"] for one in multiverse["choices"]] == stored["mean_gain"].tolist()


def _some_gain(report):
    return next(one["gain"] for one in report["cells"] if one["gain"] is not None)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda report: report.pop("protocols"), id="no-protocols"),
        pytest.param(lambda report: report["cells"][0].update(mse=-1.0), id="negative-error"),
        pytest.param(lambda report: report["cells"][0].update(more=1), id="unknown-key"),
        pytest.param(lambda report: report.update(gain_report_version="1.0"), id="other-version"),
    ],
)
def test_the_schema_refuses(spoil, wage, validator):
    report = copy.deepcopy(json.loads(json.dumps(gain_report(wage))))
    spoil(report)
    assert not validator.is_valid(report)


# More than two words of English one after the other.
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+(?:[ ,]+[A-Za-z][A-Za-z'’-]+){2,}")

# Names and sentences of the run that no code of the harness says.
FAKE = (
    *("Wages of young men", "Vella and Verbeek", "545 men observed for eight years", "whole men beside it"),
    *("experience is absorbed by the entity and time effects together", "effects are independent"),
    *("the difference of covariances is no covariance", "too few periods", "mega and super"),
    *("small and medium", "exposure at which it bends", "the square of a column"),
    "the curve of this run has no minimum within its range",
)

KNOWN = re.compile("|".join(map(re.escape, FAKE)) + r"|Nadeau and Bengio")
MESSAGES = installed().messages
READ = frozenset({"alt", "title", "aria-label", "data-copy", "data-copied"})
UNREAD = frozenset({"script", "style", "code"})
INLINE = frozenset({"span", "b", "i", "em", "strong", "sup", "a", "br"})
NUMBER = re.compile(r"[−-]?\d[\d,]*(?:\.\d+)?")


def readable(html):
    """Yield the texts that a reader meets, and those of attributes."""
    root = lxml.html.fromstring(html)
    yield from (value for one in root.iter() for name, value in one.items() if name in READ)
    etree.strip_elements(root, *UNREAD, with_tail=False)
    etree.strip_tags(root, *INLINE)
    yield from root.itertext()


def english_in(texts):
    return sorted({found for text in texts for found in LATIN.findall(KNOWN.sub("", text))})


def page(folder, name="report.html"):
    return (folder.path / name).read_text(encoding="utf-8")


def test_no_sentence_of_the_page_is_english(languages):
    folders, _ = languages
    texts = list(readable(page(folders["zh"])))
    assert len(texts) > 500
    assert not english_in(texts)


@pytest.mark.parametrize("name", ["report.html", "appendix.html"])
def test_stops_next_to_chinese_are_as_wide_as_its_letters(languages, name):
    folders, _ = languages
    narrow = re.compile(r"[\u3400-\u9fff）][.:;,!?](?=\s|$)|(?:(?<!\d)\.|[:;,!?]) (?=[\u3400-\u9fff])")
    texts = list(readable(page(folders["zh"], name)))
    assert len(texts) > 500
    assert [text for text in texts if narrow.search(text)] == []


def test_no_figure_says_english(languages):
    _, drawn = languages
    assert len(drawn) > 100
    assert not english_in(drawn)


@pytest.mark.parametrize(
    "name",
    [
        "surfaces.html",
        "tables/figure_by_figure.md",
        "tables/paper/gains.tex",
        "tables/paper/regressions-intensity.tex",
    ],
)
def test_no_other_file_says_english(languages, name):
    folders, _ = languages
    text = page(folders["zh"], name)
    plain = re.sub(r"\\[a-z]+(\{[a-z0-9:-]*\})?", " ", text)
    assert not english_in(readable(text) if name.endswith("html") else [plain])


def test_tables_have_the_numbers_of_the_english_report(languages):
    folders, _ = languages
    english, chinese = (tables_of(page(folders[language])) for language in ("en", "zh"))
    assert len(english) == len(chinese) > 5
    for own, other in zip(english, chinese, strict=True):
        numbers = [NUMBER.findall(" ".join(row[1:])) for row in own]
        assert numbers == [NUMBER.findall(" ".join(row[1:])) for row in other], own[0]


def tables_of(html):
    """Return the rows of the tables that the page carries, without their heads."""
    carried = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', html)
    files = (base64.b64decode(address).decode("utf-8-sig") for address in carried)
    return [list(csv.reader(io.StringIO(file)))[1:] for file in files]


# Keys of the gain report whose values are read.
WORDS = frozenset({"title", "how", "label", "reason", "words", "text", "source"})


def parted(value, key=""):
    """Yield the values of a JSON text, each with the key it stands under, and the keys."""
    if isinstance(value, dict):
        for name, own in value.items():
            yield "key", name
            yield from parted(own, name)
    elif isinstance(value, list):
        for own in value:
            yield from parted(own, key)
    else:
        yield ("words" if key in WORDS else "code"), value


def test_labels_and_sentences_of_the_gain_report_are_chinese_and_the_rest_is_english(languages):
    folders, _ = languages
    english, chinese = (
        list(parted(json.loads(page(folders[language], "gain_report.json")))) for language in ("en", "zh")
    )
    assert len(english) == len(chinese) > 500
    codes = [pair for pair in english if pair[0] != "words"]
    assert codes == [pair for pair in chinese if pair[0] != "words"]
    words = [text for kind, text in chinese if kind == "words" and isinstance(text, str)]
    assert not english_in(words)
    assert any("聚类" in text or "收益" in text or "观测" in text for text in words)


def test_verify_knows_the_gain_report_in_its_language(languages):
    folders, _ = languages
    for folder in folders.values():
        assert list(gain_report_problems(folder, MESSAGES)) == []
