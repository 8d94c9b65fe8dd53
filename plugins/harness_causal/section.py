"""The section of treatments that start: averages, effects by time since the start, tests and weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.plugin import reporting as parts
from harness.plugin.reporting import fixed, gettext, joined, marked, p_text, percent
from harness_causal.event_study import REFERENCE
from harness_causal.tables import (
    AVERAGE,
    DID_BOUNDS,
    DID_COMPARISONS,
    DID_EFFECTS,
    DID_TESTS,
    EVENT,
    FORBIDDEN,
    DidEffectRow,
    DidRow,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES: Mapping[str, str] = {
    "sun_abraham": marked("Sun & Abraham"),
    "imputation": marked("Imputation"),
    "callaway_santanna": marked("Callaway & Sant'Anna"),
}

# Colour and marker of each method.
STYLES = {
    "sun_abraham": ("#0072b2", "o"),
    "imputation": ("#d55e00", "s"),
    "callaway_santanna": ("#009e73", "^"),
}
GREY = "#333333"

# Between the dots of two methods, in periods.
STEP = 0.2

# Size of the tests before the start.
SIZE = 0.05

HEADS = (marked("Method"), marked("Average"), marked("Interval"), marked("Test before"), marked("Breakdown"))

ASSUMED = marked(
    "Effects are averages over treated rows. They assume parallel trends and no anticipation, and hold where "
    "effects differ between entities or change over time. The test is of no effect before the start; that it "
    "does not reject is no proof of parallel trends (Roth 2022)."
)
BREAKDOWN = marked(
    "Breakdown: violations of parallel trends, from one period to the next, at which the interval of the "
    "average includes zero, in units of the largest change before the start (Rambachan & Roth 2023)."
)

# What holds by every method, by those named, by none.
SIGNIFICANT = (
    marked("By every method the average effect is significantly different from zero."),
    marked("The average effect is significantly different from zero by {methods}, not by the others."),
    marked("By no method is the average effect significantly different from zero."),
)
TRENDS = (
    marked(
        "By every method there is an effect before the start (joint test at 5%): trends may not be parallel."
    ),
    marked(
        "By {methods} there is an effect before the start (joint test at 5%): trends may not be parallel."
    ),
    marked("By no method is there an effect before the start (joint tests at 5%)."),
)
FORBIDDEN_SHARE = marked(
    "With two-way effects the coefficient, without controls, is {estimate}. {share} of its weight is on "
    "comparisons with entities that were treated already, whose mean is {mean}; where effects change over "
    "time, these are biased (Goodman-Bacon 2021)."
)

RowT = TypeVar("RowT", bound=DidRow)


@dataclass(frozen=True, eq=False)
class DidAnswer:
    """What a scenario found of one outcome."""

    run: parts.Run
    outcome: str
    scenario: str

    def rows(self, table: parts.TypedTable[RowT]) -> list[RowT]:
        """Return its rows of a table."""
        own = (self.outcome, self.scenario)
        return [row for row in self.run.rows(table) if (row.outcome, row.scenario) == own]

    @property
    def averages(self) -> list[DidEffectRow]:
        """The average by each method, or why there is none."""
        return [row for row in self.rows(DID_EFFECTS) if row.effect == AVERAGE or not row.is_done]

    @property
    def events(self) -> list[DidEffectRow]:
        """Effects by time since the start with simultaneous limits."""
        return [row for row in self.rows(DID_EFFECTS) if row.effect == EVENT and row.band == "simultaneous"]

    @property
    def about(self) -> dict[str, str]:
        """The exposure and the outcome, as sentences call them."""
        study, exposure = self.run.manifest.study, self.averages[0].exposure
        return {"exposure": study.label(exposure), "outcome": study.label(self.outcome)}


def did_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield a table, a figure and sentences for each outcome and scenario."""
    for outcome, scenario in dict.fromkeys((row.outcome, row.scenario) for row in run.rows(DID_EFFECTS)):
        answer = DidAnswer(run, outcome, scenario)
        yield _table(answer)
        yield from map(parts.Paragraph, _points(answer))
        if answer.events:
            yield _figure(answer)


