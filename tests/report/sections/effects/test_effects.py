"""The section of debiased effects: what it says, and what its figures show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.report.drawing.canvas import FigureRenderer, house_style
from harness.report.model.run import read_run
from harness.report.sections.effects.figure import draw_forest, draw_lines
from harness.report.sections.effects.rows import effects_of
from harness.report.sections.effects.scenes import centred, line_scene, whiskers_of
from harness.report.sections.effects.section import EffectsSection
from harness.report.sections.effects.table import effect_table
from harness.report.sections.effects.text import cautions
from harness.tables.effects import EFFECTS
from report.changed_run import with_table

METHODS = ("first_differences", "correlated_random_effects")


def effects(_frame, *, n_entities=545, share_left=0.6):
    """Return a table with a slope by both methods, one refusal, and a curve."""
    place = {"outcome": "lwage", "exposure": "exper", "learner": "boosting", "scenario": "effect"}
    fixed = place | {"n_entities": n_entities, "share_left": share_left, "status": "ok", "p_value": 0.01}
    numbers = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "robustness_value": 0.05}
    rows = [
        fixed | numbers | {"method": method, "form": "line", "band": "pointwise", "assumption": f"{method}."}
        for method in METHODS
    ]
    rows.append(place | {"method": METHODS[0], "form": "contrast", "status": "refused", "reason": "too many"})
    rows += [
        fixed
        | {"method": METHODS[0], "form": "curve", "band": band, "at": at, "estimate": at - 5.0}
        | {"conf_low": at - 5.0 - half, "conf_high": at - 5.0 + half, "assumption": f"{METHODS[0]}."}
        for band, half in (("pointwise", 1.0), ("simultaneous", 2.0))
        for at in (7.0, 3.0, 5.0)
    ]
    return pd.DataFrame(rows).reindex(columns=list(EFFECTS.columns))


@pytest.fixture(scope="module")
def run(wage):
    return with_table(read_run(wage), "effects", effects)


def test_the_forest_has_every_number_and_the_coefficients_beneath(run):
    (found,) = effects_of(run)
    whiskers = list(whiskers_of(run, found))
    assert [one.method for one in whiskers][:2] == list(METHODS)
    assert whiskers[0].label == "First differences, slope: Boosting"
    assert [one.label for one in whiskers[2:]][:2] == [
        "Coefficient: Pooled OLS",
        "Coefficient: Fixed effects",
    ]
    with house_style():
        (axes,) = draw_forest(whiskers, x_label="Effect").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [one.label for one in whiskers]
    assert [line.get_xdata()[0] for line in axes.lines[1:3]] == [0.1, 0.2]


def test_what_was_refused_is_a_row_with_its_reason(run):
    table = effect_table(run.manifest.study, effects_of(run)[0])
    assert [row.mark for row in table.effects] == ["", "", "a"]
    assert table.footnotes == (("a", "too many"),)
    assert (table.effects[0].effect.value, table.effects[0].effect.excludes_zero) == ("0.20", True)


def test_the_curve_stands_over_those_of_the_models_less_their_means(run):
    (found,) = effects_of(run)
    scene = line_scene(run, found, found.lines("curve"))
    (line,) = scene.lines
    assert line.at.tolist() == [3.0, 5.0, 7.0]
    assert (line.high - line.low).tolist() == [2.0] * 3
    assert (line.high_together - line.low_together).tolist() == [4.0] * 3
    assert scene.models
    with house_style():
        figure = draw_lines(scene)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(scene.models) > 1
    assert labels == ["models, each a line", "pointwise band", "simultaneous band"]
    legend, axes = figure.legends[0].get_window_extent(), figure.axes[0].get_window_extent()
    assert legend.height < axes.height / 2


def test_a_curve_is_centred_on_the_rows_and_not_on_the_grid():
    at, curve = np.array([0.0, 10.0]), np.array([1.0, 21.0])
    assert centred(at, curve, np.array([1.0, 1.0, 4.0])).tolist() == [-4.0, 16.0]


@pytest.mark.parametrize(
    ("n_entities", "n_effective", "share_left", "first_words"),
    [
        (545, 40.0, 0.6, []),
        (39, 1.06, 0.6, ["These intervals rest on 39 entities"]),
        (545, 1.06, 0.6, ["First differences, slope, learned by Boosting: what is left of the exposure is"]),
        (
            40,
            40.0,
            0.04,
            ["First differences, slope, learned by Boosting", "Correlated random effects, slope"],
        ),
    ],
)
def test_cautions_follow_from_entities_and_variation_left(
    run, n_entities, n_effective, share_left, first_words
):
    def changed(_frame):
        return effects(None, n_entities=n_entities, share_left=share_left).assign(n_effective=n_effective)

    rows = effects_of(with_table(run, "effects", changed))[0].rows
    said = list(cautions(run.manifest.study, rows))
    assert any("spread as among 1.1 entities" in sentence for sentence in said) == (
        n_entities >= 40 > n_effective
    )
    for words in first_words:
        assert any(sentence.startswith(words) for sentence in said)
    assert bool(said) == bool(first_words)
    if share_left < 0.05:
        assert "4.0% is left" in said[0]


def test_weak_instruments_are_warned_of_and_their_strength_stands_in_the_table(run):
    def instrumented(_frame):
        return effects(None).assign(method="instrumented", first_stage_f=6.04)

    (found,) = effects_of(with_table(run, "effects", instrumented))
    said = list(cautions(run.manifest.study, found.rows))
    assert len(said) == 2
    assert "(first-stage F 6.0, below 10)" in said[0]
    assert effect_table(run.manifest.study, found).effects[0].robustness == "first-stage F 6.0"
    with house_style():
        for changed, is_instrumented in ((with_table(run, "effects", instrumented), True), (run, False)):
            content = EffectsSection().content(changed, FigureRenderer(is_simulated=False))
            assert content.shown[0].is_instrumented == is_instrumented


def test_the_section_is_there_where_effects_are_and_says_what_they_assume(run, wage):
    assert not EffectsSection().is_present(read_run(wage))
    assert EffectsSection().is_present(run)
    with house_style():
        content = EffectsSection().content(run, FigureRenderer(is_simulated=False))
    (shown,) = content.shown
    assert shown.assumptions == (
        ("First differences", "first_differences."),
        ("Correlated random effects", "correlated_random_effects."),
    )
    assert [figure.name for figure in content.figures] == ["effects-lwage-exper", "effects-curve-lwage-exper"]
