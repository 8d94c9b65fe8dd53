"""The section of treatments that start: averages, effects by time since the start, tests and weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.plugin import reporting as parts
from harness.plugin.findings import FINDINGS
from harness.plugin.reporting import fixed, marked, rendered, topic
from harness_causal import tables as own
from harness_causal.event_study import REFERENCE
from harness_causal.findings import METHODS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

gettext = topic("harness_causal.section")


# Name, colour and marker of each method.
STYLES: Mapping[str, tuple[str, str, str]] = {
    name: (METHODS[name], colour, marker)
    for name, colour, marker in (
        ("sun_abraham", "#0072b2", "o"),
        ("imputation", "#d55e00", "s"),
        ("callaway_santanna", "#009e73", "^"),
        ("synthetic", "#cc79a7", "D"),
    )
}
GREY = "#333333"

# Between the dots of two methods, in periods.
STEP = 0.2

HEADS = (marked("Method"), marked("Average"), marked("Interval"), marked("Test before"), marked("Breakdown"))
ASSUMED = marked(
    "Averages over treated rows, under parallel trends and no anticipation. Test before: of no effect before "
    "the start; no rejection is no proof of parallel trends (Roth 2022)."
)
BREAKDOWN = marked(
    "Breakdown: violation of parallel trends at which the interval of the average includes zero, in units of "
    "the largest change before the start (Rambachan & Roth 2023)."
)
SYNTHETIC = marked(
    "Synthetic DiD: changes since weighted periods before the start, less those of weighted entities; "
    "effects by period have no intervals (Arkhangelsky et al. 2021)."
)

RowT = TypeVar("RowT", bound=own.DidRow)


@dataclass(frozen=True, eq=False)
class DidAnswer:
    """What a scenario found of one outcome."""

    run: parts.Run
    outcome: str
    scenario: str

    def rows(self, table: parts.TypedTable[RowT]) -> list[RowT]:
        """Return its rows of a table."""
        place = (self.outcome, self.scenario)
        return [row for row in self.run.rows(table) if (row.outcome, row.scenario) == place]

    @property
    def averages(self) -> list[own.DidEffectRow]:
        """The average by each method, or why there is none."""
        return [row for row in self.rows(own.DID_EFFECTS) if row.effect != own.EVENT]

    @property
    def about(self) -> dict[str, str]:
        """The exposure and the outcome, as sentences call them."""
        study, exposure = self.run.manifest.study, self.averages[0].exposure
        return {"exposure": study.label(exposure), "outcome": study.label(self.outcome)}


def did_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield a table, sentences and a figure for each outcome and scenario."""
    for place in dict.fromkeys((row.outcome, row.scenario) for row in run.rows(own.DID_EFFECTS)):
        answer = DidAnswer(run, *place)
        yield parts.ReportTable(
            gettext("Average effect of {exposure} on {outcome}").format(**answer.about),
            tuple(parts.TableColumn(rendered(head)) for head in HEADS),
            parts.plain_rows(_cells(answer)),
            notes=(rendered(ASSUMED), rendered(BREAKDOWN), *_synthetic(answer)),
        )
        yield from map(parts.Paragraph, _points(answer))
        yield from _figures(answer)
        yield from _cohorts(answer)


def _cells(answer: DidAnswer) -> Iterator[tuple[str | parts.TableCell, ...]]:
    """Yield a row for each method: its average, the test before the start, the breakdown, or the reason."""
    tests = {row.method: parts.p_text(row.p_value) for row in answer.rows(own.DID_TESTS)}
    breakdowns = {row.method: fixed(row.breakdown, 2) for row in answer.rows(own.DID_BOUNDS)}
    for row in answer.averages:
        if row.is_done:
            average = parts.estimate(row.estimate, row.conf_low, row.conf_high)
            checks = tests[row.method] or parts.MISSING, breakdowns[row.method]
            yield (rendered(STYLES[row.method][0]), *average, *checks)
        else:
            name = rendered(STYLES[row.method][0])
            yield (name, parts.TableCell(row.reason, n_columns=len(HEADS) - 1))


