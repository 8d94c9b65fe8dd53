"""Figures of lines: axes over a hatched support, bands, lines, turning points, the truth, rugs, legends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats, Mask
from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Banded, TruthLine
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report.drawing.canvas import drawable, drawable_label, drawable_lines, panel_grid
from harness.report.drawing.palette import GREY, INK, LineStyle, line_style
from harness.tables.curves import TurningPointRow
from harness.text.numbers import percent
from harness.text.plain_text import shortened

gettext = topic("report.lines")


# Opacity of each kind of band; the wider one is drawn first, so that the narrower lies on it.
SHADES = {SIMULTANEOUS: 0.12, POINTWISE: 0.22}
# Width of the line around the simultaneous band, which on paper is too pale without.
EDGE = 0.4

# Lines over other rows, next to others of the same estimators; and lines behind others.
DOTTED = LineStyle(GREY, (0, (1.0, 1.4)), 1.0)
THIN = LineStyle(GREY, width=0.6)

# The truth, a second one in the same axes, and a true position.
TRUTH_STYLE = LineStyle("#000000", (0, (4.0, 2.0)), 1.2)
OTHER_TRUTH_STYLE = LineStyle("#000000", (0, (4.0, 1.5, 1.0, 1.5)), 1.2)
TURN_STYLE, TURN_MARK = LineStyle("#000000", (0, (2.0, 1.0)), 0.7), LineStyle("#000000", "none")
TRUTH = marked("truth (simulated)")

MARKERS = {marked("minimum"): "v", marked("maximum"): "^"}

# Bars of the histogram over a rug; with no more different values than this each has a bar of its own.
BINS = 40


@dataclass(frozen=True, eq=False)
class Series:
    """One estimator's line with its name, its style and its turning points."""

    line: Banded
    label: str
    style: LineStyle
    is_reference: bool = False
    marks: tuple[TurningPointRow, ...] = ()


def series_of(
    study: StudyRecord, line: Banded, estimator: str, *, marks: tuple[TurningPointRow, ...] = ()
) -> Series:
    """Return an estimator's line in the style that it has in every figure."""
    positions = {entry.id: position for position, entry in enumerate(study.estimators)}
    style = line_style(positions.get(estimator, len(positions)))
    return Series(line, study.estimator_label(estimator), style, estimator == study.reference, marks)


@dataclass(frozen=True, eq=False)
class LinePanel:
    """The lines of one axes, and what stands behind and over them.

    Attributes
    ----------
    lines : in the order of the legend
    beside : the same estimators' lines over other rows, in thin dots
    unsupported : stretches of the horizontal axis that the data do not reach
    truth : behind simulated data; None for other data
    turns : true positions on the horizontal axis, such as turning points
    has_zero : whether a line at zero means something, as for slopes
    """

    lines: Sequence[Series]
    beside: Sequence[Series] = ()
    unsupported: Sequence[tuple[float, float]] = ()
    truth: TruthLine | None = None
    turns: Sequence[float] = ()
    has_zero: bool = False

    def alone(self, series: Series) -> LinePanel:
        """Return the panel of one of the lines."""
        beside = [one for one in self.beside if one.label == series.label]
        return replace(self, lines=(series,), beside=beside)


def plot_panel(axes: Axes, panel: LinePanel) -> None:
    """Draw a panel."""
    plot_background(axes, panel.unsupported, has_zero=panel.has_zero)
    for series in panel.lines:
        plot_bands(axes, series)
    for series in panel.lines:
        plot_line(axes, series)
    for series in panel.beside:
        shown = np.where(series.line.supported, series.line.estimate, np.nan)
        plot_styled(axes, series.line.at, shown, replace(DOTTED, colour=series.style.colour))
    for series in (*panel.lines, *panel.beside):
        _plot_marks(axes, series)
    plot_truth(axes, panel.truth)
    if panel.truth is not None and panel.turns:
        heights = np.interp(panel.turns, panel.truth.at, panel.truth.truth)
        axes.plot(panel.turns, heights, "x", color=TRUTH_STYLE.colour, markersize=6, zorder=6.0)


def plot_background(axes: Axes, unsupported: Iterable[tuple[float, float]], *, has_zero: bool) -> None:
    """Draw a grid of levels over hatched stretches that data do not reach; a line at zero on request."""
    for low, high in unsupported:
        axes.axvspan(low, high, facecolor="#f4f4f4", edgecolor="#c4c4c4", hatch="////", linewidth=0, zorder=0)
    axes.grid(axis="y")
    if has_zero:
        across = axes.get_yaxis_transform()
        axes.plot([0.0, 1.0], [0.0, 0.0], color=INK, linewidth=0.7, transform=across, scalex=False)


