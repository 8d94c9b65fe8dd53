"""The figure of learning: errors of the chosen networks step by step, a panel for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from harness.plugin import Floats
from harness.plugin.drawing import (
    DOUBLE_COLUMN,
    FigureRenderer,
    LineStyle,
    RenderedFigure,
    bare,
    drawable_lines,
    new_figure,
)
from harness.plugin.reporting import Run, StudyRecord, file_slug, gettext
from harness_neural.report.rows import LearningRow, networks, place_name

PANELS_IN_A_ROW = 4
TRAINING = LineStyle("#0072b2", "solid")
SELECTION = LineStyle("#d55e00", (0, (4.0, 1.5)))


@dataclass(frozen=True, eq=False)
class Learning:
    """One network.

    Attributes
    ----------
    title : which network
    step : (n_steps,)
    training, selection : (n_steps,), mean squared errors over the outcome's variance
    chosen_step : the step whose weights were kept, None where the run does not tell
    """

    title: str
    step: Floats
    training: Floats
    selection: Floats
    chosen_step: int | None


def learning_figures(run: Run, outcome: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the learning of the networks chosen for one outcome, where any fit tells of it."""
    study = run.manifest.study
    shown = [
        _learning(run, outcome, estimator, place, rows)
        for (estimator, place), rows in run.view(networks).learning_of(outcome).items()
    ]
    if shown:
        yield renderer.render(
            f"learning-{file_slug(outcome)}",
            draw_learning(shown),
            alt=gettext("Errors of the chosen networks for {outcome}, step by step.").format(
                outcome=study.label(outcome)
            ),
            caption=learning_caption(study, outcome),
        )


def _learning(run: Run, outcome: str, estimator: str, place: str, rows: Sequence[LearningRow]) -> Learning:
    key = (outcome, estimator, place)
    searched = run.view(networks).searches
    chosen = (row for row in searched if row.chosen and (row.outcome, row.estimator, row.place) == key)
    return Learning(
        title=f"{run.manifest.study.estimator_label(estimator)}: {place_name(place)}",
        step=np.array([row.step or 0 for row in rows], dtype=float),
        training=np.array([row.training_nmse for row in rows], dtype=float),
        selection=np.array([row.selection_nmse for row in rows], dtype=float),
        chosen_step=next((row.best_step for row in chosen), None),
    )


def learning_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of learning."""
    return gettext(
        "Learning of the networks that were chosen for {outcome}. Drawn is the mean squared "
        "error over the outcome's variance after each step, on all rows of the panel and a "
        "logarithmic axis."
    ).format(outcome=study.label(outcome))


def draw_learning(shown: Sequence[Learning]) -> Figure:
    """Return the figure of at least one network."""
    n_columns = min(PANELS_IN_A_ROW, len(shown))
    n_rows = math.ceil(len(shown) / n_columns)
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 1.5 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel().tolist()
    for axes, learning in zip(panels, shown, strict=False):
        axes.grid(axis="y")
        for values, style in ((learning.training, TRAINING), (learning.selection, SELECTION)):
            axes.plot(learning.step, values, color=style.colour, linestyle=style.dash, linewidth=1.0)
        if learning.chosen_step is not None:
            axes.axvline(learning.chosen_step, color="#333333", linewidth=0.7, linestyle=(0, (1.0, 1.0)))
        axes.set_title(drawable_lines(learning.title, 24), loc="left", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    for axes in panels[len(shown) :]:
        bare(axes)
    panels[0].set_yscale("log")
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel(gettext("Step"), fontsize=8)
    figure.supylabel(gettext("MSE / variance of the outcome"), fontsize=8)
    figure.legend(handles=_handles(), loc="outside upper left", ncols=3)
    return figure


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=TRAINING.colour, linestyle=TRAINING.dash, label=gettext("training rows")),
        Line2D([], [], color=SELECTION.colour, linestyle=SELECTION.dash, label=gettext("rows to select on")),
        Line2D(
            [],
            [],
            color="#333333",
            linewidth=0.7,
            linestyle=(0, (1.0, 1.0)),
            label=gettext("step that was kept"),
        ),
    ]