def _cohorts(answer: DidAnswer) -> Iterator[parts.ReportBlock]:
    """Yield the effects by start and periods since, in the appendix, a group a method."""
    rows = [row for row in answer.rows(own.DID_COHORTS) if row.start]
    if rows:
        heads = (gettext("Method"), gettext("Start"), gettext("Periods since"), gettext("Treated rows"))
        table = parts.ReportTable(
            gettext("Effect of {exposure} on {outcome} by start of treatment").format(**answer.about),
            tuple(map(parts.TableColumn, (*heads, gettext("Effect"), gettext("Interval")))),
            parts.plain_rows(map(_cohort_cells, rows)),
        )
        yield parts.Appendix((table,))


def _cohort_cells(row: own.CohortEffectRow) -> tuple[str | parts.TableCell, ...]:
    names = (rendered(STYLES[row.method][0]), row.start, str(row.event_time), str(row.n_treated))
    if not row.is_done:
        return (*names, parts.TableCell(row.reason, n_columns=2))
    return (*names, *parts.estimate(row.estimate, row.conf_low, row.conf_high))


def _points(answer: DidAnswer) -> Iterator[str]:
    """Yield how far methods agree on the average and on trends before, and the two-way estimate."""
    shown = [f"{answer.scenario}: {about}" for about in ("averages", "trends", "comparisons")]
    rows = answer.run.rows(FINDINGS, outcome=answer.outcome, finding="did")
    yield from (row.text for row in rows if row.about in shown)


def _figures(answer: DidAnswer) -> Iterator[parts.ReportFigure]:
    rows = [row for row in answer.rows(own.DID_EFFECTS) if row.band == "simultaneous"]
    about, synthetic = answer.about, _synthetic(answer)
    alt = gettext("Effects of {exposure} on {outcome} by periods since the start.").format(**about)
    against = gettext(
        "Effect of {exposure} on {outcome} by periods since the start, against the period before it "
        "(grey), with simultaneous {level} intervals."
    )
    if rows:
        others = against.format(level=parts.percent(rows[0].level, 0), **about)
        is_alone = {row.method for row in rows} == {"synthetic"}
        yield parts.ReportFigure(
            f"did-{parts.file_slug(answer.outcome)}-{parts.file_slug(answer.scenario)}",
            plot_events(rows, about["outcome"]),
            alt=alt,
            caption=" ".join((alt if is_alone else others, *synthetic)),
        )


def _synthetic(answer: DidAnswer) -> tuple[str, ...]:
    """Return what is compared by synthetic differences, where they are asked for."""
    return (rendered(SYNTHETIC),) * any(row.method == "synthetic" for row in answer.averages)


def plot_events(rows: Sequence[own.DidEffectRow], outcome: str) -> Figure:
    """Return the effects by time since the start, the methods side by side."""
    from matplotlib.ticker import MaxNLocator

    from harness.plugin import drawing

    figure, axes = drawing.axes_over_zero(drawing.DOUBLE_COLUMN, 2.8)
    axes.axvline(-0.5, color=GREY, linewidth=0.7, linestyle=(0, (1.0, 1.5)))
    if any(row.method != "synthetic" for row in rows):
        axes.plot(REFERENCE, 0.0, "o", color=GREY, markersize=4, fillstyle="none")
    for at, method in enumerate(dict.fromkeys(row.method for row in rows)):
        name, colour, marker = STYLES[method]
        found = [row for row in rows if row.method == method]
        places = [(row.event_time or 0) + STEP * (at - 1) for row in found]
        lows, highs = [row.conf_low for row in found], [row.conf_high for row in found]
        axes.vlines(places, lows, highs, colour, linewidth=1.0)
        dots = [row.estimate for row in found]
        axes.plot(places, dots, marker, color=colour, markersize=4, label=rendered(name))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(gettext("Periods since the start"))
    axes.set_ylabel(drawing.drawable(gettext("Effect on {outcome}").format(outcome=outcome)))
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(STYLES))
    return figure


SECTION = parts.Section(
    *("did", marked("Treatments in stages"), 778, did_blocks),
    tables=tuple(table.name for table in own.TABLES),
)