def plot_bands(axes: Axes, series: Series) -> None:
    """Shade the bands of a line where it is supported, a narrower one over a wider one."""
    line, colour = series.line, series.style.colour
    for kind, opacity in SHADES.items():
        band = line.band(kind)
        if band is None:
            continue
        where = line.supported & np.isfinite(band.low) & np.isfinite(band.high)
        shade(axes, line.at, (band.low, band.high), where, colour=colour, opacity=opacity)
        for limit in (band.low, band.high) if kind == SIMULTANEOUS else ():
            axes.plot(line.at, np.where(where, limit, np.nan), color=colour, alpha=0.6, linewidth=EDGE)


def shade(
    axes: Axes, at: Floats, limits: tuple[Floats, Floats], where: Mask, *, colour: str, opacity: float
) -> None:
    """Shade what lies between two limits, (n,) each, on every stretch where they are to be seen."""
    ends = np.flatnonzero(np.diff(where, prepend=False, append=False))
    for own in (slice(*pair) for pair in ends.reshape(-1, 2).tolist()):
        low, high = (limit[own] for limit in limits)
        corners = np.column_stack(
            [np.concatenate([at[own], at[own][::-1]]), np.concatenate([low, high[::-1]])]
        )
        axes.add_artist(Polygon(corners, color=colour, alpha=opacity, linewidth=0))
        # `fill` would look for the extent of every side of it.
        axes.update_datalim(corners)


def plot_line(axes: Axes, series: Series) -> None:
    """Draw a line where it is supported, and a faint trace of it where it is not."""
    line, style = series.line, series.style
    axes.plot(line.at, line.estimate, color=style.colour, linewidth=0.5, alpha=0.35)
    plot_styled(axes, line.at, np.where(line.supported, line.estimate, np.nan), style)


def plot_styled(axes: Axes, at: Floats, values: Floats, style: LineStyle, *, zorder: float = 2.0) -> None:
    """Draw values over positions, (n,) each, in a style."""
    axes.plot(at, values, color=style.colour, linestyle=style.dash, linewidth=style.width, zorder=zorder)


def plot_panel_grid(
    panels: Sequence[tuple[str, LinePanel]], *, labels: tuple[str, str], level: float
) -> Figure:
    """Return titled panels side by side, two in a row, with a legend of all but their lines.

    Parameters
    ----------
    labels : of the horizontal and the vertical axis
    level : in (0, 1), nominal coverage where a band does not tell its own
    """
    handles = panel_entries([panel for _, panel in panels], level=level)
    n_columns, n_across = (2, 3) if len(panels) > 1 else (1, 1)
    head = 0.4 + 0.15 * math.ceil(len(handles) / n_across)
    figure, grid = panel_grid(len(panels), most_columns=2, height=2.5, head=head)
    for axes, (title, panel) in zip(grid, panels, strict=True):
        plot_panel(axes, panel)
        axes.set_title(drawable_lines(title, 44))
    for axes in grid[::n_columns]:
        axes.set_ylabel(drawable_label(labels[1], 34))
    figure.supxlabel(drawable_label(labels[0], 46))
    figure.legend(handles=handles, loc="outside upper left", ncols=n_across)
    return figure


def _plot_marks(axes: Axes, series: Series) -> None:
    """Mark the turning points of a line, each with the interval of where it is."""
    colour = series.style.colour
    for mark in series.marks:
        limits, height = [mark.conf_low, mark.conf_high], mark.estimate
        if all(map(math.isfinite, limits)):
            axes.plot(limits, [height] * 2, color=colour, linewidth=0.9, marker="|", markersize=5)
        marker = MARKERS[mark.kind]
        axes.plot(
            mark.at, height, marker=marker, markersize=5, markerfacecolor="white", markeredgecolor=colour
        )


def plot_truth(axes: Axes, line: TruthLine | None, style: LineStyle = TRUTH_STYLE) -> None:
    """Draw a true curve over all other lines, where there is one."""
    if line is not None:
        plot_styled(axes, line.at, line.truth, style, zorder=5.0)


def axes_over_rug(figure: Figure, position: SubplotSpec, rug: Floats) -> tuple[Axes, Axes]:
    """Return axes over a strip with a rug of quantiles, (n_quantiles,), and the strip, which has ticks."""
    grid = position.subgridspec(2, 1, height_ratios=[9, 1])
    main: Axes = figure.add_subplot(grid[0])
    strip: Axes = figure.add_subplot(grid[1], sharex=main)
    main.tick_params(axis="x", length=0, labelbottom=False)
    main.spines["bottom"].set_visible(False)
    _plot_rug(strip, rug)
    strip.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    return main, strip


