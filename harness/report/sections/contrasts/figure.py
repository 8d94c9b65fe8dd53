"""The figure of contrasts: a dot with its two intervals for each, in a panel for each estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    facets,
    grid_shape,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.marks import name_rows
from harness.report.drawing.palette import LineStyle, line_style
from harness.report.drawing.series import LEGEND_GREY
from harness.report.drawing.truth import plot_true_places, true_place_handle
from harness.report.sections.contrasts.rows import ContrastQuestion, EstimatedContrast, contrasts_of
from harness.text.numbers import count, percent
from harness.text.plain_text import file_slug, shortened

PANELS_IN_A_ROW = 3
LINE_HEIGHT = 0.24
"""Inches of one contrast."""

FRAME = 0.75
"""Inches of a panel's title and axis."""

HEAD = 0.6
LABEL = 30
"""Characters of a name beside the vertical axis."""

THICK, THIN = 1.9, 0.8
"""Lines of the interval of one contrast, and of that for all at once."""


Answered = tuple[EstimatorRecord, LineStyle, tuple[EstimatedContrast, ...]]
"""An estimator with its style and its contrasts."""


@dataclass(frozen=True, eq=False)
class ContrastPanel:
    """Some contrasts beneath each other, each with the name at its left and the style it is drawn in."""

    title: str
    lines: Sequence[tuple[str, EstimatedContrast, LineStyle]]


def contrast_figures(
    run: Run, question: ContrastQuestion, renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    """Yield the contrasts of one question, a figure for each outcome that any estimator answers."""
    study = run.manifest.study
    for outcome in study.outcomes:
        answered = [
            (entry, line_style(place), found)
            for place, entry in enumerate(study.estimators)
            if (found := contrasts_of(run, question, outcome, entry.id))
        ]
        if answered:
            x_label = gettext("Difference in {outcome}").format(outcome=study.axis_label(outcome))
            yield renderer.render(
                f"contrast-{file_slug(outcome)}-{file_slug(question.scenario)}",
                plot_contrasts(panels_of(study, question, answered), x_label=x_label, level=study.level),
                alt=gettext("Contrasts of {exposure} on {outcome}, with intervals.").format(
                    exposure=study.label(study.exposure), outcome=study.label(outcome)
                ),
                caption=contrast_caption(study, outcome, [one for _, _, own in answered for one in own]),
            )


def panels_of(
    study: StudyRecord, question: ContrastQuestion, answered: Sequence[Answered]
) -> list[ContrastPanel]:
    """Return a panel for each estimator, or one panel where each has one contrast."""
    pairs = {(one.place.exposure_from, one.place.exposure_to) for _, _, found in answered for one in found}
    if all(len(found) == 1 for _, _, found in answered):
        (pair,) = {found[0].place.label(study, question, with_pair=True) for _, _, found in answered}
        return [ContrastPanel(pair, [(entry.label, found[0], style) for entry, style, found in answered])]
    return [
        ContrastPanel(
            entry.label,
            [(one.place.label(study, question, with_pair=len(pairs) > 1), one, style) for one in found],
        )
        for entry, style, found in answered
    ]


def contrast_caption(study: StudyRecord, outcome: str, shown: Sequence[EstimatedContrast]) -> str:
    """Return the caption of a figure of contrasts."""
    exposure, level = study.label(study.exposure), percent(study.level, 0)
    draws = sorted({one.n_draws for one in shown if one.n_draws is not None})
    made = (
        gettext(" from {join} draws").format(
            join=" to ".join(count(number) for number in draws[:: max(1, len(draws) - 1)])
        )
        if draws
        else ""
    )
    parts = [
        gettext(
            "Mean predicted {outcome} were every row's {exposure} one value, less that were it "
            "another, the other variables as observed. Thick: {level} intervals that hold for one "
            "contrast at a time{made}; thin: for all of an estimator's contrasts shown here at once."
        ).format(outcome=study.label(outcome), exposure=exposure, level=level, made=made)
    ]
    if any(one.truth == one.truth for one in shown):
        parts.append(gettext("The dashed strokes are the truth behind the simulated data, on the same rows."))
    return " ".join(parts)


def plot_contrasts(panels: Sequence[ContrastPanel], *, x_label: str, level: float) -> Figure:
    """Return the figure.

    Parameters
    ----------
    panels : at least one, each with the same number of lines
    x_label : of the horizontal axis, with its unit
    level : in (0, 1), nominal coverage of the intervals
    """
    n_rows, n_columns = grid_shape(len(panels), most_columns=PANELS_IN_A_ROW)
    most = max(len(panel.lines) for panel in panels)
    figure = new_figure(
        SINGLE_COLUMN if n_columns == 1 else DOUBLE_COLUMN, HEAD + n_rows * (FRAME + LINE_HEIGHT * most)
    )
    grid = facets(figure, len(panels), (n_rows, n_columns), share_y=False)
    for place, (axes, panel) in enumerate(zip(grid, panels, strict=True)):
        _plot_panel(axes, panel, is_named=place % n_columns == 0)
    figure.supxlabel(drawable_label(x_label, 60), fontsize=8)
    contrasts = [contrast for panel in panels for _, contrast, _ in panel.lines]
    handles = _handles(contrasts, percent(level, 0))
    figure.legend(handles=handles, loc="outside upper left", ncols=1 if n_columns == 1 else 3)
    return figure


def _plot_panel(axes: Axes, panel: ContrastPanel, *, is_named: bool) -> None:
    axes.axvline(0.0, color="#333333", linewidth=0.7)
    axes.grid(axis="x")
    for height, (_, contrast, style) in enumerate(panel.lines):
        _plot_contrast(axes, contrast, height, style)
    truths = [contrast.truth for _, contrast, _ in panel.lines]
    plot_true_places(axes, list(enumerate(truths)), is_vertical=True)
    names = [drawable(shortened(name, LABEL)) if is_named else "" for name, _, _ in panel.lines]
    name_rows(axes, names)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelbottom=True)
    axes.set_title(drawable(shortened(panel.title, 32)), loc="left")


def _plot_contrast(axes: Axes, contrast: EstimatedContrast, height: float, style: LineStyle) -> None:
    colour = style.colour
    if math.isfinite(contrast.all_low) and math.isfinite(contrast.all_high):
        axes.plot([contrast.all_low, contrast.all_high], [height] * 2, color=colour, linewidth=THIN)
    if math.isfinite(contrast.low) and math.isfinite(contrast.high):
        axes.plot(
            [contrast.low, contrast.high], [height] * 2, color=colour, linewidth=THICK, solid_capstyle="butt"
        )
    axes.plot(
        contrast.estimate, height, marker="o", markersize=4.5, markerfacecolor="white", markeredgecolor=colour
    )


def _handles(contrasts: Sequence[EstimatedContrast], share: str) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=LEGEND_GREY, linewidth=width, label=label.format(share=share))
        for width, label in (
            (THICK, gettext("{share} interval of each")),
            (THIN, gettext("{share} interval for all at once")),
        )
    ]
    if any(math.isfinite(contrast.truth) for contrast in contrasts):
        handles.append(true_place_handle())
    return handles
