"""The page of surfaces: its scripts alone may run, nothing is fetched, and no text in it can end a script."""

import json
import re

import html5lib
import numpy as np
import pandas as pd
import pytest
from plotly.offline import get_plotlyjs

from harness.errors import ArtifactError
from harness.findings.run import read_run
from harness.report.drawing.palette import THRESHOLD_COLOUR
from harness.report.figures.moderators import (
    plot_conditional,
    plot_surfaces,
    rounded,
    script_json,
    surface_content,
)
from harness.report.render.html import script_hash
from harness.report.sections.heterogeneity_tables import conditional_table, surfaces, true_levels
from harness.tables.heterogeneity import SurfaceKey
from report.changed_run import with_table, with_truth
from report.fake_run import HOSTILE
from report.shown_blocks import cells, legend_of, plotted

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


RAB = SurfaceKey("educ", "educ", "lwage", "rab")
OLS = RAB._replace(estimator="ols")


def thresholds_in(axes):
    return [line for line in axes.lines if line.get_color() == THRESHOLD_COLOUR]


def test_contours_show_signs_support_and_threshold(run):
    surface, figure = run.view(surfaces)[RAB], plotted(plot_surfaces, run, [RAB])
    contours, bar = figure.axes
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("Experience (years)", "Schooling (years)")
    signs = {line.get_marker(): line.get_xydata() for line in contours.lines if line.get_marker() in "^v"}
    assert (signs["^"][:, 1] > 9.5).all()
    assert (signs["v"][:, 1] < 10.6).all()
    across, up = signs["^"].T
    at = np.searchsorted(surface.exposure_at, across), np.searchsorted(surface.moderator_at, up)
    assert surface.supported[at].all()
    assert [float(line.get_ydata()[0]) for line in thresholds_in(contours)] == [9.7, 9.1, 10.4]
    assert not bar.get_xlabel()
    assert legend_of(figure) == [
        "few entities near",
        "effect above zero, its interval too",
        "effect below zero, its interval too",
        "effect of zero",
        "average effect changes sign, with interval (dashed)",
    ]


def test_a_surface_without_a_change_of_sign_has_no_threshold(run):
    assert not any(map(thresholds_in, plotted(plot_surfaces, run, [OLS]).axes))


def test_the_truth_is_dashed_contours_and_a_dashed_effect_with_marked_thresholds(run):
    surface = run.view(surfaces)[RAB]
    grids = surface.exposure_at, surface.moderator_at
    own = with_truth(
        run,
        "educ",
        *(
            {"kind": "surface", "at": x, "moderator_at": m, "truth": 1.2 + 0.02 * x * (m - 9.0)}
            for x in grids[0][::-1]
            for m in grids[1]
        ),
        *({"kind": "conditional_effect", "moderator_at": m, "truth": 0.02 * (m - 9.0)} for m in grids[1]),
        {"kind": "threshold", "moderator_at": 9.0, "truth": 0.0},
    )
    assert true_levels(own, RAB)[3, 5] == pytest.approx(1.2 + 0.02 * grids[0][3] * (grids[1][5] - 9.0))
    figure = plotted(plot_surfaces, own, [RAB])
    assert [one for one in figure.axes[0].collections if one.get_linewidth()[0] == 0.7]
    assert legend_of(figure)[-1] == "truth (simulated)"
    figure = plotted(plot_conditional, own, [RAB])
    (effects,) = figure.axes
    (line,) = [one for one in effects.lines if len(one.get_xdata()) == 12 and one.get_color() == "#000000"]
    assert line.get_ydata() == pytest.approx(0.02 * (grids[1] - 9.0))
    assert [one.get_xydata().tolist() for one in effects.lines if one.get_marker() == "x"] == [[[9.0, 0.0]]]
    assert legend_of(figure)[-2:] == ["truth (simulated)", "true change of sign"]


def test_a_truth_on_other_cells_is_not_drawn(run):
    own = with_truth(run, "educ", {"kind": "surface", "at": 0.0, "moderator_at": 6.0, "truth": 1.0})
    assert true_levels(own, RAB) is None


def surface_cells():
    exposure, moderator = np.meshgrid([0.0, 1.0, 3.0], [10.0, 20.0], indexing="ij")
    level = exposure * moderator
    frame = pd.DataFrame({"exposure_at": exposure.ravel(), "moderator_at": moderator.ravel()})
    layers = {"estimate": 0.0, "conf_low": -1.0, "conf_high": 1.0}
    return frame.assign(
        **{name: level.ravel() + more for name, more in layers.items()},
        effect=moderator.ravel(),
        effect_low=0.0,
        effect_high=1.0,
        n_obs=5,
        supported=[True, False] * 3,
        status="ok",
        scenario="educ",
        moderator="educ",
        outcome="y",
        estimator="rab",
    )


def surfaces_in(run, frame):
    return with_table(run, "surfaces", lambda _: frame).view(surfaces)


def test_cells_become_a_surface_whatever_their_order(run):
    ((key, made),) = surfaces_in(run, surface_cells().sample(frac=1.0, random_state=3)).items()
    assert key == SurfaceKey("educ", "educ", "y", "rab")
    assert made.estimate.tolist() == [[0.0, 0.0], [10.0, 20.0], [30.0, 60.0]]
    assert made.supported.tolist() == [[True, False]] * 3
    assert (made.conf_high - made.conf_low == 2.0).all()


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda frame: frame.drop(columns=["effect", "n_obs"]), "the table lacks effect, n_obs"),
        (lambda frame: frame.iloc[1:], "rab on y by educ: cells are missing"),
    ],
    ids=["columns", "cells"],
)
def test_a_broken_table_is_refused(run, spoil, what):
    with pytest.raises(ArtifactError, match=what):
        surfaces_in(run, spoil(surface_cells()))


def test_a_refused_surface_has_a_reason_and_no_cells(run):
    refused = pd.DataFrame([{"outcome": "y", "estimator": "fe", "moderator": "educ", "scenario": "educ"}])
    whole = pd.concat([surface_cells(), refused.assign(status="refused")], ignore_index=True)
    assert [key.estimator for key in surfaces_in(run, whole)] == ["rab"]


NB = "\u00a0"


def test_a_moderator_has_effects_thresholds_and_interactions(run):
    table = conditional_table(run, ("educ", "educ"))
    assert table.caption == "Effect by Schooling (years)"
    found = cells(table)
    assert list(found) == ["RAB", "Pooled OLS"]
    rab, ols = found.values()
    assert [cell.words[0].text for cell in rab[:3]] == ["6:", "11.45:", "16:"]
    # 0.068 (6 - 9.5) / 4 - 0.8 * 0.0008 * 9.818
    assert rab[0].text.startswith("6: −0.066 [")
    assert [cell.words[2].look for cell in rab[:3]] == ["lowest"] * 3
    assert rab[3].text == f"9.7 [9.1,{NB}10.4], from − to +, in 98% of draws"
    assert ols[3].text == "no change of sign"
    assert (rab[4].words, ols[4].words) == ("0.310", "0.000")
    assert rab[5].beneath == (f"[0.060,{NB}0.220]",)