def _plot_rug(axes: Axes, rug: Floats) -> None:
    """Draw a histogram of quantiles over a tick for each different one."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if rug.size == 0:
        return
    values, counts = np.unique(rug, return_counts=True)
    if 1 < values.size <= BINS:
        axes.bar(values, counts / counts.max(), width=0.02 * np.ptp(values), color="#c9c9c9")
    else:
        heights, edges = np.histogram(rug, bins=BINS)
        axes.stairs(heights / heights.max(), edges, fill=True, color="#c9c9c9")
    axes.vlines(values, -0.45, -0.1, color=INK, linewidth=0.4)
    axes.set_ylim(-0.5, 1.05)


def entry(
    label: str, style: LineStyle, *, marker: str = "", size: float = 5.0, fill: str = "white"
) -> Line2D:
    """Return the entry of a line or marker in a legend."""
    made = Line2D([], [], color=style.colour, linestyle=style.dash, linewidth=style.width, label=label)
    made.set(marker=marker, markersize=size, markerfacecolor=fill)
    return made


def line_entries(lines: Iterable[Series]) -> list[Line2D]:
    """Return the entries of lines in a legend, one a name."""
    named = {series.label: series.style for series in lines}
    return [entry(drawable(shortened(label, 30)), style) for label, style in named.items()]


def panel_entries(
    panels: Sequence[LinePanel], *, level: float, beside: str = "", turn: str = ""
) -> list[Artist]:
    """Return the entries of whatever else stands in any of the panels.

    Parameters
    ----------
    level : in (0, 1), nominal coverage where a band does not tell its own
    beside : what lines over other rows are called
    turn : what true positions are called; a true turning point where it is empty
    """
    drawn = [one for panel in panels for one in (*panel.lines, *panel.beside)]
    kinds = dict.fromkeys(mark.kind for one in drawn for mark in one.marks)
    found: list[Artist] = band_entries([one for panel in panels for one in panel.lines], level=level)
    if beside and any(panel.beside for panel in panels):
        found.append(entry(beside, DOTTED))
    for kind in kinds:
        label = gettext("{kind}, with interval").format(kind=rendered(kind))
        found.append(entry(label, LineStyle(GREY, width=0.9), marker=MARKERS[kind]))
    if any(panel.truth is not None for panel in panels):
        found.append(truth_entry())
    if any(panel.turns for panel in panels):
        found.append(entry(turn or gettext("true turning point"), TURN_MARK, marker="x", size=6.0))
    return found


def band_entries(lines: Sequence[Series], *, level: float) -> list[Artist]:
    """Return the entries of the kinds of bands that any line has, in grey."""
    found: list[Artist] = []
    for kind in (POINTWISE, SIMULTANEOUS):
        bands = [band for series in lines if (band := series.line.band(kind)) is not None]
        if bands:
            share = percent(level_of(bands, level), 0)
            label = gettext("{kind} {level} band").format(kind=rendered(kind), level=share)
            # The narrower band lies on the wider one.
            shade = SHADES[SIMULTANEOUS] + (SHADES[POINTWISE] if kind == POINTWISE else 0.0)
            edge = EDGE if kind == SIMULTANEOUS else 0.0
            found.append(Patch(facecolor=(GREY, shade), edgecolor=GREY, linewidth=edge, label=label))
    return found


def truth_entry(label: str = "", style: LineStyle = TRUTH_STYLE) -> Line2D:
    """Return the entry of a true curve in a legend."""
    return entry(label or rendered(TRUTH), style)


def level_of(bands: Sequence[Band], otherwise: float) -> float:
    """Return the nominal coverage of bands, that of the study where they do not tell."""
    return next((band.level for band in bands if math.isfinite(band.level)), otherwise)


def effect_label(study: StudyRecord, outcome: str, *, is_narrow: bool = False) -> str:
    """Return the label of an axis of effects, in a narrow panel without the outcome."""
    unit = study.unit(outcome)
    per_unit = gettext("{unit} per unit").format(unit=unit) if unit else gettext("change per unit")
    if is_narrow:
        return gettext("Effect ({per_unit})").format(per_unit=per_unit)
    return gettext("Effect on {outcome} ({per_unit})").format(outcome=study.label(outcome), per_unit=per_unit)
