"""The figure of groups: boxes of levels above effects with intervals, a column for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.findings.lines import true_of_groups
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.palette import MODE_STYLES
from harness.report.drawing.series import effect_unit_label, zero_line
from harness.report.drawing.truth import plot_true_places, true_place_handle
from harness.report.sections.groups.rows import MODES, POOLED, GroupLevels, Partition, groups_of
from harness.report.sections.section import featured
from harness.tables.heterogeneity import GroupRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, shortened, wrapped

MOST_COLUMNS = 3
EFFECTS_HEIGHT, LEVELS_HEIGHT = 2.2, 1.35
"""Inches of the panel of effects, and of each panel of levels above it."""

BOX = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles at the lower whisker, the lower hinge, the median, the upper hinge and the upper whisker."""

OFFSET = 0.19
"""Of the two modes from the middle of their group."""

WIDTH = 0.42
"""Of a box."""

LABEL_WIDTHS = {1: 10, 2: 10, 3: 8, 4: 7}
"""Characters on a line of a group's name, by the number of groups; each has three lines."""

UPRIGHT = 5
"""So many groups have their names upright, each on one line."""

UPRIGHT_LABEL = 18

MODE_LABELS = {"pooled": marked("one model for all groups"), "refit": marked("a model for each group")}


@dataclass(frozen=True, eq=False)
class Box:
    """One group under one mode: its row, and the quantiles of its levels where it has any."""

    row: GroupRow
    levels: GroupLevels | None


@dataclass(frozen=True, eq=False)
class GroupScene:
    """What one outcome's panels show.

    Attributes
    ----------
    boxes : one a group and mode
    groups : names, in the order of the horizontal axis
    true_levels, true_effects : the true number of each group, where data are simulated
    has_levels : whether levels are drawn; those of an exposure of two values are but two numbers
    outcome : how it is called
    level_label, effect_label : of the vertical axes, with units
    """

    boxes: Sequence[Box]
    groups: Sequence[str]
    outcome: str
    level_label: str
    effect_label: str
    true_levels: Mapping[str, float] = field(default_factory=dict)
    true_effects: Mapping[str, float] = field(default_factory=dict)
    has_levels: bool = True

    def has_boxes(self, mode: str) -> bool:
        """Return whether levels of a mode are drawn."""
        return self.has_levels and any(box.levels is not None and box.row.mode == mode for box in self.boxes)


