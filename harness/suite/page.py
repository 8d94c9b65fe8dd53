"""The page of a suite: one offline HTML document, from its tables alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness.report.blocks import (
    Bullets,
    Heading,
    Paragraph,
    Phrase,
    ReportBlock,
    ReportFigure,
    SmallPrint,
    Words,
)
from harness.report.drawing.canvas import DOUBLE_COLUMN, finish, house_style, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.palette import COLOURS, GREY
from harness.report.page import PageSection, render_document
from harness.report.table import Given, RecordColumn, ReportTable, TableCell, record_table
from harness.suite.overall import FEATURES, OVER_WORDS
from harness.suite.spec import OVERS, Suite
from harness.text.numbers import count, fixed, interval, percent, percent_interval, plain
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


# Protocols as they are headed; one that is not here has its id.
TITLES: Mapping[str, str] = {
    "held_out_entities": "Held-out entities",
    "forward": "Forward in time",
    "entities_and_time": "Held-out entities, later periods",
    "random_rows": "Random rows",
    "in_sample": "In sample",
}

Record = Mapping[Hashable, Any]
Tables = Mapping[str, pd.DataFrame]
Columns = list[RecordColumn[Record]]


def suite_page(suite: Suite, tables: Tables, *, is_simulated: bool) -> str:
    """Return the page; every name in it is escaped.

    Parameters
    ----------
    tables : those of `harness.suite.results`, by name
    is_simulated : whether all panels are
    """
    titles = {name: TITLES.get(name, name) for name in dict.fromkeys(tables["suite_gain"]["protocol"])}
    with house_style():
        figures = [finish(one, is_simulated=is_simulated) for one in _figures(suite, tables, titles)]
    sections = [
        PageSection("figures", "", tuple(figures)),
        PageSection("said", "What is said", tuple(_findings(tables, titles))),
        PageSection("summary", "All panels together", tuple(_summary(suite, tables, titles))),
        PageSection("explained", "Where flexible estimators gain", tuple(_explained(suite, tables, titles))),
        PageSection("panels", "The panels", tuple(_panels(suite, tables, titles))),
        PageSection("budgets", "What each estimator was given", tuple(_budgets(tables))),
    ]
    head = tuple(_head(suite, tables, titles, is_simulated=is_simulated))
    return render_document(suite.title, head, sections, language="en")


def _head(
    suite: Suite, tables: Tables, titles: Mapping[str, str], *, is_simulated: bool
) -> Iterator[ReportBlock]:
    n_panels, left_out = count(len(tables["suite_panels"])), tables["suite_left_out"]
    yield Paragraph(f"{n_panels} panels · suite {suite.suite}, edition {suite.edition}", "byline soft")
    if is_simulated:
        simulated = Phrase("SIMULATED DATA.", "strong")
        yield Paragraph((simulated, " No number here says anything about the world."), "banner")
    if tables["suite_gain"]["form"].iloc[0] == "quick":
        fewer = " Fewer draws, splits and restarts than the suite asks for. Do not publish these numbers."
        yield Paragraph((Phrase("QUICK RUN.", "strong"), fewer), "banner")
    yield Paragraph(suite.description)
    for protocol, title in titles.items():
        yield Paragraph(f"{title}: {_verdict(tables, protocol)}", "verdict")
    if len(left_out):
        yield Paragraph(f"{len(left_out)} of its studies could not be run here", "know")


def _verdict(tables: Tables, protocol: str) -> str:
    """Return what is said on ranks under one protocol."""
    found = tables["suite_findings"]
    return str(found.loc[(found["protocol"] == protocol) & (found["finding"] == "rank"), "text"].iloc[0])


def _findings(tables: Tables, titles: Mapping[str, str]) -> Iterator[ReportBlock]:
    found = tables["suite_findings"]
    for protocol, title in titles.items():
        own = found[(found["protocol"] == protocol) & (found["finding"] != "rank")]
        sentences: list[Words] = [
            Phrase(text, "strong") if is_established else text
            for text, is_established in zip(own["text"], own["is_established"].astype(bool), strict=True)
        ]
        yield Heading(title)
        yield Bullets((_verdict(tables, protocol), *sentences))


def _table(caption: str, columns: Columns, frame: pd.DataFrame) -> ReportTable:
    return record_table(caption, columns, frame.to_dict("records"), is_whole=True)


def _summary(suite: Suite, tables: Tables, titles: Mapping[str, str]) -> Iterator[ReportBlock]:
    columns: Columns = [
        RecordColumn("Estimator", cell=lambda row: suite.labels[row["estimator"]]),
        RecordColumn("Wins", cell=lambda row: percent(row["win_rate"], 0)),
        RecordColumn("Interval", cell=lambda row: percent_interval(row["win_low"], row["win_high"])),
        RecordColumn("Mean log error ratio", cell=lambda row: fixed(row["log_error_ratio"], 3)),
        RecordColumn("Interval", cell=lambda row: interval(row["conf_low"], row["conf_high"], 3)),
        RecordColumn(
            "For all at once",
            cell=lambda row: interval(row["simultaneous_low"], row["simultaneous_high"], 3),
        ),
        RecordColumn("Better", cell=lambda row: count(int(row["n_better"]))),
        RecordColumn("Worse", cell=lambda row: count(int(row["n_worse"]))),
        RecordColumn("Refused", cell=lambda row: count(int(row["n_refused"]))),
        RecordColumn("Panels", cell=lambda row: count(int(row["n_panels"]))),
        RecordColumn("Seconds", cell=lambda row: fixed(row["seconds"], 2)),
        RecordColumn("MB", cell=lambda row: fixed(row["memory"], 1)),
    ]
    summary = tables["suite_summary"]
    for protocol, title in titles.items():
        for over in OVERS:
            own = summary[(summary["protocol"] == protocol) & (summary["over"] == over)]
            if len(own):
                yield _table(f"{title}: over {OVER_WORDS[over]}", columns, own)
    yield SmallPrint(
        "Wins: share of panels with the smaller error; refusing a panel is no win. Log error ratio: log of "
        "the error over the reference's; below zero is better. Intervals resample panels and, within each, "
        "entities. Better, worse: panels on which the gain is established by itself, p-values adjusted by "
        "Holm over all panels and flexible estimators; forward in time a panel needs five new periods to be "
        "tested. The best simple rival is chosen panel by panel on the tested rows, which favours it. "
        "Seconds: median over panels of a fit on one core. MB: median over panels of the memory that a fit "
        "takes at its height beyond what its process has."
    )
    yield from _recognition(suite, tables["suite_recognition"])


def _recognition(suite: Suite, shares: pd.DataFrame) -> Iterator[ReportBlock]:
    """Yield what share of the gains on random rows recognises entities; nothing where that is not asked."""
    columns: Columns = [
        RecordColumn("Estimator", cell=lambda row: suite.labels[row["estimator"]]),
        RecordColumn("Median share", cell=lambda row: percent(row["share"], 0)),
        RecordColumn("Interval", cell=lambda row: percent_interval(row["conf_low"], row["conf_high"])),
        RecordColumn("Panels", cell=lambda row: count(int(row["n_panels"]))),
        RecordColumn("Without a gain", cell=lambda row: count(int(row["n_without_gain"]))),
    ]
    if len(shares):
        yield _table("Recognition: share of the gain on random rows that is gone elsewhere", columns, shares)
        yield SmallPrint(
            "Median over the panels on which the gain on random rows is significantly above zero, with an "
            "exact interval; above 100% where pooled OLS predicts new entities better."
        )


def _explained(suite: Suite, tables: Tables, titles: Mapping[str, str]) -> Iterator[ReportBlock]:
    explained = tables["suite_explained"]
    if explained.empty:
        yield Paragraph("Fewer than six panels have what it takes.", "soft")
        return
    correlations = {
        (row["protocol"], row["estimator"], row["feature"]): (
            f"{fixed(row['rank_correlation'], 2)} {interval(row['conf_low'], row['conf_high'], 2)}"
        )
        for row in explained.to_dict("records")
    }

    def of(feature: str, head: str) -> RecordColumn[Record]:
        def cell(row: Record) -> str:
            return correlations.get((row["protocol"], row["estimator"], feature), "–")

        return RecordColumn(head, cell=cell)

    columns: Columns = [
        RecordColumn("Estimator", cell=lambda row: suite.labels[row["estimator"]]),
        RecordColumn("Protocol", "text", cell=lambda row: titles[row["protocol"]]),
        *(of(feature, head) for feature, head in FEATURES.items()),
    ]
    pairs = explained.drop_duplicates(["protocol", "estimator"])
    caption = "Rank correlation of the log error ratio over two-way effects with features of the panels"
    yield _table(caption, columns, pairs)
    yield SmallPrint(
        "Below zero: the estimator does better, next to two-way effects, on panels with more of it. "
        "Intervals resample panels, each by itself. What goes together is no cause."
    )


def _panels(suite: Suite, tables: Tables, titles: Mapping[str, str]) -> Iterator[ReportBlock]:
    columns: Columns = [
        RecordColumn("Panel", cell=lambda row: str(row["title"])),
        RecordColumn("Data", "text", cell=lambda row: str(row["source"])),
        RecordColumn("Rows", cell=lambda row: count(row["n_obs"])),
        RecordColumn("Entities", cell=lambda row: count(row["n_entities"])),
        RecordColumn("Periods", cell=lambda row: count(row["n_periods"])),
        RecordColumn("Balanced", "text", cell=lambda row: "yes" if row["balanced"] else "no"),
        RecordColumn("Variance between", cell=lambda row: percent(row["share_between"], 0)),
        RecordColumn("Curvature", cell=lambda row: percent(row["curvature"], 1)),
    ]
    yield _table("Panels, their data and shape", columns, tables["suite_panels"])
    left_out = [
        (f"{row['study']}: {row['reason']}; ", Phrase(row["remedy"], "code"))
        for row in tables["suite_left_out"].to_dict("records")
    ]
    if left_out:
        yield Heading("Left out")
        yield Bullets(tuple(left_out))
    gains = tables["suite_gain"]
    refused = [
        f"{row['study']}, {titles[row['protocol']]}, {suite.labels[row['estimator']]}: {row['reason']}"
        for row in gains[(gains["status"] != "ok") & (gains["over"] == "pooled")].to_dict("records")
    ]
    yield Heading("Refused")
    yield Bullets(tuple(refused) or ("No estimator refused a panel.",))


def _budgets(tables: Tables) -> Iterator[ReportBlock]:
    def method(row: Record) -> Given:
        return TableCell((Phrase(row["use"], "code"), f" {row['options']}"))

    columns: Columns = [
        RecordColumn("Estimator", cell=lambda row: str(row["label"])),
        RecordColumn("Options", "text", cell=method),
        RecordColumn("Candidates", cell=lambda row: count(row["n_candidates"])),
        RecordColumn("Fits", cell=lambda row: count(row["n_fits"])),
        RecordColumn("Seconds", cell=lambda row: fixed(row["seconds"], 1)),
        RecordColumn("MB", cell=lambda row: fixed(row["memory"], 1)),
        RecordColumn("Refused", cell=lambda row: count(row["n_refused"])),
    ]
    yield _table("Options, fits, time and memory", columns, tables["suite_budgets"])
    yield SmallPrint(
        "All estimators are fitted on the same rows of the same splits, and choose what they choose on rows "
        "of the training side alone. Candidates: sets of options that are compared, the same number for all "
        "that are tuned. MB: of the panel where a fit takes most."
    )


def _figures(suite: Suite, tables: Tables, titles: Mapping[str, str]) -> Iterator[ReportFigure]:
    gains, summary = tables["suite_gain"], tables["suite_summary"]
    flexible = styles_of({name: suite.labels[name] for name in suite.flexible})
    panels = [(name, name.replace("-", " ")) for name in tables["suite_panels"]["study"]]
    yield ReportFigure(
        "suite-gains",
        plot_gains(gains[gains["over"] == "two_way"], flexible, panels=panels, titles=titles),
        alt="Dots: the gain of every flexible estimator over two-way effects on every panel.",
        caption=(
            "Gain of every flexible estimator over two-way effects, panel by panel. What is left of "
            "−100% is drawn there; a dot that is missing is a refusal, of the estimator or of two-way "
            "effects."
        ),
    )
    yield ReportFigure(
        "suite-ranks",
        plot_ranks(tables["suite_ranks"], suite.labels, titles),
        alt="Dots: average rank of every estimator over the panels, with the critical difference.",
        caption=(
            "Average rank by error, 1 is best; an estimator that refuses a panel is last there. The bar "
            f"is Nemenyi's critical difference at {percent(1 - suite.level, 0)} from the best; full dots "
            "are not told apart from the best (Demšar 2006)."
        ),
    )
    yield ReportFigure(
        "suite-cost",
        plot_cost(summary[summary["over"] == "pooled"], styles_of(suite.labels), titles),
        alt="Dots: mean log error ratio over pooled OLS against seconds and megabytes of a fit.",
        caption=(
            "What accuracy costs: mean log error ratio over pooled OLS, below zero is better, with "
            "intervals that resample panels and entities, against the seconds of a fit on one core and "
            "the memory it takes at its height beyond what its process has."
        ),
    )
