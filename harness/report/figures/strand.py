"""One estimator's line in a figure: its bands, its turning points, and the ground it is drawn on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.report.figures.fonts import drawable
from harness.report.figures.palette import LineStyle
from harness.report.reading.banded import POINTWISE, SIMULTANEOUS, Band, Banded
from harness.report.words.digits import percent
from harness.report.words.text import shortened

SHADES = {SIMULTANEOUS: 0.12, POINTWISE: 0.22}
"""Opacity of each kind of band; the wider one is drawn first, so that the narrower lies on it."""

GROUND = "#5f6368"
LEGEND_LABEL = 30
"""Characters of a name in a legend."""

MARKERS = {"minimum": "v", "maximum": "^"}


@dataclass(frozen=True)
class Mark:
    """A turning point: its kind, where it is, the interval of where, and the height of the line there."""

    kind: str
    at: float
    low: float
    high: float
    height: float


@dataclass(frozen=True, eq=False)
class Strand:
    """One estimator's line with its name, its style and its turning points."""

    line: Banded
    label: str
    style: LineStyle
    is_reference: bool
    marks: tuple[Mark, ...] = ()


def draw_ground(axes: Axes, unsupported: Iterable[tuple[float, float]], *, has_zero: bool) -> None:
    """Hatch the stretches of the horizontal axis that data do not reach; draw a line at zero where asked."""
    for low, high in unsupported:
        axes.axvspan(low, high, facecolor="#f4f4f4", edgecolor="#c4c4c4", hatch="////", linewidth=0, zorder=0)
    axes.grid(axis="y")
    if has_zero:
        axes.axhline(0.0, color="#333333", linewidth=0.7)


def draw_bands(axes: Axes, strand: Strand) -> None:
    """Shade the bands of a line where it is supported, a narrower one over a wider one."""
    for kind, opacity in SHADES.items():
        band = strand.line.band(kind)
        if band is not None:
            where = strand.line.supported & np.isfinite(band.low) & np.isfinite(band.high)
            axes.fill_between(
                strand.line.at,
                band.low,
                band.high,
                where=where.tolist(),
                color=strand.style.colour,
                alpha=opacity,
                linewidth=0,
            )


def draw_line(axes: Axes, strand: Strand) -> None:
    """Draw a line where it is supported, and a faint trace of it where it is not."""
    line, style = strand.line, strand.style
    axes.plot(line.at, line.estimate, color=style.colour, linewidth=0.5, alpha=0.35)
    axes.plot(
        line.at,
        np.where(line.supported, line.estimate, np.nan),
        color=style.colour,
        linestyle=style.dash,
    )


def draw_marks(axes: Axes, strand: Strand) -> None:
    """Mark the turning points of a line, each with the interval of where it is."""
    for mark in strand.marks:
        if math.isfinite(mark.low) and math.isfinite(mark.high):
            axes.plot([mark.low, mark.high], [mark.height] * 2, color=strand.style.colour, linewidth=0.9)
            for end in (mark.low, mark.high):
                axes.plot(end, mark.height, marker="|", markersize=5, color=strand.style.colour)
        axes.plot(
            mark.at,
            mark.height,
            marker=MARKERS[mark.kind],
            markersize=5,
            markerfacecolor="white",
            markeredgecolor=strand.style.colour,
        )


def line_handle(strand: Strand) -> Line2D:
    """Return the entry of a line in a legend."""
    label = drawable(shortened(strand.label, LEGEND_LABEL))
    return Line2D([], [], color=strand.style.colour, linestyle=strand.style.dash, label=label)


def band_handles(strands: Sequence[Strand], *, level: float) -> list[Artist]:
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
        bands = [band for one in strands if (band := one.line.band(kind)) is not None]
        if bands:
            label = f"{kind} {percent(level_of(bands, level), 0)} band"
            handles.append(Patch(facecolor=GROUND, alpha=shown, linewidth=0, label=label))
    return handles


def level_of(bands: Sequence[Band], otherwise: float) -> float:
    """Return the nominal coverage of bands, that of the study where they do not tell."""
    return next((band.level for band in bands if math.isfinite(band.level)), otherwise)


def mark_handles(strands: Sequence[Strand]) -> list[Artist]:
    """Return the entries of the kinds of turning points that any line has."""
    kinds = dict.fromkeys(mark.kind for one in strands for mark in one.marks)
    return [
        Line2D(
            [],
            [],
            color=GROUND,
            linewidth=0.9,
            marker=MARKERS[kind],
            markerfacecolor="white",
            markersize=5,
            label=f"{kind}, with interval",
        )
        for kind in kinds
    ]
