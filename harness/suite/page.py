"""The page of a suite: one offline HTML document, from its tables alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.page import Numbering
from harness.report.templating import environment, packaged, style_sheet
from harness.suite.figures import draw_cost, draw_gains, draw_ranks, styles_of
from harness.suite.findings import OVER_WORDS
from harness.suite.overall import FEATURES
from harness.suite.spec import OVERS, Suite
from harness.text.numbers import count, fixed, interval, percent, percent_interval

TITLES: Mapping[str, str] = {
    "held_out_entities": "Held-out entities",
    "forward": "Forward in time",
    "entities_and_time": "Held-out entities, later periods",
    "random_rows": "Random rows",
    "in_sample": "In sample",
}
"""Protocols as they are headed; one that is not here has its id."""


@dataclass(frozen=True)
class SummaryRow:
    """One estimator over all panels, in words."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class ProtocolBlock:
    """What is said under one protocol.

    Attributes
    ----------
    verdict : on ranks
    sentences : on estimators, each with whether it is established
    summary : by what gains are over
    """

    title: str
    verdict: str
    sentences: tuple[tuple[str, bool], ...]
    summary: tuple[tuple[str, tuple[SummaryRow, ...]], ...]


def suite_page(suite: Suite, tables: Mapping[str, pd.DataFrame], *, is_simulated: bool) -> str:
    """Return the page; every name in it is escaped.

    Parameters
    ----------
    tables : those of `harness.suite.tables`, by name
    is_simulated : whether all panels are
    """
    gains = tables["suite_gain"]
    protocols = list(dict.fromkeys(gains["protocol"]))
    titles = {name: TITLES.get(name, name) for name in protocols}
    refused = gains[(gains["status"] != "ok") & (gains["over"] == "pooled")]
    template = environment().from_string(packaged("harness.suite", "suite.html.j2"))
    return template.render(
        suite=suite,
        form=gains["form"].iloc[0],
        is_simulated=is_simulated,
        n_panels=len(tables["suite_panels"]),
        blocks=[_block(suite, tables, name, titles[name]) for name in protocols],
        figures=list(_figures(suite, tables, titles, is_simulated=is_simulated)),
        panels=tables["suite_panels"].to_dict("records"),
        explained=list(_explained(suite, tables["suite_explained"], titles)),
        budgets=tables["suite_budgets"].to_dict("records"),
        refused=[_refusal(suite, row, titles) for row in refused.to_dict("records")],
        left_out=tables["suite_left_out"].to_dict("records"),
        style=style_sheet(),
        numbers=Numbering(),
        fixed=fixed,
    )


def _refusal(
    suite: Suite, row: Mapping[Hashable, object], titles: Mapping[str, str]
) -> tuple[str, str, str, str]:
    label = suite.labels[str(row["estimator"])]
    return str(row["study"]), titles[str(row["protocol"])], label, str(row["reason"])


def _block(suite: Suite, tables: Mapping[str, pd.DataFrame], protocol: str, title: str) -> ProtocolBlock:
    found = tables["suite_findings"]
    found = found[found["protocol"] == protocol]
    others = found[found["finding"] != "rank"]
    return ProtocolBlock(
        title=title,
        verdict=str(found.loc[found["finding"] == "rank", "text"].iloc[0]),
        sentences=tuple(zip(others["text"], others["is_established"].astype(bool), strict=True)),
        summary=tuple(_summary(suite, tables["suite_summary"], protocol)),
    )


def _summary(
    suite: Suite, summary: pd.DataFrame, protocol: str
) -> Iterator[tuple[str, tuple[SummaryRow, ...]]]:
    for over in OVERS:
        own = summary[(summary["protocol"] == protocol) & (summary["over"] == over)]
        if len(own):
            yield (
                OVER_WORDS[over],
                tuple(
                    SummaryRow(suite.labels[str(row["estimator"])], tuple(_cells(row)))
                    for row in own.to_dict("records")
                ),
            )


def _cells(row: Mapping[Hashable, float]) -> Iterator[str]:
    yield percent(row["win_rate"], 0)
    yield percent_interval(row["win_low"], row["win_high"])
    yield fixed(row["log_error_ratio"], 3)
    yield interval(row["conf_low"], row["conf_high"], 3)
    yield interval(row["simultaneous_low"], row["simultaneous_high"], 3)
    yield count(int(row["n_better"]))
    yield count(int(row["n_worse"]))
    yield count(int(row["n_refused"]))
    yield count(int(row["n_panels"]))
    yield fixed(row["seconds"], 2)
    yield fixed(row["memory"], 1)


def _explained(
    suite: Suite, explained: pd.DataFrame, titles: Mapping[str, str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield protocol, estimator and what is said of each feature."""
    for key, own in explained.groupby(["protocol", "estimator"], sort=False):
        by_feature = own.set_index("feature").to_dict("index")
        cells = []
        for name in FEATURES:
            row = by_feature.get(name)
            limits = interval(row["conf_low"], row["conf_high"], 2) if row else ""
            cells.append(f"{fixed(row['rank_correlation'], 2)} {limits}" if row else "–")
        yield titles[str(key[0])], suite.labels[str(key[1])], tuple(cells)


def _figures(
    suite: Suite,
    tables: Mapping[str, pd.DataFrame],
    titles: Mapping[str, str],
    *,
    is_simulated: bool,
) -> Iterator[RenderedFigure]:
    gains, panels = tables["suite_gain"], tables["suite_panels"]
    over_two_way = gains[gains["over"] == "two_way"]
    drawn = {name: suite.labels[name] for name in suite.flexible}
    with house_style():
        renderer = FigureRenderer(is_simulated=is_simulated)
        yield renderer.render(
            "suite-gains",
            draw_gains(
                over_two_way,
                styles_of(drawn),
                panels=[(name, name.replace("-", " ")) for name in panels["study"]],
                titles=titles,
            ),
            alt="Dots: the gain of every flexible estimator over two-way effects on every panel.",
            caption=(
                "Gain of every flexible estimator over two-way effects, panel by panel. What is left of "
                "−100% is drawn there; a dot that is missing is a refusal, of the estimator or of two-way "
                "effects."
            ),
        )
        yield renderer.render(
            "suite-ranks",
            draw_ranks(tables["suite_ranks"], suite.labels, titles),
            alt="Dots: average rank of every estimator over the panels, with the critical difference.",
            caption=(
                "Average rank by error, 1 is best; an estimator that refuses a panel is last there. The bar "
                f"is Nemenyi's critical difference at {percent(1 - suite.level, 0)} from the best; full dots "
                "are not told apart from the best (Demšar 2006)."
            ),
        )
        summary = tables["suite_summary"]
        yield renderer.render(
            "suite-cost",
            draw_cost(summary[summary["over"] == "pooled"], styles_of(suite.labels), titles),
            alt="Dots: mean log error ratio over pooled OLS beside seconds and megabytes of a fit.",
            caption=(
                "What accuracy costs: mean log error ratio over pooled OLS, below zero is better, with "
                "intervals that resample panels and entities, beside the seconds of a fit on one core and "
                "the memory it takes at its height beside what its process has."
            ),
        )
