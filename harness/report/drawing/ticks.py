"""Numbers beside the ticks of axes, short enough for narrow panels."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from mpl_toolkits.mplot3d import Axes3D

from harness.language import gettext, marked

LARGE = 1e5
"""From here on numbers are counted in thousands, millions or billions."""

SMALL = 1e-3
"""Below this numbers carry a power of ten."""

UNITS = marked("1e9 bn, 1e6 M, 1e3 k")
"""What large numbers are counted in, the largest first; each language has its own."""


class ShortNumbers(ScalarFormatter):
    """Numbers each complete in itself: no power of ten or offset stands beside the axis."""

    def __init__(self) -> None:
        super().__init__(useOffset=False)
        self.set_scientific(False)
        self._largest = 0.0
        pairs = (unit.split() for unit in gettext(UNITS).split(", "))
        self._units = tuple((float(size), name) for size, name in pairs)

    def set_locs(self, locs: Iterable[float]) -> None:
        """Take the ticks, whose largest tells how all are written."""
        places = [float(place) for place in locs]
        self._largest = max(map(abs, places), default=0.0)
        super().set_locs(places)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return a tick's number, such as ``250k``."""
        if x == 0.0:
            return "0"
        if self._largest >= LARGE:
            return self.fix_minus(_counted(x, self._units))
        if self._largest < SMALL:
            return self.fix_minus(f"{x:.3g}")
        return super().__call__(x, pos)


def _counted(x: float, units: Iterable[tuple[float, str]]) -> str:
    unit, suffix = next(((unit, name) for unit, name in units if abs(x) >= unit), (1.0, ""))
    return f"{x / unit:.4g}{suffix}"


def shorten_numbers(figure: Figure) -> None:
    """Write short numbers beside every axis that has plain ones."""
    for axes in figure.axes:
        own: tuple[Axis, ...] = (axes.xaxis, axes.yaxis)
        if isinstance(axes, Axes3D):
            own = (*own, axes.zaxis)
        for axis in own:
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(ShortNumbers())
