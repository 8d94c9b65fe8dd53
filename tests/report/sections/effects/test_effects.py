"""The section of debiased effects: what it says, and what its figures show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.blocks import SmallPrint, plain_words
from harness.report.drawing.canvas import house_style
from harness.report.drawing.forest import plot_forest
from harness.report.drawing.palette import METHOD_STYLES
from harness.report.sections.effects.rows import effects_of
from harness.report.sections.effects.section import (
    EFFECTS_SECTION,
    cautions,
    centred,
    effect_table,
    model_curves,
    plot_effect_lines,
    whiskers_of,
)
from harness.report.table import cell_of
from harness.tables.effects import EFFECTS as TABLE
from report.changed_run import with_table
from report.shown_blocks import blocks_of, cells, legend_of, names_of_figures, plotted, tables_in

METHODS = ("first_differences", "correlated_random_effects")


def effects(_frame, *, n_entities=545, share_left=0.6):
    """Return a table with a slope by both methods, one refusal, and a curve."""
    place = {"outcome": "lwage", "exposure": "exper", "learner": "boosting", "scenario": "effect"}
    fixed = place | {"n_entities": n_entities, "share_left": share_left, "status": "ok", "p_value": 0.01}
    fixed |= {"errors": "entity"}
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
    return pd.DataFrame(rows).reindex(columns=list(TABLE.columns))


@pytest.fixture(scope="module")
def run(wage):
    """Return a run to which effects are added."""
    return with_table(read_run(wage), "effects", effects)


def test_the_forest_has_every_number_and_the_coefficients_beneath(run):
    (found,) = effects_of(run)
    whiskers = list(whiskers_of(run, found))
    assert [one.style for one in whiskers][:2] == [METHOD_STYLES[name] for name in METHODS]
    assert whiskers[0].label == "First differences, slope: Boosting"
    assert [one.label for one in whiskers[2:]][:2] == [
        "Coefficient: Pooled OLS",
        "Coefficient: Fixed effects",
    ]
    with house_style():
        (axes,) = plot_forest([("", whiskers)], x_label="Effect").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [one.label for one in whiskers]
    dots = [line for line in axes.lines if line.get_marker() in "oD"]
    assert [line.get_xdata()[0] for line in dots[:2]] == [0.2, 0.2]


def test_what_was_refused_is_a_row_with_its_reason(run):
    table = effect_table(run.manifest.study, effects_of(run)[0])
    rows = [[cell_of(cell) for cell in row.cells] for row in table.groups[0].rows]
    assert [row[0].mark for row in rows[:3]] == ["", "", "a"]
    assert table.footnotes == (("a", "too many"),)
    assert (rows[0][2].words, rows[0][2].look) == ("0.20", "lowest")
    assert table.most == 3  # the coefficients are in the files


def test_the_curve_stands_over_those_of_the_models_less_their_means(run):
    (found,) = effects_of(run)
    assert len(model_curves(run, found)[0]) > 1
    figure = plotted(plot_effect_lines, run, found, found.lines("curve"))
    (axes,) = figure.axes
    assert axes.lines[-1].get_xdata().tolist() == [3.0, 5.0, 7.0]
    outer, inner = (band.get_extents().height for band in axes.patches)
    assert (outer, inner) == (8.0, 6.0)  # the line rises by 4, its bands are 4 and 2 high
    assert legend_of(figure) == ["models, each a line", "pointwise 95% band", "simultaneous 95% band"]
    legend = figure.legends[0].get_window_extent()
    assert legend.height < axes.get_window_extent().height / 2


def test_a_curve_is_centred_on_the_rows_and_not_on_the_grid():
    at, curve = np.array([0.0, 10.0]), np.array([1.0, 21.0])
    assert centred(at, curve, np.array([1.0, 1.0, 4.0])).tolist() == [-4.0, 16.0]


@pytest.mark.parametrize(
    ("n_entities", "share_left", "first_words"),
    [
        (545, 0.6, []),
        (29, 0.6, ["These intervals rest on 29 entities"]),
        (
            30,
            0.04,
            ["First differences, slope, learned by Boosting", "Correlated random effects, slope"],
        ),
    ],
)
def test_cautions_follow_from_entities_and_variation_left(run, n_entities, share_left, first_words):
    def changed(_frame):
        return effects(None, n_entities=n_entities, share_left=share_left)

    rows = effects_of(with_table(run, "effects", changed))[0].rows
    said = list(cautions(run.manifest.study, rows))
    for words in first_words:
        assert any(sentence.startswith(words) for sentence in said)
    assert bool(said) == bool(first_words)
    if share_left < 0.05:
        assert "4.0% is left" in said[0]


def test_methods_that_part_are_warned_of_once(run):
    changed = with_table(run, "effects", lambda _: effects(None).assign(p_methods=0.002))
    said = list(cautions(run.manifest.study, effects_of(changed)[0].rows))
    assert len(said) == 2
    assert said[0].startswith("First differences and correlated random effects find different effects (p")
    assert "slope, learned by Boosting" in said[0]


def test_weak_instruments_are_warned_of_and_their_strength_stands_in_the_table(run):
    def instrumented(_frame):
        every = effects(None).assign(method="instrumented", first_stage_f=6.04)
        weak = every.iloc[[0, 0]].assign(
            band="anderson_rubin", conf_low=[-np.inf, 2.0], conf_high=[-1.0, np.inf]
        )
        return pd.concat([every, weak])

    (found,) = effects_of(with_table(run, "effects", instrumented))
    said = list(cautions(run.manifest.study, found.rows))
    assert len(said) == 2
    assert "(first-stage F 6.0, below 10)" in said[0]
    table = effect_table(run.manifest.study, found)
    assert next(iter(cells(table).values()))[4].text == (
        "first-stage F 6.0, Anderson–Rubin set (−∞, −1] and [2, ∞)"
    )
    assert table.notes[-1].endswith("which holds however weak they are.")
    own = effect_table(run.manifest.study, effects_of(run)[0])
    assert "With instruments" not in own.notes[-1]


def test_the_section_is_there_where_effects_are_and_says_what_they_assume(run, wage):
    assert blocks_of(EFFECTS_SECTION, read_run(wage)) == []
    blocks = blocks_of(EFFECTS_SECTION, run)
    assert len(tables_in(blocks)) == 1
    assert [plain_words(one.words) for one in blocks if isinstance(one, SmallPrint)] == [
        "First differences assume: first_differences.",
        "Correlated random effects assume: correlated_random_effects.",
    ]
    assert names_of_figures(blocks) == ["effects-lwage-exper", "effects-curve-lwage-exper"]
