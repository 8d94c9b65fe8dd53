"""Figures of networks and maps: one network in steps, and self-organising maps with what rows are like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.plugin import Floats, drawing
from harness.plugin.drawing import DOUBLE_COLUMN, SINGLE_COLUMN, drawable, drawable_lines, new_figure
from harness.plugin.reporting import count, fixed, shortened, topic

gettext = topic("harness_neural.figures")


INK, LINE, PAPER = "#222222", "#999999", "#f2f2f2"

# Most circles of a layer; of more the first ones and the last are drawn, with dots between.
MOST_CIRCLES = 5

# Characters on a line of a step.
STEP = 60

# Digits below the line.
BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

# What is drawn of a unit, by its activation.
SHAPES: Mapping[str, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "sigmoid": lambda at: 1.0 / (1.0 + np.exp(-at)),
    "relu": lambda at: np.maximum(at, 0.0),
}


@dataclass(frozen=True)
class Diagram:
    """What is drawn of a network.

    Attributes
    ----------
    n_inputs : regressors
    hidden : units of the hidden layer, in words, and `n_hidden` how many of them at least
    activation : of the units
    networks : in words how many such networks there are; empty for one
    steps : in which it is computed, each a sentence
    """

    n_inputs: int
    hidden: str
    n_hidden: int
    activation: str
    networks: str
    steps: Sequence[str]


def plot_diagram(shown: Diagram) -> Figure:
    """Return the figure: a unit and the network on the left, the steps on the right."""
    figure = new_figure(DOUBLE_COLUMN, 0.5 + 0.42 * max(6, len(shown.steps)))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.0, 1.25], height_ratios=[1.0, 1.3])
    _plot_unit(figure.add_subplot(grid[0, 0]), shown)
    _plot_network(figure.add_subplot(grid[1, 0]), shown)
    _plot_steps(figure.add_subplot(grid[:, 1]), shown.steps)
    return figure


def _blank(axes: Axes, title: str) -> None:
    axes.set_axis_off()
    axes.set_title(drawable(title), loc="left", fontsize=8)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)


def _plot_unit(axes: Axes, shown: Diagram) -> None:
    _blank(
        axes,
        gettext("A unit: weighted inputs and a bias, then {activation}").format(activation=shown.activation),
    )
    heights = np.linspace(0.9, 0.1, 4)
    numbers = [str(number).translate(BELOW) for number in (1, 2, shown.n_inputs)]
    names, weights = ([f"{letter}{number}" for number in numbers] for letter in "xw")
    names.insert(2, "…")
    weights.insert(2, "")
    for height, name, weight in zip(heights, names, weights, strict=True):
        _text(axes, 0.05, height, name)
        if weight:
            _arrow(axes, (0.1, height), (0.42, 0.5))
            _text(axes, 0.24, 0.5 + 0.62 * (height - 0.5) + 0.09, weight)
    _text(axes, 0.5, 0.5, "Σ + b", is_boxed=True)
    _arrow(axes, (0.59, 0.5), (0.68, 0.5))
    inset = axes.inset_axes((0.69, 0.3, 0.16, 0.4))
    at = np.linspace(-3.0, 3.0, 61)
    inset.plot(at, SHAPES[shown.activation](at), color=INK, linewidth=1.0)
    inset.set_xticks([])
    inset.set_yticks([])
    _arrow(axes, (0.86, 0.5), (0.97, 0.5))


def _plot_network(axes: Axes, shown: Diagram) -> None:
    title = gettext("The network: {n_inputs} inputs, {hidden} hidden units, 1 output")
    _blank(axes, title.format(n_inputs=shown.n_inputs, hidden=shown.hidden))
    layers = [(0.15, _heights(shown.n_inputs)), (0.5, _heights(shown.n_hidden)), (0.85, _heights(1))]
    for (left, starts), (right, ends) in pairwise(layers):
        for start in starts:
            for end in ends:
                axes.plot([left, right], [start, end], color=LINE, linewidth=0.4, zorder=1)
    for (across, heights), size in zip(layers, (shown.n_inputs, shown.n_hidden, 1), strict=True):
        axes.plot(
            [across] * len(heights), heights, "o", markersize=7, color=PAPER, markeredgecolor=INK, zorder=2
        )
        if size > MOST_CIRCLES:
            _text(axes, across, float(np.mean(heights[-2:])), "⋮")
    axes.text(0.5, 0.0, drawable(shown.networks), ha="center", va="bottom", fontsize=8, color=INK)


def _heights(size: int) -> list[float]:
    """Return where the circles of a layer are: evenly, with a gap before the last where some are left out."""
    if size <= MOST_CIRCLES:
        return [0.55] if size == 1 else np.linspace(0.95, 0.15, size).tolist()
    return [*np.linspace(0.95, 0.15, MOST_CIRCLES + 1)[:-2].tolist(), 0.15]


def _plot_steps(axes: Axes, steps: Sequence[str]) -> None:
    _blank(axes, gettext("The steps"))
    heights = 1.0 - (np.arange(len(steps)) + 0.5) / len(steps)
    for number, (height, step) in enumerate(zip(heights, steps, strict=True), start=1):
        _text(axes, 0.5, float(height), drawable_lines(f"{number}. {step}", STEP), is_boxed=True)
        if number > 1:
            _arrow(axes, (0.5, float(height) + 0.68 / len(steps)), (0.5, float(height) + 0.33 / len(steps)))


def _text(axes: Axes, across: float, up: float, text: str, *, is_boxed: bool = False) -> None:
    box = {"boxstyle": "round,pad=0.35", "facecolor": PAPER, "edgecolor": INK, "linewidth": 0.7}
    axes.text(
        *(across, up, text),
        ha="center",
        va="center",
        fontsize=8,
        color=INK,
        bbox=box if is_boxed else None,
        zorder=3,
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": LINE, "linewidth": 0.8}, zorder=1)


MAP_HEIGHT = 1.1
ROW_HEIGHT = 0.18

# Characters of the name of a variable.
LABEL = 52

# The colours reach at least this many standard deviations to either side.
LEAST_LIMIT = 0.5


@dataclass(frozen=True)
class MapRow:
    """One cluster of a self-organising map; errors and agreement are of the whole map."""

    outcome: str
    estimator: str
    cluster: int | None
    row: int | None
    column: int | None
    n_obs: int | None
    quantization_error: float
    topographic_error: float
    agreement: float
    n_seeds: int | None = None


@dataclass(frozen=True)
class ProfileRow:
    """Mean of one variable in one cluster, in its unit and in standard deviations from that of all rows."""

    outcome: str
    estimator: str
    cluster: int | None
    variable: str
    mean: float
    mean_standardised: float


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
    limit = max(LEAST_LIMIT, float(np.nanmax(np.abs(means), initial=0.0)))
    axes.imshow(means, cmap=drawing.DEVIATION_MAP, vmin=-limit, vmax=limit, aspect="auto")
    for (down, across), value in np.ndenumerate(means):
        ink = "white" if abs(value) > 0.65 * limit else "black"
        axes.text(across, down, fixed(value, 1), ha="center", va="center", fontsize=8, color=ink)
    axes.set_xticks(range(len(numbers)), [str(number) for number in numbers])
    axes.set_yticks(range(len(variables)), [drawable(shortened(label, LABEL)) for label in labels])
    axes.set_title(gettext("Means in each cluster (standard deviations)"), loc="left")
    axes.set_xlabel(gettext("Cluster"))
    axes.tick_params(length=0)
