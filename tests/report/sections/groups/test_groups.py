"""Groups: rows, table and figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.report.drawing.canvas import house_style
from harness.report.sections.groups.figure import group_caption, group_scene, plot_groups
from harness.report.sections.groups.rows import groups_of
from harness.report.sections.groups.section import difference_table, group_table, grouped_by
from report.changed_run import with_table
from report.shown_blocks import cells

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_levels_of_a_group_are_its_quantiles(wage):
    groups = read_run(wage).view(groups_of)
    rows = groups.of(("rank", "rank"), "lwage", "ols")
    assert [(row.group, row.mode, row.is_done) for row in rows] == [
        ("first rank", "pooled", True),
        ("other", "pooled", True),
        ("first rank", "refit", True),
        ("other", "refit", False),
    ]
    levels = groups.levels_of(rows[0])
    assert levels.quantile.tolist() == pytest.approx(np.linspace(0.0, 1.0, 41).tolist())
    assert levels.level[20] == pytest.approx(1.6)
    assert groups.levels_of(rows[3]) is None


def test_groups_have_levels_effects_and_differences(run):
    grouped = grouped_by(run, ("size", "size"))
    table, differences = group_table(grouped), difference_table(grouped)
    headings = ["Log wage (log dollars an hour), RAB", "Log wage (log dollars an hour), Pooled OLS"]
    assert [group.heading for group in table.groups] == headings
    n_obs, n_entities, effect, level, refit, _ = cells(table)["small and medium"]
    assert (n_obs.text, n_entities.text) == ("402", "52")
    assert (effect.words, effect.beneath) == ("0.010", (f"[0.004,{NB}0.016]",))
    assert (effect.look, refit.look) == ("lowest", "")
    assert (level.words, level.beneath) == ("1.700", (f"[1.670,{NB}1.720]",))
    name, (first, *_) = next(iter(cells(differences).items()))
    assert (name, first.words) == ("large less mega and super", "0.012")
    assert not any(own[0].look for own in cells(differences, 1).values())


def test_a_group_that_cannot_be_refitted_says_why(run):
    table = group_table(grouped_by(run, ("rank", "rank")))
    refused = table.groups[1].rows[1].cells[5]
    assert (refused.words, refused.mark) == ("–", "a")
    assert table.footnotes == (
        ("a", "fold 1: experience is absorbed by the entity and time effects together"),
    )


def test_an_estimator_without_any_group_has_one_row(run):
    refused = {"group": "", "mode": "", "status": "refused", "reason": "why", "effect": float("nan")}
    own = with_table(run, "heterogeneity", lambda frame: frame.head(1).assign(**refused))
    own = with_table(own, "heterogeneity_differences", lambda frame: frame.head(0))
    (group,) = group_table(grouped_by(own, own.view(groups_of).partitions[0])).groups
    (row,) = group.rows
    assert (row.cells[0], [cell.mark for cell in row.cells[3::2]]) == ("all groups", ["a", "a"])


def test_boxes_and_effects_of_groups(run):
    scene = group_scene(run, ("size", "size"), "lwage", "rab")
    with house_style():
        effects, pooled, refit = plot_groups([scene]).axes
    assert scene.groups == ("large", "mega and super", "small and medium")
    assert pooled.get_title(loc="left") == "Log wage"
    for levels in (pooled, refit):
        medians = [line for line in levels.lines if line.get_linewidth() == 1.6]
        # levels are 1.6 + 0.05 a group at the middle quantile, pooled and refitted alike
        assert [float(line.get_ydata()[0]) for line in medians] == pytest.approx([1.6, 1.65, 1.7])
    dots = {round(float(line.get_xdata()[0]), 2): line for line in effects.lines if line.get_marker() in "oD"}
    assert float(dots[-0.19].get_ydata()[0]) == pytest.approx(0.034)
    assert float(dots[2.19].get_ydata()[0]) == pytest.approx(0.034 - 0.024)
    assert effects.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"


def test_a_group_without_an_answer_has_no_box(run):
    scene = group_scene(run, ("rank", "rank"), "lwage", "ols")
    assert {(box.row.group, box.row.mode) for box in scene.boxes} == {
        ("first rank", "pooled"),
        ("other", "pooled"),
        ("first rank", "refit"),
    }


def group_names(run, names):
    scene = replace(group_scene(run, ("size", "size"), "lwage", "rab"), groups=names, boxes=())
    with house_style():
        effects = plot_groups([scene]).axes[0]
    return [one.get_text() for one in effects.get_xticklabels()], effects.get_xticklabels()[0].get_rotation()


def test_names_of_groups_break_where_they_can(run):
    names, rotation = group_names(run, ("low_income", "lower_middle_income", "upper", "high_income"))
    assert names == ["low_\nincome", "lower_\nmiddle_\nincome", "upper", "high_\nincome"]
    assert rotation == 0.0


def test_names_of_many_groups_stand_upright(run):
    names, rotation = group_names(run, tuple(f"province number {at} of many" for at in range(6)))
    assert names[0] == "province number 0…"
    assert rotation == 90.0


def true_of(run, **numbers):
    """Return a run with the true number of each group of the partition by size."""
    frame = pd.DataFrame(
        [
            {"kind": kind, "group": name, "truth": number}
            for kind, own in numbers.items()
            for name, number in own.items()
        ]
    ).assign(outcome="lwage", scenario="size", at=np.nan, moderator_at=np.nan)
    return with_table(run, "truth", lambda _: frame)


def test_the_truth_of_groups_is_dashed_across_their_places(run):
    own = true_of(run, effect={"large": 0.05, "mega and super": 0.01}, median={"large": 1.7})
    scene = group_scene(own, ("size", "size"), "lwage", "rab")
    with house_style():
        figure = plot_groups([scene])
    effects, pooled, refit = figure.axes
    dashes = [[line for line in axes.lines if line.is_dashed()] for axes in (effects, pooled, refit)]
    assert [list(line.get_ydata()) for line in dashes[0]] == [[0.05, 0.05], [0.01, 0.01]]
    assert [float(np.mean(line.get_xdata())) for line in dashes[0]] == [0.0, 1.0]
    assert [list(line.get_ydata()) for line in dashes[1]] == [[1.7, 1.7]]
    assert dashes[2] == []  # a model for each group averages over other rows
    assert "truth (simulated)" in [text.get_text() for text in figure.legends[0].get_texts()]
    caption = group_caption(own.manifest.study, "size", own.manifest.study.estimators[3], scene)
    assert "Below: the mean effect in each group" in caption
    assert caption.endswith("the truth behind the simulated data for one model of all groups.")


def test_the_two_levels_of_a_binary_exposure_are_not_drawn(run):
    own = with_table(
        run, "heterogeneity_rows", lambda frame: frame.assign(level=(frame["quantile"] > 0.5) * 1.0)
    )
    scene = group_scene(own, ("size", "size"), "lwage", "rab")
    assert not scene.has_levels
    with house_style():
        (effects,) = plot_groups([scene]).axes
    assert effects.get_title(loc="left") == "Log wage"
    caption = group_caption(own.manifest.study, "size", own.manifest.study.estimators[3], scene)
    assert "of one value of Experience less the other" in caption
