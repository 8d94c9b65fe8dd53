"""Debiased effects, their sensitivity, and mediation."""

import numpy as np
import pandas as pd
import pytest

from harness.findings.rules.mediation import mediation_findings
from harness.findings.run import read_run
from harness.language import spoken
from harness.record.manifest import PrimaryRecord
from harness.report.blocks import Bullets, cell_of
from harness.report.drawing.canvas import house_style
from harness.report.drawing.forest import plot_forests
from harness.report.drawing.palette import METHOD_STYLES
from harness.report.figures.effects import plot_effect_curves, whiskers_of
from harness.report.sections.effect_rows import centred, effects_of, model_curves
from harness.report.sections.effects import (
    EFFECTS_SECTION,
    doubts,
    effect_table,
    identification_tables,
    plot_extremes,
    plot_sensitivity,
    sensitivity_figures,
    strongest_of,
)
from harness.report.sections.robustness import MEDIATION_SECTION
from harness.scenarios.panel_variations import CHANGES
from harness.scenarios.robustness import PERMUTED
from harness.tables.effects import EFFECT_TESTS, EFFECTS, MEDIATION, SENSITIVITY
from harness.tables.variations import VARIATION_EFFECTS
from harness.text.render import findings_table, with_text
from report.fake_run import (
    blocks_of,
    cells,
    legend_of,
    names_of_figures,
    plotted,
    tables_in,
    texts,
    with_study,
    with_table,
)

METHODS = ("first_differences", "correlated_random_effects")


def effects(_frame, *, n_entities=545, residual_share=0.6):
    """Return a table with a slope by both methods, one refusal, and a curve."""
    place = {"outcome": "lwage", "exposure": "exper", "learner": "boosting", "scenario": "effect"}
    fixed = place | {
        "n_entities": n_entities,
        "residual_share": residual_share,
        "status": "ok",
        "p_value": 0.01,
    }
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
    return pd.DataFrame(rows).reindex(columns=list(EFFECTS.columns))


@pytest.fixture(scope="module")
def run(wage):
    """Return a run to which effects are added."""
    return with_table(read_run(wage), "effects", effects)


def test_the_forest_has_every_number_and_the_coefficients_beneath(run):
    (found,) = effects_of(run)
    whiskers = list(whiskers_of(run, found))
    assert [one.style for one in whiskers][:2] == [METHOD_STYLES[name] for name in METHODS]
    assert whiskers[0].label == "First differences, slope"
    assert [one.label for one in whiskers[2:]][:2] == ["Pooled OLS", "Fixed effects"]
    with house_style():
        (axes,) = plot_forests([("", whiskers)], x_label="Effect").axes
    assert [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()] == [
        one.label for one in whiskers
    ]
    dots = [line for line in axes.lines if line.get_marker() in "oD"]
    assert [line.get_xdata()[0] for line in dots[:2]] == [0.2, 0.2]


def test_what_was_refused_is_a_row_with_its_reason(run):
    table = effect_table(run, effects_of(run))
    rows = [[cell_of(cell) for cell in row.cells] for row in table.groups[0].rows]
    assert [row[0].reason for row in rows[:3]] == ["", "", "too many"]
    assert table.marks == {"too many": "a"}
    assert (rows[0][1].words, rows[0][1].look) == ("0.20", "lowest")
    assert [row[0].text for row in rows[3:]] == ["Pooled OLS", "Fixed effects"]


def test_an_effect_that_is_open_once_adjusted_is_not_bold_whatever_its_interval(run):
    late = with_table(run, "effects", lambda _: effects(None).assign(p_value=0.02))
    (first, *_, coefficient) = effect_table(late, effects_of(late)).groups[0].rows
    assert cell_of(first.cells[1]).look == ""
    assert cell_of(coefficient.cells[1]).look == "lowest"


def test_the_curve_stands_over_those_of_the_models_less_their_means(run):
    (found,) = effects_of(run)
    assert len(model_curves(run, found)[0]) > 1
    figure = plotted(plot_effect_curves, run, [found])
    (axes,) = figure.axes
    assert axes.lines[-1].get_xdata().tolist() == [3.0, 5.0, 7.0]
    (band,) = (band.get_path().get_extents().height for band in axes.patches)
    assert band == 6.0  # the line rises by 4, its pointwise band is 2 high
    assert legend_of(figure) == ["First differences", "pointwise 95% band", "models, each a line"]


def test_a_curve_is_centred_on_the_rows_and_not_on_the_grid():
    at, curve = np.array([0.0, 10.0]), np.array([1.0, 21.0])
    assert centred(at, curve, np.array([1.0, 1.0, 4.0])).tolist() == [-4.0, 16.0]


