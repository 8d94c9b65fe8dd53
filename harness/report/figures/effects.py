"""The figures of effects: debiased, next to coefficients and over curves of models, and by group."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.arrays import Floats
from harness.findings.lines import POINTWISE, Banded, banded_from, true_of_groups
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import EstimatorRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas, lines
from harness.report.drawing.canvas import drawable, drawable_label, drawable_lines
from harness.report.drawing.forest import (
    NUMBER_STYLE,
    numbers_text,
    plot_forests,
    plot_true_numbers,
    plot_whisker,
)
from harness.report.drawing.palette import METHOD_STYLES, MODE_STYLES, PLAIN_STYLE, LineStyle, Whisker
from harness.report.sections.effect_rows import SubjectEffects, effect_name, model_curves
from harness.report.sections.heterogeneity_tables import Partition, partitions, rows_of_groups
from harness.report.sections.section import study_words
from harness.tables.effects import LINEAR, EffectRow
from harness.tables.heterogeneity import HETEROGENEITY, HETEROGENEITY_ROWS, GroupRow
from harness.text.effects import METHODS
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, shortened, wrapped

gettext = topic("report.effects")


MOST_COLUMNS = 3
# Inches of a row of panels of curves.
CURVE_HEIGHT = 2.4


def forest(run: Run, found: Sequence[SubjectEffects]) -> Iterator[ReportFigure]:
    """Yield the effects of one exposure next to the coefficients of models, a panel an outcome."""
    study = run.manifest.study
    panels = [
        (study.axis_label(effects.outcome), whiskers)
        for effects in found
        if (whiskers := tuple(whiskers_of(run, effects)))
    ]
    if panels:
        exposure = study.label(found[0].exposure)
        yield ReportFigure(
            f"effects-{file_slug(found[0].exposure)}",
            plot_forests(panels, x_label=_unit_effect(exposure)),
            alt=gettext("Effects of {exposure} by method, next to coefficients of models.").format(
                exposure=exposure
            )
            + f" {numbers_text(panels)}",
            caption=gettext(
                "Effect of one unit of {exposure} with {level} confidence intervals: debiased in colour, "
                "regression coefficients in grey; filled marks: significantly different from zero."
            ).format(exposure=exposure, level=percent(study.level, 0)),
        )


def _unit_effect(exposure: str) -> str:
    return gettext("Effect of one unit of {exposure}").format(exposure=exposure)


def effect_curves(run: Run, found: Sequence[SubjectEffects]) -> Iterator[ReportFigure]:
    """Yield the debiased curves of one exposure over those of the models, a panel an outcome."""
    study, shown = run.manifest.study, [effects for effects in found if effects.lines("curve")]
    if shown:
        exposure = study.label(shown[0].exposure)
        names = (_label(run, own, rows[0]) for own in shown for rows in own.lines("curve"))
        models = gettext(" Thin grey lines are the curves of the models.")
        yield ReportFigure(
            f"effects-curve-{file_slug(shown[0].exposure)}",
            plot_effect_curves(run, shown),
            alt=gettext("Debiased dose-response curves of {exposure}: {names}.").format(
                exposure=exposure, names=listed(dict.fromkeys(names))
            ),
            caption=gettext(
                "Debiased dose-response curves of {exposure}: outcome at each exposure, less its mean, with "
                "pointwise {level} bands.{models}"
            ).format(
                exposure=exposure,
                level=percent(study.level, 0),
                models=models if model_curves(run, shown[0])[0] else "",
            ),
        )


def conditional_figures(run: Run, effects: SubjectEffects) -> Iterator[ReportFigure]:
    """Yield debiased effects along each moderator."""
    study, shown = run.manifest.study, effects.lines("conditional")
    for moderator in dict.fromkeys(rows[0].moderator for rows in shown):
        panels = [
            (
                _label(run, effects, rows[0]),
                lines.LinePanel([lines.Series(banded_from(rows), "", _style(rows[0]))], has_zero=True),
            )
            for rows in shown
            if rows[0].moderator == moderator
        ]
        words = gettext("Debiased effect of {what} along {moderator}.")
        text = words.format(what=effects.named(study), moderator=study.label(moderator))
        labels = (
            study.axis_label(moderator),
            gettext("Effect on {outcome}").format(outcome=study.axis_label(effects.outcome)),
        )
        yield ReportFigure(
            "-".join(
                ["effects-conditional", *map(file_slug, (effects.outcome, effects.exposure, moderator))]
            ),
            lines.plot_panel_grid(panels, labels=labels, level=study.level),
            alt=text,
            caption=text,
        )


def whiskers_of(run: Run, effects: SubjectEffects) -> Iterator[Whisker]:
    """Yield the numbers of the forest: effects, then coefficients."""
    study = run.manifest.study
    for row in effects.numbers:
        if row.is_done and row.band != LINEAR:
            label = effects.named_effect(study, row, effect_name(study, row))
            style = METHOD_STYLES.get(row.method, PLAIN_STYLE).decided(row.decision)
            yield Whisker(label, row.estimate, row.conf_low, row.conf_high, style)
    for slope in effects.slopes:
        label = study.estimator_label(slope.estimator)
        style = PLAIN_STYLE.decided(slope.decision)
        yield Whisker(label, slope.estimate, slope.conf_low, slope.conf_high, style)


def _label(run: Run, effects: SubjectEffects, row: EffectRow) -> str:
    name = rendered(METHODS.get(row.method, row.method))
    return listed([effects.named_effect(run.manifest.study, row, name), *([row.group] if row.group else [])])


def _style(row: EffectRow) -> LineStyle:
    return LineStyle(METHOD_STYLES.get(row.method, PLAIN_STYLE).colour)


def _pointwise(rows: Sequence[EffectRow]) -> Banded:
    """Return a line with its pointwise band alone: that of all points would hide the other methods."""
    line = banded_from(rows)
    return replace(line, bands=tuple(band for band in line.bands if band.kind == POINTWISE))


def plot_effect_curves(run: Run, found: Sequence[SubjectEffects]) -> Figure:
    """Return debiased curves with pointwise bands over the curves of the models, a panel an outcome."""
    study = run.manifest.study
    width, height = canvas.DOUBLE_COLUMN, CURVE_HEIGHT
    figure, grid = canvas.panel_grid(
        len(found), most_columns=MOST_COLUMNS, height=height, head=0.8, width=width, shared="none"
    )
    panels, has_models = [], False
    for axes, effects in zip(grid, found, strict=True):
        models, truth = model_curves(run, effects)
        shown = [
            lines.Series(_pointwise(rows), _label(run, effects, rows[0]), _style(rows[0]))
            for rows in effects.lines("curve")
        ]
        panels.append(lines.LinePanel(shown, truth=truth, has_zero=True))
        has_models |= bool(models)
        for curve in models:
            lines.plot_styled(axes, curve.at, curve.estimate, lines.THIN)
        lines.plot_panel(axes, panels[-1])
        axes.set_ylabel(drawable_label(study.axis_label(effects.outcome), 34))
    figure.supxlabel(drawable_label(study.axis_label(found[0].exposure), 60))
    handles = [
        *lines.line_entries(series for panel in panels for series in panel.lines),
        *lines.panel_entries(panels, level=study.level),
        *([lines.entry(drawable(gettext("models, each a line")), lines.THIN)] if has_models else []),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


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
        if (
            own := [
                one for each in partitions(run) for one in group_whiskers(run, each, outcome, estimator.id)
            ]
        )
    ]
    if panels:
        exposure = study.label(study.exposure)
        yield ReportFigure(
            "groups",
            plot_forests(panels, x_label=_unit_effect(exposure)),
            alt=gettext("Effects of {exposure} by group, {label}.").format(
                exposure=exposure, label=estimator.label
            ),
            caption=gettext(
                "Mean effect over the rows of each group with {level} intervals: {label}, one model for all "
                "groups."
            ).format(level=percent(study.level, 0), label=estimator.label),
        )


def group_whiskers(run: Run, partition: Partition, outcome: str, estimator: str) -> Iterator[Whisker]:
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
        effects.set_ylabel(drawable_label(lines.effect_label(study, outcome, is_narrow=True), 24))
    shown = {row.mode for own in rows.values() for row in own}
    handles = [_mode_entry(mode) for mode in MODE_STYLES if mode in shown]
    handles += [lines.truth_entry(style=NUMBER_STYLE)] if has_truth else []
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
    lines.plot_background(axes, (), has_zero=True)
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


def _mode_entry(mode: str) -> Patch | Line2D:
    style, label = MODE_STYLES[mode], drawable(rendered(MODE_LABELS[mode]))
    return Patch(facecolor=style.fill, edgecolor=style.colour, hatch=style.hatch, linewidth=0.8, label=label)