def _table(answer: DidAnswer) -> parts.ReportTable:
    heads = [gettext(head) for head in HEADS]
    tests = {row.method: row for row in answer.rows(DID_TESTS)}
    breakdowns = {row.method: row.breakdown for row in answer.rows(DID_BOUNDS) if row.is_done}
    caption = gettext("Average effect of {exposure} on {outcome}").format(**answer.about)
    rows: list[tuple[str | parts.TableCell, ...]] = []
    for row in answer.averages:
        name = gettext(NAMES.get(row.method, row.method))
        if not row.is_done:
            rows.append((name, parts.TableCell(row.reason, n_columns=len(heads) - 1)))
            continue
        number, limits = parts.estimate(row.estimate, row.conf_low, row.conf_high)
        test, breakdown = tests[row.method], breakdowns.get(row.method)
        shown = parts.MISSING if breakdown is None else fixed(breakdown, 2)
        rows.append((name, number, limits, p_text(test.p_value) or parts.MISSING, shown))
    columns = tuple(parts.TableColumn(head) for head in heads)
    return parts.ReportTable(
        caption, columns, parts.plain_rows(rows), notes=(gettext(ASSUMED), gettext(BREAKDOWN))
    )


def _points(answer: DidAnswer) -> Iterator[str]:
    """Yield what the average is, whether there is a trend before, and how the two-way estimate compares."""
    done = [row for row in answer.averages if row.is_done]
    if done:
        yield _which(SIGNIFICANT, [row for row in done if row.conf_low > 0.0 or row.conf_high < 0.0], done)
    tests = [row for row in answer.rows(DID_TESTS) if row.is_done]
    if tests:
        yield _which(TRENDS, [row for row in tests if row.p_value < SIZE], tests)
    comparisons = [row for row in answer.rows(DID_COMPARISONS) if row.is_done]
    forbidden = [row for row in comparisons if row.comparison == FORBIDDEN]
    if forbidden:
        share = sum(row.weight for row in forbidden)
        yield gettext(FORBIDDEN_SHARE).format(
            estimate=parts.significant(sum(row.weight * row.estimate for row in comparisons), 3),
            share=percent(share),
            mean=parts.significant(sum(row.weight * row.estimate for row in forbidden) / share, 3),
        )


def _which(words: Sequence[str], those: Sequence[DidRow], among: Sequence[DidRow]) -> str:
    """Return a sentence by whether something holds by all methods, by some, or by none."""
    names = joined([gettext(NAMES[row.method]) for row in those])
    every, some, none = words
    return gettext(every if len(those) == len(among) else some if those else none).format(methods=names)


def _figure(answer: DidAnswer) -> parts.ReportFigure:
    about = answer.about
    return parts.ReportFigure(
        f"did-{parts.file_slug(answer.outcome)}-{parts.file_slug(answer.scenario)}",
        plot_events(answer.events, about["outcome"]),
        alt=gettext("Effects of {exposure} on {outcome} by periods since the start.").format(**about),
        caption=gettext(
            "Effect of {exposure} on {outcome} by periods since the start, against the period before it "
            "(grey), with simultaneous {level} intervals. Those of the imputation before the start are from "
            "untreated rows alone."
        ).format(level=percent(answer.events[0].level, 0), **about),
    )


def plot_events(rows: Sequence[DidEffectRow], outcome: str) -> Figure:
    """Return the effects by time since the start, the methods side by side."""
    from matplotlib.ticker import MaxNLocator

    from harness.plugin import drawing

    figure = drawing.new_figure(drawing.DOUBLE_COLUMN, 2.8)
    axes = figure.subplots()
    axes.grid(axis="y")
    axes.axhline(0.0, color=GREY, linewidth=0.7)
    axes.axvline(-0.5, color=GREY, linewidth=0.7, linestyle=(0, (1.0, 1.5)))
    axes.plot(REFERENCE, 0.0, "o", color=GREY, markersize=4, fillstyle="none")
    methods = list(dict.fromkeys(row.method for row in rows))
    for at, method in enumerate(methods):
        own = [row for row in rows if row.method == method]
        places = [(row.event_time or 0) + STEP * (at - (len(methods) - 1) / 2.0) for row in own]
        colour, marker = STYLES[method]
        axes.vlines(
            places, [row.conf_low for row in own], [row.conf_high for row in own], colour, linewidth=1.0
        )
        label = gettext(NAMES[method])
        axes.plot(places, [row.estimate for row in own], marker, color=colour, markersize=4, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(gettext("Periods since the start"))
    axes.set_ylabel(drawing.drawable(gettext("Effect on {outcome}").format(outcome=outcome)))
    axes.legend()
    return figure


SECTION = parts.Section(
    *("did", marked("Treatments in stages"), 770, did_blocks),
    tables=(DID_EFFECTS.name,),
)
