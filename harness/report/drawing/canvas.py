"""Figures from an empty sheet to bytes: one style, no global state left behind, the same bytes each time."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import ScalarFormatter
from mpl_toolkits.mplot3d import Axes3D

from harness.errors import HarnessError
from harness.language import gettext, marked
from harness.report.blocks import Prints, ReportFigure
from harness.report.drawing.embedding import drawn_pixels, png_bytes, small_pixels
from harness.report.drawing.fonts import families
from harness.running.executor import iter_results
from harness.running.workers import Workers

# Width of a figure in one column of a journal, and across its page, inches.
SINGLE_COLUMN, DOUBLE_COLUMN = 3.5, 7.0

PNG_DPI = 200
# Bytes of a figure as SVG above which a page carries it as pixels; SVG and PNG are in the run folder.
MOST_SVG = 60_000

MARK_COLOUR = "#a84300"
# Inches at the right edge that the mark of simulated data takes.
MARK_WIDTH = 0.17
# Colours that pixels of few keep as they are: paper, ink, and what marks simulated data.
KEPT = ("#ffffff", "#000000", MARK_COLOUR)

# Size of all letters, in print at the size of a journal's page: no smaller ones.
POINTS = 8.0

STYLE: Mapping[Any, object] = {
    **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "figure.labelsize"), POINTS),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), POINTS),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon", "text.parse_math"), False),
    "axes.titlelocation": "left",
    "axes.edgecolor": "#333333",
    "axes.axisbelow": True,
    # Where a title stands is known: no axes has ticks above it. matplotlib would look for them at every step.
    "axes.titley": 1.0,
    "axes.unicode_minus": True,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.3,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "svg.fonttype": "path",
    "svg.hashsalt": "panel-harness",
}

# From the first on numbers are counted in thousands, millions or billions; below the second in powers of ten.
LARGE, SMALL = 1e5, 1e-3
# What large numbers are counted in, the largest first; each language has its own.
UNITS = marked("1e9 bn, 1e6 M, 1e3 k")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the style of the report; matplotlib's settings are as before afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        mpl.rcParams["font.family"] = list(families())
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that no global list holds; its axes find their own places."""
    figure = fixed_figure(width, height)
    # Inches around axes and their labels.
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    return figure


def fixed_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that no global list holds; its axes stay where they are put."""
    figure = Figure(figsize=(width, height), dpi=PNG_DPI)
    FigureCanvasAgg(figure)
    return figure


def mark_simulated(figure: Figure) -> None:
    """Write along the right edge that the data are simulated."""
    share = MARK_WIDTH / figure.get_figwidth()
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0.0, 0.0, 1.0 - share, 1.0))
    words, x = gettext("SIMULATED DATA"), 1.0 - share / 3.0
    figure.text(x, 0.5, words, rotation=90, ha="right", va="center", color=MARK_COLOUR)


def settle(figure: Figure) -> None:
    """Lay the figure out for good, at positions that are the same each time.

    The solver behind constrained layout takes its variables in the order of their addresses in memory, so
    its answers differ in their last digits; rounded they do not.
    """
    engine = figure.get_layout_engine()
    if engine is None:
        return
    engine.execute(figure)
    figure.set_layout_engine(None)
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position().bounds, 4).tolist())


def grid_shape(n_panels: int, *, most_columns: int) -> tuple[int, int]:
    """Return the rows and columns of a grid for `n_panels`, at least one, that leaves few places empty."""
    n_rows = math.ceil(n_panels / most_columns)
    return n_rows, math.ceil(n_panels / n_rows)


def panel_grid(
    n_panels: int, *, most_columns: int, height: float, head: float, width: float | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a figure of panels that share their axes, side by side and one beneath the other.

    Parameters
    ----------
    height, head : inches of a row of panels, and of what stands above and below all of them
    width : inches; one column of a journal for panels one beneath the other, otherwise two
    """
    n_rows, n_columns = grid_shape(n_panels, most_columns=most_columns)
    own = width or (SINGLE_COLUMN if n_columns == 1 else DOUBLE_COLUMN)
    figure = new_figure(own, head + height * n_rows)
    return figure, facets(figure, n_panels, (n_rows, n_columns))


