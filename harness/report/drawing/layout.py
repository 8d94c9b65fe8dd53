"""Axes that draw their ticks together, and where they lie in a figure, measured once.

matplotlib makes five artists for each tick, most of the time that axes take, and measures them at every step.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, YAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import AutoLocator, FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import Bbox, IdentityTransform, Transform, TransformedPatchPath, TransformedPath
from mpl_toolkits.mplot3d import Axes3D
from numpy.typing import ArrayLike

# Share of an axis by which a tick may lie beyond its end.
CLOSE = 1e-10


def labelled_as_usual(axis: Axis) -> bool:
    """Return whether an axis has its label, if any, at the left or beneath."""
    return not axis.label.get_text() or axis.get_label_position() in {"left", "bottom"}


class TicksTogether(Axis):
    """An axis whose ticks are drawn by the one that stands for all of them.

    Where there are others, which somebody asked for to change them, or minor ones, it is as any axis.
    """

    axis_name: str

    def draw(self, renderer: RendererBase) -> None:
        """Draw the lines of the grid, the ticks and their numbers, then the label."""
        tick = self._alike()
        if tick is None or not self.get_visible():
            super().draw(renderer)
            return
        shown = list(self._shown())
        at, is_upright = np.array([place for place, _ in shown]), self.axis_name == "y"
        for line, ends in (
            (tick.gridline, [0.0, 1.0, np.nan]),
            (tick.tick1line, [0.0]),
            (tick.tick2line, [1.0]),
        ):
            if shown and line.get_visible():
                data = (np.repeat(at, len(ends)), np.tile(ends, len(shown)))
                line.set_data(*(data[::-1] if is_upright else data))
                line.draw(renderer)
        for label in self._labels(tick, shown):
            label.draw(renderer)
        self.label.draw(renderer)
        self.stale = False

    def get_tightbbox(
        self, renderer: RendererBase | None = None, *, for_layout_only: bool = False
    ) -> Bbox | None:
        """Return the extent of the numbers next to the axis, without its label."""
        tick = self._alike()
        if tick is None:
            return super().get_tightbbox(renderer, for_layout_only=for_layout_only)
        extents = [label.get_window_extent(renderer) for label in self._labels(tick, list(self._shown()))]
        return Bbox.union(extents) if extents else None

    def set_tick_params(
        self,
        which: Literal["major", "minor", "both"] = "major",
        reset: bool = False,
        **kwargs: Any,  # noqa: ANN401 - as matplotlib has them
    ) -> None:
        """Change the look of ticks; for those that are not made yet, which most never are, it is noted."""
        absent = {"majorTicks", "minorTicks"} - set(vars(self))
        vars(self).update({name: [] for name in absent})
        super().set_tick_params(which, reset, **kwargs)
        for name in absent:
            vars(self).pop(name, None)

    def set_ticks(
        self,
        ticks: ArrayLike,
        labels: Iterable[str] | None = None,
        *,
        minor: bool = False,
        **kwargs: Any,  # noqa: ANN401 - as matplotlib has them
    ) -> list[Tick]:
        """Put ticks at given places, with their labels; those within the limits without making each."""
        places, (low, high) = (
            np.asarray(ticks, dtype=float).ravel().tolist(),
            sorted(self.get_view_interval()),
        )
        if minor or kwargs or not all(low <= place <= high for place in places):
            return super().set_ticks(ticks, labels, minor=minor, **kwargs)
        self.set_major_locator(FixedLocator(places))
        if labels is not None:
            self.set_major_formatter(FixedFormatter(list(labels)))
        return []

    def set_clip_path(
        self,
        path: Patch | Path | TransformedPath | TransformedPatchPath | None,
        transform: Transform | None = None,
    ) -> None:
        """Cut the lines of the grid, those of ticks that are not made yet once they are."""
        super(Axis, self).set_clip_path(path, transform)
        self._cut: tuple[Any, Any] = (path, transform)
        for name in ("majorTicks", "minorTicks"):
            for tick in vars(self).get(name, ()):
                tick.set_clip_path(path, transform)
        self.stale = True

    def _get_tick(self, major: bool) -> Tick:
        made: Tick = super()._get_tick(major)  # type: ignore[misc]  # matplotlib's own, not in its types
        made.set_clip_path(*self._cut)
        return made

    def _alike(self) -> Tick | None:
        """Return the tick that stands for all; None where it does not."""
        is_alike = len(self.majorTicks) == 1 and isinstance(self.get_minor_locator(), NullLocator)
        # A label elsewhere looks for the numbers one by one.
        return self.majorTicks[0] if is_alike and labelled_as_usual(self) else None

    def _shown(self) -> Iterator[tuple[float, str]]:
        """Yield where ticks are and what is written next to them."""
        places = np.asarray(self.get_majorticklocs())
        ends = self.get_transform().transform(np.sort(self.get_view_interval()))
        along = self.get_transform().transform(places)
        slack = CLOSE * (ends[1] - ends[0])
        for place, where, text in zip(
            places, along, self.get_major_formatter().format_ticks(places.tolist()), strict=True
        ):
            if ends[0] - slack <= where <= ends[1] + slack:
                yield place, text

    def _labels(self, tick: Tick, shown: list[tuple[float, str]]) -> Iterator[Text]:
        """Yield the same label at each tick, on the sides where there is one."""
        for label in (tick.label1, tick.label2):
            if label.get_visible():
                for place, text in shown:
                    label.set_text(text)
                    if self.axis_name == "y":
                        label.set_y(place)
                    else:
                        label.set_x(place)
                    yield label


class HorizontalAxis(TicksTogether, XAxis):
    """The axis of the abscissa."""


class VerticalAxis(TicksTogether, YAxis):
    """The axis of the ordinate."""


class Ground(Rectangle):
    """The ground of axes, which never moves: every artist that is cut at it asks where it lies."""

    def get_patch_transform(self) -> Transform:
        """Return that its own coordinates are those of the axes."""
        return UNMOVED


UNMOVED = IdentityTransform()


class PlainAxes(Axes):
    """Axes whose two axes are `HorizontalAxis` and `VerticalAxis`."""

    def _gen_axes_patch(self) -> Rectangle:
        return Ground((0.0, 0.0), 1.0, 1.0)

    def _init_axis(self) -> None:
        # As matplotlib describes for projections.
        self.xaxis, self.yaxis = HorizontalAxis(self, clear=False), VerticalAxis(self, clear=False)
        for axis, sides in ((self.xaxis, ("bottom", "top")), (self.yaxis, ("left", "right"))):
            for side in sides:
                self.spines[side].register_axis(axis)


class PlainFigure(Figure):
    """A figure whose axes are `PlainAxes` by default."""

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:  # noqa: ANN401 - as matplotlib has them
        """Add axes on a grid."""
        made: Axes = super().add_subplot(*args, **_plain(kwargs))
        return made

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:  # noqa: ANN401 - as matplotlib has them
        """Add axes at given places."""
        return super().add_axes(*args, **_plain(kwargs))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return given if {"projection", "polar"} & set(given) else {"axes_class": PlainAxes, **given}


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
