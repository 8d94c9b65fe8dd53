"""The figure of accumulated local effects beside partial dependence: a panel for each estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.arrays import Floats
from harness.report.figures.canvas import DOUBLE_COLUMN, bare, grid_shape, label_lowest, new_figure
from harness.report.figures.fonts import drawable, drawable_label
from harness.report.figures.strand import Strand, band_handles, draw_bands, draw_ground, draw_line, level_of
from harness.report.reading.banded import POINTWISE, Banded
from harness.report.words.digits import percent
from harness.report.words.text import shortened

PANELS_IN_A_ROW = 3
PANEL_HEIGHT = 1.85
INK = "#a3195b"
DASH = (0, (3.5, 1.5))
EDGE = (0, (1.0, 1.0))
"""Lines of the accumulated local effects, and of the limits of their band."""


@dataclass(frozen=True, eq=False)
class AlePair:
    """One estimator's partial dependence, and its accumulated local effects at the level of the outcome."""

    level: Strand
    ale: Banded


@dataclass(frozen=True, eq=False)
class AleScene:
    """What the figure shows.

    Attributes
    ----------
    pairs : at least one
    unsupported : stretches of the exposure that the data do not reach
    x_label, y_label : of the axes, with units
    nominal : in (0, 1), coverage of bands that do not tell their own
    """

    pairs: Sequence[AlePair]
    unsupported: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    nominal: float


def draw_ales(scene: AleScene) -> Figure:
    """Return the figure."""
    n_pairs = len(scene.pairs)
    n_rows, n_columns = grid_shape(n_pairs, most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, 0.9 + PANEL_HEIGHT * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    for axes, pair in zip(panels, scene.pairs, strict=False):
        draw_ground(axes, scene.unsupported, has_zero=False)
        draw_bands(axes, pair.level)
        draw_line(axes, pair.level)
        _draw_ale(axes, pair.ale)
        axes.set_title(drawable(shortened(pair.level.label, 32)), loc="left")
    for axes in panels[n_pairs:]:
        bare(axes)
    label_lowest(panels[:n_pairs], n_columns=n_columns)
    figure.supxlabel(drawable_label(scene.x_label, 60), fontsize=8)
    figure.supylabel(drawable_label(scene.y_label, 40), fontsize=8)
    figure.legend(handles=_handles(scene), loc="outside upper left", ncols=2)
    return figure


def _draw_ale(axes: Axes, ale: Banded) -> None:
    axes.plot(ale.at, _inside(ale, ale.estimate), color=INK, linestyle=DASH, linewidth=1.1)
    band = ale.band(POINTWISE)
    if band is not None:
        for limit in (band.low, band.high):
            axes.plot(ale.at, _inside(ale, limit), color=INK, linestyle=EDGE, linewidth=0.7)


def _inside(ale: Banded, values: Floats) -> Floats:
    return np.where(ale.supported, values, np.nan)


def _handles(scene: AleScene) -> list[Artist]:
    levels = [pair.level for pair in scene.pairs]
    bands = [band for pair in scene.pairs if (band := pair.ale.band(POINTWISE)) is not None]
    handles: list[Artist] = [
        Line2D([], [], color=levels[0].style.colour, label="partial dependence (each its own colour)"),
        *band_handles(levels, level=scene.nominal),
        Line2D([], [], color=INK, linestyle=DASH, linewidth=1.1, label="accumulated local effects"),
    ]
    if bands:
        label = f"their pointwise {percent(level_of(bands, scene.nominal), 0)} band"
        handles.append(Line2D([], [], color=INK, linestyle=EDGE, linewidth=0.7, label=label))
    return handles
