"""The figures of a suite: gains panel by panel, average ranks, and what accuracy costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness.report.drawing.canvas import DOUBLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.palette import COLOURS, GREY
from harness.text.numbers import plain
from harness.text.plain_text import shortened

ROW_HEIGHT = 0.17
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")

# What a fit costs, by column of ``suite_summary``: label of the axis, and below which costs are drawn alike.
COSTS = {
    "seconds": ("Seconds a fit, median of panels", 0.001),
    "memory": ("Megabytes a fit, median of panels", 0.1),
}

# Characters of a name beyond which it is cut, and of one of which four stand next to each other.
LONGEST, MOST_IN_FOUR = 34, 24

# An axis from which on decades alone have numbers.
WIDE = 100.0

# Gains below are drawn at this limit.
LEAST_GAIN = -1.0


@dataclass(frozen=True)
class EstimatorStyle:
    """How one estimator is drawn, told apart without colour as well."""

    label: str
    colour: str
    marker: str

    @property
    def open_marker(self) -> dict[str, Any]:
        """What matplotlib draws it with, empty inside."""
        return {"marker": self.marker, "markerfacecolor": "none", "markeredgecolor": self.colour}


def styles_of(labels: Mapping[str, str]) -> Mapping[str, EstimatorStyle]:
    """Return how estimators are drawn, by id."""
    return {
        name: EstimatorStyle(label, COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)])
        for at, (name, label) in enumerate(labels.items())
    }


def plot_gains(
    gains: pd.DataFrame,
    styles: Mapping[str, EstimatorStyle],
    *,
    panels: Sequence[tuple[str, str]],
    titles: Mapping[str, str],
) -> Figure:
    """Return gains over two-way effects, a row a panel, protocols side by side.

    Parameters
    ----------
    gains : rows of ``suite_gain`` over two-way effects
    styles : of the estimators that are drawn
    panels : study and name, from the top
    titles : of the protocols, by id
    """
    figure = new_figure(DOUBLE_COLUMN, 1.4 + ROW_HEIGHT * len(panels))
    grid = figure.subplots(1, len(titles), squeeze=False, sharey=True)[0]
    rows_of = {study: at for at, (study, _) in enumerate(panels)}
    for axes, (protocol, title) in zip(grid, titles.items(), strict=True):
        own = gains[(gains["protocol"] == protocol) & (gains["status"] == "ok")]
        for name, style in styles.items():
            rows = own[own["estimator"] == name]
            axes.scatter(
                100 * np.maximum(rows["gain"].to_numpy(np.float64), LEAST_GAIN),
                rows["study"].map(rows_of).to_numpy(np.float64),
                s=15,
                marker=style.marker,
                facecolors="none",
                edgecolors=style.colour,
                linewidths=0.9,
                zorder=3,
            )
        axes.axvline(0.0, color="#333333", linewidth=0.8)
        axes.set_title(drawable(title), loc="left")
        axes.set_xlabel("Gain over two-way effects (%)")
        axes.set_xlim(100 * LEAST_GAIN - 5, 105)
        _name_rows(axes, [name for _, name in panels])
    _add_legend(figure, list(styles.values()))
    return figure


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [drawable(shortened(name, LONGEST)) for name in names], fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="both")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _add_legend(figure: Figure, styles: Sequence[EstimatorStyle]) -> None:
    names = [drawable(shortened(style.label, LONGEST)) for style in styles]
    handles = [
        Line2D([], [], linestyle="none", markersize=4, label=name, **style.open_marker)
        for name, style in zip(names, styles, strict=True)
    ]
    n_columns = 4 if max(len(style.label) for style in styles) <= MOST_IN_FOUR else 3
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), n_columns))


def plot_ranks(ranks: pd.DataFrame, labels: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Return average ranks with the critical difference from the best (Demsar 2006, figure 1).

    Parameters
    ----------
    ranks : the table ``suite_ranks``
    labels : of the estimators, by id
    titles : of the protocols, by id
    """
    figure = new_figure(DOUBLE_COLUMN, 0.8 + ROW_HEIGHT * len(labels))
    grid = figure.subplots(1, len(titles), squeeze=False)[0]
    look = {"marker": "o", "markersize": 4, "markeredgecolor": "#00558c", "linestyle": "none"}
    for axes, (protocol, title) in zip(grid, titles.items(), strict=True):
        own = ranks[ranks["protocol"] == protocol].sort_values("average_rank", kind="stable")
        best = float(own["average_rank"].min())
        reach = best + float(own["critical_difference"].iloc[0])
        axes.axvspan(best, reach, color="#e8e8e8", linewidth=0)
        axes.plot([best, reach], [-0.75, -0.75], color="#1a1a1a", linewidth=1.4, clip_on=False)
        for at, (rank, is_tied) in enumerate(zip(own["average_rank"], own["is_tied_with_best"], strict=True)):
            axes.plot(rank, at, markerfacecolor="#00558c" if is_tied else "white", **look)
        axes.set_title(drawable(title), loc="left", pad=9)
        axes.set_xlabel("Average rank")
        _name_rows(axes, [labels[name] for name in own["estimator"]])
    return figure


def plot_cost(
    summary: pd.DataFrame, styles: Mapping[str, EstimatorStyle], titles: Mapping[str, str]
) -> Figure:
    """Return mean log error ratios over pooled OLS against seconds a fit and, where it is known, memory.

    Parameters
    ----------
    summary : rows of ``suite_summary`` over pooled OLS
    styles : of the estimators that are drawn
    titles : of the protocols, by id
    """
    costs = [column for column in COSTS if summary[column].notna().any()]
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 2.4 * len(costs))
    grid = figure.subplots(len(costs), len(titles), squeeze=False)
    for column, line in zip(costs, grid, strict=True):
        for axes, (protocol, title) in zip(line, titles.items(), strict=True):
            _plot_cost(axes, column, summary[summary["protocol"] == protocol], styles)
            axes.set_title(drawable(title), loc="left")
    _add_legend(figure, list(styles.values()))
    return figure


def _plot_cost(axes: Axes, column: str, summary: pd.DataFrame, styles: Mapping[str, EstimatorStyle]) -> None:
    label, least = COSTS[column]
    axes.axhline(0.0, color=GREY, linewidth=0.7)
    for row in summary.to_dict("records"):
        style, at = styles[row["estimator"]], max(float(row[column]), least)
        axes.plot([at] * 2, [row["conf_low"], row["conf_high"]], color=style.colour, linewidth=0.8)
        look = style.open_marker | {"markerfacecolor": "white", "markersize": 4}
        axes.plot(at, float(row["log_error_ratio"]), **look)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high > WIDE * low else (1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.set_ylabel("Mean log error ratio\nover pooled OLS")
    axes.grid(axis="both")
