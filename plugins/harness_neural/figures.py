"""The figures of self-organising maps, with what their rows are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.plugin import drawing
from harness.plugin.drawing import SINGLE_COLUMN, drawable, new_figure
from harness.plugin.reporting import count, fixed, shortened, topic

gettext = topic("harness_neural.figures")


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
