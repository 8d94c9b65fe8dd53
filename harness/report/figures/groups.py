"""The figure of groups: boxes of levels above effects with intervals, a column for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.arrays import Floats
from harness.findings.lines import true_of_groups
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import EstimatorRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.forest import NUMBER_STYLE, plot_forests, plot_true_numbers, plot_whisker
from harness.report.drawing.lines import effect_label, plot_background, truth_entry
from harness.report.drawing.palette import MODE_STYLES, Whisker
from harness.report.sections.group_tables import Partition, partitions, rows_of_groups
from harness.report.sections.section import study_words
from harness.tables.heterogeneity import HETEROGENEITY, HETEROGENEITY_ROWS, GroupRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, shortened, wrapped

MOST_COLUMNS = 3
# Inches of the panel of effects, and of each panel of levels above it.
EFFECTS_HEIGHT, LEVELS_HEIGHT = 2.2, 1.35

# Quantiles at the lower whisker, the lower hinge, the median, the upper hinge and the upper whisker.
BOX = (0.05, 0.25, 0.5, 0.75, 0.95)

# Of the two modes from the middle of their group.
OFFSETS = {"pooled": -0.19, "refit": 0.19}

# Characters on a line of a group's name, by the number of groups; each has three lines. More have their names
# upright, each on one line.
LABEL_WIDTHS = {1: 10, 2: 10, 3: 8, 4: 7}

MODE_LABELS = {"pooled": marked("one model for all groups"), "refit": marked("a model for each group")}

# By group and mode the quantiles of levels, in [0, 1], and the levels there, outcome units.
Levels = Mapping[tuple[str, str], tuple[Floats, Floats]]


def group_forest(run: Run, estimator: EstimatorRecord) -> Iterator[ReportFigure]:
    """Yield the effects of one estimator in all groups by all columns, a panel an outcome."""
    study = run.manifest.study
    panels = [
        (study.axis_label(outcome), own)
        for outcome in study.outcomes
        if (own := [one for each in partitions(run) for one in whiskers_of(run, each, outcome, estimator.id)])
    ]
    if panels:
        exposure = study.label(study.exposure)
        yield ReportFigure(
            "groups",
            plot_forests(
                panels, x_label=gettext("Effect of one unit of {exposure}").format(exposure=exposure)
            ),
            alt=gettext("Effects of {exposure} by group, {label}.").format(
                exposure=exposure, label=estimator.label
            ),
            caption=gettext(
                "Mean effect over the rows of each group with {level} intervals: {label}, one model for all "
                "groups."
            ).format(level=percent(study.level, 0), label=estimator.label),
        )


def whiskers_of(run: Run, partition: Partition, outcome: str, estimator: str) -> Iterator[Whisker]:
    """Yield the effects of one model in the groups of one partition."""
    scenario, by = partition
    truths = true_of_groups(run, outcome, scenario, "effect")
    for row in done_groups(run, partition, outcome, estimator):
        if row.mode == "pooled" and math.isfinite(row.effect):
            label = gettext("{by}: {group}").format(by=run.manifest.study.label(by), group=row.group)
            truth = truths.get(row.group, math.nan)
            yield Whisker(label, row.effect, row.conf_low, row.conf_high, MODE_STYLES[row.mode], truth=truth)


def group_figures(run: Run, partition: Partition, estimator: EstimatorRecord) -> Iterator[ReportFigure]:
    """Yield levels and effects of one estimator in the groups of one partition, a panel an outcome."""
    study, (scenario, by) = run.manifest.study, partition
    outcomes = [name for name in study.outcomes if done_groups(run, partition, name, estimator.id)]
    if outcomes:
        words = gettext("Boxes of levels and dots of effects by {by}, {label}.")
        yield ReportFigure(
            f"groups-{file_slug(scenario)}",
            plot_groups(run, partition, outcomes, estimator.id),
            alt=words.format(by=study.label(by), label=estimator.label),
            caption=group_caption(run, partition, outcomes[0], estimator),
        )


def done_groups(run: Run, partition: Partition, outcome: str, estimator: str) -> list[GroupRow]:
    """Return the groups of one estimator that have numbers, a row a mode."""
    rows = rows_of_groups(run, HETEROGENEITY, partition, outcome, estimator)
    return [row for row in rows if row.is_done]


def levels_of(run: Run, partition: Partition, outcome: str, estimator: str) -> Levels:
    """Return the levels that are drawn; none of an exposure of two values, where they are but two numbers."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows_of_groups(run, HETEROGENEITY_ROWS, partition, outcome, estimator):
        if row.is_done:
            points.setdefault((row.group, row.mode), []).append((row.quantile, row.level))
    found = {key: np.array(sorted(own)).T for key, own in points.items()}
    is_drawn = any(np.unique(level).size > 2 for _, level in found.values())
    return {key: (quantile, level) for key, (quantile, level) in found.items()} if is_drawn else {}


def group_caption(run: Run, partition: Partition, outcome: str, estimator: EstimatorRecord) -> str:
    """Return the caption of the figure of groups, of whose outcomes `outcome` is one."""
    words = study_words(run.manifest.study, outcome)
    if levels_of(run, partition, outcome, estimator.id):
        text = gettext(
            "{label} by {by}: mean effects with {level} intervals; above, the net effect curve at the "
            "{exposure} of each group's rows (median, quartiles, 5th and 95th percentile)."
        )
    else:
        text = gettext("{label} by {by}: mean effects with {level} intervals.")
    return text.format(**words, label=estimator.label, by=run.manifest.study.label(partition[1]))


