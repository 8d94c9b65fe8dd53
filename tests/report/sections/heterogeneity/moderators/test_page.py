"""The page of surfaces: its scripts alone may run, nothing is fetched, and no text in it can end a script."""

import json
import re

import html5lib
import pytest
from plotly.offline import get_plotlyjs

from harness.findings.run import read_run
from harness.report.render.html import script_hash
from harness.report.sections.heterogeneity.moderators.page import rounded, script_json, surface_content
from harness.report.sections.heterogeneity.moderators.surfaces import surfaces
from report.changed_run import with_truth
from report.fake_run import HOSTILE

XHTML = "{http://www.w3.org/1999/xhtml}"
RUNS = ["wage", "chinese", "hostile"]
LIBRARY = "library"


@pytest.fixture
def folder(request):
    return request.getfixturevalue(request.param)


def elements(folder):
    """Return every element, the drawing library replaced by a word: it is megabytes long."""
    source = (folder.path / "surfaces.html").read_text(encoding="utf-8")
    assert source.count(get_plotlyjs()) == 1
    return list(html5lib.HTMLParser(strict=True).parse(source.replace(get_plotlyjs(), LIBRARY)).iter())


def scripts(folder):
    return [one for one in elements(folder) if one.tag == f"{XHTML}script"]


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_the_policy_allows_the_two_scripts_that_are_there_and_no_request(folder):
    found = elements(folder)
    (policy,) = [one.get("content") for one in found if one.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    assert "unsafe-eval" not in policy
    running = [one.text for one in scripts(folder) if one.get("type") is None]
    assert running[0] == LIBRARY
    assert rules["script-src"].split() == [script_hash(get_plotlyjs()), script_hash(running[1])]
    assert "</script" not in get_plotlyjs().lower()
    assert not any("src" in one.attrib for one in scripts(folder))
    assert not any(name.lower().startswith("on") for one in found for name in one.attrib)


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_the_content_is_that_of_the_run(folder):
    (content,) = [one.text for one in scripts(folder) if one.get("type") == "application/json"]
    assert json.loads(content) == surface_content(read_run(folder))


def test_hostile_names_are_data(hostile):
    (content,) = [one.text for one in scripts(hostile) if one.get("type") == "application/json"]
    assert json.loads(content)["outcomes"] == [f"{HOSTILE['label']} ({HOSTILE['unit']})"]
    assert not set(content) & set("<>&\u2028\u2029")


def test_a_text_cannot_end_the_script():
    text = "</script><!--<script>&amp;\u2028\u2029"
    written = script_json({"text": text})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"text": text}


def test_surfaces_have_a_row_a_moderator_value_and_their_effects(run):
    content = surface_content(run)
    assert content["estimators"] == ["RAB", "Pooled OLS", "Fixed effects", "SOM + ANN", "Boosting"]
    rab = next(one for one in content["surfaces"] if one["estimator"] == 0)
    assert (rab["x"][-1], rab["y"][-1]) == (18.0, 16.0)
    assert len(rab["estimate"]) == len(rab["y"]) == 12
    surface = run.view(surfaces)["educ", "educ", "lwage", "rab"]
    assert rab["estimate"][4][7] == pytest.approx(surface.estimate[7, 4], rel=1e-4)
    assert rab["supported"][0][0] == 0
    assert rab["thresholds"] == [{"at": 9.7, "text": "9.7 [9.1,\u00a010.4], from − to +, in 98% of draws"}]
    assert set(rab["line"]) == {"at", "effect", "pointwise", "simultaneous"}


def test_numbers_are_rounded_and_gaps_are_null():
    assert rounded([1.0 / 3.0, 123456.0, float("nan"), float("inf")]) == [0.33333, 123460.0, None, None]


def test_labels_stay_plain_text_in_the_script(wage):
    own = scripts(wage)[-1].text
    assert "innerHTML" not in own
    assert re.search(r"modeBarButtons: BUTTONS", own)  # the library's other buttons would send data away


def test_the_truth_of_simulated_data_goes_with_every_surface(run):
    assert all(one["truth"] is None for one in surface_content(run)["surfaces"])
    surface = next(iter(run.view(surfaces).values()))
    own = with_truth(
        run,
        "educ",
        *(
            {"kind": "surface", "at": x, "moderator_at": m, "truth": x + 10.0 * m}
            for m in surface.moderator_at
            for x in surface.exposure_at
        ),
        {"kind": "conditional_effect", "moderator_at": 6.0, "truth": 1.0},
    )
    for one in surface_content(own)["surfaces"]:
        assert one["truth"]["estimate"][3][7] == pytest.approx(one["x"][7] + 10.0 * one["y"][3], rel=1e-4)
        assert (one["truth"]["at"], one["truth"]["effect"]) == ([6.0], [1.0])
