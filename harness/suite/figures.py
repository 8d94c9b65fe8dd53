"""The figures of a suite: gains by panel, of same against new entities, average ranks, and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness.arrays import Floats
from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, drawable, new_figure
from harness.report.drawing.forest import name_rows, zero_axis
from harness.report.drawing.lines import entry
from harness.report.drawing.palette import COLOURS, DARK_BLUE, LineStyle, MarkStyle
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


def _styles(names: Sequence[str]) -> Mapping[str, MarkStyle]:
    """Return how estimators are drawn, told apart without colour as well."""
    return {
        name: MarkStyle(COLOURS[at % len(COLOURS)], "none", MARKERS[at % len(MARKERS)])
        for at, name in enumerate(names)
    }


def _plot(axes: Axes, x: Floats | float, y: Floats | float, style: MarkStyle, *, fill: str) -> None:
    """Draw dots of one style."""
    (dots,) = axes.plot(x, y, linestyle="none", markersize=4, marker=style.marker)
    dots.set(markerfacecolor=fill, markeredgecolor=style.colour)


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    zero_axis(axes)
    axes.grid(axis="both")
    name_rows(axes, [drawable(shortened(name, LONGEST)) for name in names])


def _add_legend(figure: Figure, labels: Mapping[str, str]) -> None:
    handles = [
        entry(
            drawable(shortened(labels[name], LONGEST)),
            LineStyle(style.colour, "none"),
            marker=style.marker,
            size=4.0,
        )
        for name, style in _styles(list(labels)).items()
    ]
    n_columns = 4 if max(map(len, labels.values())) <= MOST_IN_FOUR else 3
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), n_columns))


def plot_gains(gains: pd.DataFrame, labels: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Return gains over two-way effects, a row a panel, protocols side by side.

    Parameters
    ----------
    gains : rows of ``suite_gain`` over two-way effects
    labels : of the estimators that are drawn, by id
    titles : of the protocols, by id
    """
    studies = list(dict.fromkeys(gains["study"]))
    figure = new_figure(DOUBLE_COLUMN, 1.4 + ROW_HEIGHT * len(studies))
    grid = figure.subplots(1, len(titles), squeeze=False, sharey=True)[0]
    rows_of = {study: at for at, study in enumerate(studies)}
    for axes, (protocol, title) in zip(grid, titles.items(), strict=True):
        _name_rows(axes, [study.replace("-", " ") for study in studies])
        own = gains[(gains["protocol"] == protocol) & (gains["status"] == "ok")]
        for name, style in _styles(list(labels)).items():
            rows = own[own["estimator"] == name]
            shown = 100.0 * np.maximum(rows["gain"].to_numpy(np.float64), LEAST_GAIN)
            at = np.array([rows_of[study] for study in rows["study"]], dtype=np.float64)
            _plot(axes, np.asarray(shown), at, style, fill="none")
        axes.set_title(drawable(title))
        axes.set_xlabel("Gain over two-way effects (%)")
        axes.set_xlim(100 * LEAST_GAIN - 5, 105)
    _add_legend(figure, labels)
    return figure


def plot_two_gains(gains: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Return the gain for the same entities against the gain for new ones, a dot a panel.

    Full dots: the interval of the gain for new entities lies above zero.

    Parameters
    ----------
    gains : the table ``suite_network``
    titles : of the two protocols, by id: the one of the horizontal axis first
    """
    known = gains[gains["status"] == "ok"]
    same, new = (known[known["protocol"] == protocol].set_index(["study", "outcome"]) for protocol in titles)
    both = same.merge(new, left_index=True, right_index=True, suffixes=("_same", "_new"))
    figure = new_figure(SINGLE_COLUMN, 3.4)
    axes = figure.subplots()
    x, y = (
        100.0 * np.maximum(both[f"gain_{one}"].to_numpy(np.float64), LEAST_GAIN) for one in ("same", "new")
    )
    low, high = 100.0 * LEAST_GAIN - 5.0, 105.0
    axes.axhline(0.0, color="#5f6368", linewidth=0.7)
    axes.axvline(0.0, color="#5f6368", linewidth=0.7)
    axes.plot([low, high], [low, high], color="#b0b0b0", linewidth=0.7)
    style, is_above = MarkStyle(DARK_BLUE, "none"), (both["conf_low_new"] > 0.0).to_numpy()
    for chosen, fill in ((~is_above, "none"), (is_above, style.colour)):
        _plot(axes, x[chosen], y[chosen], style, fill=fill)
    for name, title in zip("xy", titles.values(), strict=True):
        axes.set(
            **{
                f"{name}lim": (low, high),
                f"{name}label": drawable(f"Gain, {title[0].lower()}{title[1:]} (%)"),
            }
        )
    axes.grid(axis="both")
    return figure


def plot_ranks(ranks: pd.DataFrame, labels: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Return average ranks with the critical difference from the best (Demsar 2006, figure 1).

    Parameters
    ----------
    ranks : the table ``suite_ranks``
    labels : of the estimators, by id
    titles : of the protocols, by id
    """
    figure = new_figure(DOUBLE_COLUMN, 0.8 + ROW_HEIGHT * len(labels))
    style = MarkStyle(DARK_BLUE, "none")
    for axes, (protocol, title) in zip(
        figure.subplots(1, len(titles), squeeze=False)[0], titles.items(), strict=True
    ):
        own = ranks[ranks["protocol"] == protocol].sort_values("average_rank", kind="stable")
        best = float(own["average_rank"].min())
        limit = best + float(own["critical_difference"].iloc[0])
        name_rows(axes, [drawable(shortened(labels[name], LONGEST)) for name in own["estimator"]])
        axes.grid(axis="both")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.axvspan(best, limit, color="#e8e8e8", linewidth=0)
        axes.plot([best, limit], [-0.75, -0.75], color="#1a1a1a", linewidth=1.4, clip_on=False)
        for at, (rank, is_tied) in enumerate(zip(own["average_rank"], own["is_tied_with_best"], strict=True)):
            _plot(axes, rank, float(at), style, fill=style.colour if is_tied else "white")
        axes.set_title(drawable(title), pad=9)
        axes.set_xlabel("Average rank")
    return figure


def plot_cost(summary: pd.DataFrame, labels: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Return mean log error ratios over pooled OLS against seconds a fit and, where it is known, memory.

    Parameters
    ----------
    summary : rows of ``suite_summary`` over pooled OLS
    labels : of the estimators that are drawn, by id
    titles : of the protocols, by id
    """
    costs = [column for column in COSTS if summary[column].notna().any()]
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 2.4 * len(costs))
    grid = figure.subplots(len(costs), len(titles), squeeze=False)
    for column, line in zip(costs, grid, strict=True):
        for axes, (protocol, title) in zip(line, titles.items(), strict=True):
            _plot_cost(axes, column, summary[summary["protocol"] == protocol], _styles(list(labels)))
            axes.set_title(drawable(title))
    _add_legend(figure, labels)
    return figure


def _plot_cost(axes: Axes, column: str, summary: pd.DataFrame, styles: Mapping[str, MarkStyle]) -> None:
    label, least = COSTS[column]
    axes.axhline(0.0, color="#5f6368", linewidth=0.7)
    for row in summary.to_dict("records"):
        style, at = styles[row["estimator"]], max(float(row[column]), least)
        axes.plot([at] * 2, [row["conf_low"], row["conf_high"]], color=style.colour, linewidth=0.8)
        _plot(axes, at, float(row["log_error_ratio"]), style, fill="white")
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high > WIDE * low else (1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.set_ylabel("Mean log error ratio\nover pooled OLS")
    axes.grid(axis="both")
