"""The section of thresholds, shapes, and effects since a treatment started: rows, tables and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from harness.plugin import reporting as parts
from harness.plugin.findings import FINDINGS
from harness_panel.findings import PRE_TREND

if TYPE_CHECKING:
    from matplotlib.figure import Figure

gettext = parts.topic("harness_panel.section")


# Kind of a threshold that a model assumes, unlike a change of sign that curves show.
BREAK = "break"

# Tests of a polynomial's shape, and turning points, as the report calls them.
SHAPES: Mapping[str, str] = {
    "linearity": parts.marked("against a straight line"),
    "parabola": parts.marked("against a parabola"),
    "U": parts.marked("a U"),
    "inverted U": parts.marked("an inverted U"),
    "N": parts.marked("an N"),
    "inverted N": parts.marked("an inverted N"),
}
KINDS: Mapping[str, str] = {"minimum": parts.marked("minimum"), "maximum": parts.marked("maximum")}

BREAKS_NOTE = parts.marked(
    "A threshold model always has a break; the tests (bootstrap of whole entities) say for how many there is "
    "evidence."
)
SHAPES_NOTE = parts.marked(
    "Against a straight line or a parabola: F of the powers beyond. U and N: the weakest one-sided t of the "
    "slopes that make the shape (Lind and Mehlum 2010); a small p speaks for the shape."
)

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#333333"
DOTTED, DASHED = (0, (1.0, 1.5)), (0, (4.0, 1.5))


@dataclass(frozen=True)
class FitRow:
    """A row of what one fit says in detail."""

    outcome: str
    estimator: str


@dataclass(frozen=True)
class NumberTestRow(FitRow):
    """A test of some number of thresholds against one less."""

    n_thresholds: int | None
    statistic: float
    p_value: float


@dataclass(frozen=True)
class LikelihoodRow(FitRow):
    """The likelihood ratio of the estimated place of one threshold to another place."""

    threshold: int | None
    variable: str
    estimate: float
    at: float
    likelihood_ratio: float
    critical_05: float


@dataclass(frozen=True)
class EventRow(FitRow):
    """The effect some periods since the start, outcome units; limits are missing at the reference."""

    event_time: int | None
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class TurningRow(FitRow):
    """Where a polynomial turns, the exposure's unit, with both intervals; an end may be infinite."""

    kind: str
    at: float
    delta_low: float
    delta_high: float
    fieller_low: float
    fieller_high: float


NUMBER_TESTS = parts.typed("details/threshold_tests", NumberTestRow)
LIKELIHOODS = parts.typed("details/threshold_likelihood", LikelihoodRow)
EVENTS = parts.typed("details/event_study", EventRow)
TURNING = parts.typed("details/polynomial_turning_points", TurningRow)

RowT = TypeVar("RowT", bound=FitRow | parts.ThresholdRow | parts.EffectTestRow)


@dataclass(frozen=True, eq=False)
class Rival:
    """One estimator on one outcome, and what it says of thresholds, shapes and treatments."""

    run: parts.Run
    outcome: str
    estimator: str

    def rows(self, table: parts.TypedTable[RowT]) -> list[RowT]:
        """Return its rows of a table of the run, in their order."""
        fit = (self.outcome, self.estimator)
        return [row for row in self.run.rows(table) if (row.outcome, row.estimator) == fit]

    @property
    def label(self) -> str:
        """The estimator and its outcome."""
        study = self.run.manifest.study
        return parts.listed((study.estimator_label(self.estimator), study.label(self.outcome)))

    @property
    def name(self) -> str:
        """The same in names of figures."""
        return f"{parts.file_slug(self.outcome)}-{parts.file_slug(self.estimator)}"

    @property
    def breaks(self) -> list[parts.ThresholdRow]:
        """Its thresholds."""
        return [row for row in self.rows(parts.THRESHOLDS) if row.kind == BREAK and row.is_done]

    @property
    def shapes(self) -> list[parts.EffectTestRow]:
        """Tests of its shape."""
        return [row for row in self.rows(parts.EFFECT_TESTS) if row.test in SHAPES]


