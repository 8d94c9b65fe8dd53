"""The first screen: sentences from findings, columns of the figure of gains, and curves less their mean."""

import shutil
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from harness.findings.gains import Gains
from harness.findings.run import Run, read_run
from harness.record.study import PrimaryRecord
from harness.report.drawing.canvas import house_style
from harness.report.front import (
    effect_sentences,
    gain_sentence,
    leading_curves,
    leading_protocols,
    plot_front_curve,
    plot_front_gains,
    published_protocol,
    shape,
    slope_shape,
)
from harness.report.page import Numbering
from harness.report.write import BRIEF, Reporter
from harness.running.csv_table import as_declared
from harness.tables.effects import EFFECTS
from harness.tables.findings import FINDINGS
from report.changed_run import with_study, with_table

MOST_WORDS = 600


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def without(run, kept):
    """Return the run with some of its protocols alone."""
    study = run.manifest.study
    protocols = tuple(protocol for protocol in study.protocols if kept(protocol))
    return Run(replace(run.manifest, study=replace(study, protocols=protocols)), run.folder)


def test_the_verdict_is_of_entities_not_used_in_training_where_a_protocol_holds_some_out(run):
    new = "For entities not used in training, no estimator predicts better than Pooled OLS"
    said = gain_sentence(run, "lwage")
    assert said.startswith(new)
    assert said.count("For ") == 1
    known = gain_sentence(without(run, lambda protocol: protocol.knows_entities), "lwage")
    assert (
        "the mean squared error of Fixed effects is 40% (95% CI 34 to 44) below that of Pooled OLS" in known
    )


def test_columns_are_entities_never_seen_and_later_periods_and_the_published_comparison_is_pale(run):
    study = run.manifest.study
    assert [protocol.use for protocol in leading_protocols(study)] == ["held_out_entities", "forward"]
    assert published_protocol(study).use == "as_published"
    assert [one.keeps_test_rows_apart for one in study.honest_first] == [True, True, False, False]
    alone = replace(study, protocols=study.protocols[:1])
    assert [protocol.use for protocol in leading_protocols(alone)] == ["as_published"]
    assert published_protocol(alone) is None


@pytest.mark.parametrize(
    ("is_primary", "said"), [(True, "Primary effect"), (False, "Not declared beforehand")]
)
def test_the_first_screen_has_the_effect_that_comes_first_whatever_it_says(run, is_primary, said):
    """What is established is not chosen in its place, nor what a model says of itself."""
    row = {
        "outcome": "lwage",
        "finding": "effect",
        "estimator": "",
        "is_primary": False,
        "is_established": True,
    }
    first = row | {"is_primary": is_primary, "is_established": False, "text": "Open.", "caveats": "Assumed."}
    model = row | {"finding": "model_curve", "estimator": "rab", "text": "It rises."}
    rows = [model, first, row | {"text": "It is there."}]
    table = as_declared(FINDINGS, [pd.DataFrame(rows)])
    primary = PrimaryRecord("effect", "first_differences", "line", "ols", is_declared=is_primary)
    changed = with_table(with_study(run, primary=primary), "findings", lambda _: table)
    assert effect_sentences(changed, "lwage") == (f"{said}: Open.", "Assumed.")
    assert effect_sentences(run, "lwage") == ("", "")
    place = {"scenario": "effect", "method": "first_differences", "form": "line", "learner": "ols"}
    place |= {"outcome": "lwage", "exposure": "exper", "band": "pointwise", "status": "ok"}
    effects = as_declared(EFFECTS, [pd.DataFrame([place | {"robustness_value": 0.0048}])])
    fragile = "An omitted variable that explains 0.5% of the remaining variation of both"
    _, about = effect_sentences(with_table(changed, "effects", lambda _: effects), "lwage")
    assert about.startswith(fragile)


def test_the_shape_of_the_panel(run):
    assert shape(run.manifest.study, run.manifest.data) == (
        "545 entities (man) × 8 periods (1980 to 1987), 4,360 rows"
    )


def test_the_curves_are_those_of_the_reference_and_of_the_leading_estimator(run):
    first, leading = leading_curves(run, "lwage")
    assert first.estimator == run.manifest.study.reference != leading.estimator
    assert leading_curves(run, "no such outcome") == ()


def with_labels(run, label):
    """Return the run with estimators that are called `label` and their number."""
    estimators = tuple(
        replace(entry, label=f"{label} {place}") for place, entry in enumerate(run.manifest.study.estimators)
    )
    return with_study(run, estimators=estimators)


@pytest.mark.parametrize(("label", "n_columns"), [("RAB", 2), ("RAB (bootstrapped SOM + ANN)", 1)])
def test_names_in_the_legend_of_the_curves_are_whole(run, label, n_columns):
    named = with_labels(run, label)
    with house_style():
        figure = plot_front_curve(named, "lwage", leading_curves(named, "lwage"))
        (legend,) = figure.legends
        figure.draw_without_rendering()
        assert legend.get_window_extent().x1 < figure.bbox.x1
    shown = [entry.label for entry in named.manifest.study.estimators]
    assert all(text.get_text() in shown for text in legend.get_texts())
    assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == n_columns


def test_names_of_two_lines_beside_gains_stand_apart(run):
    named = with_labels(run, "Bootstrapped networks with effects")
    with house_style():
        figure = plot_front_gains(Gains(named), "lwage")
        figure.draw_without_rendering()
        names = [text.get_window_extent() for text in figure.axes[0].get_yticklabels()]
    assert len(names) > 2
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(names))


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
    assert source.count("<img ") == 2
    assert "<script" not in source
    for code in set(read_run(wage).frame("warnings")["code"]):
        assert f"<h4>{code}</h4>" in source


def test_a_caveat_is_said_once():
    numbers = Numbering()
    assert numbers.add("Time was seen once. FE knows entities.") == "Time was seen once. FE knows entities."
    assert numbers.missing("Time was seen once.") == ""
    assert numbers.add("Time was seen once. RAB has few draws.") == "RAB has few draws."
