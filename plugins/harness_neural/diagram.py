"""The diagram of one network of a study: a unit, the network, and the steps in which it is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.plugin import Floats
from harness.plugin.drawing import DOUBLE_COLUMN, drawable, drawable_lines, new_figure
from harness.plugin.reporting import topic

gettext = topic("harness_neural.diagram")


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
