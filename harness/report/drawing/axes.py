"""Axes that draw their ticks together; matplotlib makes five artists for each, most of the time it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, YAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import Bbox, IdentityTransform, Transform, TransformedPatchPath, TransformedPath
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
        **kwargs: Any,  # noqa: ANN401
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
        **kwargs: Any,  # noqa: ANN401
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
    """Axes with such axes."""

    def _gen_axes_patch(self) -> Rectangle:
        return Ground((0.0, 0.0), 1.0, 1.0)

    def _init_axis(self) -> None:
        # As matplotlib describes for projections.
        self.xaxis, self.yaxis = HorizontalAxis(self, clear=False), VerticalAxis(self, clear=False)
        for axis, sides in ((self.xaxis, ("bottom", "top")), (self.yaxis, ("left", "right"))):
            for side in sides:
                self.spines[side].register_axis(axis)


class PlainFigure(Figure):
    """A figure whose axes are such where nothing else is asked for."""

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:  # noqa: ANN401 - as matplotlib has them
        """Add axes on a grid."""
        made: Axes = super().add_subplot(*args, **_plain(kwargs))
        return made

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:  # noqa: ANN401 - as matplotlib has them
        """Add axes at given places."""
        return super().add_axes(*args, **_plain(kwargs))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return given if {"projection", "polar"} & set(given) else {"axes_class": PlainAxes, **given}