def rivals(run: parts.Run) -> tuple[Rival, ...]:
    """Return the fits of a run in the order of the study."""
    study = run.manifest.study
    return tuple(Rival(run, outcome, entry.id) for outcome in study.outcomes for entry in study.estimators)


def threshold_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield places of thresholds, shapes of polynomials, effects since a treatment started, and figures.

    Nothing where no fit has a threshold, is tested for a shape or has an event study.
    """
    study, found = run.manifest.study, rivals(run)
    breaks = [row for rival in found for row in _breaks(study, rival)]
    shapes = [_shape(study, rival) for rival in found if rival.shapes]
    if not (breaks or shapes or any(rival.rows(EVENTS) for rival in found)):
        return
    fit = parts.TableColumn(gettext("Estimator and outcome"))
    if breaks:
        place = gettext("Place"), gettext("{level} set").format(level="95%")
        tests = _text_column(gettext("k against k − 1 thresholds"))
        yield parts.ReportTable(
            gettext("Places where the slope breaks"),
            (fit, _text_column(gettext("Threshold in")), *map(parts.TableColumn, place), tests),
            parts.plain_rows(breaks),
            notes=(parts.rendered(BREAKS_NOTE),),
        )
    if shapes:
        yield parts.ReportTable(
            gettext("Shapes of polynomials"),
            (fit, _text_column(gettext("Tests")), _text_column(gettext("Turning points"))),
            parts.plain_rows(shapes),
            notes=(parts.rendered(SHAPES_NOTE),),
        )
    yield from (parts.Paragraph(row.text) for row in run.rows(FINDINGS, finding=PRE_TREND))
    for rival in found:
        yield from event_figures(study, rival)
    yield parts.Appendix(tuple(figure for rival in found for figure in likelihood_figures(study, rival)))


def _text_column(head: str) -> parts.TableColumn:
    return parts.TableColumn(head, "text")


def _breaks(study: parts.StudyRecord, rival: Rival) -> Iterator[tuple[str, ...]]:
    """Yield the thresholds of one fit, each with its place and the tests of their number."""
    tests = parts.in_turn(
        _test(parts.count(row.n_thresholds), f"F {parts.fixed(row.statistic, 1)}", row.p_value)
        for row in rival.rows(NUMBER_TESTS)
    )
    for row in rival.breaks:
        place = parts.estimate(row.at, row.conf_low, row.conf_high)
        yield (rival.label, study.axis_label(row.moderator), *place, tests or parts.MISSING)


def _shape(study: parts.StudyRecord, rival: Rival) -> tuple[str, ...]:
    """Return one polynomial's fit, its tests as ``an inverted U: 2.71, p = 0.003``, and where it turns."""
    none = gettext("none within the range of {exposure}").format(exposure=study.label(study.exposure))
    tests = (
        _test(parts.rendered(SHAPES[row.test]), parts.fixed(row.statistic, 2), row.p_value)
        for row in rival.shapes
    )
    return (rival.label, parts.in_turn(tests), parts.in_turn(map(_turning, rival.rows(TURNING))) or none)


def _test(what: str, statistic: str, p_value: float) -> str:
    words = gettext("{what}: {statistic}, {p_value}")
    return words.format(what=what, statistic=statistic, p_value=parts.p_text(p_value))


def _turning(row: TurningRow) -> str:
    place, delta = parts.estimate(row.at, row.delta_low, row.delta_high)
    low, high = (
        gettext("no end") if math.isinf(limit) else parts.significant(limit)
        for limit in (row.fieller_low, row.fieller_high)
    )
    words = gettext("{kind} at {place}, {limits} by the delta method, {low} to {high} by Fieller's")
    return words.format(kind=parts.rendered(KINDS[row.kind]), place=place, limits=delta, low=low, high=high)