def test_the_strength_of_weak_instruments_stands_in_the_table(run):
    def instrumented(_frame):
        every = effects(None).assign(method="instrumented", first_stage_f=6.04)
        weak = every.iloc[[0, 0]].assign(
            band="anderson_rubin", conf_low=[-np.inf, 2.0], conf_high=[-1.0, np.inf]
        )
        return pd.concat([every, weak])

    changed = with_table(run, "effects", instrumented)
    found = effects_of(changed)
    table = effect_table(changed, found)
    assert next(iter(cells(table).values()))[3].text == (
        "first-stage F 6.0, Anderson–Rubin set (−∞, −1] and [2, ∞)"
    )
    assert len(table.notes) == 1 + len(effect_table(run, effects_of(run)).notes)


def test_one_table_and_one_figure_show_the_effect_and_the_forest_is_in_the_appendix(run, wage):
    assert blocks_of(EFFECTS_SECTION, read_run(wage)) == []
    blocks = blocks_of(EFFECTS_SECTION, run)
    assert len(tables_in(blocks)) == 1
    assert isinstance(blocks[0], Bullets)
    assert names_of_figures(blocks) == ["effects-curve-exper", "effects-exper"]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({}, []),
        ({"n_entities": 29}, ["All effects: With 29 men, fewer than 30, its interval is rough."]),
        ({"residual_share": 0.04}, ["All effects: Only 4.0% of the exposure's variation remains given the "]),
    ],
)
def test_what_blocks_effects_stands_before_them_once(run, numbers, said):
    changed = with_table(run, "effects", lambda frame: effects(frame, **numbers))
    bullets = [*doubts(with_table(changed, "findings", lambda _: findings_table(changed)))]
    assert len(bullets) == len(said)
    assert all(bullet.startswith(start) for bullet, start in zip(bullets, said, strict=True))


def test_what_blocks_one_effect_names_it(run):
    def few(frame):
        rows = frame["form"] == "curve"
        return frame.assign(n_entities=frame["n_entities"].mask(rows, 29))

    changed = with_table(run, "effects", few)
    (bullet,) = doubts(with_table(changed, "findings", lambda _: findings_table(changed)))
    assert bullet.startswith("Effect: first differences, curve, Boosting: With 29 men, ")


PLACE = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "learner": "boosting"}


def with_rows(run, table, *rows):
    frame = pd.DataFrame([{"status": "ok", **row} for row in rows]).reindex(columns=list(table.columns))
    return with_table(run, table.name, lambda _: frame)


def test_each_assumption_has_what_the_tests_of_the_run_say(wage):
    primary = PrimaryRecord("effect", "first_differences", "line", "boosting", is_declared=True)
    run = with_study(read_run(wage), primary=primary)
    number = {"scenario": "effect", "form": "line", "band": "pointwise"}
    run = with_rows(run, EFFECTS, PLACE | number)
    (untested,) = identification_tables(run)
    assert [row[2] for row, _ in untested.body_rows] == ["–"] * 4
    checks = [(PERMUTED, 0.04), (CHANGES["lead"][0], 0.2)]
    rows = [{"list": "robustness", "variation": name, "p_value": p_value} for name, p_value in checks]
    run = with_rows(run, VARIATION_EFFECTS, *(PLACE | row for row in rows))
    moran = {"outcome": "lwage", "test": "moran", "p_value": 0.03}
    run = with_rows(run, EFFECT_TESTS, moran, moran | {"p_value": 0.5})
    (table,) = identification_tables(run)
    assert table.heads == (("Assumption", "Test", "Log wage"),)
    assert [row[2] for row, _ in table.body_rows] == ["0.040", "0.200", "0.200", "0.060"]


def table(_frame):
    place = {"outcome": "lwage", "exposure": "exper", "method": "first_differences", "status": "ok"}
    place |= {"learner": "boosting", "scenario": "effect", "robustness_value": 0.2, "oster_delta": 1.5}
    place |= {"overlap": 0.75}

    def row(covariate, multiple, r2, slope):
        numbers = {"r2_exposure": r2, "r2_outcome": r2, "estimate": slope}
        limits = {"conf_low": slope - 0.1, "conf_high": slope + 0.1}
        return place | {"covariate": covariate, "multiple": multiple} | numbers | limits

    rows = [row("", 0, 0.0, 0.5), *(row("educ", at, 0.01 * at, 0.5 - 0.01 * at) for at in (1, 2, 3))]
    rows += [row("hours", at, 0.1 * at, 0.5 - 0.2 * at) for at in (1, 2)]
    rows.append(place | {"covariate": "hours", "multiple": 3, "status": "refused", "reason": "too strong"})
    rows.append(place | {"method": "instrumented", "status": "refused", "reason": "not known"})
    return pd.DataFrame(rows).reindex(columns=list(SENSITIVITY.columns))


