"""Where axes lie in a figure: on their grid, each with the room that its labels take, measured once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import AutoLocator
from matplotlib.transforms import Bbox
from mpl_toolkits.mplot3d import Axes3D

from harness.report.drawing.axes import labelled_as_usual

# Points around axes with their labels, and around legends and labels of the whole figure.
PAD = 5.8
# Decimals that tell apart the edges of a grid, which are shares of it.
DECIMALS = 6


@dataclass(frozen=True)
class Room:
    """Points that labels take around axes.

    Attributes
    ----------
    beside, beneath : from axes to the label of the vertical and of the horizontal one, past their numbers
    """

    left: float
    right: float
    bottom: float
    top: float
    beside: float = 0.0
    beneath: float = 0.0


# Most steps of an axis, as matplotlib has them.
MOST_STEPS = 9

# Labels are measured in axes of about the size that they get.
GUESS = Room(30.0, 6.0, 16.0, 14.0)


def lay_out(figure: Figure, renderer: RendererBase) -> None:
    """Place all axes that are on a grid, for good, beneath the figure's legends and between its labels.

    Axes that were put somewhere by their coordinates stay there. The labels of all are put past the numbers.

    Parameters
    ----------
    renderer : measures texts, at 72 dots an inch
    """
    grid = {axes: axes.get_position(original=True) for axes in figure.axes if axes.get_subplotspec()}
    free = _free(figure, renderer)
    _place(figure, grid, free, dict.fromkeys(grid, GUESS))
    flat = [axes for axes in figure.axes if axes in grid or not isinstance(axes, Axes3D)]
    rooms = {axes: _room(axes, renderer) for axes in flat}
    _place(figure, grid, free, rooms)
    for axes, room in rooms.items():
        _put_labels(axes, room)


def _free(figure: Figure, renderer: RendererBase) -> Bbox:
    """Return the part of a figure, in points, between its legends and labels, each at the edge next to it."""
    x, y = list(figure.bbox.intervalx), list(figure.bbox.intervaly)
    upright = [one for one in figure.texts if one.get_rotation() % 180.0]
    for artist in (*figure.texts, *figure.legends):
        extent = artist.get_window_extent(renderer)
        side, (start, end) = (x, extent.intervalx) if artist in upright else (y, extent.intervaly)
        if start + end < sum(side):
            side[0] = max(side[0], end)
        else:
            side[1] = min(side[1], start)
    return Bbox.from_extents(x[0], y[0], x[1], y[1])


def _room(axes: Axes, renderer: RendererBase) -> Room:
    """Return the room of axes; titles take height alone."""
    inner = axes.get_window_extent(renderer)
    if isinstance(axes, Axes3D):
        return _around(inner, [axes.get_tightbbox(renderer)])
    legend, texts = axes.get_legend(), list(axes.texts)
    titles = [one for one in axes.get_children() if isinstance(one, Text) and one not in texts]
    heights = [one.get_window_extent(renderer).intervaly for one in titles if one.get_text()]
    numbers = [_numbers(axis, renderer) for axis in (axes.xaxis, axes.yaxis)]
    next_to = _around(inner, numbers)
    whole = _around(
        inner,
        [
            *numbers,
            *(one.get_window_extent(renderer) for one in (*texts, *([legend] if legend else []))),
            *(Bbox.from_extents(inner.x0, low, inner.x1, high) for low, high in heights),
        ],
    )
    beneath, beside = next_to.bottom + axes.xaxis.labelpad, next_to.left + axes.yaxis.labelpad
    return replace(
        whole,
        left=max(whole.left, beside + _thickness(axes.yaxis.label, renderer)),
        bottom=max(whole.bottom, beneath + _thickness(axes.xaxis.label, renderer)),
        beside=beside,
        beneath=beneath,
    )


def _numbers(axis: Axis, renderer: RendererBase) -> Bbox | None:
    """Return the extent of the numbers of an axis; of a label at the right or on top too.

    Other labels will not look for the numbers when they are drawn.
    """
    locator = axis.get_major_locator()
    if type(locator) is AutoLocator:
        # How many there are depends on the length of the axis, which is not yet the last one.
        locator.set_params(nbins=min(max(axis.get_tick_space(), 1), MOST_STEPS))
    if not axis.axes.axison or not labelled_as_usual(axis):
        return axis.get_tightbbox(renderer) if axis.axes.axison else None
    axis.set_label_coords(0.0, 0.0)
    axis.label.set_visible(False)
    extent = axis.get_tightbbox(renderer)
    axis.label.set_visible(True)
    return extent


def _thickness(label: Text, renderer: RendererBase) -> float:
    """Return the height of the lines of a label; of one without text, that it takes no room."""
    if not label.get_text():
        return -math.inf
    return float(min(label.get_window_extent(renderer).size))


def _around(inner: Bbox, extents: Iterable[Bbox | None]) -> Room:
    """Return the room that extents take around axes."""
    outer = Bbox.union([inner, *(one for one in extents if one is not None)])
    return Room(inner.x0 - outer.x0, outer.x1 - inner.x1, inner.y0 - outer.y0, outer.y1 - inner.y1)


def _place(figure: Figure, grid: Mapping[Axes, Bbox], free: Bbox, rooms: Mapping[Axes, Room]) -> None:
    """Place axes within the free part of their figure, in points, with room for their labels."""
    if not grid:
        return
    own = [(at, rooms[axes]) for axes, at in grid.items()]
    across = _spread([GridSpan(at.x0, at.x1, room.left, room.right) for at, room in own], free.intervalx)
    up = _spread([GridSpan(at.y0, at.y1, room.bottom, room.top) for at, room in own], free.intervaly)
    width, height = figure.bbox.size
    for axes, (left, right), (bottom, top) in zip(grid, across, up, strict=True):
        place = Bbox.from_extents(left / width, bottom / height, right / width, top / height)
        axes.set_position(place)


class GridSpan(NamedTuple):
    """The stretch of a grid that axes take in one direction, in shares of it, with the room at both ends."""

    start: float
    end: float
    before: float
    after: float


def _spread(spans: Sequence[GridSpan], limits: Sequence[float]) -> list[tuple[float, float]]:
    """Return where spans start and end between two limits, their lengths in the ratios of the grid.

    At each edge of the grid lies the room of all that end there, then that of all that start there.
    """
    own = [span._replace(start=round(span.start, DECIMALS), end=round(span.end, DECIMALS)) for span in spans]
    before, after = defaultdict[float, float](float), defaultdict[float, float](float)
    for span in own:
        before[span.start] = max(before[span.start], span.before + PAD)
        after[span.end] = max(after[span.end], span.after + PAD)
    edges = sorted({*before, *after})
    taken = sum(before.values()) + sum(after.values())
    scale = max(limits[1] - limits[0] - taken, 0.0) / (edges[-1] - edges[0])
    starts: dict[float, float] = {}
    ends: dict[float, float] = {}
    at = float(limits[0])
    for edge, following in zip(edges, [*edges[1:], edges[-1]], strict=True):
        ends[edge] = at
        starts[edge] = at + after[edge] + before[edge]
        at = starts[edge] + scale * (following - edge)
    return [(starts[span.start], ends[span.end]) for span in own]


def _put_labels(axes: Axes, room: Room) -> None:
    """Put the labels of both axes in the middle, past the numbers."""
    if isinstance(axes, Axes3D):
        return
    width, height = axes.get_window_extent().size
    if labelled_as_usual(axes.xaxis):
        axes.xaxis.set_label_coords(0.5, -room.beneath / height)
    if labelled_as_usual(axes.yaxis):
        axes.yaxis.set_label_coords(-room.beside / width, 0.5)