def plot_groups(run: Run, partition: Partition, outcomes: Sequence[str], estimator: str) -> Figure:
    """Return the figure of one partition, the outcomes one a column; more than three go to further rows."""
    study = run.manifest.study
    rows = {outcome: done_groups(run, partition, outcome, estimator) for outcome in outcomes}
    levels = {outcome: levels_of(run, partition, outcome, estimator) for outcome in outcomes}
    modes = [mode for mode in MODE_STYLES if any(key[1] == mode for own in levels.values() for key in own)]
    n_columns = min(MOST_COLUMNS, len(outcomes))
    n_rows = math.ceil(len(outcomes) / n_columns)
    height = EFFECTS_HEIGHT + LEVELS_HEIGHT * len(modes)
    width = canvas.DOUBLE_COLUMN if n_columns > 1 else canvas.SINGLE_COLUMN
    figure = canvas.new_figure(width, 0.7 + height * n_rows)
    grid, has_truth = figure.add_gridspec(n_rows, n_columns), False
    for position, outcome in enumerate(outcomes):
        parts = grid[position].subgridspec(len(modes) + 1, 1)
        effects = figure.add_subplot(parts[len(modes)])
        panels = [figure.add_subplot(parts[row], sharex=effects) for row in range(len(modes))]
        groups = list(dict.fromkeys(row.group for row in rows[outcome]))
        truths = {kind: true_of_groups(run, outcome, partition[0], kind) for kind in ("effect", "median")}
        has_truth |= bool(truths["effect"])
        for axes, mode in zip(panels, modes, strict=True):
            # Each mode has an axis of its own, since models of groups differ in level.
            _plot_levels(axes, groups, levels[outcome], mode)
            if mode == "pooled":
                _plot_truths(axes, groups, truths["median"])
            unit = study.unit(outcome)
            label = gettext("Level ({outcome})").format(outcome=unit) if unit else gettext("Level")
            axes.set_ylabel(drawable_label(label, 20))
        (panels or [effects])[0].set_title(drawable_lines(study.label(outcome), 26))
        _plot_effects(effects, groups, rows[outcome])
        _plot_truths(effects, groups, truths["effect"])
        effects.set_ylabel(drawable_label(effect_label(study, outcome, is_narrow=True), 24))
    shown = {row.mode for own in rows.values() for row in own}
    handles = [_entry(mode) for mode in MODE_STYLES if mode in shown]
    handles += [truth_entry(style=NUMBER_STYLE)] if has_truth else []
    figure.legend(handles=handles, loc="outside upper left", ncols=1 if n_columns == 1 else len(handles))
    return figure


def _plot_levels(axes: Axes, groups: Sequence[str], levels: Levels, mode: str) -> None:
    """Draw a box of the levels of each group under one mode."""
    style = MODE_STYLES[mode]
    line = {"color": style.colour, "linewidth": 0.8}
    box = {"facecolor": style.fill, "edgecolor": style.colour, "linewidth": 0.8, "hatch": style.hatch}
    shown, names = (
        [group for group in groups if (group, mode) in levels],
        ("whislo", "q1", "med", "q3", "whishi"),
    )
    axes.bxp(
        [dict(zip(names, np.interp(BOX, *levels[group, mode]), strict=True)) for group in shown],
        positions=[groups.index(group) for group in shown],
        widths=0.42,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops=box,
        medianprops=line | {"linewidth": 1.6},
        whiskerprops=line,
        capprops=line,
    )
    axes.grid(axis="y")
    axes.tick_params(axis="x", labelbottom=False)


def _plot_effects(axes: Axes, groups: Sequence[str], rows: Sequence[GroupRow]) -> None:
    plot_background(axes, (), has_zero=True)
    for row in rows:
        if math.isfinite(row.effect):
            whisker = Whisker(row.group, row.effect, row.conf_low, row.conf_high, MODE_STYLES[row.mode])
            plot_whisker(axes, whisker, groups.index(row.group) + OFFSETS[row.mode], is_vertical=True)
    axes.set_xlim(-0.6, len(groups) - 0.4)
    is_upright = len(groups) not in LABEL_WIDTHS
    names = [drawable(shortened(name, 18)) if is_upright else _wrapped(name, len(groups)) for name in groups]
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", labelrotation=90.0 if is_upright else 0.0)


def _plot_truths(axes: Axes, groups: Sequence[str], truths: Mapping[str, float]) -> None:
    """Draw true numbers on an axis that reaches as far as the estimates."""
    known = [(position, truths[name]) for position, name in enumerate(groups) if name in truths]
    limits = axes.get_ylim()
    plot_true_numbers(axes, known, is_vertical=True)
    axes.set_ylim(limits)


def _wrapped(name: str, n_groups: int) -> str:
    """Return a name on short lines, which may end after an underscore as well."""
    short = wrapped(name.replace("_", "_ "), LABEL_WIDTHS[n_groups], lines=3).split("\n")
    return "\n".join(drawable(line.replace("_ ", "_")) for line in short)


def _entry(mode: str) -> Patch | Line2D:
    style, label = MODE_STYLES[mode], drawable(gettext(MODE_LABELS[mode]))
    return Patch(facecolor=style.fill, edgecolor=style.colour, hatch=style.hatch, linewidth=0.8, label=label)