def likelihood_figures(study: parts.StudyRecord, rival: Rival) -> Iterator[parts.ReportFigure]:
    """Yield the likelihood of the thresholds of one fit."""
    if likelihoods := rival.rows(LIKELIHOODS):
        yield parts.ReportFigure(
            f"threshold-{rival.name}",
            plot_likelihoods(likelihoods, study),
            alt=gettext("Likelihood ratio of the places of thresholds of {named}.").format(named=rival.label),
            caption=gettext(
                "{named}: likelihood ratio of the estimated threshold to other places. Below the dashed "
                "line is the 95% set (Hansen 1999), for independent errors of equal variance."
            ).format(named=rival.label),
        )


def event_figures(study: parts.StudyRecord, rival: Rival) -> Iterator[parts.ReportFigure]:
    """Yield the event study of one fit."""
    if events := rival.rows(EVENTS):
        yield parts.ReportFigure(
            f"event-study-{rival.name}",
            plot_events(events, study),
            alt=gettext("Effects by periods since the treatment started, {named}.").format(named=rival.label),
            caption=gettext(
                "{named}: effect of {exposure} by periods since it started, against the period before, with "
                "pointwise 95% intervals. Biased where starts and effects both differ between entities."
            ).format(named=rival.label, exposure=study.label(study.exposure)),
        )


def plot_likelihoods(rows: Sequence[LikelihoodRow], study: parts.StudyRecord) -> Figure:
    """Return the figure of at least one threshold, a panel for each."""
    from matplotlib.ticker import MaxNLocator

    from harness.plugin import drawing

    thresholds = [list(own) for _, own in groupby(rows, key=lambda row: row.threshold)]
    n = len(thresholds)
    figure, panels = drawing.panel_grid(n, most_columns=n, height=2.4, head=0.0, shared="y")
    for axes, own in zip(panels, thresholds, strict=True):
        first = own[0]
        axes.grid(axis="y")
        axes.plot([row.at for row in own], [row.likelihood_ratio for row in own], color=BLUE, linewidth=1.0)
        axes.axhline(first.critical_05, color=ORANGE, linewidth=0.9, linestyle=DASHED)
        axes.axvline(first.estimate, color=GREY, linewidth=0.7, linestyle=DOTTED)
        title = gettext("threshold {threshold}: {place}")
        place = parts.plain(first.estimate)
        axes.set_title(title.format(threshold=first.threshold, place=place), loc="left", fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    figure.supxlabel(drawing.drawable(study.axis_label(rows[0].variable)), fontsize=8)
    figure.supylabel(gettext("Likelihood ratio"), fontsize=8)
    return figure


def plot_events(rows: Sequence[EventRow], study: parts.StudyRecord) -> Figure:
    """Return the figure of an event study."""
    from harness.plugin import drawing

    figure, axes = drawing.axes_over_zero(drawing.SINGLE_COLUMN + 1.2, 2.5)
    axes.axvline(-0.5, color=GREY, linewidth=0.7, linestyle=DOTTED)
    for row in rows:
        time, is_reference = row.event_time or 0, not math.isfinite(row.conf_low)
        colour = BLUE if time >= 0 else ORANGE
        if not is_reference:
            axes.plot([time, time], [row.conf_low, row.conf_high], color=colour, linewidth=1.2)
        fill = "none" if is_reference else "full"
        axes.plot(time, row.estimate, "o", color=colour, markersize=4, fillstyle=fill)
    axes.set_xticks([row.event_time or 0 for row in rows])
    axes.set_xlabel(gettext("Periods since the start"))
    effect = gettext("Effect on {outcome}").format(outcome=study.label(rows[0].outcome))
    axes.set_ylabel(drawing.drawable(effect))
    return figure


SECTION = parts.Section(
    *("thresholds", parts.marked("Thresholds, shapes and treatments"), 780, threshold_blocks),
    tables=("thresholds", "effect_tests", "details/event_study"),
)