def facets(figure: Figure, n_panels: int, shape: tuple[int, int], *, share_x: bool = True) -> list[Axes]:
    """Return panels on a grid of rows and columns, whose other places stay empty.

    Where panels share their horizontal axis, its numbers stand beneath the lowest of each column.
    """
    grid = figure.subplots(*shape, sharex=share_x, sharey=True, squeeze=False)
    return shown_panels(grid.ravel().tolist(), n_panels, n_columns=shape[1])


def shown_panels(panels: Sequence[Axes], n_panels: int, *, n_columns: int) -> list[Axes]:
    """Return the first panels, with numbers beneath the lowest of each column; leave the others bare."""
    for axes in panels[n_panels:]:
        axes.set_axis_off()
    for axes in panels[:n_panels][-n_columns:]:
        axes.tick_params(axis="x", labelbottom=True)
    return list(panels[:n_panels])


def printed(figure: Figure) -> Prints:
    """Lay a figure out and return its files; in the style of the report, in whatever process."""
    with house_style():
        FigureCanvasAgg(figure)
        settle(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", dpi=PNG_DPI, metadata={"Date": None})
        svg, pixels = buffer.getvalue(), drawn_pixels(figure)
    small = small_pixels(pixels, kept=KEPT) if len(svg) > MOST_SVG else None
    return Prints(svg, png_bytes(pixels, dpi=PNG_DPI), small, figure.get_figwidth() <= SINGLE_COLUMN)


def prints_of(figure: ReportFigure) -> Prints:
    """Return the files of a figure; it is printed when they are first asked for."""
    if not isinstance(figure.content, Prints):
        figure.content = printed(figure.content)
    return figure.content


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
            unit, suffix = next(((size, name) for size, name in self._units if abs(x) >= size), (1.0, ""))
            return self.fix_minus(f"{x / unit:.4g}{suffix}")
        if self._largest < SMALL:
            return self.fix_minus(f"{x:.3g}")
        return super().__call__(x, pos)


def finish(figure: ReportFigure, *, is_simulated: bool) -> ReportFigure:
    """Write short numbers next to the axes of a figure, and where its data are simulated that they are."""
    if isinstance(figure.content, Figure):
        for axes in figure.content.axes:
            own: tuple[Axis, ...] = (axes.xaxis, axes.yaxis)
            for axis in (*own, axes.zaxis) if isinstance(axes, Axes3D) else own:
                if type(axis.get_major_formatter()) is ScalarFormatter:
                    axis.set_major_formatter(ShortNumbers())
        if is_simulated:
            mark_simulated(figure.content)
    return figure


@dataclass(frozen=True, eq=False)
class PrintTask:
    """The printing of one figure, laid out and written where the task runs."""

    label: str
    figure: Figure

    def run(self) -> Prints | str:
        """Return the files of the figure, or why it could not be printed."""
        try:
            return printed(self.figure)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001 - the figure of a plugin may raise anything
            return f"{type(error).__name__}: {error}"

    def failed(self, _reason: str) -> None:
        """Return nothing in the place of the files where no worker could do it."""


def print_figures(figures: Iterable[ReportFigure], *, workers: Workers) -> dict[str, str]:
    """Print figures as they are made, and return why those are missing that could not be, by their names.

    What no worker could take on, such as an artist of a class that workers do not have, is printed here.

    Parameters
    ----------
    figures : each is asked for when a worker is free
    """
    given: list[tuple[ReportFigure, PrintTask]] = []

    def tasks() -> Iterator[PrintTask]:
        for figure in figures:
            if isinstance(figure.content, Figure):
                given.append((figure, PrintTask(figure.name, figure.content)))
                yield given[-1][1]

    missing: dict[str, str] = {}
    for position, done in iter_results(tasks(), workers=workers):
        figure, task = given[position]
        result = task.run() if done is None else done
        if isinstance(result, str):
            missing[figure.name] = result
        else:
            figure.content = result
    return missing
