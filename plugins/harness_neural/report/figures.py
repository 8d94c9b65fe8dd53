"""The figures of networks: learning step by step, and self-organising maps with what their rows are like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from harness.plugin import Floats
from harness.plugin.drawing import (
    DEVIATION_MAP,
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    LineStyle,
    RenderedFigure,
    drawable,
    drawable_lines,
    facets,
    new_figure,
)
from harness.plugin.reporting import Run, StudyRecord, count, file_slug, fixed, gettext, joined, shortened
from harness_neural.report.rows import Fit, LearningRow, MapRow, ProfileRow, networks, place_name

MAP_HEIGHT = 1.1
ROW_HEIGHT = 0.18
LABEL = 52
"""Characters of the name of a variable."""

LEAST_REACH = 0.5
"""The colours reach at least this many standard deviations to either side."""

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
            plot_learning(shown),
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


def plot_learning(shown: Sequence[Learning]) -> Figure:
    """Return the figure of at least one network."""
    n_columns = min(PANELS_IN_A_ROW, len(shown))
    n_rows = math.ceil(len(shown) / n_columns)
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 1.5 * n_rows)
    panels = facets(figure, len(shown), (n_rows, n_columns), share_x=False)
    for axes, learning in zip(panels, shown, strict=True):
        axes.grid(axis="y")
        for values, style in ((learning.training, TRAINING), (learning.selection, SELECTION)):
            axes.plot(learning.step, values, color=style.colour, linestyle=style.dash, linewidth=1.0)
        if learning.chosen_step is not None:
            axes.axvline(learning.chosen_step, color="#333333", linewidth=0.7, linestyle=(0, (1.0, 1.0)))
        axes.set_title(drawable_lines(learning.title, 24), loc="left", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
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


def map_figures(run: Run, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield every map; one that several fits share is drawn once."""
    study, found = run.manifest.study, run.view(networks)
    for fits in found.distinct_maps():
        outcome, estimator = fits[0]
        profile = found.profile_of(fits[0])
        labels = [study.label(name) for name in dict.fromkeys(row.variable for row in profile)]
        yield renderer.render(
            f"map-{file_slug(outcome)}-{file_slug(estimator)}",
            plot_map(found.map_of(fits[0]), profile, labels),
            alt=gettext("Self-organising map: rows of each cluster, and means of the variables in each."),
            caption=map_caption(study, fits),
        )


def map_caption(study: StudyRecord, fits: Sequence[Fit]) -> str:
    """Return the caption of a map.

    Parameters
    ----------
    fits : at least one; all that have this map
    """
    named = [
        gettext("{estimator} on {outcome}").format(
            estimator=study.estimator_label(name), outcome=study.label(outcome)
        )
        for outcome, name in fits
    ]
    return gettext(
        "The self-organising map of {named}. Above: its clusters as they lie on the map, with "
        "their rows. Below: the mean of each variable in each cluster, in standard deviations "
        "from the mean of all rows."
    ).format(named=joined(named))


def plot_map(clusters: Sequence[MapRow], profile: Sequence[ProfileRow], labels: Sequence[str]) -> Figure:
    """Return the figure of one map.

    Parameters
    ----------
    clusters : at least one
    profile : means of every variable in every cluster
    labels : how the variables are called, in the order in which `profile` first has them
    """
    height = ROW_HEIGHT * len(labels) + 0.4
    figure = new_figure(SINGLE_COLUMN + 2.2, 0.7 + MAP_HEIGHT + height)
    grid, means = figure.subplots(2, 1, height_ratios=[MAP_HEIGHT, height]).tolist()
    _plot_grid(grid, clusters)
    _plot_profile(means, clusters, profile, labels)
    return figure


def _plot_grid(axes: Axes, clusters: Sequence[MapRow]) -> None:
    """Draw the map as it lies, a square a cluster."""
    rows = [cluster.row or 1 for cluster in clusters]
    columns = [cluster.column or 1 for cluster in clusters]
    counts = np.zeros((max(rows), max(columns)))
    for row, column, cluster in zip(rows, columns, clusters, strict=True):
        counts[row - 1, column - 1] = cluster.n_obs or 0
        axes.text(
            column - 1,
            row - 1,
            f"{cluster.cluster}: {count(cluster.n_obs)}",
            ha="center",
            va="center",
            fontsize=8,
        )
    axes.imshow(counts, cmap="Blues", vmin=0.0, vmax=2.2 * counts.max(), aspect=0.35)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(gettext("Map: cluster and its rows"), loc="left")


def _plot_profile(
    axes: Axes, clusters: Sequence[MapRow], profile: Sequence[ProfileRow], labels: Sequence[str]
) -> None:
    """Draw each variable's mean in each cluster, in standard deviations from the mean of all rows."""
    variables = list(dict.fromkeys(row.variable for row in profile))
    numbers = [cluster.cluster for cluster in clusters]
    means = np.full((len(variables), len(numbers)), np.nan)
    for row in profile:
        means[variables.index(row.variable), numbers.index(row.cluster)] = row.mean_standardised
    reach = max(LEAST_REACH, float(np.nanmax(np.abs(means), initial=0.0)))
    axes.imshow(means, cmap=DEVIATION_MAP, vmin=-reach, vmax=reach, aspect="auto")
    for (down, across), value in np.ndenumerate(means):
        ink = "white" if abs(value) > 0.65 * reach else "black"
        axes.text(across, down, fixed(value, 1), ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(range(len(numbers)), [str(number) for number in numbers])
    axes.set_yticks(
        range(len(variables)), [drawable(shortened(label, LABEL)) for label in labels], fontsize=8
    )
    axes.set_title(gettext("Means in each cluster (standard deviations)"), loc="left")
    axes.set_xlabel(gettext("Cluster"))
    axes.tick_params(length=0)
