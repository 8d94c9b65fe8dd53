"""One estimator's line in a figure: its bands, its turning points, and the background it is drawn on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Banded
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.fonts import drawable
from harness.report.drawing.palette import LineStyle, line_style
from harness.text.numbers import percent
from harness.text.plain_text import shortened

SHADES = {SIMULTANEOUS: 0.12, POINTWISE: 0.22}
"""Opacity of each kind of band; the wider one is drawn first, so that the narrower lies on it."""

EDGE = 0.4
"""Width of the line around the simultaneous band, which on paper is too pale without."""

LEGEND_GREY = "#5f6368"
LEGEND_LABEL = 30
"""Characters of a name in a legend."""

BESIDE_DASH = (0, (1.0, 1.4))
BESIDE_WIDTH = 1.0
"""Of a line beside another of the same estimator."""

MARKERS = {marked("minimum"): "v", marked("maximum"): "^"}


@dataclass(frozen=True)
class Mark:
    """A turning point: its kind, where it is, the interval of where, and the height of the line there."""

    kind: str
    at: float
    low: float
    high: float
    height: float


@dataclass(frozen=True, eq=False)
class Series:
    """One estimator's line with its name, its style and its turning points."""

    line: Banded
    label: str
    style: LineStyle
    is_reference: bool
    marks: tuple[Mark, ...] = ()


def series_of(study: StudyRecord, line: Banded, estimator: str, *, marks: tuple[Mark, ...] = ()) -> Series:
    """Return an estimator's line in the style that it has in every figure."""
    places = {entry.id: place for place, entry in enumerate(study.estimators)}
    return Series(
        line=line,
        label=study.estimator_label(estimator),
        style=line_style(places.get(estimator, len(places))),
        is_reference=estimator == study.reference,
        marks=marks,
    )


def effect_unit_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of effects in a narrow panel whose outcome is told elsewhere."""
    return gettext("Effect ({per_unit})").format(per_unit=_per_unit(study, outcome))


def effect_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of effects."""
    return gettext("Effect on {outcome} ({per_unit})").format(
        outcome=study.label(outcome), per_unit=_per_unit(study, outcome)
    )


def _per_unit(study: StudyRecord, outcome: str) -> str:
    unit = study.unit(outcome)
    return gettext("{unit} per unit").format(unit=unit) if unit else gettext("change per unit")


def plot_background(axes: Axes, unsupported: Iterable[tuple[float, float]], *, has_zero: bool) -> None:
    """Hatch the stretches of the horizontal axis that data do not reach; draw a line at zero where asked."""
    for low, high in unsupported:
        axes.axvspan(low, high, facecolor="#f4f4f4", edgecolor="#c4c4c4", hatch="////", linewidth=0, zorder=0)
    if has_zero:
        zero_line(axes)
    else:
        axes.grid(axis="y")


def zero_line(axes: Axes) -> None:
    """Draw a line at zero, over a grid of levels."""
    axes.grid(axis="y")
    axes.axhline(0.0, color="#333333", linewidth=0.7)


def plot_bands(axes: Axes, series: Series) -> None:
    """Shade the bands of a line where it is supported, a narrower one over a wider one."""
    for kind, opacity in SHADES.items():
        band = series.line.band(kind)
        if band is not None:
            where = series.line.supported & np.isfinite(band.low) & np.isfinite(band.high)
            axes.fill_between(
                series.line.at,
                band.low,
                band.high,
                where=where.tolist(),
                color=series.style.colour,
                alpha=opacity,
                linewidth=0,
            )
            if kind == SIMULTANEOUS:
                for limit in (band.low, band.high):
                    edge = np.where(where, limit, np.nan)
                    axes.plot(series.line.at, edge, color=series.style.colour, alpha=0.6, linewidth=EDGE)


def plot_line(axes: Axes, series: Series) -> None:
    """Draw a line where it is supported, and a faint trace of it where it is not."""
    line, style = series.line, series.style
    axes.plot(line.at, line.estimate, color=style.colour, linewidth=0.5, alpha=0.35)
    axes.plot(
        line.at,
        np.where(line.supported, line.estimate, np.nan),
        color=style.colour,
        linestyle=style.dash,
    )


def plot_beside(axes: Axes, series: Series) -> None:
    """Draw a thin dotted line where it is supported, beside another of the same estimator."""
    shown = np.where(series.line.supported, series.line.estimate, np.nan)
    axes.plot(series.line.at, shown, color=series.style.colour, linestyle=BESIDE_DASH, linewidth=BESIDE_WIDTH)


def plot_marks(axes: Axes, series: Series) -> None:
    """Mark the turning points of a line, each with the interval of where it is."""
    for mark in series.marks:
        if math.isfinite(mark.low) and math.isfinite(mark.high):
            axes.plot([mark.low, mark.high], [mark.height] * 2, color=series.style.colour, linewidth=0.9)
            for end in (mark.low, mark.high):
                axes.plot(end, mark.height, marker="|", markersize=5, color=series.style.colour)
        axes.plot(
            mark.at,
            mark.height,
            marker=MARKERS[mark.kind],
            markersize=5,
            markerfacecolor="white",
            markeredgecolor=series.style.colour,
        )


def line_handle(series: Series) -> Line2D:
    """Return the entry of a line in a legend."""
    label = drawable(shortened(series.label, LEGEND_LABEL))
    return Line2D([], [], color=series.style.colour, linestyle=series.style.dash, label=label)


def band_handles(all_series: Sequence[Series], *, level: float) -> list[Artist]:
    """Return the entries of the kinds of bands that any line has, in grey.

    Parameters
    ----------
    level : in (0, 1), nominal coverage where a band does not tell its own
    """
    handles: list[Artist] = []
    for kind, shown in (
        (POINTWISE, SHADES[POINTWISE] + SHADES[SIMULTANEOUS]),
        (SIMULTANEOUS, SHADES[SIMULTANEOUS]),
    ):
        bands = [band for series in all_series if (band := series.line.band(kind)) is not None]
        if bands:
            label = gettext("{kind} {level} band").format(
                kind=gettext(kind), level=percent(level_of(bands, level), 0)
            )
            edge = EDGE if kind == SIMULTANEOUS else 0.0
            grey = (LEGEND_GREY, shown)
            handles.append(Patch(facecolor=grey, edgecolor=LEGEND_GREY, linewidth=edge, label=label))
    return handles


def level_of(bands: Sequence[Band], otherwise: float) -> float:
    """Return the nominal coverage of bands, that of the study where they do not tell."""
    return next((band.level for band in bands if math.isfinite(band.level)), otherwise)


def mark_handles(all_series: Sequence[Series]) -> list[Artist]:
    """Return the entries of the kinds of turning points that any line has."""
    kinds = dict.fromkeys(mark.kind for series in all_series for mark in series.marks)
    return [
        Line2D(
            [],
            [],
            color=LEGEND_GREY,
            linewidth=0.9,
            marker=MARKERS[kind],
            markerfacecolor="white",
            markersize=5,
            label=gettext("{kind}, with interval").format(kind=gettext(kind)),
        )
        for kind in kinds
    ]