def group_figures(run: Run, partition: Partition, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the groups of one partition, a figure for each featured estimator that has any."""
    study = run.manifest.study
    scenario, by = partition
    for estimator in featured(run):
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := group_scene(run, partition, outcome, estimator.id)).boxes
        ]
        if scenes:
            yield renderer.render(
                f"groups-{file_slug(scenario)}-{file_slug(estimator.id)}",
                plot_groups(scenes),
                alt=gettext("Boxes of levels and dots of effects by {by}, {label}.").format(
                    by=study.label(by), label=estimator.label
                ),
                caption=group_caption(study, by, estimator, scenes[0]),
            )


def group_scene(run: Run, partition: Partition, outcome: str, estimator: str) -> GroupScene:
    """Return what the figure of groups shows for one outcome; no boxes where the estimator has no answer."""
    study = run.manifest.study
    rows = [row for row in run.view(groups_of).of(partition, outcome, estimator) if row.is_done]
    boxes = tuple(Box(row, run.view(groups_of).levels_of(row)) for row in rows)
    return GroupScene(
        boxes=boxes,
        groups=tuple(dict.fromkeys(row.group for row in rows)),
        outcome=study.label(outcome),
        level_label=gettext("Level ({outcome})").format(outcome=study.unit(outcome))
        if study.unit(outcome)
        else gettext("Level"),
        effect_label=effect_unit_label(study, outcome),
        true_levels=true_of_groups(run, outcome, partition[0], "median"),
        true_effects=true_of_groups(run, outcome, partition[0], "effect"),
        has_levels=any(box.levels is not None and not box.levels.are_two for box in boxes),
    )


def group_caption(study: StudyRecord, by: str, estimator: EstimatorRecord, scene: GroupScene) -> str:
    """Return the caption of the figure of groups, of whose outcomes `scene` is one."""
    exposure, level = study.label(study.exposure), percent(study.level, 0)
    effect = gettext("the mean effect in each group with its {level} interval").format(level=level)
    if scene.has_levels:
        text = gettext(
            "{label} by {by}. Below: {effect}. Above it: levels of the net effect curve at the "
            "{exposure} of each group's own rows; the line is the median, the box holds the "
            "middle half, whiskers reach from the 5th to the 95th percentile. Groups differ in "
            "level as their exposures, or the other variables of a model of their own, do."
        ).format(label=estimator.label, by=study.label(by), effect=effect, exposure=exposure)
    else:
        text = gettext(
            "{label} by {by}: {effect}, of one value of {exposure} less the other, averaged over "
            "the group's rows."
        ).format(label=estimator.label, by=study.label(by), effect=effect, exposure=exposure)
    if scene.true_effects:
        text += gettext(
            " The dashed strokes are the truth behind the simulated data for one model of all groups."
        )
    return text


def plot_groups(scenes: Sequence[GroupScene]) -> Figure:
    """Return the figure of one partition, the scenes one an outcome; more than three go to further rows."""
    n_columns = min(MOST_COLUMNS, len(scenes))
    n_rows = math.ceil(len(scenes) / n_columns)
    modes = [mode for mode in MODES if any(scene.has_boxes(mode) for scene in scenes)]
    height = EFFECTS_HEIGHT + LEVELS_HEIGHT * len(modes)
    figure = new_figure(DOUBLE_COLUMN if n_columns > 1 else SINGLE_COLUMN, 0.7 + height * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns)
    for place, scene in enumerate(scenes):
        parts = grid[place].subgridspec(len(modes) + 1, 1)
        effects = figure.add_subplot(parts[len(modes)])
        panels = [figure.add_subplot(parts[row], sharex=effects) for row in range(len(modes))]
        for axes, mode in zip(panels, modes, strict=True):
            _plot_levels(axes, scene, mode)
        (panels[0] if panels else effects).set_title(drawable_lines(scene.outcome, 26), loc="left")
        _plot_effects(effects, scene)
    shown = [mode for mode in MODES if any(box.row.mode == mode for scene in scenes for box in scene.boxes)]
    handles = list(_handles(shown))
    if any(scene.true_effects for scene in scenes):
        handles.append(true_place_handle())
    figure.legend(handles=handles, loc="outside upper left", ncols=1 if n_columns == 1 else len(handles))
    return figure


def _place(scene: GroupScene, box: Box) -> float:
    return scene.groups.index(box.row.group) + (OFFSET if box.row.mode == "refit" else -OFFSET)


def _plot_levels(axes: Axes, scene: GroupScene, mode: str) -> None:
    """Draw the boxes of one mode; each has an axis of its own, since models of groups differ in level."""
    for box in scene.boxes:
        if box.levels is not None and box.row.mode == mode:
            _plot_box(axes, box.levels, place=float(scene.groups.index(box.row.group)), mode=mode)
    if mode == POOLED:
        _plot_truths(axes, scene, scene.true_levels)
    axes.grid(axis="y")
    axes.set_ylabel(drawable_label(scene.level_label, 20))
    axes.tick_params(axis="x", labelbottom=False)


def _plot_box(axes: Axes, levels: GroupLevels, *, place: float, mode: str) -> None:
    low, lower, middle, upper, high = np.interp(BOX, levels.quantile, levels.level).tolist()
    style = MODE_STYLES[mode]
    axes.bxp(
        [{"whislo": low, "q1": lower, "med": middle, "q3": upper, "whishi": high}],
        positions=[place],
        widths=WIDTH,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={
            "facecolor": style.fill,
            "edgecolor": style.colour,
            "linewidth": 0.8,
            "hatch": style.hatch,
        },
        medianprops={"color": style.colour, "linewidth": 1.6},
        whiskerprops={"color": style.colour, "linewidth": 0.8},
        capprops={"color": style.colour, "linewidth": 0.8},
    )


def _plot_effects(axes: Axes, scene: GroupScene) -> None:
    zero_line(axes)
    for box in scene.boxes:
        if math.isfinite(box.row.effect):
            _plot_whisker(axes, box.row, _place(scene, box))
    _plot_truths(axes, scene, scene.true_effects)
    axes.set_xlim(-0.6, len(scene.groups) - 0.4)
    upright = len(scene.groups) >= UPRIGHT
    names = [_upright(name) if upright else _wrapped(name, len(scene.groups)) for name in scene.groups]
    axes.set_xticks(range(len(names)), names, fontsize=8, rotation=90 if upright else 0)
    axes.set_ylabel(drawable_label(scene.effect_label, 24))


def _plot_truths(axes: Axes, scene: GroupScene, truths: Mapping[str, float]) -> None:
    known = [(place, truths[name]) for place, name in enumerate(scene.groups) if name in truths]
    plot_true_places(axes, known, is_vertical=False)


def _upright(name: str) -> str:
    return drawable(shortened(name, UPRIGHT_LABEL))


def _wrapped(name: str, n_groups: int) -> str:
    """Return a name on short lines, which may end after an underscore as well."""
    lines = wrapped(name.replace("_", "_ "), LABEL_WIDTHS[n_groups], lines=3).split("\n")
    return "\n".join(drawable(line.replace("_ ", "_")) for line in lines)


def _plot_whisker(axes: Axes, row: GroupRow, place: float) -> None:
    style = MODE_STYLES[row.mode]
    axes.plot([place, place], [row.conf_low, row.conf_high], color=style.colour, linewidth=1.1)
    axes.plot(
        place,
        row.effect,
        marker=style.marker,
        markersize=4.5,
        markerfacecolor=style.fill,
        markeredgecolor=style.colour,
    )


def _handles(modes: Iterable[str]) -> Iterable[Patch | Line2D]:
    for mode in modes:
        style = MODE_STYLES[mode]
        label = drawable(gettext(MODE_LABELS[mode]))
        yield Patch(
            facecolor=style.fill, edgecolor=style.colour, hatch=style.hatch, linewidth=0.8, label=label
        )
