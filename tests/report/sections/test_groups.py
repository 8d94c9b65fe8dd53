"""Groups: rows, table and figure."""

import numpy as np
import pytest

from harness.report.figures.effects import levels_of, plot_groups
from harness.report.sections.heterogeneity_tables import (
    difference_table,
    group_table,
    grouped_by,
    partitions,
    rows_of_groups,
)
from harness.tables.heterogeneity import HETEROGENEITY
from report.changed_run import with_table, with_truth
from report.shown_blocks import cells, legend_of, plotted

NB = "\u00a0"
SIZE, RANK = ("size", "size"), ("rank", "rank")


def test_levels_of_a_group_are_its_quantiles_and_a_refused_one_has_none(run):
    assert partitions(run) == (SIZE, RANK)
    rows = rows_of_groups(run, HETEROGENEITY, RANK, "lwage", "ols")
    assert [(row.group, row.mode, row.is_done) for row in rows] == [
        ("first rank", "pooled", True),
        ("other", "pooled", True),
        ("first rank", "refit", True),
        ("other", "refit", False),
    ]
    levels = levels_of(run, RANK, "lwage", "ols")
    assert set(levels) == {(row.group, row.mode) for row in rows if row.is_done}
    quantile, level = levels["first rank", "pooled"]
    assert quantile.tolist() == pytest.approx(np.linspace(0.0, 1.0, 41).tolist())
    assert level[20] == pytest.approx(1.6)


def test_groups_have_levels_effects_and_differences(run):
    grouped = grouped_by(run, SIZE)
    table, differences = group_table(grouped), difference_table(grouped)
    headings = ["Log wage (log dollars an hour), RAB", "Log wage (log dollars an hour), Pooled OLS"]
    assert [group.heading for group in table.groups] == headings
    n_obs, n_entities, effect, level, refit, _ = cells(table)["small and medium"]
    assert (n_obs.text, n_entities.text) == ("402", "52")
    assert (effect.words, effect.beneath) == ("0.010", (f"[0.004,{NB}0.016]",))
    assert (effect.look, refit.look) == ("lowest", "")
    assert (level.words, level.beneath, level.look) == ("1.700", (f"[1.670,{NB}1.720]",), "")
    name, (first, *_) = next(iter(cells(differences).items()))
    assert (name, first.words) == ("large less mega and super", "0.012")
    assert not any(own[0].look for own in cells(differences, 1).values())


def test_what_has_no_answer_tells_why(run):
    table = group_table(grouped_by(run, RANK))
    refused = table.groups[1].rows[1].cells[5]
    assert (refused.words, refused.mark) == ("–", "a")
    reason = "fold 1: experience is absorbed by the entity and time effects together"
    assert table.footnotes == (("a", reason),)
    nothing = {"group": "", "mode": "", "status": "refused", "reason": "why", "effect": float("nan")}
    own = with_table(run, "heterogeneity", lambda frame: frame.head(1).assign(**nothing))
    own = with_table(own, "heterogeneity_differences", lambda frame: frame.head(0))
    (group,) = group_table(grouped_by(own, SIZE)).groups
    (row,) = group.rows
    assert (row.cells[0], [cell.mark for cell in row.cells[3::2]]) == ("all groups", ["a", "a"])


def test_boxes_and_effects_of_groups(run):
    effects, pooled, refit = plotted(plot_groups, run, SIZE, ["lwage"], "rab").axes
    names = [label.get_text().replace("\n", " ") for label in effects.get_xticklabels()]
    assert names == ["large", "mega and super", "small and medium"]
    assert pooled.get_title(loc="left") == "Log wage"
    for levels in (pooled, refit):
        medians = [line for line in levels.lines if line.get_linewidth() == 1.6]
        # levels are 1.6 + 0.05 a group at the middle quantile, pooled and refitted alike
        assert [float(line.get_ydata()[0]) for line in medians] == pytest.approx([1.6, 1.65, 1.7])
    dots = {round(float(line.get_xdata()[0]), 2): line for line in effects.lines if line.get_marker() in "oD"}
    assert float(dots[-0.19].get_ydata()[0]) == pytest.approx(0.034)
    assert float(dots[2.19].get_ydata()[0]) == pytest.approx(0.034 - 0.024)
    assert effects.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"


def test_the_truth_of_groups_is_dashed_across_their_positions(run):
    rows = [("effect", "large", 0.05), ("effect", "mega and super", 0.01), ("median", "large", 1.7)]
    own = with_truth(
        run, "size", *({"kind": kind, "group": name, "truth": number} for kind, name, number in rows)
    )
    figure = plotted(plot_groups, own, SIZE, ["lwage"], "rab")
    effects, levels, refit = ([line for line in axes.lines if line.is_dashed()] for axes in figure.axes)
    assert [list(line.get_ydata()) for line in effects] == [[0.05, 0.05], [0.01, 0.01]]
    assert [float(np.mean(line.get_xdata())) for line in effects] == [0.0, 1.0]
    assert [list(line.get_ydata()) for line in levels] == [[1.7, 1.7]]
    assert refit == []  # a model for each group averages over other rows
    assert "truth (simulated)" in legend_of(figure)
    assert figure.axes[0].get_ylim()[1] < 0.05  # the axis is that of the estimates


def test_the_two_levels_of_a_binary_exposure_are_not_drawn(run):
    own = with_table(
        run, "heterogeneity_rows", lambda frame: frame.assign(level=(frame["quantile"] > 0.5) * 1.0)
    )
    (effects,) = plotted(plot_groups, own, SIZE, ["lwage"], "rab").axes
    assert effects.get_title(loc="left") == "Log wage"