def test_the_strongest_covariate_is_named(wage):
    assert not strongest_of(read_run(wage))
    run = with_table(read_run(wage), "sensitivity", table)
    (row,) = strongest_of(run).values()
    assert (row.covariate, row.multiple, row.estimate) == ("hours", 1, 0.3)
    names = [figure.name for figure in plotted(sensitivity_figures, run)]
    assert names == [f"{kind}-exper-first_differences-boosting" for kind in ("sensitivity", "extremes")]


def test_contours_are_those_of_the_bound_and_points_lie_on_theirs(wage):
    run = with_table(read_run(wage), "sensitivity", table)
    rows = run.rows(SENSITIVITY)[:7]
    (axes,) = plotted(plot_sensitivity, run.manifest.study, [rows]).axes
    zero = axes.collections[-1]
    x, y = zero.get_paths()[0].vertices.T / 100.0
    # With slope 0.5 and robustness value 0.2 both shares are 0.2 where the slope is zero.
    assert abs(x * y / (1.0 - x) - 0.2 * 0.2 / 0.8).max() < 0.002
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 3]
    assert [line.get_label().split()[0] for line in axes.lines] == ["hours", "Schooling"]


def test_extremes_are_lines_of_the_bound_for_much_of_the_outcome(wage):
    run = with_table(read_run(wage), "sensitivity", table)
    (axes,) = plotted(plot_extremes, run.manifest.study, [run.rows(SENSITIVITY)[:7]]).axes
    for line, explained in zip(axes.lines, (1.0, 0.75, 0.5), strict=False):
        x, slope = line.get_xdata() / 100.0, line.get_ydata()
        # With slope 0.5 and robustness value 0.2 it is zero where shares x and y have x y / (1 - x) = .05.
        assert abs(slope - 0.5 * (1.0 - np.sqrt(explained * x / (1.0 - x) / 0.05))).max() < 1e-12


def paths(_frame):
    place = {"outcome": "lwage", "exposure": "exper", "scenario": "mediation", "rho": 0.0, "n_entities": 100}
    place |= {"status": "ok", "learner": "boosting", "method": "first_differences", "mediator": "hours"}
    number = {"estimate": 0.2, "conf_low": 0.1, "conf_high": 0.3, "p_value": 0.01}
    indirect = place | number | {"path": "indirect", "share": 0.5, "rho_zero": -0.25}
    flat = {"mediator": "union", "estimate": 0.01, "conf_low": -0.1, "conf_high": 0.1, "p_value": 0.9}
    rows = [
        *(place | number | {"path": path} for path in ("total", "to_mediator", "from_mediator", "direct")),
        indirect,
        indirect | {"rho": 0.5, "estimate": 0.9},
        place | number | {"path": "total", "method": "two_way_fixed_effects"},
        indirect | flat,
        place | {"mediator": "occupation", "status": "refused", "reason": "no variation"},
    ]
    return pd.DataFrame(rows).reindex(columns=list(MEDIATION.columns))


def test_a_sentence_and_a_row_for_each_mediator(wage):
    mediated = with_table(read_run(wage), "mediation", paths)
    run = with_table(mediated, "findings", lambda _: findings_table(mediated))
    said, shown = blocks_of(MEDIATION_SECTION, run)
    hours, union = (words.replace("\xa0", " ") for words in said.points)
    assert hours.startswith("Through hours, one unit more of Experience raises Log wage by 0.20")
    assert hours.endswith(
        "50% of the total effect. It vanishes if the errors of mediator and outcome correlate by −0.25."
    )
    assert union.endswith("not significantly different from zero.")
    interval = "0.20 [0.10,\u00a00.30]"
    assert texts(shown) == {
        "First differences, Boosting": [*[interval] * 5, "50.0%", "−0.25"],
        "Three steps, two-way fixed effects": [interval, *["–"] * 6],
    }
    assert [group.heading for group in shown.groups] == ["hours", "union", "occupation"]
    assert shown.marks == {"no variation": "a"}
    first, second = mediation_findings(run, "lwage")
    assert (first.is_established, first.p_adjusted, second.is_established) == (True, 0.02, False)
    with spoken("zh"):
        words = with_text(first, run.manifest.study)
    assert "占总效应的 50%" in words.text.replace("\xa0", " ")
    assert words.caveats_text == "该结论假设：给定核心解释变量与控制变量，中介变量近似随机。"
